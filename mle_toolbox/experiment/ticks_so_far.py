"""``mle.log.stats_log``: what a run has logged so far, under the names of the original mle-logging."""

from __future__ import annotations

from typing import Any

from mle_toolbox.installed_first import with_installed_modules
from mle_toolbox.log.journal import JournalWriter

__all__ = ["TicksSoFar"]


class TicksSoFar:
    """Read from the journal whenever it is asked for, so that a tick costs nothing for it."""

    def __init__(self, journal: JournalWriter) -> None:
        self._journal = journal

    @property
    @with_installed_modules
    def stats_tracked(self) -> dict[str, list[Any]]:
        """The values of each metric, at the ticks at which it was measured."""
        data = self._journal.read()
        return {
            name: list(data.columns[name][data.measured(name)]) if name in data.columns else []
            for name in data.metric_names
        }

    @property
    @with_installed_modules
    def clock_tracked(self) -> dict[str, list[Any]]:
        """The values of each time."""
        data = self._journal.read()
        return {name: list(data.columns[name]) if name in data.columns else [] for name in data.time_names}

    @property
    def stats_update_counter(self) -> int:
        """The number of ticks."""
        return self._journal.n_ticks

"""Reads the state of one experiment again and again, as a view of a running one does."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mle_toolbox.drive.lock import current_holder
from mle_toolbox.drive.present_code import PresentCode
from mle_toolbox.drive.status import ExperimentStatus, SeedRunStatus, nothing_collected, read_runs
from mle_toolbox.experiment_record import (
    identities_of,
    pending_trials,
)
from mle_toolbox.layout import JOURNAL, RUN_RECORD
from mle_toolbox.log.held_file import is_locked

__all__ = ["StatusReader"]

_Signature = tuple[int, int] | None


class StatusReader:
    """Reads the state of one experiment again and again; of a seed run only if something has happened to it.

    Parameters
    ----------
    read
        Reads all of it: at the first look, and again when one of ``sources`` has changed.
    sources
        The experiment file, or what else decides which seed runs there are.
    """

    def __init__(self, read: Callable[[], ExperimentStatus], sources: Sequence[Path]) -> None:
        self._read = read
        self._sources = sources
        self._status: ExperimentStatus | None = None
        self._identities: Mapping[str, str | None] = {}
        self._code: PresentCode | None = None
        self._seen: dict[tuple[str, int], _Signature] = {}
        self._seen_sources: list[_Signature] = []
        self._pending: set[str] = set()
        self._seen_choices: list[_Signature] = []

    def look(self) -> ExperimentStatus:
        """Return the present state."""
        sources, choices = [_signature(path) for path in self._sources], self._choices()
        if self._status is None or sources != self._seen_sources or choices != self._seen_choices:
            is_first = self._status is None
            self._status, self._seen_sources, self._seen = self._read(), sources, {}
            self._seen_choices = self._choices() if is_first else choices
            self._identities = identities_of(self._status.record)
            self._code = PresentCode.of(self._status.folder, self._status.record)
            self._pending = set(pending_trials(self._status.record))
            return self._status
        with nothing_collected():
            runs = tuple(map(self._again, self._status.runs))
        if any(run.configuration in self._pending and run.status != "waiting" for run in runs):
            self._seen_sources = []  # it has been asked meanwhile, so everything is read again
            return self.look()
        if any(new is not old for new, old in zip(runs, self._status.runs, strict=True)):
            # A copy has none of the values that were computed for the earlier one.
            self._status = replace(self._status, runs=runs)
        holder = current_holder(self._status.folder.driver)
        if holder != self._status.holder:
            self._status = replace(self._status, holder=holder)
        return self._status

    def _choices(self) -> list[_Signature]:
        # Which seed runs the final of a search has is only known after its choices.
        folder = self._status.folder if self._status is not None else None
        return [] if folder is None else [_signature(folder.finalists), _signature(folder.choice)]

    def _again(self, run: SeedRunStatus) -> SeedRunStatus:
        key = run.configuration, run.seed
        # Before it is read, so that a change in between is seen at the next look.
        signature = _signature(f"{run.folder.path}/{RUN_RECORD}")
        unchanged = key in self._seen and self._seen[key] == signature
        if unchanged and (run.status != "running" or is_locked(f"{run.folder.path}/{JOURNAL}")):
            return run
        self._seen[key] = signature
        known = None if not run.is_new else ()
        found = next(read_runs(self._status.folder, [key], self._code, self._identities, known))  # type: ignore[union-attr]
        return run if found == run else found


def _signature(path: Path | str) -> _Signature:
    try:
        state = os.stat(path)  # noqa: PTH116 (asked ten thousand times a second)
    except OSError:
        return None
    return state.st_ino, state.st_mtime_ns

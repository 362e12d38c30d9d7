"""Snakemake logger plugin: writes the events that `mle run` shows as progress to a file, one JSON object per line.

Snakemake finds it by the prefix of its name and imports it at every call, so it imports little that is not loaded
anyway. (No `from __future__ import annotations` here: Snakemake reads the field types of the settings.)
"""

import json
from dataclasses import dataclass, field
from logging import LogRecord
from pathlib import Path
from typing import IO, Optional

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase

from mle_toolbox.snakemake_side.job_events import described
from mle_toolbox.snakemake_side.pause import wait_for_pause
from mle_toolbox.snakemake_side.private_access import end_timers

__all__ = ["LogHandler", "LogHandlerSettings"]


@dataclass
class LogHandlerSettings(LogHandlerSettingsBase):
    """The options `--logger-mle-…`."""

    events: Optional[Path] = field(  # noqa: UP045  (Snakemake's argument parser reads Optional)
        default=None, metadata={"help": "File to which events are appended, one JSON object a line."}
    )


class LogHandler(LogHandlerBase):
    """Writes the events about jobs; everything else stays with Snakemake's own output."""

    def __post_init__(self) -> None:
        path = self.settings.events if isinstance(self.settings, LogHandlerSettings) else None
        self._file: IO[str] | None = None
        if path:
            self._file = Path(path).open("a", encoding="utf-8")  # noqa: SIM115  (open for as long as Snakemake runs)
            wait_for_pause(Path(path))

    def emit(self, record: LogRecord) -> None:
        """Append one line for an event that is about jobs."""
        line = described(record)
        if self._file is not None and line is not None:
            # Flushed line by line: `mle run` follows the file.
            self._file.write(json.dumps({**line, "at": record.created}) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Cancel the timers of Snakemake's scheduler, which has ended when this is called."""
        end_timers()
        if self._file is not None:
            self._file.close()
            self._file = None
        super().close()

    @property
    def writes_to_stream(self) -> bool:
        """Leave the terminal to Snakemake's own handler."""
        return False

    @property
    def writes_to_file(self) -> bool:
        """Needed by Snakemake to list log files: the events are no log for people."""
        return False

    @property
    def has_filter(self) -> bool:
        """Whether `described` chooses the events itself: it does."""
        return True

    @property
    def has_formatter(self) -> bool:
        """Whether `described` words the events itself: it does."""
        return True

    @property
    def needs_rulegraph(self) -> bool:
        """Whether the graph of rules is needed: it is not."""
        return False

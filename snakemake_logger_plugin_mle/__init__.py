"""Snakemake logger plugin: hands the events that `mle run` shows as progress to a file, one JSON object a line.

Snakemake finds it by the prefix of its name and imports it at every call, so it imports nothing that is not there
already. (No `from __future__ import annotations` here: Snakemake reads the field types of the settings.)
"""

import json
import threading
from dataclasses import dataclass, field
from logging import INFO, WARNING, LogRecord
from pathlib import Path
from typing import IO, Any, Optional

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase

__all__ = ["LogHandler", "LogHandlerSettings"]

_EXECUTORS = "mle_cluster"


@dataclass
class LogHandlerSettings(LogHandlerSettingsBase):
    """What `--logger-mle-…` sets."""

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

    def emit(self, record: LogRecord) -> None:
        """Append one line for an event that is about jobs."""
        line = _describe(record)
        if self._file is not None and line is not None:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()

    def close(self) -> None:
        """End the timers of Snakemake's scheduler, which has come to its end when this is called.

        It starts one of `max-jobs-per-timespan` in each of its rounds, and the process would wait for all of them.
        """
        for thread in threading.enumerate():
            if isinstance(thread, threading.Timer):
                thread.cancel()
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
        """Whether `_describe` chooses the events itself: it does."""
        return True

    @property
    def has_formatter(self) -> bool:
        """Whether `_describe` words the events itself: it does."""
        return True

    @property
    def needs_rulegraph(self) -> bool:
        """Whether the graph of rules is needed: it is not."""
        return False


def _describe(record: LogRecord) -> dict[str, Any] | None:
    """Return what is passed on of an event, or None when it is neither about jobs nor of our executors'."""
    said = vars(record)
    match said.get("event"):
        case LogEvent.RUN_INFO:
            return {"event": "plan", "jobs": said["stats"]}
        case LogEvent.JOB_INFO:
            wildcards = {name: str(value) for name, value in (said["wildcards"] or {}).items()}
            return {"event": "job", "id": said["jobid"], "rule": said["rule_name"], "wildcards": wildcards}
        case LogEvent.JOB_STARTED:
            return {"event": "started", "ids": said["jobs"]}
        case LogEvent.JOB_FINISHED:
            return {"event": "finished", "id": said["job_id"]}
        case LogEvent.JOB_ERROR:
            return {"event": "failed", "id": said["jobid"], "reason": _reason(said.get("rule_msg"))}
    if record.levelno >= INFO and _EXECUTORS in Path(record.pathname).parts:
        # What our executors have to say of the scheduler: job numbers, tasks that are held back, silence.
        return {"event": "said", "text": record.getMessage(), "warning": record.levelno >= WARNING}
    return None


def _reason(message: str | None) -> str:
    """Return what an executor says of a failure, without what Snakemake always adds."""
    return (message or "").partition("For further error details see")[0].strip()

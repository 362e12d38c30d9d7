"""What Snakemake reports about jobs: as our logger plugin writes it down, and as `mle run` counts it.

The plugin is handed a log record for everything that Snakemake has to say; `described` makes the line of an event file
of those that matter, `EventFile` reads the lines and `Tally` counts them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from logging import INFO, WARNING, LogRecord
from pathlib import Path
from typing import Any

from mle_toolbox.snakemake_side.assumptions import ADVICE_AFTER_REASON

__all__ = ["EventFile", "Tally", "described"]

_EXECUTORS = "mle_cluster"


def described(record: LogRecord) -> dict[str, Any] | None:
    """Return what is passed on of a log record, or None when it is neither about jobs nor of our executor's.

    The values of ``event`` are those of ``LogEvent`` in snakemake_interface_logger_plugins.common. Which other fields a
    record has is written nowhere but where Snakemake makes it, and they do not agree on how a job's number is called.
    """
    said = vars(record)
    match said.get("event"):
        case "run_info":
            return {"event": "plan", "jobs": said["stats"]}
        case "job_info":
            wildcards = {name: str(value) for name, value in (said["wildcards"] or {}).items()}
            return {"event": "job", "id": said["jobid"], "rule": said["rule_name"], "wildcards": wildcards}
        case "job_started":
            return {"event": "started", "ids": said["jobs"]}
        case "job_finished":
            return {"event": "finished", "id": said["job_id"]}
        case "job_error":
            reason = (said.get("rule_msg") or "").partition(ADVICE_AFTER_REASON)[0].strip()
            return {"event": "failed", "id": said["jobid"], "reason": reason}
    if record.levelno >= INFO and _EXECUTORS in Path(record.pathname).parts:
        # What our executor has to say of the scheduler: job numbers, tasks that are held back, silence.
        return {"event": "said", "text": record.getMessage(), "warning": record.levelno >= WARNING}
    return None


@dataclass
class Tally:
    """Seed runs by what became of them in this run.

    ``total`` counts all seed runs of the plan; those that were done before count as done.
    """

    total: int
    to_run: int | None = None
    done: int = 0
    failed: set[tuple[str, int]] = field(default_factory=set)
    running: dict[int, tuple[str, int]] = field(default_factory=dict)
    failed_others: list[tuple[str, str | None]] = field(default_factory=list)
    """Of jobs that are no seed runs and failed: the rule, and the configuration if it is about one."""
    reasons: dict[tuple[str, int], str] = field(default_factory=dict)
    """Of seed runs that failed: what the executor says about it, where it says something."""
    said: list[tuple[str, bool]] = field(default_factory=list)
    """What our executor has told the user, and whether it is a warning."""
    _jobs: dict[int, tuple[str, int]] = field(default_factory=dict)
    _others: dict[int, tuple[str, str | None]] = field(default_factory=dict)

    def count(self, event: dict[str, Any]) -> None:
        """Take one event into account; of other jobs than seed runs only the failures count."""
        match event:
            case {"event": "plan", "jobs": {"train": int(to_run)}}:
                self._plan(to_run)
            case {"event": "plan"}:
                self._plan(0)
            case {"event": "job", "rule": "train", "id": job, "wildcards": wildcards}:
                self._jobs[job] = self.running[job] = (wildcards["configuration"], int(wildcards["seed"]))
                # One that is tried again counts as running; should it fail again, that is told again.
                self.failed.discard(self._jobs[job])
                self.reasons.pop(self._jobs[job], None)
            case {"event": "job", "rule": rule, "id": job, "wildcards": wildcards}:
                self._others[job] = (rule, wildcards.get("configuration"))
            case {"event": "finished", "id": job} if job in self._jobs:
                self.running.pop(job, None)
                self.done += 1
            case {"event": "failed", "id": job} if job in self._jobs:
                self.running.pop(job, None)
                self.failed.add(self._jobs[job])
                if reason := event.get("reason"):
                    self.reasons[self._jobs[job]] = reason
            case {"event": "failed", "id": job} if job in self._others:
                self.failed_others.append(self._others[job])
            case {"event": "said", "text": str(text)}:
                self.said.append((text, bool(event.get("warning"))))

    @property
    def ended(self) -> int:
        """Seed runs that need no more waiting."""
        return self.done + len(self.failed)

    def _plan(self, to_run: int) -> None:
        if self.to_run is None:
            self.to_run = to_run
            self.done = max(self.total - to_run, 0)


class EventFile:
    """Reads the lines that have been added since the last look; a line half written is left for the next."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rest = ""
        self._offset = 0

    def new_events(self) -> Iterator[dict[str, Any]]:
        """Yield the events that came since the last call."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            block = file.read()
        self._offset += len(block)
        *lines, self._rest = (self._rest + block.decode(errors="replace")).split("\n")
        for line in lines:
            event = json.loads(line)
            if isinstance(event, dict):
                yield event

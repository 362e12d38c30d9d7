"""Snakemake's reports about jobs: our logger plugin writes them to a file, and `mle run` counts them.

The plugin gets a log record for every message of Snakemake; `described` turns those that matter into lines of an event
file, `EventFile` reads the lines and `Tally` counts them.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from logging import INFO, WARNING, LogRecord
from pathlib import Path
from typing import Any

from mle_toolbox.snakemake_side.assumptions import ADVICE_AFTER_REASON
from mle_toolbox.snakemake_side.pause import WITHDRAWN

__all__ = ["EventFile", "Tally", "described"]

# The folder of our executor: it logs with Snakemake's own logger, so only the path of the code tells them apart.
_EXECUTORS = "mle_cluster"


def described(record: LogRecord) -> dict[str, Any] | None:
    """Return the event in a log record, or None when it is neither about jobs nor from our executor.

    The values of ``event`` are those of ``LogEvent`` in snakemake_interface_logger_plugins.common.
    """
    # The other fields are documented nowhere but in the code that logs them, which has two names for a job's number.
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
        # Job numbers, tasks that are held back, a scheduler that does not answer.
        return {"event": "said", "text": record.getMessage(), "warning": record.levelno >= WARNING}
    return None


@dataclass
class Tally:
    """Seed runs by their outcome in this call.

    ``total`` counts all seed runs of the plan; those that were done before count as done. ``after`` counts, by the name
    of a checkpoint, those that Snakemake plans only when it has been made.
    """

    total: int
    to_run: int | None = None
    done: int = 0
    failed: set[tuple[str, int]] = field(default_factory=set)
    running: dict[int, tuple[str, int]] = field(default_factory=dict)
    failed_others: list[tuple[str, str | None]] = field(default_factory=list)
    """Failed jobs that are not seed runs: the rule, and its configuration if it has one."""
    running_others: dict[int, str] = field(default_factory=dict)
    """The rule of each running job that is no seed run."""
    reasons: dict[tuple[str, int], str] = field(default_factory=dict)
    """Reasons of failed seed runs, where the executor gives one."""
    other_reasons: dict[tuple[str, str | None], str] = field(default_factory=dict)
    """The same of other failed jobs."""
    said: list[tuple[str, bool]] = field(default_factory=list)
    """Messages of our executor, and whether each is a warning."""
    due: tuple[tuple[str, int], ...] = ()
    """The seed runs that this call has to make, in their order, where that is known."""
    began: dict[tuple[str, int], float] = field(default_factory=dict)
    """When each seed run that is running was started, in seconds of the epoch; on a cluster it may still be queued."""
    took: dict[tuple[str, int], float] = field(default_factory=dict)
    """Seconds from then to its end, of those that ended well in this call."""
    planned: dict[str, int] = field(default_factory=dict)
    """How many jobs of each rule there are to do in this call."""
    failed_attempts: Counter[tuple[str, int]] = field(default_factory=Counter)
    """How often each seed run has failed in this call."""
    finished_others: Counter[str] = field(default_factory=Counter)
    """How many jobs of each rule have ended well, apart from seed runs."""
    failed_before: int = 0
    """How many seed runs failed in an earlier call and are not tried again in this one."""
    after: dict[str, int] = field(default_factory=dict)
    _jobs: dict[int, tuple[str, int]] = field(default_factory=dict)
    _others: dict[int, tuple[str, str | None]] = field(default_factory=dict)

    def count(self, event: dict[str, Any]) -> None:
        """Count one event."""
        match event:
            case {"event": "plan", "jobs": dict(jobs)}:
                self._plan(jobs)
            case {"event": "plan"}:
                self._plan({})
            case {"event": "failed before", "number": int(number)}:
                self.failed_before = number
            case {"event": "job", "rule": "train", "id": job, "wildcards": wildcards}:
                self._jobs[job] = self.running[job] = (wildcards["configuration"], int(wildcards["seed"]))
                # A retried run counts as running; if it fails again, that is another event.
                self.failed.discard(self._jobs[job])
                self.began[self._jobs[job]] = event.get("at", time.time())
                self.reasons.pop(self._jobs[job], None)
            case {"event": "job", "rule": rule, "id": job, "wildcards": wildcards}:
                self._others[job] = other = (rule, wildcards.get("configuration"))
                self.running_others[job] = rule
                # As above: it is retried.
                self.failed_others = [each for each in self.failed_others if each != other]
                self.other_reasons.pop(other, None)
            case {"event": "finished", "id": job} if job in self._jobs:
                self.running.pop(job, None)
                self.done += 1
                run = self._jobs[job]
                ended = event.get("at", time.time())
                # Clocks are set back at times.
                self.took[run] = max(ended - self.began.pop(run, ended), 0.0)
            case {"event": "failed", "id": job} if job in self._jobs:
                self.running.pop(job, None)
                self.began.pop(self._jobs[job], None)
                reason = event.get("reason") or ""
                if reason.startswith(WITHDRAWN):
                    return
                self.failed.add(self._jobs[job])
                self.failed_attempts[self._jobs[job]] += 1
                if reason:
                    self.reasons[self._jobs[job]] = reason
            case {"event": "finished", "id": job} if job in self._others:
                self.running_others.pop(job, None)
                self.finished_others[self._others[job][0]] += 1
            case {"event": "failed", "id": job} if job in self._others:
                self.running_others.pop(job, None)
                self.failed_others.append(self._others[job])
                if reason := event.get("reason"):
                    self.other_reasons[self._others[job]] = reason
            case {"event": "said", "text": str(text)}:
                self.said.append((text, bool(event.get("warning"))))

    def note_bad_end(self, run: tuple[str, int], attempts: int) -> None:
        """Count a seed run as failed whose job has ended well, because others go on behind it all the same."""
        if self.took.pop(run, None) is not None:
            self.done -= 1
        self.failed.add(run)
        self.failed_attempts[run] = attempts

    @property
    def ended(self) -> int:
        """Seed runs that need no more waiting."""
        return self.done + len(self.failed) + self.failed_before

    def _plan(self, jobs: dict[str, int]) -> None:
        # Only the first plan covers all seed runs.
        if self.to_run is None:
            self.to_run = jobs.get("train", 0)
            self.planned = jobs
            later = sum(number for checkpoint, number in self.after.items() if checkpoint in jobs)
            self.done = max(self.total - self.to_run - later - self.failed_before, 0)


class EventFile:
    """Reads the lines that were added since the last call; an unfinished line is left for the next."""

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

"""The seed runs: their status, time, place and code, from the records on disk.

Reads ``run.json`` through the results and the ends of err files; knows nothing of metrics or HTML.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from mle_toolbox import excerpts
from mle_toolbox.layout import ConfigurationFolder
from mle_toolbox.log.run_record import RunRecord, read_run_record, run_status
from mle_toolbox.results import ConfigurationResults
from mle_toolbox.seed_run.own_code import git_in_words

__all__ = ["Cost", "SeedRun", "all_runs", "cost", "moment_in", "versions"]


@dataclass(frozen=True)
class SeedRun:
    """One seed run; ``record`` is None where nothing was recorded, as for imported logs."""

    configuration: str
    seed: int
    status: str
    record: RunRecord | None
    folder: Path | None = None
    ticks: int = 0
    damage: str | None = None
    older_code: bool = False
    """Whether it counts and is of older code than the newest runs."""
    is_of_final: bool = False
    """Whether its seed is a fresh one, of the final of a search."""

    @property
    def kind(self) -> str:
        """How it is shown: its status, or ``older code`` for finished runs of older code."""
        return "older code" if self.older_code else self.status

    @property
    def seconds(self) -> float | None:
        """Time from start to end, None while the run goes on or if it was not recorded."""
        start, end = self.started, self.ended
        # A clock that was set back must not give a negative cost.
        return max(0.0, (end - start).total_seconds()) if start and end else None

    @property
    def started(self) -> datetime | None:
        """When the run started."""
        return moment_in(self.record.start if self.record else None)

    @property
    def ended(self) -> datetime | None:
        """When the run ended."""
        return moment_in(self.record.end if self.record else None)

    @property
    def ended_badly(self) -> bool:
        """Whether the run was started and did not end well."""
        return self.status in ("failed", "died")

    @property
    def reason(self) -> str:
        """Return the reason of the failure, in one line."""
        if self.record is not None and self.record.reason:
            # What a script raised may be of any length and hold codes for terminals.
            return excerpts.readable(self.record.reason)
        if self.status == "died":
            return "died: killed, or its machine failed; nothing was recorded"
        return self.status

    @property
    def ending(self) -> str:
        """Return how the process ended: exit status or signal."""
        if self.record is None or not self.ended_badly:
            return ""
        if self.record.signal:
            return f"signal {self.record.signal}"
        return f"exit status {self.record.exit_status}" if self.record.exit_status is not None else ""


@dataclass(frozen=True)
class Cost:
    """The time and memory that the seed runs took, as far as recorded.

    ``counted`` runs have a start and an end; ``core_hours`` are hours x requested cores; ``cpu_hours`` is the processor
    time of ``cpu_counted`` runs.
    """

    runs: int
    counted: int
    cores: int
    core_hours: float
    cpu_hours: float
    cpu_counted: int
    wall_seconds: float | None
    median_seconds: float | None
    longest_seconds: float | None
    peak_mb: float | None


def all_runs(
    configurations: Mapping[str, ConfigurationResults], fresh: Mapping[str, ConfigurationResults] | None = None
) -> list[SeedRun]:
    """Return every seed run that was planned or has been started, configuration by configuration.

    ``fresh``: trials and base configurations with the seeds that they have in the final of a search.
    """
    fresh = fresh or {}
    return [
        run
        for name in dict.fromkeys([*configurations, *fresh])
        for group, is_of_final in ((configurations, False), (fresh, True))
        if name in group
        for run in _runs_of(name, group[name], is_of_final=is_of_final)
    ]


def cost(runs: Sequence[SeedRun], cores: int) -> Cost:
    """Return the cost of ``runs``; ``cores`` is the number that each of them was given."""
    known = sorted(run.seconds for run in runs if run.seconds is not None)
    cpu = [run.record.cpu_seconds for run in runs if run.record and run.record.cpu_seconds is not None]
    memory = [run.record.max_rss_mb for run in runs if run.record and run.record.max_rss_mb is not None]
    starts = [run.started for run in runs if run.started]
    ends = [run.ended for run in runs if run.ended]
    return Cost(
        runs=len(runs),
        counted=len(known),
        cores=cores,
        core_hours=sum(known) * cores / 3600,
        cpu_hours=sum(cpu) / 3600,
        cpu_counted=len(cpu),
        wall_seconds=(max(ends) - min(starts)).total_seconds() if starts and ends else None,
        median_seconds=known[len(known) // 2] if known else None,
        longest_seconds=known[-1] if known else None,
        peak_mb=max(memory, default=None),
    )


def versions(runs: Iterable[SeedRun]) -> dict[str, list[tuple[str, int]]]:
    """Return, for code, machine, Python and each package, the versions that occur with their number of runs."""
    seen: dict[str, Counter[str]] = {"code": Counter(), "machine": Counter(), "Python": Counter()}
    for run in runs:
        if run.record is None:
            continue
        seen["code"][git_in_words(run.record)] += 1
        seen["machine"][run.record.host or "not recorded"] += 1
        seen["Python"][run.record.python or "not recorded"] += 1
        for name, version in run.record.packages.items():
            seen.setdefault(name, Counter())[str(version)] += 1
    return {name: counts.most_common() for name, counts in seen.items() if counts}


def _runs_of(name: str, results: ConfigurationResults, *, is_of_final: bool) -> Iterator[SeedRun]:
    folder = ConfigurationFolder(results.path) if results.path.is_dir() else None
    present = {run.seed: run for run in results.runs}
    for seed in sorted({*present, *results.missing}):
        run = present.get(seed)
        if run is not None:
            path = run.path if run.path.is_dir() else None
            made = SeedRun(name, seed, run.status, run.run, path, run.n_ticks, run.damage)
        elif folder is not None:
            # A seed that has logged nothing may still have failed or be running.
            place = folder.seed(seed)
            made = SeedRun(name, seed, run_status(place), read_run_record(place), place.path)
        else:
            made = SeedRun(name, seed, "waiting", None)
        yield replace(made, is_of_final=is_of_final)


def moment_in(text: Any) -> datetime | None:
    """Return the time that a record gives; None where it gives none, or is damaged."""
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        # A damaged record, or none: the time counts as not recorded.
        return None

"""What `mle run` would do now, and why, by the files of the seed runs. Starts and moves nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from mle_toolbox.drive.settle import Reason, Settled, code_check, is_merged, settle
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.layout import ExperimentFolder, run_of
from mle_toolbox.log.run_record import read_run_record, run_status
from mle_toolbox.looks.held_looks import HeldLooks
from mle_toolbox.search_final import all_runs
from mle_toolbox.seed_run.identity import is_of
from mle_toolbox.trial_files import trials_to_ask

__all__ = ["ConfigurationForecast", "Forecast", "forecast"]


@dataclass
class ConfigurationForecast:
    """One configuration: its seeds by what would happen to them."""

    name: str
    due: dict[Reason, list[int]] = field(default_factory=dict)
    """Seeds that would run, by the reason."""
    finished: list[int] = field(default_factory=list)
    """Seeds that are finished and stay, with those that lie elsewhere and are moved into place."""
    older: list[int] = field(default_factory=list)
    """Those of the finished ones that were made by older code."""
    running: list[int] = field(default_factory=list)
    left_out: list[int] = field(default_factory=list)
    """Seeds that are not finished and not chosen."""

    @property
    def number_due(self) -> int:
        """How many seed runs would start."""
        return sum(map(len, self.due.values()))


@dataclass(frozen=True)
class Forecast:
    """What would happen."""

    configurations: tuple[ConfigurationForecast, ...]
    settled: Settled
    to_ask: int
    """How many trials of a search would be written first, or asked one after the other."""
    processing: tuple[str, ...]
    """What would run before the first seed run and after the last."""
    merges: bool
    """Whether something would be merged and reported, where no seed run is due."""
    looks: HeldLooks | None
    """Where the number of seeds is open: the looks."""
    is_partial: bool
    """Whether only some seed runs are wanted, so that what is made of all of them waits."""
    of_the_final: int = 0
    """How many seed runs the final of a search has, which is chosen anew when any other ends."""

    @property
    def number_due(self) -> int:
        """How many seed runs would start."""
        return sum(each.number_due for each in self.configurations)


def forecast(plan: Plan, *, rerun: str | None = None, chosen: Collection[tuple[str, int]] | None = None) -> Forecast:
    """Return what `mle run` would do with this plan and this choice of seed runs."""
    is_current = code_check(plan)
    settled = settle(plan, is_current=is_current, rerun=rerun, chosen=chosen, only_look=True)
    experiment = ExperimentFolder(plan.experiment_path)
    runs = all_runs(plan)
    rows = {name: ConfigurationForecast(name) for name in dict.fromkeys(name for name, _ in runs)}
    for run, why in settled.due.items():
        name, seed = run_of(run)
        rows[name].due.setdefault(why, []).append(seed)
    for name, seed in runs:
        run, row = experiment.seed_run(name, seed), rows[name]
        if run in settled.due:
            continue
        record = read_run_record(run)
        status = run_status(run, record)
        is_here = status == "done" and is_of(run, record, plan.identity(name))
        if status == "running":
            row.running.append(seed)
        elif is_here or run in settled.found:
            row.finished.append(seed)
            if is_here and record is not None and not is_current(record):
                row.older.append(seed)
        else:
            row.left_out.append(seed)
    is_partial = chosen is not None or rerun not in (None, "all")
    return Forecast(
        tuple(rows.values()),
        settled,
        len(trials_to_ask(plan)) + sum(each.is_pending for each in plan.configurations),
        tuple(
            each.words
            for each in plan.processing
            if not experiment.processing(each.stage).done.exists() and not (is_partial and each is plan.post_processing)
        ),
        bool(settled.found) or _is_anything_older(plan, experiment),
        plan.looks,
        is_partial,
        plan.final.number_of_runs if plan.final is not None else 0,
    )


def _is_anything_older(plan: Plan, experiment: ExperimentFolder) -> bool:
    """Return whether results are missing, or older than what they are made of."""
    merged = [experiment.configuration(each.name).log for each in plan.configurations]
    if not is_merged(plan):
        return True
    if _time(experiment.report) < _time(experiment.results) or _time(experiment.results) < max(map(_time, merged)):
        return True
    return any(
        _time(log) < max(_time(experiment.seed_run(each.name, seed).log) for seed in plan.seeds_of(each.name))
        for each, log in zip(plan.configurations, merged, strict=True)
    )


def _time(path: Path) -> float:
    """Return when a file was changed; 0 if there is none."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0

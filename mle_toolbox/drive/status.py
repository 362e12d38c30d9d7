"""Which seed runs of a results folder are done, running, failed or waiting; read from its files only."""

from __future__ import annotations

import functools
import gc
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, Literal

from mle_toolbox.climbing import with_seeds_by_now
from mle_toolbox.drive.causes import FailureGroup, failure_of, grouped
from mle_toolbox.drive.lock import Holder, current_holder
from mle_toolbox.drive.present_code import PresentCode
from mle_toolbox.drive.processing import ProcessingStatus, processing_statuses
from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_file.search_reader import asked_since
from mle_toolbox.experiment_record import (
    identities_of,
    project_in,
    read_experiment_record,
)
from mle_toolbox.layout import ExperimentFolder, SeedFolder
from mle_toolbox.log.run_record import RunRecord, RunStatus, read_run_record, run_status
from mle_toolbox.looks.held_looks import HeldLooks, looks_of
from mle_toolbox.search_final import all_runs, final_of_record
from mle_toolbox.seed_run.earlier_runs import EarlierRuns
from mle_toolbox.seed_run.identity import status_as_of

__all__ = [
    "ExperimentStatus",
    "SeedRunStatus",
    "nothing_collected",
    "output_name",
    "read_plan_status",
    "read_runs",
    "read_status",
]


@dataclass(frozen=True)
class SeedRunStatus:
    """One seed run; ``stale`` when it is done but its code has changed since."""

    configuration: str
    seed: int
    status: RunStatus
    stale: bool
    record: RunRecord | None
    folder: SeedFolder
    changed: tuple[str, ...] = ()
    """The files of its code that have changed since, relative to the project folder."""
    is_new: bool = False
    """Whether the experiment file lists it, but did not at the last start."""
    is_learned_from: bool = False
    """Whether it failed in a search that learns from that, so that it is tried again only on request."""

    @property
    def is_due(self) -> bool:
        """Whether the next ``mle run`` starts it."""
        return self.status not in ("done", "running") and not self.is_learned_from


@dataclass(frozen=True)
class ExperimentStatus:
    """All seed runs of an experiment, configuration by configuration."""

    folder: ExperimentFolder
    record: dict[str, Any]
    """The content of ``experiment.json``, or what it would be for a plan; empty when damaged."""
    runs: tuple[SeedRunStatus, ...]
    damage: tuple[str, ...] = ()
    """A sentence for each file that cannot be read."""
    holder: Holder | None = None
    """The ``mle run`` that is going on, if one is."""
    dropped: tuple[str, ...] = ()
    """Configurations that have results here and are in the experiment file no more."""
    restorable: int = 0
    """How many that are due have finished before, under another name or among earlier results, and need not run."""

    @property
    def is_search(self) -> bool:
        """Whether the experiment is a search."""
        return isinstance(self.record.get("search"), Mapping)

    @functools.cached_property
    def looks(self) -> HeldLooks | None:
        """Where the number of seeds is open: the looks that were held, and those that may come."""
        return looks_of(self.folder, self.record)

    @property
    def learns(self) -> bool:
        """Whether it is a search in which something depends on results: what trials are, or how many seeds they get."""
        search = self.record.get("search")
        return isinstance(search, Mapping) and any(
            isinstance(search.get(key), Mapping) for key in ("learning", "seed_rungs")
        )

    @property
    def is_over(self) -> bool:
        """Whether every seed run is done, or has failed in a search that learns from that."""
        return all(run.status == "done" or run.is_learned_from for run in self.runs)

    @property
    def counts(self) -> Counter[str]:
        """How many seed runs have which status."""
        return Counter(each.status for each in self.runs)

    @property
    def configurations(self) -> tuple[str, ...]:
        """Names in the order of the experiment file."""
        return tuple(self._by_configuration)

    @property
    def processing(self) -> list[ProcessingStatus]:
        """What runs before the first seed run and after the last, read from its files now."""
        return processing_statuses(self.folder, self.record)

    def of(self, configuration: str) -> tuple[SeedRunStatus, ...]:
        """Return the seed runs of one configuration."""
        return self._by_configuration.get(configuration, ())

    @functools.cached_property
    def _by_configuration(self) -> dict[str, tuple[SeedRunStatus, ...]]:
        found: dict[str, list[SeedRunStatus]] = {}
        for each in self.runs:
            found.setdefault(each.configuration, []).append(each)
        return {name: tuple(runs) for name, runs in found.items()}

    def failed(self) -> tuple[SeedRunStatus, ...]:
        """Return the seed runs that were started and did not end well."""
        return tuple(each for each in self.runs if each.status in ("failed", "died"))

    def stopped(self) -> tuple[SeedRunStatus, ...]:
        """Return the seed runs that were asked to stop and did; the next attempt continues them."""
        return tuple(each for each in self.runs if each.status == "stopped")

    @functools.cached_property
    def failures(self) -> list[FailureGroup]:
        """The failures that differ, those of most seed runs first; reads the end of each err file."""
        job = self.record.get("job")
        err_file = job.get("err_file") if isinstance(job, Mapping) else None
        project = (self.folder.path.absolute() / (project_in(self.record) or "..")).resolve()
        return grouped(
            {
                (run.configuration, run.seed): failure_of(run.folder, run.record, str(err_file or "err.txt"), project)
                for run in self.failed()
            }
        )


def read_status(folder: ExperimentFolder) -> ExperimentStatus:
    """Read the state of an experiment.

    Raises
    ------
    ResultsError
        When the folder has no ``experiment.json``. A damaged one is reported in ``damage``, and every configuration and
        seed with a folder counts.
    """
    try:
        record = read_experiment_record(folder)
    except ResultsError as error:
        said = f"{error} Until then every configuration and seed with a folder is shown."
        return _with_damage(
            ExperimentStatus(folder, {}, tuple(read_runs(folder, _pairs_on_disk(folder), None, {})), (said,))
        )
    if record is None:
        raise ResultsError(
            f"{folder.path}: no experiment has been started here (there is no {folder.record.name}). "
            "Give the experiment_dir of an experiment file, or the experiment file itself."
        )
    return _read(folder, record, _pairs_of(folder, record))


def read_plan_status(plan: Plan) -> ExperimentStatus:
    """Read the state of the seed runs of a plan, whatever was started in its results folder before."""
    folder = ExperimentFolder(plan.experiment_path)
    before: Mapping[str, Any] | None = None
    with suppress(ResultsError):
        before = read_experiment_record(folder)
    known = set(_pairs_of(folder, before)) if before else None
    now = with_seeds_by_now(asked_since(plan))
    status = _read(folder, now.to_json(), all_runs(now), known=known)
    if plan.search is not None or not folder.path.is_dir():
        return status
    planned = {each.name for each in plan.configurations}
    names = tuple(each["name"] for each in (before or {}).get("configurations", ()) if each["name"] not in planned)
    dropped = tuple(name for name in names if folder.configuration(name).seeds_on_disk())
    return replace(
        status, dropped=dropped, restorable=_restorable(plan, status) if dropped or folder.earlier.is_dir() else 0
    )


def _restorable(plan: Plan, status: ExperimentStatus) -> int:
    earlier = EarlierRuns(status.folder, [each.name for each in plan.configurations], lambda _: True)
    due = (run for run in status.runs if run.status in ("waiting", "outdated"))
    return sum(earlier.find(run.folder, plan.identity(run.configuration)) is not None for run in due)


def _pairs_of(folder: ExperimentFolder, record: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for each in record["configurations"]:
        for seed in each.get("seeds", record["seeds"]):
            yield each["name"], seed
    if (stage := final_of_record(folder, record)) is not None:
        yield from stage.runs


def _read(
    folder: ExperimentFolder,
    record: dict[str, Any],
    pairs: Iterable[tuple[str, int]],
    known: Collection[tuple[str, int]] | None = None,
) -> ExperimentStatus:
    with nothing_collected():
        runs = tuple(read_runs(folder, pairs, PresentCode.of(folder, record), identities_of(record), known))
    return _with_damage(ExperimentStatus(folder, record, runs, holder=current_holder(folder.driver)))


@contextmanager
def nothing_collected() -> Iterator[None]:
    """Keep Python from looking for garbage meanwhile: of ten thousand records, all kept, it takes half the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def output_name(status: ExperimentStatus, key: Literal["log_file", "err_file"]) -> str:
    """Return the name of the file in a seed folder that takes stdout (``log_file``) or stderr (``err_file``).

    Raises
    ------
    ResultsError
        When ``experiment.json`` is damaged and does not name it.
    """
    job = status.record.get("job")
    name = job.get(key) if isinstance(job, dict) else None
    if not isinstance(name, str):
        raise ResultsError(f"{status.folder.record} is damaged. The next `mle run` writes it again.")
    return name


def _pairs_on_disk(folder: ExperimentFolder) -> list[tuple[str, int]]:
    # Hidden folders are ours: .code, .driver, .earlier.
    names = sorted(each.name for each in folder.path.iterdir() if each.is_dir() and not each.name.startswith("."))
    return [(name, seed) for name in names for seed in folder.configuration(name).seeds_on_disk()]


def read_runs(
    folder: ExperimentFolder,
    pairs: Iterable[tuple[str, int]],
    code: PresentCode | None,
    identities: Mapping[str, str | None],
    known: Collection[tuple[str, int]] | None = None,
) -> Iterator[SeedRunStatus]:
    """Yield the state of some seed runs of an experiment.

    Parameters
    ----------
    folder
        The results folder.
    pairs
        Their configurations and seeds.
    code
        The present code of the project, where that is known.
    identities
        Those that seed runs of the present plan have, by configuration.
    known
        The seed runs that there were at the last start; None where all are taken to be known.
    """
    of_name = functools.cache(folder.configuration)
    for name, seed in pairs:
        run = of_name(name).seed(seed)
        record = read_run_record(run)
        status = status_as_of(run, record, run_status(run, record), identities.get(name))
        learned = status == "failed" and run.ended.exists()
        changed = code.changed(record) if status == "done" and record is not None and code is not None else ()
        is_new = known is not None and (name, seed) not in known
        yield SeedRunStatus(name, seed, status, bool(changed), record, run, changed, is_new, learned)


def _with_damage(status: ExperimentStatus) -> ExperimentStatus:
    records = [each.folder.run_record for each in status.runs if each.record is None]
    said = [
        f"{path} is damaged: the record of when and where this run was made is lost."
        for path in records
        if path.exists()
    ]
    return replace(status, damage=(*status.damage, *said))

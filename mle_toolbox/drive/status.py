"""Which seed runs of a results folder are done, running, failed or waiting; read from its files only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from mle_toolbox.drive.processing import ProcessingStatus, processing_statuses
from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_record import identities_of, project_in, read_experiment_record
from mle_toolbox.layout import ExperimentFolder, SeedFolder
from mle_toolbox.log.run_record import RunRecord, RunStatus, read_run_record, run_status
from mle_toolbox.seed_run.identity import status_as_of
from mle_toolbox.seed_run.own_code import Hashes, files_that_differ

__all__ = ["ExperimentStatus", "SeedRunStatus", "output_name", "read_plan_status", "read_status"]


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


@dataclass(frozen=True)
class ExperimentStatus:
    """All seed runs of an experiment, configuration by configuration."""

    folder: ExperimentFolder
    record: dict[str, Any]
    """The content of ``experiment.json``, or what it would be for a plan; empty when damaged."""
    runs: tuple[SeedRunStatus, ...]
    damage: tuple[str, ...] = ()
    """A sentence for each file that cannot be read."""

    @property
    def counts(self) -> Counter[str]:
        """How many seed runs have which status."""
        return Counter(each.status for each in self.runs)

    @property
    def configurations(self) -> tuple[str, ...]:
        """Names in the order of the experiment file."""
        return tuple(dict.fromkeys(each.configuration for each in self.runs))

    @property
    def processing(self) -> list[ProcessingStatus]:
        """What runs before the first seed run and after the last, read from its files now."""
        return processing_statuses(self.folder, self.record)

    def of(self, configuration: str) -> tuple[SeedRunStatus, ...]:
        """Return the seed runs of one configuration."""
        return tuple(each for each in self.runs if each.configuration == configuration)

    def failed(self) -> tuple[SeedRunStatus, ...]:
        """Return the seed runs that were started and did not end well."""
        return tuple(each for each in self.runs if each.status in ("failed", "died"))

    def stopped(self) -> tuple[SeedRunStatus, ...]:
        """Return the seed runs that were asked to stop and did; the next attempt continues them."""
        return tuple(each for each in self.runs if each.status == "stopped")


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
            ExperimentStatus(folder, {}, tuple(_read_runs(folder, _pairs_on_disk(folder), None, {})), (said,))
        )
    if record is None:
        raise ResultsError(
            f"{folder.path}: no experiment has been started here (there is no {folder.record.name}). "
            "Give the experiment_dir of an experiment file, or the experiment file itself."
        )
    pairs = [(each["name"], seed) for each in record["configurations"] for seed in each.get("seeds", record["seeds"])]
    return _read(folder, record, pairs)


def read_plan_status(plan: Plan) -> ExperimentStatus:
    """Read the state of the seed runs of a plan, whatever was started in its results folder before."""
    return _read(ExperimentFolder(plan.experiment_path), plan.to_json(), plan.seed_runs)


def _read(folder: ExperimentFolder, record: dict[str, Any], pairs: Iterable[tuple[str, int]]) -> ExperimentStatus:
    runs = _read_runs(folder, pairs, _CodeNow.of(folder, record), identities_of(record))
    return _with_damage(ExperimentStatus(folder, record, tuple(runs)))


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


def _read_runs(
    folder: ExperimentFolder,
    pairs: Iterable[tuple[str, int]],
    code: _CodeNow | None,
    identities: Mapping[str, str | None],
) -> Iterator[SeedRunStatus]:
    for name, seed in pairs:
        run = folder.seed_run(name, seed)
        record = read_run_record(run)
        status = status_as_of(run, record, run_status(run, record), identities.get(name))
        changed = code.changed(record) if status == "done" and record is not None and code is not None else ()
        yield SeedRunStatus(name, seed, status, bool(changed), record, run, changed)


def _with_damage(status: ExperimentStatus) -> ExperimentStatus:
    records = [each.folder.run_record for each in status.runs if each.record is None]
    said = [
        f"{path} is damaged: the record of when and where this run was made is lost."
        for path in records
        if path.exists()
    ]
    return replace(status, damage=(*status.damage, *said))


class _CodeNow:
    """The present files of a project; each is read once, however many runs used it."""

    def __init__(self, project: Path, script: str) -> None:
        self._project = project
        self._script = script
        self._hashes: Hashes = {}

    @classmethod
    def of(cls, folder: ExperimentFolder, record: dict[str, Any]) -> _CodeNow | None:
        """Return it, or None when the project is unknown or its script is missing."""
        project, script = project_in(record), record.get("script")
        if project is None or not isinstance(script, str):
            return None
        now = cls(folder.path / project, script)
        # Results that were moved away from their project say nothing about its files.
        return now if (now._project / script).is_file() else None

    def changed(self, record: RunRecord) -> tuple[str, ...]:
        """Return the files that have changed since a run, removed ones included."""
        # Records of earlier versions know only the script.
        if not record.code and record.script_sha256 is not None:
            record = record._replace(code={self._script: record.script_sha256})
        return files_that_differ(record, self._project, self._hashes)

"""Which seed runs of a results folder are done, running, failed or still to come; read from its files only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment.provenance import file_digest
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_record import identities_of, read_experiment_record
from mle_toolbox.layout import ExperimentFolder, SeedFolder
from mle_toolbox.log.run_record import RunRecord, RunStatus, read_run_record, run_status
from mle_toolbox.seed_run.identity import status_as_of

__all__ = ["ExperimentStatus", "SeedRunStatus", "output_name", "read_plan_status", "read_status"]


@dataclass(frozen=True)
class SeedRunStatus:
    """One seed run; ``stale`` when it is done but the script has changed since."""

    configuration: str
    seed: int
    status: RunStatus
    stale: bool
    record: RunRecord | None
    folder: SeedFolder


@dataclass(frozen=True)
class ExperimentStatus:
    """All seed runs of an experiment, configuration by configuration."""

    folder: ExperimentFolder
    record: dict[str, Any]
    """What ``experiment.json`` says, or would say of a plan; empty when it is damaged."""
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

    def of(self, configuration: str) -> tuple[SeedRunStatus, ...]:
        """Return the seed runs of one configuration."""
        return tuple(each for each in self.runs if each.configuration == configuration)

    def failed(self) -> tuple[SeedRunStatus, ...]:
        """Return the seed runs that were started and did not end well."""
        return tuple(each for each in self.runs if each.status in ("failed", "died"))

    def stopped(self) -> tuple[SeedRunStatus, ...]:
        """Return the seed runs that were told to stop and left in time; the next attempt goes on with them."""
        return tuple(each for each in self.runs if each.status == "stopped")


def read_status(folder: ExperimentFolder) -> ExperimentStatus:
    """Read the state of an experiment.

    Raises
    ------
    ResultsError
        When the folder has no ``experiment.json``. One that is damaged is told in ``damage``, and every configuration
        and seed that has a folder counts.
    """
    try:
        record = read_experiment_record(folder)
    except ResultsError as error:
        said = f"{error} Until then all configurations and seeds that have a folder are shown."
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
    """Read the state of what a plan asks for, whatever was started in its results folder before."""
    return _read(ExperimentFolder(plan.experiment_path), plan.to_json(), plan.seed_runs)


def _read(folder: ExperimentFolder, record: dict[str, Any], pairs: Iterable[tuple[str, int]]) -> ExperimentStatus:
    runs = _read_runs(folder, pairs, _script_digest(folder, record), identities_of(record))
    return _with_damage(ExperimentStatus(folder, record, tuple(runs)))


def output_name(status: ExperimentStatus, key: Literal["log_file", "err_file"]) -> str:
    """Return the name of the file in a seed folder that takes stdout (``log_file``) or stderr (``err_file``).

    Raises
    ------
    ResultsError
        When ``experiment.json`` does not tell it any more.
    """
    job = status.record.get("job")
    name = job.get(key) if isinstance(job, dict) else None
    if not isinstance(name, str):
        raise ResultsError(f"{status.folder.record} is damaged. The next `mle run` writes it again.")
    return name


def _pairs_on_disk(folder: ExperimentFolder) -> list[tuple[str, int]]:
    names = sorted(each.name for each in folder.path.iterdir() if each.is_dir() and not each.name.startswith("."))
    return [(name, seed) for name in names for seed in folder.configuration(name).seeds_on_disk()]


def _read_runs(
    folder: ExperimentFolder,
    pairs: Iterable[tuple[str, int]],
    script: str | None,
    identities: Mapping[str, str | None],
) -> Iterator[SeedRunStatus]:
    for name, seed in pairs:
        run = folder.seed_run(name, seed)
        record = read_run_record(run)
        status = status_as_of(run, record, run_status(run, record), identities.get(name))
        stale = status == "done" and _differs(record.script_sha256 if record else None, script)
        yield SeedRunStatus(name, seed, status, stale, record, run)


def _with_damage(status: ExperimentStatus) -> ExperimentStatus:
    records = [each.folder.run_record for each in status.runs if each.record is None]
    said = [f"{path} is damaged: when and where this run was made is lost." for path in records if path.exists()]
    return replace(status, damage=(*status.damage, *said))


def _script_digest(folder: ExperimentFolder, record: dict[str, Any]) -> str | None:
    file, script = record.get("experiment_file"), record.get("script")
    if not isinstance(file, str) or not isinstance(script, str):
        return None
    return file_digest(folder.path / Path(file).parent / script)


def _differs(then: str | None, now: str | None) -> bool:
    return then is not None and now is not None and then != now

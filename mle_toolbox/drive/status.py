"""Which seed runs of a results folder are done, running, failed or still to come; read from its files only."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment_record import read_experiment_record
from mle_toolbox.layout import ExperimentFolder, SeedFolder
from mle_toolbox.log.run_record import RunRecord, RunStatus, read_run_record, run_status

__all__ = ["ExperimentStatus", "SeedRunStatus", "read_status"]


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
    runs: tuple[SeedRunStatus, ...]

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


def read_status(folder: ExperimentFolder) -> ExperimentStatus:
    """Read the state of an experiment.

    Raises
    ------
    ResultsError
        When the folder has no ``experiment.json`` that can be read.
    """
    record = read_experiment_record(folder)
    if record is None:
        raise ResultsError(
            f"{folder.path}: no experiment has been started here (there is no {folder.record.name}). "
            "Give the experiment_dir of an experiment file, or the experiment file itself."
        )
    names = [each["name"] for each in record["configurations"]]
    script = _sha256(folder.path / Path(record["experiment_file"]).parent / record["script"])
    runs = tuple(_read_runs(folder, names, record["seeds"], script))
    return ExperimentStatus(folder, record, runs)


def _read_runs(
    folder: ExperimentFolder, names: Sequence[str], seeds: Sequence[int], script: str | None
) -> Iterator[SeedRunStatus]:
    for name in names:
        for seed in seeds:
            run = folder.seed_run(name, seed)
            status, record = run_status(run), read_run_record(run)
            stale = status == "done" and _differs(record.script_sha256 if record else None, script)
            yield SeedRunStatus(name, seed, status, stale, record, run)


def _differs(then: str | None, now: str | None) -> bool:
    return then is not None and now is not None and then != now


def _sha256(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None

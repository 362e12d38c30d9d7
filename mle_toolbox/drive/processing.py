"""What runs before the first seed run and after the last: whether it is due, and how it ended."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_file.processing_section import STAGES
from mle_toolbox.layout import ExperimentFolder, ProcessingFolder
from mle_toolbox.log.run_record import RunStatus
from mle_toolbox.seed_run.processing_record import (
    ProcessingRecord,
    digest_of,
    processing_code,
    processing_status,
    read_processing_record,
    write_processing_record,
)

__all__ = [
    "ProcessingStatus",
    "note_stopped_processing",
    "processing_statuses",
    "remove_outdated_marks",
    "seed_runs_wait",
]


@dataclass(frozen=True)
class ProcessingStatus:
    """How the pre-processing or post-processing of an experiment stands."""

    stage: str
    status: RunStatus
    record: ProcessingRecord | None
    folder: ProcessingFolder
    log: Path
    err: Path

    @property
    def name(self) -> str:
        """Its name in sentences."""
        return self.stage.replace("_", "-")


def processing_statuses(folder: ExperimentFolder, content: Mapping[str, Any]) -> list[ProcessingStatus]:
    """Return the status of each processing in a record of an experiment, or in a plan as plain data."""
    return [_status(folder, stage, content[stage]) for stage in STAGES if isinstance(content.get(stage), dict)]


def _status(folder: ExperimentFolder, stage: str, entry: Mapping[str, Any]) -> ProcessingStatus:
    own = folder.processing(stage)
    record = read_processing_record(own)
    status = processing_status(own, record)
    if status == "done" and stage == "post_processing" and _is_older(own.done, folder.results):
        status = "waiting"
    job = entry.get("job") or {}
    log, err = (own.path / job.get(key, name) for key, name in (("log_file", "log.txt"), ("err_file", "err.txt")))
    return ProcessingStatus(stage, status, record, own, log, err)


def _is_older(one: Path, other: Path) -> bool:
    try:
        return one.stat().st_mtime_ns < other.stat().st_mtime_ns
    except OSError:
        return False


def remove_outdated_marks(plan: Plan) -> Iterator[str]:
    """Have Snakemake repeat what was made by other code or with other arguments; yield what was decided.

    Snakemake sees that itself, unless it has no notes of its own, as in a copied project.
    """
    folder = ExperimentFolder(plan.experiment_path)
    for each in plan.processing:
        own = folder.processing(each.stage)
        record = read_processing_record(own)
        if not own.done.exists() or processing_status(own, record) == "running":
            continue
        digest = digest_of(processing_code(each.script, plan.project_dir), each.arguments)
        if record is None or record.digest != digest:
            own.done.unlink(missing_ok=True)
            seeds = "; finished seed runs stay" if each.stage == "pre_processing" else ""
            yield f"{each.words}: its script, what that imports, or its arguments have changed: it runs again{seeds}."


def note_stopped_processing(statuses: Iterable[ProcessingStatus], since: float = 0.0) -> None:
    """Record of each that ran, and is dead now, that it was stopped: it may have been killed too hard to do so itself.

    ``since`` is when stopping began, in seconds of the epoch: what had begun before that died for other reasons.
    """
    for each in statuses:
        record = read_processing_record(each.folder)
        with contextlib.suppress(OSError):
            is_new = each.folder.run_record.stat().st_mtime >= since
            if is_new and record is not None and processing_status(each.folder, record) == "died":
                write_processing_record(each.folder, record._replace(status="stopped", reason="stopped on request"))


def seed_runs_wait(statuses: Iterable[ProcessingStatus]) -> ProcessingStatus | None:
    """Return the pre-processing because of which seed runs cannot start, or None."""
    return next((each for each in statuses if each.stage == "pre_processing" and each.status != "done"), None)

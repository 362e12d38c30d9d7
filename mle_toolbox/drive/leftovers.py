"""What a driver that was killed leaves behind in Snakemake's folder, and what of it can go.

Snakemake marks a directory as locked and outputs as incomplete with mere files, which outlive a `kill -9`; it then
refuses to start, or makes again what is finished. It also removes `.done` before it starts a job, and a seed run that
an earlier driver has left may have finished by then, so that only the mark is missing. Who holds our driver lock knows
that no Snakemake of ours lives, and that every output of ours is complete as soon as it has its name, because each is
put in place by a rename. Holds for Snakemake 9 (snakemake/persistence/file.py); files that look otherwise are left
alone.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path

from mle_toolbox.experiment.orphan import is_done_with
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.layout import ExperimentFolder

__all__ = ["clear_leftovers"]


def clear_leftovers(plan: Plan) -> None:
    """Remove stale locks, and marks of incompleteness on outputs that are there; put back marks of finished runs.

    All of that only for this experiment.

    Call it only while holding the driver lock, and only when an earlier driver of ours did not end by itself: a
    Snakemake that was started by hand may live.
    """
    folder = plan.project_dir / ".snakemake"
    prefix = f"{plan.experiment_dir.as_posix()}/"
    for lock in (folder / "locks").glob("*.lock"):
        if any(line.startswith(prefix) for line in lock.read_text(errors="replace").splitlines()):
            lock.unlink()
    for mark, output in _incomplete(folder / "incomplete"):
        if output.startswith(prefix) and (plan.project_dir / output).exists():
            mark.unlink()
    _mark_what_is_done(plan)


def _mark_what_is_done(plan: Plan) -> None:
    for configuration in plan.configurations:
        folder = ExperimentFolder(plan.experiment_path).configuration(configuration.name)
        for run in map(folder.seed, plan.seeds):
            if not run.done.exists() and is_done_with(run, configuration.digest, plan.extra_arguments):
                run.done.touch()


def _incomplete(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield each mark and the output that it is about: its path in base64, cut into folders when it is long."""
    for mark in [each for each in folder.rglob("*") if each.is_file()]:
        parts = mark.relative_to(folder).parts
        name = "".join(part.removeprefix("@") for part in parts)
        try:
            yield mark, urlsafe_b64decode(name).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue

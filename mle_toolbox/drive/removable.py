"""Which parts of a results folder may be deleted: nothing that the present experiment needs and that exists only once.

Three kinds: folders of configurations that are not in the experiment file any more, earlier results that were set
aside, and files that `mle run` makes again from the logs of the seed runs.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mle_toolbox.drive.lock import driver_lock, is_driven
from mle_toolbox.drive.settle import settle
from mle_toolbox.drive.unattended import unattended_tasks
from mle_toolbox.errors import FolderInUseError, ResultsError
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_record import experiment_in_words, read_experiment_record
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.text import count, listed

__all__ = ["KINDS", "Removable", "delete", "find_removable"]

KINDS = {
    "configurations": "configurations that are not in the experiment file",
    "earlier": "earlier results, set aside after edits",
    "remade": "made again by the next `mle run`",
}
"""What may be deleted, and what it is."""

_RUBBISH = "rubbish-"


@dataclass(frozen=True)
class Removable:
    """Something that may be deleted."""

    kind: str
    """One of `KINDS`."""
    path: Path
    seed_runs: int
    size: int
    """In bytes, as written on the disk."""


def find_removable(plan: Plan, kinds: Sequence[str] = tuple(KINDS)) -> list[Removable]:
    """Return what may be deleted of the results of an experiment.

    Raises
    ------
    FolderInUseError
        When a driver, a seed run or a task in the queue of a cluster may still need any of it.
    ResultsError
        When some of it would be used again by the next `mle run`.
    """
    experiment = ExperimentFolder(plan.experiment_path)
    _refuse_in_use(plan, experiment)
    finders = {"configurations": _configurations, "earlier": _earlier, "remade": _remade}
    return [
        Removable(kind, path, _number_of_runs(path), _size(path))
        for kind in kinds
        for path in finders[kind](plan, experiment)
    ]


def delete(plan: Plan, removable: Sequence[Removable]) -> None:
    """Delete what `find_removable` has found, while no driver can start.

    Raises
    ------
    FolderInUseError
        When a driver has started meanwhile; nothing is deleted then.
    """
    experiment = ExperimentFolder(plan.experiment_path)
    with driver_lock(experiment.driver, while_waiting=_refuse):
        for each in removable:
            # Renamed in one step first: half a folder would look like results.
            rubbish = experiment.driver / f"{_RUBBISH}{os.getpid()}"
            each.path.rename(rubbish)
            if rubbish.is_dir() and not rubbish.is_symlink():
                shutil.rmtree(rubbish)
            else:
                rubbish.unlink()
        for left in experiment.driver.glob(f"{_RUBBISH}*"):  # left by a call that was killed
            shutil.rmtree(left, ignore_errors=True)


def _refuse_in_use(plan: Plan, experiment: ExperimentFolder) -> None:
    if is_driven(experiment.driver):
        raise FolderInUseError(f"{experiment.path}: a driver is running. `mle stop` stops it, `mle attach` follows it.")
    record = read_experiment_record(experiment)
    if record is not None and (words := experiment_in_words(record)) and words != plan.words:
        raise ResultsError(
            f"{experiment.path}: these results were last made by `mle run {shlex.join(words)}`, and not by "
            f"{plan.experiment_file.name}. What one of them does not name may be the other's."
        )
    if (waiting := unattended_tasks(experiment, plan.project_dir)) is not None:
        raise FolderInUseError(f"{experiment.path}: {waiting}")
    settled = settle(plan, only_look=True)
    if settled.running:
        running = count(len(settled.running), "seed run")
        raise FolderInUseError(f"{experiment.path}: {running} still running. `mle stop` ends them.")
    if settled.found:
        names = listed(sorted({run.path.parent.name for run in settled.found}))
        found = count(len(settled.found), "seed run")
        raise ResultsError(
            f"{experiment.path}: the next `mle run` uses earlier results again for {found} of {names}. Run it first."
        )


def _configurations(plan: Plan, experiment: ExperimentFolder) -> Iterator[Path]:
    planned = {each.name for each in (*plan.configurations, *plan.final_bases)}
    # Trials keep their number and their results when a search shrinks, and are taken up when it grows again.
    for entry in sorted(experiment.path.iterdir()) if experiment.path.is_dir() else ():
        folder = experiment.configuration(entry.name)
        is_ours = entry.is_dir() and not entry.name.startswith(".") and bool(folder.seeds_on_disk())
        if is_ours and entry.name not in planned and not folder.trial.exists():
            yield entry


def _earlier(_plan: Plan, experiment: ExperimentFolder) -> Iterator[Path]:
    if experiment.earlier.is_dir():
        yield experiment.earlier


def _remade(plan: Plan, experiment: ExperimentFolder) -> Iterator[Path]:
    """Yield merged files and reports, as long as all that they are made of is there."""
    is_all_there = True
    for each in plan.configurations:
        folder = experiment.configuration(each.name)
        is_there = all(folder.seed(seed).log.exists() for seed in plan.seeds_of(each.name))
        is_all_there = is_all_there and is_there
        if is_there and folder.log.exists():
            yield folder.log
    made = (
        *(experiment.results, experiment.table, experiment.report, experiment.summary, experiment.comparisons),
        *(
            experiment.learning_curves,
            experiment.final_values,
            experiment.trials,
            experiment.best,
            experiment.best_words,
        ),
    )
    yield from (path for path in made if is_all_there and path.exists())


def _number_of_runs(path: Path) -> int:
    return sum(1 for _ in path.rglob("run.json")) if path.is_dir() else 0


def _size(path: Path) -> int:
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file() and not each.is_symlink()]
    return sum(each.lstat().st_size for each in files)


def _refuse(_: object) -> None:
    raise FolderInUseError("A driver that was killed has left a Snakemake that is still running. `mle stop` ends it.")

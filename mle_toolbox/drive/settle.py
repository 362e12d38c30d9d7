"""Decide, before anything starts, which seed runs are finished, and set aside the results that no longer apply.

Snakemake goes by file times and by its own notes, which a copied project lacks and which know nothing of results from
before an edit. Here ``run.json`` decides: a finished run of the present configuration is kept, whatever the times say;
any other is set aside, and restored when its configuration is back. Snakemake then makes the missing ones. The price is
reading every ``run.json``: 0.1 ms each.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from mle_toolbox.drive.processing import remove_outdated_marks
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.layout import ExperimentFolder, SeedFolder
from mle_toolbox.log.run_record import RunRecord, read_run_record, run_status
from mle_toolbox.seed_run.earlier_runs import EarlierRuns, set_aside
from mle_toolbox.seed_run.identity import is_of
from mle_toolbox.seed_run.own_code import Hashes, files_that_differ
from mle_toolbox.snakemake_side.leftovers import forget_outputs
from mle_toolbox.text import count, listed

__all__ = ["Settled", "code_check", "settle"]

_MERGED = "merged.json"


@dataclass
class Settled:
    """What was decided, or done."""

    due: list[SeedFolder] = field(default_factory=list)
    """Seed runs that have to run."""
    put_aside: list[SeedFolder] = field(default_factory=list)
    """Of those, the ones in whose place a finished run lies: of an earlier configuration, or of older code."""
    found: dict[SeedFolder, str] = field(default_factory=dict)
    """Seed runs that lie elsewhere: the old name of their configuration, or "" for the earlier results."""
    together: bool = False
    """Whether a sentence is about all configurations at once: the hundreds of trials of a search."""
    processing: list[str] = field(default_factory=list)
    """What was decided of pre-processing and post-processing, in sentences."""

    @property
    def sentences(self) -> list[str]:
        """What was done, in sentences."""
        renamed = Counter((was, run.path.parent.name) for run, was in self.found.items() if was)
        again = Counter(run.path.parent.name for run, was in self.found.items() if not was)
        aside = Counter(run.path.parent.name for run in self.put_aside)
        said = [
            f"{old} is now called {new}: {count(n, 'seed run')} moved along, not repeated."
            for (old, new), n in renamed.items()
        ]
        if self.together and len(renamed) > 1:
            moved = f"{count(renamed.total(), 'seed run')} moved along, not repeated"
            said = [f"{count(len(renamed), 'trial')} have other numbers now: {moved}."]
        if self.together:
            again, aside = _together(again), _together(aside)
        said += [
            f"{name}: {count(n, 'seed run')} restored from earlier results, not repeated." for name, n in again.items()
        ]
        said += [
            f"{name}: {count(n, 'seed run')} set aside; undo the edit, and the next run restores them."
            for name, n in aside.items()
        ]
        return said + self.processing


def _together(counts: Counter[str]) -> Counter[str]:
    """Return one count for all names, if there are more than one."""
    return counts if len(counts) < 2 else Counter({listed(sorted(counts), 2): counts.total()})


def code_check(plan: Plan) -> Callable[[RunRecord], bool]:
    """Return a function that tells whether a run was made by the present code; it reads each file once."""
    hashes: Hashes = {}
    return lambda record: not files_that_differ(record, plan.project_dir, hashes)


def settle(
    plan: Plan,
    *,
    is_current: Callable[[RunRecord], bool] = lambda _: True,
    rerun_older_code: bool = False,
    rerun_all: bool = False,
    only_look: bool = False,
) -> Settled:
    """Leave only wanted results in the results folder, so that the missing ones are those that have to run.

    Call it while holding the driver lock. Seed runs that are still running are left alone.

    Parameters
    ----------
    plan
        The plan.
    is_current
        Whether a run was made by the present code.
    rerun_older_code
        Also set aside finished runs of other code.
    rerun_all
        Set aside all finished runs, because the user wants to repeat them.
    only_look
        Decide, and move nothing.
    """
    experiment = ExperimentFolder(plan.experiment_path)
    earlier = EarlierRuns(experiment, (each.name for each in plan.configurations), is_current)
    settled = Settled(together=plan.search is not None)

    def look_at(run: SeedFolder, identity: str) -> None:
        record = read_run_record(run)
        status = run_status(run, record)
        if status == "running":
            return  # its script is writing into this folder
        is_finished, is_wanted = status == "done", is_of(run, record, identity)
        older = rerun_older_code and record is not None and not is_current(record)
        again = is_wanted and is_finished and (rerun_all or older)
        if is_finished and is_wanted and not again:
            # Snakemake removes the mark before it starts a job; the run itself may have finished without its driver.
            if not (run.done.exists() or only_look):
                run.done.touch()
            return
        # A failed run of this configuration is tried again, unless an earlier result of exactly this code exists.
        here = is_wanted and status != "waiting"
        source = None if again else earlier.find(run, identity, only_current=here)
        if not is_wanted or again:
            if is_finished:
                settled.put_aside.append(run)
            if not only_look:
                set_aside(run, experiment)
        if source is None:
            settled.due.append(run)
        else:
            settled.found[run] = earlier.name_of(source)
            if not only_look:
                earlier.take_back(source, run)

    for configuration in plan.configurations:
        folder = experiment.configuration(configuration.name)
        for seed in plan.seeds:
            look_at(folder.seed(seed), plan.identity(configuration.name))
    if not only_look:
        earlier.remove_what_is_empty()
        moved = [*settled.put_aside, *settled.found]
        _forget(plan, (path for run in moved for path in (run.log, run.done)))
        settled.processing += remove_outdated_marks(plan)
        _keep_what_is_finished(plan, experiment)
        _have_merged_again_what_changed(plan, experiment)
    return settled


def _keep_what_is_finished(plan: Plan, experiment: ExperimentFolder) -> None:
    """Have Snakemake forget that finished seed runs were made after a pre-processing that is due again."""
    # An input that has to be made repeats what was made from it, even if it is ancient().
    if plan.pre_processing is None or experiment.processing(plan.pre_processing.stage).done.exists():
        return
    runs = [experiment.seed_run(name, seed) for name, seed in plan.seed_runs]
    _forget(plan, (path for run in runs if run.log.exists() for path in (run.log, run.done)))


def _have_merged_again_what_changed(plan: Plan, experiment: ExperimentFolder) -> None:
    """Make merged files older than their inputs when they were made from other seeds or configurations."""
    # Neither times nor contents of files show that there is one seed less.
    wanted = {each.name: list(plan.seeds) for each in plan.configurations}
    note = experiment.driver / _MERGED
    try:
        merged = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        merged = None
    if merged == wanted:
        return
    known = merged if isinstance(merged, dict) else {}
    changed = [name for name in wanted if known.get(name) != wanted[name]]
    for folder in map(experiment.configuration, changed):
        _touch_first(folder.seed(seed).log for seed in plan.seeds)
    if known.keys() != wanted.keys():
        # What is collected changes, what is merged does not.
        _touch_first(experiment.configuration(name).log for name in wanted if name not in changed)
    # Snakemake ignores a newer time when its note has the same checksum.
    _forget(plan, [*(experiment.configuration(name).log for name in changed), experiment.results, experiment.table])
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(wanted), encoding="utf-8")


def _forget(plan: Plan, outputs: Iterable[Path]) -> None:
    """Have Snakemake forget how outputs were made, by the names that the rules give them."""
    forget_outputs(plan.project_dir, (plan.experiment_dir / path.relative_to(plan.experiment_path) for path in outputs))


def _touch_first(paths: Iterable[Path]) -> None:
    """Give the first of the files that exists the present time."""
    for path in paths:
        try:
            os.utime(path)
        except FileNotFoundError:
            continue
        return

"""What is decided before anything starts: which seed runs are finished, and what lies in the way of the others.

Snakemake goes by times of files and by its own notes, which a copied project does not have and which know nothing of
what was finished before an edit. Here ``run.json`` decides: a finished run whose configuration is the one that is
wanted now stays, whatever the times say; any other is set aside and found again when it is wanted again. Snakemake then
makes what is missing.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.layout import ExperimentFolder, SeedFolder
from mle_toolbox.log.run_record import RunRecord, read_run_record, run_status
from mle_toolbox.seed_run.earlier_runs import EarlierRuns, set_aside
from mle_toolbox.seed_run.identity import is_of
from mle_toolbox.seed_run.own_code import Hashes, files_that_differ
from mle_toolbox.snakemake_side.leftovers import forget_outputs
from mle_toolbox.text import count

__all__ = ["Settled", "code_check", "settle"]

_MERGED = "merged.json"


@dataclass
class Settled:
    """What was decided, or done."""

    due: list[SeedFolder] = field(default_factory=list)
    """Seed runs that have to run."""
    put_aside: list[SeedFolder] = field(default_factory=list)
    """Of them, where a finished run of an earlier configuration lies, or of older code where that is to run again."""
    found: dict[SeedFolder, str] = field(default_factory=dict)
    """Seed runs that lie elsewhere: under the name that their configuration had, or "" among the earlier results."""

    @property
    def sentences(self) -> list[str]:
        """What is done about it, for people."""
        renamed = Counter((was, run.path.parent.name) for run, was in self.found.items() if was)
        again = Counter(run.path.parent.name for run, was in self.found.items() if not was)
        aside = Counter(run.path.parent.name for run in self.put_aside)
        said = [
            f"{old} is now called {new}: {count(n, 'seed run')} moved along, not repeated."
            for (old, new), n in renamed.items()
        ]
        said += [
            f"{name}: {count(n, 'seed run')} restored from earlier results, not repeated." for name, n in again.items()
        ]
        return said + [
            f"{name}: {count(n, 'seed run')} set aside; undo the edit, and the next run restores them."
            for name, n in aside.items()
        ]


def code_check(plan: Plan) -> Callable[[RunRecord], bool]:
    """Return what tells whether a run was made by the code that lies there now; each file is read once."""
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
    """Leave in the results folder only what is wanted now, so that what is missing is what has to run.

    Call it while nobody else drives the experiment. A seed run that goes on is left alone.

    Parameters
    ----------
    plan
        What is wanted.
    is_current
        Tells whether a run was made by the code of now.
    rerun_older_code
        Set aside what was finished with other code, too.
    rerun_all
        Set aside everything that is finished, because the user wants all of it made again.
    only_look
        Decide, and move nothing.
    """
    experiment = ExperimentFolder(plan.experiment_path)
    earlier = EarlierRuns(experiment, (each.name for each in plan.configurations), is_current)
    settled = Settled()

    def look_at(run: SeedFolder, identity: str) -> None:
        record = read_run_record(run)
        status = run_status(run, record)
        if status == "running":
            return
        is_finished, is_wanted = status == "done", is_of(run, record, identity)
        older = rerun_older_code and record is not None and not is_current(record)
        again = is_wanted and is_finished and (rerun_all or older)
        if is_finished and is_wanted and not again:
            if not (run.done.exists() or only_look):
                run.done.touch()
            return
        # A run of this configuration that did not end well is tried again, unless the code is what it was again.
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
        _have_merged_again_what_changed(plan, experiment)
    return settled


def _have_merged_again_what_changed(plan: Plan, experiment: ExperimentFolder) -> None:
    """Make what is merged older than its inputs, where it is made from other seeds or configurations than now.

    Neither times nor contents of files tell that there is one seed less.
    """
    wanted = {each.name: list(plan.seeds) for each in plan.configurations}
    note = experiment.driver / _MERGED
    try:
        merged = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        merged = None
    if merged == wanted:
        return
    known = merged if isinstance(merged, dict) else {}
    changed = [name for name in wanted if known.get(name) != wanted[name] or known.keys() != wanted.keys()]
    for folder in map(experiment.configuration, changed):
        _touch_first(folder.seed(seed).log for seed in plan.seeds)
    # Snakemake passes over a newer file whose content it has noted.
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

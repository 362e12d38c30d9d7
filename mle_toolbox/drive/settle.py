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
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mle_toolbox.drive.processing import remove_outdated_marks
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.layout import ConfigurationFolder, ExperimentFolder, SeedFolder
from mle_toolbox.log.run_record import RunRecord, RunStatus, read_run_record, run_status
from mle_toolbox.search_final import final_of_plan, fresh_runs_on_disk, settle_choices
from mle_toolbox.seed_run.earlier_runs import EarlierRuns, set_aside
from mle_toolbox.seed_run.identity import is_of
from mle_toolbox.seed_run.own_code import Hashes, files_that_differ
from mle_toolbox.snakemake_side.leftovers import forget_outputs
from mle_toolbox.text import count, listed
from mle_toolbox.trial_files import edited_by_hand

__all__ = ["RERUNS", "Reason", "Settled", "code_check", "forget_merged", "is_merged", "note_merged", "settle"]

_MERGED = "merged.json"

Reason = Literal["new", "failed", "stopped", "outdated", "older-code", "again"]
"""Why a seed run has to run; ``again``: because the user wants to repeat all."""

RERUNS = ("failed", "outdated", "older-code", "all")
"""What the user may ask to be run again."""


@dataclass
class Settled:
    """What was decided, or done."""

    due: dict[SeedFolder, Reason] = field(default_factory=dict)
    """Seed runs that have to run, and why."""
    running: list[SeedFolder] = field(default_factory=list)
    """Seed runs that a killed driver has left, whose scripts are still running."""
    put_aside: list[SeedFolder] = field(default_factory=list)
    """Of those, the ones in whose place a finished run lies: of an earlier configuration, or of older code."""
    found: dict[SeedFolder, str] = field(default_factory=dict)
    """Seed runs that lie elsewhere: the old name of their configuration, or "" for the earlier results."""
    together: bool = False
    """Whether a sentence is about all configurations at once: the hundreds of trials of a search."""
    processing: list[str] = field(default_factory=list)
    """What was decided of pre-processing and post-processing, in sentences."""
    edited: list[Path] = field(default_factory=list)
    """Configurations of trials that somebody has edited; relative to the results folder."""
    failed_before: int = 0
    """How many seed runs have failed and are tried again on request only: a search has learned from them, or a look has
    left them out."""
    only_look: bool = False
    """Whether nothing has been done: it is what a run would do."""

    @property
    def sentences(self) -> list[str]:
        """What was done, or would be, in sentences."""
        would = "would be " if self.only_look else ""
        renamed = Counter((was, run.path.parent.name) for run, was in self.found.items() if was)
        restored = Counter(run.path.parent.name for run, was in self.found.items() if not was)
        repeated = Counter(run.path.parent.name for run in self.put_aside if self._is_repeated(run))
        edited = Counter(run.path.parent.name for run in self.put_aside if not self._is_repeated(run))
        said = [
            f"{old} is now called {new}: {count(n, 'seed run')} {would}moved along, not repeated."
            for (old, new), n in renamed.items()
        ]
        if self.together and len(renamed) > 1:
            moved = f"{count(renamed.total(), 'seed run')} {would}moved along, not repeated"
            said = [f"{count(len(renamed), 'trial')} have other numbers now: {moved}."]
        undo = ", and restored once the edit is undone" if would else "; undo the edit, and the next run restores them"
        for counts, done in (
            (restored, "restored from earlier results, not repeated"),
            (edited, f"set aside{undo}"),
            (repeated, "set aside to be repeated"),
        ):
            shown = _together(counts) if self.together else counts
            said += [f"{name}: {count(n, 'seed run')} {would}{done}." for name, n in shown.items()]
        if self.edited:
            files = listed([path.as_posix() for path in self.edited], 3)
            is_one = len(self.edited) == 1
            was, it = ("was", "it") if is_one else ("were", "they")
            written = "would be written" if would else "is written" if is_one else "are written"
            kept = "kept" if would else "is kept"
            said.append(
                f"{files} {was} edited, but a trial keeps its settings: {it} {written} again, and the edited version "
                f"{kept} beside it (.edited). Other values go into the experiment file, other settings into the base "
                "configuration."
            )
        return said + self.processing

    def _is_repeated(self, run: SeedFolder) -> bool:
        """Return whether a finished run makes room for a repetition of the same configuration."""
        return self.due.get(run) in ("again", "older-code")


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
    rerun: str | None = None,
    chosen: Collection[tuple[str, int]] | None = None,
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
    rerun
        One of `RERUNS`, if only such seed runs are to run: finished ones are set aside for ``older-code`` and ``all``.
    chosen
        The configurations and seeds to look at; None: all. The others are left as they are.
    only_look
        Decide, and move nothing.
    """
    experiment = ExperimentFolder(plan.experiment_path)
    planned = (each.name for each in (*plan.configurations, *plan.final_bases))
    earlier = EarlierRuns(experiment, planned, is_current)
    edited = [path.relative_to(plan.experiment_path) for path in edited_by_hand(plan, keep=not only_look)]
    settled = Settled(together=plan.search is not None, edited=edited, only_look=only_look)

    def look_at(run: SeedFolder, identity: str, *, may_run: bool = True) -> None:
        if not only_look:
            run.stop.unlink(missing_ok=True)
        record = read_run_record(run)
        status = run_status(run, record)
        if status == "running":
            settled.running.append(run)
            return  # its script is writing into this folder
        is_finished, is_wanted = status == "done", is_of(run, record, identity)
        is_older = rerun == "older-code" and is_finished and record is not None and not is_current(record)
        why = _why(status, is_wanted=is_wanted, is_older=is_older)
        again = is_wanted and is_finished and (rerun == "all" or rerun == why == "older-code")
        if is_finished and is_wanted and not again:
            # Snakemake removes the mark before it starts a job; the run itself may have finished without its driver.
            for mark in marks_of(run, plan):
                if not (mark.exists() or only_look):
                    mark.touch()
            return
        if rerun not in (None, "all", why):
            return  # the user has asked for others
        if plan.learns and rerun is None and is_wanted and status == "failed" and run.ended.exists():
            ended_badly.append(run)
            return
        # A failed run of this configuration is retried, unless an earlier result of exactly this code exists.
        here = is_wanted and status != "waiting"
        source = None if again else earlier.find(run, identity, only_current=here)
        if not is_wanted or again:
            if is_finished:
                settled.put_aside.append(run)
            if not only_look:
                set_aside(run, experiment)
        if source is None and may_run:
            settled.due[run] = why
        elif source is not None:
            settled.found[run] = earlier.name_of(source)
            if not only_look:
                earlier.take_back(source, run)

    def is_wanted_now(name: str, seed: int) -> bool:
        # A failed run that a look has left out is retried only on request, because no look waits for it.
        if plan.is_given_up(name, seed) and chosen is None and rerun is None:
            is_there = experiment.seed_run(name, seed).log.exists()
            settled.failed_before += not is_there
            return is_there
        return chosen is None or (name, seed) in chosen

    ended_badly: list[SeedFolder] = []
    for configuration in plan.configurations:
        folder = experiment.configuration(configuration.name)
        for seed in plan.seeds_of(configuration.name):
            if is_wanted_now(configuration.name, seed):
                look_at(folder.seed(seed), plan.identity(configuration.name))
    if not only_look:
        settle_choices(plan)
    # A trial may become a finalist while Snakemake runs, so what lies in its folder has to be its own before.
    stage = final_of_plan(plan)
    in_the_final = stage.runs if stage is not None else ()
    for name, seed in dict.fromkeys((*in_the_final, *fresh_runs_on_disk(plan), *_fresh_runs_aside(plan, earlier))):
        if chosen is None or (name, seed) in chosen:
            look_at(experiment.seed_run(name, seed), plan.identity(name), may_run=(name, seed) in in_the_final)
    if ended_badly and not _is_any_good(plan, experiment):
        # A search cannot learn before any seed run has finished. The base configuration may have run as well, for the
        # final.
        settled.due |= dict.fromkeys(ended_badly, "failed")
    else:
        settled.failed_before += len(ended_badly)
    if not only_look:
        for run in settled.due if plan.learns else ():
            run.ended.unlink(missing_ok=True)
        for run in settled.found if plan.learns else ():
            if run_status(run) == "done":
                run.ended.touch()
        earlier.remove_what_is_empty()
        moved = [*settled.put_aside, *settled.found]
        _forget(plan, (path for run in moved for path in (run.log, run.done, run.ended)))
        settled.processing += remove_outdated_marks(plan)
        _keep_what_is_finished(plan, experiment)
        if chosen is None and rerun in (None, "all"):
            _have_merged_again_what_changed(plan, experiment)
    return settled


def marks_of(run: SeedFolder, plan: Plan) -> list[Path]:
    """Return the marks beside the log of a finished seed run."""
    return [run.done, run.ended] if plan.learns else [run.done]


def _is_any_good(plan: Plan, experiment: ExperimentFolder) -> bool:
    """Return whether any seed run of the plan has ended well."""
    runs = (experiment.seed_run(name, seed) for name, seed in plan.seed_runs)
    return any(run_status(run) == "done" for run in runs)


def _fresh_runs_aside(plan: Plan, earlier: EarlierRuns) -> Iterator[tuple[str, int]]:
    """Yield the seed runs with fresh seeds that were set aside, of trials that are as they were then again."""
    if plan.final is None:
        return
    wanted = {*plan.final.finalist_seeds, *plan.final.final_seeds}
    for each in (*plan.configurations, *plan.final_bases):
        yield from ((each.name, seed) for seed in earlier.seeds_aside(plan.identity(each.name)) if seed in wanted)


def _why(status: RunStatus, *, is_wanted: bool, is_older: bool) -> Reason:
    """Return why a seed run would run if it ran now."""
    if status == "waiting":
        return "new"
    if not is_wanted:
        return "outdated"
    if status == "stopped":
        return "stopped"
    if status != "done":
        return "failed"
    return "older-code" if is_older else "again"


def forget_merged(experiment: ExperimentFolder) -> None:
    """Have everything merged again by the next complete run, after something was merged that was not complete."""
    (experiment.driver / _MERGED).unlink(missing_ok=True)


def _keep_what_is_finished(plan: Plan, experiment: ExperimentFolder) -> None:
    """Have Snakemake forget that finished seed runs were made after a pre-processing that is due again."""
    # An input that has to be made repeats what was made from it, even if it is ancient().
    if plan.pre_processing is None or experiment.processing(plan.pre_processing.stage).done.exists():
        return
    runs = [experiment.seed_run(name, seed) for name, seed in plan.seed_runs]
    _forget(plan, (path for run in runs if run.log.exists() for path in (run.log, run.done, run.ended)))


def _have_merged_again_what_changed(plan: Plan, experiment: ExperimentFolder) -> None:
    """Make merged files older than their inputs when they were made from other seeds or configurations."""
    # Neither times nor contents of files show that there is one seed less.
    wanted, known = _to_merge(plan), _merged(experiment)
    if known == wanted:
        return
    changed = [name for name in wanted if known.get(name) != wanted[name]]

    def made_from(run: SeedFolder) -> Path:
        return run.ended if plan.learns else run.log

    def merged(folder: ConfigurationFolder) -> Path:
        return folder.score if plan.learns else folder.log

    for folder in map(experiment.configuration, changed):
        _touch_first(made_from(folder.seed(seed)) for seed in plan.seeds_of(folder.path.name))
    if known.keys() != wanted.keys():
        # What is collected changes, what is merged does not.
        _touch_first(merged(experiment.configuration(name)) for name in wanted if name not in changed)
    # Snakemake ignores a newer time if the checksum in its metadata is the same.
    note = experiment.driver / _MERGED
    _forget(plan, [*(merged(experiment.configuration(name)) for name in changed), experiment.results, experiment.table])
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(wanted), encoding="utf-8")


def note_merged(plan: Plan) -> None:
    """Note that everything was merged that this plan asks for, which may be more than at the start."""
    note = ExperimentFolder(plan.experiment_path).driver / _MERGED
    note.write_text(json.dumps(_to_merge(plan)), encoding="utf-8")


def is_merged(plan: Plan) -> bool:
    """Whether the merged files were made of the configurations and seeds of this plan."""
    return _merged(ExperimentFolder(plan.experiment_path)) == _to_merge(plan)


def _to_merge(plan: Plan) -> dict[str, list[int]]:
    if plan.possible_seeds != plan.seeds:
        # Also those that a trial may earn: the log of one that it has is newer than what was merged before.
        return {each.name: list(plan.possible_seeds) for each in plan.configurations}
    return {
        each.name: [
            seed
            for seed in plan.seeds_of(each.name)
            if not plan.is_given_up(each.name, seed)
            or ExperimentFolder(plan.experiment_path).seed_run(each.name, seed).log.exists()
        ]
        for each in plan.configurations
    }


def _merged(experiment: ExperimentFolder) -> dict[str, Any]:
    """Return of which configurations and seeds the merged files were made; empty when that is not known."""
    try:
        merged = json.loads((experiment.driver / _MERGED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return merged if isinstance(merged, dict) else {}


def _forget(plan: Plan, outputs: Iterable[Path]) -> None:
    """Have Snakemake forget how outputs were made, under the names that the rules give them."""
    forget_outputs(plan.project_dir, (plan.experiment_dir / path.relative_to(plan.experiment_path) for path in outputs))


def _touch_first(paths: Iterable[Path]) -> None:
    """Give the first of the files that exists the present time."""
    for path in paths:
        try:
            os.utime(path)
        except FileNotFoundError:
            continue
        return

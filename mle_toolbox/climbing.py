"""Which trials of a search get further seeds: deciding a rung, and what has been decided by now.

Like a trial that is asked, a rung is decided once, from the files in the results folder alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_record import read_experiment_record
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.atomic import replace_json
from mle_toolbox.log.run_record import run_status
from mle_toolbox.search.seed_rungs import SeedRungs, decided_rungs, decision
from mle_toolbox.seed_ranges import seeds_in_words
from mle_toolbox.text import count, listed

__all__ = ["decide_rung", "runs_below", "seeds_by_now", "with_seeds_by_now"]


def decide_rung(folder: ExperimentFolder, rung: int) -> Iterator[str]:
    """Write which trials climb to a rung, and yield what was decided in sentences.

    Every seed run of the rung below has ended, successfully or not.

    Raises
    ------
    ResultsError
        When ``experiment.json`` does not describe a search with such a rung.
    """
    record = read_experiment_record(folder) or {}
    search = record.get("search") or {}
    if search.get("seed_rungs") is None:
        raise ResultsError(f"{folder.record} describes no search in which better trials get more seeds.")
    rungs = SeedRungs.from_json(search["seed_rungs"])
    below = rungs.up_to(rung - 1)
    every = {each["name"]: each["digest"] for each in record["configurations"]}
    climbed = decided_rungs(folder, rungs, every).climbed
    digests = {name: digest for name, digest in every.items() if climbed.get(name, 0) >= rung - 1}
    scores = {name: _score(folder, name, search, below) for name in digests}
    stay = {name for name, reached in climbed.items() if reached >= rung}
    decided = decision(rungs, rung, digests, scores, maximize=bool(search["maximize"]), stay=stay)
    for turn in (1, 2):
        folder.rung_mark(rung, turn).unlink(missing_ok=True)
    replace_json(folder.rung(rung), decided)
    some = f"{count(len(decided['climb']), 'trial')} of {len(digests)}"
    yield f"{some} run with {seeds_in_words(rungs.seeds[rung])} as well: {listed(decided['climb'], None)}."
    if failed := [name for name, score in scores.items() if score is None]:
        yield f"Failed or diverged, and therefore last: {listed(failed, None)}."


def seeds_by_now(folder: ExperimentFolder) -> dict[str, list[int]]:
    """Return the seeds of each configuration, with those that trials have earned by now."""
    record = read_experiment_record(folder) or {"configurations": [], "seeds": []}
    return {each["name"]: each.get("seeds", record["seeds"]) for each in record["configurations"]}


def runs_below(folder: ExperimentFolder, rungs: SeedRungs, rung: int) -> list[tuple[str, int]]:
    """Return the seed runs by which it is decided who climbs to a rung, once the rung below has been decided."""
    seeds = rungs.up_to(rung - 1)
    return [(name, seed) for name, own in seeds_by_now(folder).items() if {*seeds} <= {*own} for seed in seeds]


def with_seeds_by_now(plan: Plan) -> Plan:
    """Return a plan, with the trials as they have been asked by now, with the seeds that these have earned."""
    rungs = plan.search.settings.seed_rungs if plan.search is not None else None
    if rungs is None:
        return plan
    digests = {each.name: each.digest for each in plan.configurations}
    climbed = decided_rungs(ExperimentFolder(plan.experiment_path), rungs, digests).climbed
    configurations = (
        replace(each, more_seeds=rungs.further(climbed.get(each.name, 0))) for each in plan.configurations
    )
    return replace(plan, configurations=tuple(configurations))


def _score(folder: ExperimentFolder, name: str, search: Mapping[str, Any], seeds: Sequence[int]) -> float | None:
    from mle_toolbox.trial_score import score_of_seeds  # loads numpy, and every job of a cluster imports this module

    trial = folder.configuration(name)
    finished = [seed for seed in seeds if run_status(trial.seed(seed)) == "done"]
    value = score_of_seeds(trial, search, seeds, finished)["value"]
    return None if value is None else float(value)

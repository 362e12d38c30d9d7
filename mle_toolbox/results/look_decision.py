"""The looks of an experiment whose number of seeds is open: which were held, and what the next one decides.

A look decides by the answer that every table shows (`Answer`): who is significantly worse than the best of those that
are still compared gets no more seeds. It takes the seeds of its own and earlier looks and nothing else, so it decides
the same whichever job ended first, and whatever ran besides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment_record import note_seeds
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.atomic import replace_json
from mle_toolbox.looks.look_files import Look
from mle_toolbox.results.answer import Answer
from mle_toolbox.results.experiment import ExperimentResults
from mle_toolbox.results.samples import SeedSample
from mle_toolbox.results.task_answers import answer_within_tasks

__all__ = ["decide_look"]

_CONFIDENCE = 0.95


def decide_look(results: ExperimentResults, number: int, *, without_failed: bool = False) -> Look:
    """Hold a look: decide which configurations are worse, and write it into the results folder.

    Parameters
    ----------
    results
        The experiment; all seed runs of the look have ended.
    number
        Of the look, from 1; all before it were held.
    without_failed
        Do not wait for seed runs that have failed; they are left out, as in every table.

    Raises
    ------
    ResultsError
        When another look is due, or a seed run of this one has not ended well.
    """
    folder, looks = ExperimentFolder(results.path), results.looks
    if looks is None or number != len(looks.held) + 1 or looks.is_over:
        raise ResultsError(f"{results.title}: look {number} is not due. Run again what has asked for it.")
    n_seeds, names = looks.sizes[number - 1], looks.undecided if looks.held else tuple(results)
    missing = {
        (name, seed)
        for name in names
        for seed in set(looks.seeds[:n_seeds]) - {run.seed for run in results[name].runs if run.status == "done"}
    }
    missing -= looks.failed
    if missing and not without_failed:
        name, seed = min(missing)
        raise ResultsError(f"{results.title}: look {number} needs seed {seed} of {name}, which is not done.")
    blank = Look(number, n_seeds, looks.shares[number - 1], names, {}, names, frozenset(missing))
    found = answer_within_tasks(
        results.tasks,
        looks.metric,
        _of_seeds(results.samples(looks.metric, lower_is_better=looks.lower_is_better), looks.seeds[:n_seeds]),
        lower_is_better=looks.lower_is_better,
        assumed=False,
        confidence=_CONFIDENCE,
        looks=looks.with_look(blank),
    )
    worse, undecided = _decided(found, names)
    look = replace(blank, worse=worse, undecided=undecided)
    _write(folder.look(looks.digest, number), look, found)
    after = looks.with_look(look)
    note_seeds(folder, {name: looks.seeds[: after.number_of_seeds(name)] for name in results})
    return look


def _of_seeds(samples: Mapping[str, SeedSample], wanted: Sequence[int]) -> dict[str, SeedSample]:
    """Return samples without other seeds, which may have finished besides."""
    found = {}
    for name, each in samples.items():
        kept = [place for place, seed in enumerate(each.seeds) if seed in wanted]
        found[name] = replace(each, values=each.values[kept], seeds=tuple(each.seeds[place] for place in kept))
    return found


def _decided(found: Answer, names: tuple[str, ...]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return which of the compared configurations are worse, each with the better one, and which are undecided."""
    worse: dict[str, str] = {}
    undecided: set[str] = set()
    for part in found.answers:
        own = [name for name in part.samples if name in names]
        leader = part.leader
        # More seeds of a configuration of which not even two have a number tell nothing.
        untested = [name for name in own if name not in part.tests.tested]
        worse |= dict.fromkeys(untested, "")
        if leader is None or leader not in part.tests.tested:
            continue
        kept = part.tests.not_worse_than(leader, confidence=part.confidence, lower_is_better=part.lower_is_better)
        worse |= {name: leader for name in own if name not in kept and name not in untested}
        left = [name for name in own if name not in worse]
        undecided |= set(left) if len(left) > 1 else set()
    return worse, tuple(name for name in names if name in undecided)


def _write(path: Path, look: Look, found: Answer) -> None:
    content = {
        **look.to_json(),
        # For readers: what it has seen.
        "metric": found.metric,
        "values": {
            name: {
                str(seed): value if math.isfinite(value) else None
                for seed, value in zip(sample.seeds, sample.values.tolist(), strict=True)
            }
            for name, sample in found.samples.items()
            if name in look.compared
        },
        "p": {
            f"{name} and {better}": found.part_of(name).tests.adjusted_p(name, better)
            for name, better in look.worse.items()
            if better
        },
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_json(path, content)

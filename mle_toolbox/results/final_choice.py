"""Choosing in the final of a search: its finalists, and the winner among them. Writes what was chosen, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mle_toolbox.errors import ResultsError
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.atomic import replace_text
from mle_toolbox.results.ranking import RankedTrials, ScoredTrial, ranked_trials
from mle_toolbox.results.search_record import TrialRecord
from mle_toolbox.search.choose import choose_finalists
from mle_toolbox.search.placement import settings_of, value_at
from mle_toolbox.search_final import FinalStage, final_of_record, write_choice

if TYPE_CHECKING:
    from mle_toolbox.results.configuration import ConfigurationResults
    from mle_toolbox.results.search_record import SearchRecord

__all__ = ["SearchResults", "choose_the_finalists", "choose_the_winner", "ranked_by_fresh_seeds"]


class SearchResults(Protocol):
    """What is asked of the results of a search; `ExperimentResults`, which asks this module in turn, has it."""

    path: Path
    record: Mapping[str, Any]

    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def search(self) -> SearchRecord | None: ...  # noqa: D102
    @property
    def contents(self) -> Mapping[str, Mapping[str, Any]]: ...  # noqa: D102
    def ranking(self) -> RankedTrials: ...  # noqa: D102
    def direction(self, metric: str) -> tuple[bool, bool]: ...  # noqa: D102
    def with_seeds(self, name: str, seeds: Sequence[int]) -> ConfigurationResults: ...  # noqa: D102


def choose_the_finalists(results: SearchResults, folder: ExperimentFolder) -> str:
    """Write ``finalists.json``, and return a sentence about it.

    Raises
    ------
    ResultsError
        When no trial has a score.
    """
    stage, found = _stage(results, folder), results.ranking()
    if found.tasks is not None:
        raise ResultsError(
            f"The trials are of several tasks ({found.tasks.key_words}), whose scores are not compared, so there are "
            "no finalists. Write `task: none` in meta_job_args if that is no task, or search_final: False."
        )
    metric = found.metrics[0] if found.metrics else None
    scored = {each.name: each for each in found}
    chosen = choose_finalists(
        (each.as_candidate(metric) for each in found),
        found.search.final.num_finalists if found.search.final is not None else 0,
        lower_is_better=found.lower_is_better.get(metric or "", False),
    )
    if not chosen or metric is None:
        raise ResultsError("No trial has a score, so there are no finalists.")
    write_choice(
        folder.finalists,
        {
            "made_of": stage.finalists_made_of,
            "metric": metric,
            "lower_is_better": found.lower_is_better[metric],
            "trials": len(found.ranked),
            "seeds": list(results.record.get("seeds", ())),
            "finalists": [_entry(scored[each.name], metric) for each in chosen],
            # Trials with seed runs that had failed when this was chosen: if these end well later, it is chosen again.
            "left_out": sorted(each.name for each in found if each.record.inside and each.done < each.planned),
        },
    )
    return f"{len(chosen)} of {len(found.ranked)} trials: {', '.join(each.name for each in chosen)}"


def choose_the_winner(results: SearchResults, folder: ExperimentFolder) -> str:
    """Write ``final.json`` and ``winner.json``, and return a sentence about it.

    Raises
    ------
    ResultsError
        When no finalist has a score with its fresh seeds.
    """
    stage = _stage(results, folder)
    found = ranked_by_fresh_seeds(results, stage.finalists or (), stage.finalist_seeds)
    metric = found.metrics[0] if found.metrics else None
    if not found.ranked or metric is None:
        raise ResultsError("No finalist has a score with its fresh seeds, so there is no winner.")
    winner = found.trials[0]
    # With fresh seeds it has run from its first step, whatever trial it went on from in the search.
    content = settings_of(results.contents[winner.name])
    replace_text(folder.winner, json.dumps(content, indent=4, ensure_ascii=False) + "\n")
    write_choice(
        folder.choice,
        {
            "made_of": stage.winner_made_of,
            "winner": winner.name,
            "metric": metric,
            "lower_is_better": found.lower_is_better[metric],
            "seeds": list(stage.finalist_seeds),
            "finalists": [_entry(each, metric) for each in found],
        },
    )
    return f"{winner.name} of {', '.join(each.name for each in found)}"


def ranked_by_fresh_seeds(
    results: SearchResults, names: tuple[str, ...], seeds: tuple[int, ...], *, confidence: float = 0.95
) -> RankedTrials:
    """Return these trials, ranked by their scores with these seeds alone."""
    search = results.search
    if search is None:
        raise ResultsError(f"{results.title}: this is no search.")
    some = replace(search, trials={name: search.trials.get(name) or _base_of(results, name) for name in names})
    runs = {name: results.with_seeds(name, seeds) for name in names}
    # Only what a finalist has logged can be ranked; a base configuration that failed has logged nothing.
    metrics = [name for name in search.metrics if any(name in each for each in runs.values())]
    directions = {name: results.direction(name) for name in metrics}
    return ranked_trials(some, runs, directions, confidence=confidence)


def _base_of(results: SearchResults, name: str) -> TrialRecord:
    """Return a base configuration as if it were a trial."""
    content = next((each.get("content") for each in results.record.get("bases", ()) if each["name"] == name), None)
    variables = results.search.variables if results.search is not None else ()
    values = {each.name: value_at(content, each.place) for each in variables}
    return TrialRecord(name, -1, name, "", {key: value for key, value in values.items() if value is not None}, True)


def _stage(results: SearchResults, folder: ExperimentFolder) -> FinalStage:
    stage = final_of_record(folder, results.record)
    if stage is None:
        raise ResultsError(f"{folder.path}: this search has no final (search_final).")
    return stage


def _entry(trial: ScoredTrial, metric: str) -> Mapping[str, Any]:
    score = trial.scores[metric]
    known = score.known
    return {
        "trial": trial.name,
        "rank": trial.rank,
        "score": score.estimate.value if known else None,
        "n": score.estimate.n,
        "failed": trial.failed,
        "diverged": trial.diverged,
        "by_seed": dict(zip(map(str, score.sample.seeds), _finite(score.sample.values.tolist()), strict=True)),
    }


def _finite(values: list[float]) -> list[float | None]:
    # JSON has no NaN.
    return [value if value - value == 0 else None for value in values]

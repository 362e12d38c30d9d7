"""The answer of a search's final: the winner's value on seeds that have chosen nothing, and against the user's own.

Three values of the winner are told apart: the one that the search has seen, which is too good because the search chose
by it; the one that chose it among the finalists, likewise; and the one of the last seeds, which is reported. Its
difference from the base configuration is the one comparison that is planned, so its p is not corrected.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mle_toolbox.experiment_file.configuration_identity import identity_of
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.results.final_choice import SearchResults, ranked_by_fresh_seeds
from mle_toolbox.results.ranking import RankedTrials, ScoredTrial
from mle_toolbox.search.placement import place_of, settings_of, value_at
from mle_toolbox.search_final import FinalStage, final_of_record

if TYPE_CHECKING:
    from mle_toolbox.statistics import Comparison, Estimate

__all__ = ["EarlierAnswer", "FinalAnswer", "answer_key", "final_answer", "read_answers"]


@dataclass(frozen=True)
class EarlierAnswer:
    """What was answered before the search went on: after how many ``trials``, the ``winner`` and its ``value``."""

    trials: int
    winner: str
    value: float | None
    seeds: int


@dataclass(frozen=True, eq=False)
class FinalAnswer:
    """How far the final of a search is, and what it says.

    Attributes
    ----------
    state
        ``searching`` as long as there are no finalists, ``finalists`` as long as there is no winner, ``final`` as long
        as its seed runs go on, and ``done``.
    metric, lower_is_better
        What is ranked.
    trials
        How many trials were ranked by the search.
    stage
        The trials and seeds of the final.
    finalists
        The finalists, ranked by the fresh seeds that choose among them; None before they have any.
    winner, base
        With their scores by the last seeds, which have chosen nothing; None before they have any.
    searched
        What the search saw of the winner: too good.
    best_searched
        The best value of the search, which is too good by more.
    comparison
        Winner and base configuration, paired by seed; None where one of them has no value yet.
    is_base
        Whether the winner is the base configuration itself.
    unlike_steps
        Where winner and base configuration train for different numbers of steps: the key, the winner's, the base's.
    earlier
        What was answered before the search went on.
    """

    state: Literal["searching", "finalists", "final", "done"]
    metric: str
    lower_is_better: bool
    trials: int
    stage: FinalStage
    finalists: RankedTrials | None
    winner: ScoredTrial | None
    base: ScoredTrial | None
    searched: Estimate | None
    best_searched: Estimate | None
    comparison: Comparison | None
    is_base: bool
    unlike_steps: tuple[str, Any, Any] | None
    earlier: tuple[EarlierAnswer, ...]

    @property
    def estimate(self) -> Estimate | None:
        """The winner's value that is reported, None before there is one."""
        if self.winner is None or not self.winner.scores[self.metric].known:
            return None
        return self.winner.scores[self.metric].estimate

    @property
    def better(self) -> Literal["winner", "base"] | None:
        """Which of the two is significantly better."""
        found = self.comparison.better() if self.comparison is not None and not self.is_base else None
        return None if found is None else "winner" if found == "a" else "base"

    def is_finalist(self, name: str) -> bool:
        """Tell whether a trial is one of the finalists."""
        return name in (self.stage.finalists or ())


def final_answer(results: SearchResults, found: RankedTrials, confidence: float = 0.95) -> FinalAnswer | None:
    """Return the answer of a search's final; None where it has none.

    Parameters
    ----------
    results, found
        The search and its ranking.
    confidence
        Of the intervals; its complement is the level of the test.
    """
    folder = ExperimentFolder(results.path)
    stage = final_of_record(folder, results.record) if results.path.is_dir() else None
    search = found.search
    if stage is None or not search.metrics:
        return None
    metric = search.metrics[0]
    lower = found.lower_is_better.get(metric, results.direction(metric)[0])
    fresh = _ranked(results, stage.finalists or (), stage.finalist_seeds, metric, confidence)
    last = _last(results, stage, metric, confidence)
    winner, base = last.get(stage.winner or ""), last.get(stage.base or "")
    comparison = _comparison(winner, base, metric, lower, confidence)
    scored = {each.name: each for each in found}
    searched = (
        scored[stage.winner].scores[metric].estimate if stage.winner in scored and metric in found.metrics else None
    )
    best = found.best.scores[metric].estimate if found.best is not None and metric in found.metrics else None
    return FinalAnswer(
        _state(stage, winner, base),
        metric,
        lower,
        len(found.ranked),
        stage,
        fresh,
        winner,
        base,
        searched,
        best,
        comparison,
        _is_the_base(results, stage),
        _unlike_steps(results, stage),
        _earlier(folder, results, stage),
    )


def answer_key(results: SearchResults, stage: FinalStage) -> tuple[str, str]:
    """Return of which base configurations an answer is, and of which choices and seeds."""
    bases = [each.get("identity") for each in results.record.get("bases", ())]
    made_of = [stage.finalists_made_of, stage.winner_made_of, len(stage.final_seeds)]
    return json.dumps(bases), json.dumps(made_of)


def read_answers(folder: ExperimentFolder) -> list[dict[str, Any]]:
    """Return everything that was answered in this results folder, the earliest first."""
    try:
        answers = json.loads(folder.answers.read_bytes())
    except (OSError, ValueError, RecursionError):
        return []
    return [each for each in answers if isinstance(each, dict)] if isinstance(answers, list) else []


def _ranked(
    results: SearchResults, names: Sequence[str], seeds: Sequence[int], metric: str, confidence: float
) -> RankedTrials | None:
    found = ranked_by_fresh_seeds(results, tuple(names), tuple(seeds), confidence=confidence) if names else None
    return found if found is not None and metric in found.metrics else None


def _last(results: SearchResults, stage: FinalStage, metric: str, confidence: float) -> Mapping[str, ScoredTrial]:
    names = tuple(dict.fromkeys(name for name in (stage.winner, stage.base) if name is not None))
    found = _ranked(results, names, stage.final_seeds, metric, confidence)
    return {} if found is None else {each.name: each for each in found}


def _comparison(
    winner: ScoredTrial | None, base: ScoredTrial | None, metric: str, lower: bool, confidence: float
) -> Comparison | None:
    if winner is None or base is None:
        return None
    a, b = winner.scores[metric].sample, base.scores[metric].sample
    if not len(a.values) or not len(b.values):
        return None
    from mle_toolbox.statistics import compare

    # Paired as planned, over the seeds that both have: where one failed, the pair is left out.
    both = len({*a.seeds} & {*b.seeds}) > 1
    return compare(
        a.values,
        b.values,
        paired=both or None,
        seeds_a=a.seeds,
        seeds_b=b.seeds,
        confidence=confidence,
        lower_is_better=lower,
    )


def _unlike_steps(results: SearchResults, stage: FinalStage) -> tuple[str, Any, Any] | None:
    learning = results.record.get("search", {}).get("learning") or {}
    key = learning.get("options", {}).get("step_key")
    bases = {each.get("name"): each.get("content") for each in results.record.get("bases", ())}
    contents = results.contents.get(stage.winner or ""), bases.get(stage.base)
    if key is None or not all(contents):
        return None
    winner, base = (value_at(content, place_of(key, content)) for content in contents if content)
    return None if winner == base else (key, winner, base)


def _state(
    stage: FinalStage, winner: ScoredTrial | None, base: ScoredTrial | None
) -> Literal["searching", "finalists", "final", "done"]:
    if stage.finalists is None:
        return "searching"
    if stage.winner is None:
        return "finalists"
    ended = [each is not None and each.done + each.failed == len(stage.final_seeds) for each in (winner, base)]
    return "done" if all(ended) else "final"


def _is_the_base(results: SearchResults, stage: FinalStage) -> bool:
    """Return whether the winner is the base configuration."""
    configurations, bases = results.record.get("configurations", ()), results.record.get("bases", ())
    winner = next((each for each in configurations if each["name"] == stage.winner), None)
    base = next((each for each in bases if each.get("name") == stage.base), None)
    if winner is None or base is None:
        return False
    # Not the identities themselves: with fresh seeds a winner of rungs trains from its first step, like the base.
    one, other = (identity_of(settings_of(each.get("content") or {}), ()) for each in (winner, base))
    return one == other


def _earlier(folder: ExperimentFolder, results: SearchResults, stage: FinalStage) -> tuple[EarlierAnswer, ...]:
    of, key = answer_key(results, stage)
    # An answer of other base configurations is one of another search.
    return tuple(
        EarlierAnswer(each["trials"], each["winner"], each.get("value"), each["seeds"])
        for each in read_answers(folder)
        if each.get("of") == of and each.get("key") != key
    )

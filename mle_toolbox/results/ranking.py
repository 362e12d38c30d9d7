"""The trials of a search: their scores, their order, and which of them the tests do not separate from the best.

Computes; ``render/trial_table.py`` turns it into tables.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from mle_toolbox.results.answer import Answer, answer
from mle_toolbox.results.code_states import CodeState
from mle_toolbox.results.search_record import SearchRecord, TrialRecord
from mle_toolbox.results.task_role import TaskRole
from mle_toolbox.results.trial_scores import TrialScore, score_of
from mle_toolbox.search.choose import Candidate, in_order, standing

if TYPE_CHECKING:
    from mle_toolbox.results.configuration import ConfigurationResults

__all__ = ["RankedTrials", "ScoredTrial", "best_is_maximum", "ranked_trials"]

_BAD_ENDS = ("failed", "died")


@dataclass(frozen=True, eq=False)
class ScoredTrial:
    """One trial with its scores by metric.

    ``done`` of ``planned`` seed runs ended well, ``others`` counts the rest by their status. ``rank`` is None for a
    trial without a score and for one outside the present space.
    """

    record: TrialRecord
    scores: Mapping[str, TrialScore]
    done: int
    planned: int
    others: Mapping[str, int]
    diverged: int
    code: CodeState | None = None
    rank: int | None = None

    @property
    def name(self) -> str:
        """The name of its configuration."""
        return self.record.name

    @property
    def failed(self) -> int:
        """Seed runs that ended badly."""
        return sum(self.others.get(word, 0) for word in _BAD_ENDS)

    @property
    def complete(self) -> bool:
        """Whether every seed came to its end with a finite value."""
        return self.done == self.planned and not self.diverged and self.planned > 0

    def as_candidate(self, metric: str | None) -> Candidate:
        """Return it as far as its place depends on it; without a metric there is no score."""
        score = self.scores[metric] if metric is not None else None
        return Candidate(
            self.name,
            self.record.number,
            score.estimate.value if score is not None and score.known else None,
            missing=not self.complete,
            bad=bool(self.failed or self.diverged),
            standing=_standing(self),
            inside=self.record.inside,
            point=json.dumps(self.record.values, sort_keys=True, default=str)
            if self.record.steps is not None
            else None,
        )

    @property
    def status(self) -> str:
        """One word for all of its seed runs."""
        if self.done == self.planned and self.planned:
            return "done"
        # A trial whose seed failed has failed, even while others go on: the failure needs the user.
        for word in ("failed", "died", "running", "stopped", "outdated", "older code"):
            if self.others.get(word):
                return word
        return "incomplete" if self.done else "not started"


@dataclass(frozen=True, eq=False)
class RankedTrials:
    """All trials of a search, the best first, then those without a rank.

    Attributes
    ----------
    search
        The search.
    metrics
        The first one decides the order.
    lower_is_better, assumed
        The direction of each metric, and whether it is only guessed from its name.
    trials
        In order.
    answer
        The estimates and tests of the trials that compete for the first place, None where there are none.
    tasks
        The tasks of the trials, where there are several: trials of unlike tasks are not ranked.
    """

    search: SearchRecord
    metrics: tuple[str, ...]
    lower_is_better: Mapping[str, bool]
    assumed: Mapping[str, bool]
    confidence: float
    trials: tuple[ScoredTrial, ...]
    answer: Answer | None
    tasks: TaskRole | None = None

    @property
    def best(self) -> ScoredTrial | None:
        """The first in rank."""
        return self.trials[0] if self.trials and self.trials[0].rank == 1 else None

    @property
    def ranked(self) -> tuple[ScoredTrial, ...]:
        """Those with a rank."""
        return tuple(each for each in self.trials if each.rank is not None)

    @cached_property
    def tied(self) -> frozenset[str]:
        """The trials that are not significantly different from the best; empty where nothing was tested."""
        # Of 400 trials only the 399 tests with the best are made, although the correction counts all 79,800
        # pairs: any of them could have been the best. That keeps the truly best trial in this set with 95 %. The price
        # is a large set: of 400 trials with 5 seeds that spread over seven standard deviations, no test separates one
        # from the best. So the set is said, but it is no distinction: a search's own trials never get the star.
        return frozenset(self.answer.not_worse if self.answer is not None else ())

    @property
    def separates(self) -> bool:
        """Whether the tests separate any trial from the best one."""
        return self.answer is not None and 0 < len(self.tied) < len(self.answer.tests.tested)

    def is_tied(self, trial: ScoredTrial) -> bool | None:
        """Tell whether a trial is not significantly different from the best one; None where that was not tested."""
        if self.answer is None or not self.tied or trial.name not in self.answer.tests.tested:
            return None
        return trial.name in self.tied

    def __iter__(self) -> Iterator[ScoredTrial]:
        return iter(self.trials)

    def __len__(self) -> int:
        return len(self.trials)


def ranked_trials(
    search: SearchRecord,
    results: Mapping[str, ConfigurationResults],
    directions: Mapping[str, tuple[bool, bool]],
    *,
    confidence: float = 0.95,
    include_unfinished: bool = False,
    code: Mapping[str, CodeState] | None = None,
    tasks: TaskRole | None = None,
) -> RankedTrials:
    """Rank the trials of a search.

    Parameters
    ----------
    search
        The search.
    results
        The configurations that are its trials; others are ignored.
    directions
        By metric (with one number a tick): whether lower is better, and whether that is guessed. The first metric
        decides the order.
    confidence, include_unfinished
        As for ``summary``.
    code
        Which runs are of older code.
    tasks
        The tasks of the trials, where there are several: then no trial has a rank, and they keep their own order.

    Notes
    -----
    Trials of which every seed came to its end come first, then those that are not complete yet, then those with a seed
    that failed or diverged: an average of the seeds that survived is no reason to prefer a trial. Where better trials
    get more steps or seeds, those with more come first: they were better with what they share with the others. Trials
    outside the present space are last and have no rank.
    """
    metrics = tuple(directions)
    lower = {name: lower for name, (lower, _) in directions.items()}
    made = [
        _trial(record, results[name], search, lower, confidence, include_unfinished, (code or {}).get(name))
        for name, record in search.trials.items()
        if name in results
    ]
    first = metrics[0] if metrics and tasks is None else None
    order = in_order((each.as_candidate(first) for each in made), lower_is_better=lower.get(first or "", False))
    place_of = {each.name: place for place, each in enumerate(order)}
    made.sort(key=lambda each: place_of[each.name])
    place = 0
    ranked = []
    for each in made:
        has_rank = each.record.inside and first is not None and each.scores[first].known
        place += has_rank
        ranked.append(replace(each, rank=place if has_rank else None))
    found = RankedTrials(
        search,
        metrics,
        lower,
        {name: guess for name, (_, guess) in directions.items()},
        confidence,
        tuple(ranked),
        None,
        tasks,
    )
    return replace(found, answer=_answer(found))


def best_is_maximum(search: SearchRecord, lower_is_better: bool) -> bool:
    """Tell whether the best point of a curve is its highest one, for a metric with this direction."""
    # Only where it contradicts the direction: the older form of the experiment file always takes the maximum.
    if search.best_is_maximum is not None and search.best_is_maximum != search.maximize:
        return search.best_is_maximum
    return not lower_is_better


def _trial(
    record: TrialRecord,
    results: ConfigurationResults,
    search: SearchRecord,
    lower: Mapping[str, bool],
    confidence: float,
    include_unfinished: bool,
    code: CodeState | None,
) -> ScoredTrial:
    scores = {
        name: score_of(
            results,
            name,
            search.problem_type,
            search.aggregate_seeds,
            best_is_maximum=best_is_maximum(search, is_lower),
            confidence=confidence,
            include_unfinished=include_unfinished,
        )
        for name, is_lower in lower.items()
    }
    others = results.others()
    if not record.inside:
        # Nothing is due any more, so nothing is missing.
        others.pop("not started", None)
    done = results.statuses.count("done")
    diverged = max((each.sample.diverged for each in scores.values()), default=0)
    return ScoredTrial(record, scores, done, done + sum(others.values()), others, diverged, code)


def _group(trial: ScoredTrial) -> int:
    if trial.failed or trial.diverged:
        return 2
    return 0 if trial.complete else 1


def _standing(trial: ScoredTrial) -> tuple[int, int]:
    return standing(trial.record.steps, trial.planned)


def _answer(found: RankedTrials) -> Answer | None:
    """Return the answer for the trials of the same standing as the best one."""
    best = found.best
    # A percentile is no mean, and the tests are of means.
    if best is None or found.search.aggregate_seeds not in ("mean", "p50"):
        return None
    metric = found.metrics[0]
    rivals = [each for each in found.ranked if (_group(each), _standing(each)) == (_group(best), _standing(best))]
    return answer(
        metric,
        {each.name: each.scores[metric].sample for each in rivals},
        "mean" if found.search.aggregate_seeds == "mean" else "median",
        lower_is_better=found.lower_is_better[metric],
        assumed=found.assumed[metric],
        confidence=found.confidence,
        searched=len(found.ranked),
        estimates={each.name: each.scores[metric].estimate for each in rivals},
    )

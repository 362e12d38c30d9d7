"""Which variables of a search matter for its score, as far as its trials can say it.

An importance is a share of a statistic of few trials, and shares add up to 1 even where nothing matters: with 80 trials
of pure noise, one of three variables can have 0.9. So each has an interval, and a test against scores in random order.
And where a search has chosen its trials by their results, these crowd in one place along *every* variable, so that
variables without any effect look important.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.errors import ResultsError
from mle_toolbox.results.ranking import RankedTrials, ScoredTrial
from mle_toolbox.results.search_record import SearchVariable
from mle_toolbox.statistics import holm
from mle_toolbox.statistics.divergence import divergences
from mle_toolbox.text import count, p_text, value_key

__all__ = ["FEWEST_TRIALS", "STEERED", "Importance", "VariableImportance", "importance"]

FEWEST_TRIALS = 20
"""With fewer, the best of them are too few to be compared with the others."""
STEERED = "The search chose these trials by earlier results, so variables without effect can look important."

# Optuna advises at least five good trials.
_FEWEST_BEST = 5
_TRIALS_TO_ONE_OF_THE_BEST = 10
_BOOTSTRAPS = 100
_PERMUTATIONS = 199
_LEVEL = 0.05
# Into so many cells at most the range of a number is divided, as in Optuna.
_CELLS = 50


@dataclass(frozen=True)
class VariableImportance:
    """One variable.

    Attributes
    ----------
    name
        As in the experiment file.
    share
        Of the importance of all variables, from 0 to 1.
    low, high
        The middle 95 % of its share when the trials are drawn again with replacement.
    p
        How often scores in random order make it look as important, corrected after Holm for the number of variables.
        None where the search has chosen the trials: the test would not be valid.
    """

    name: str
    share: float
    low: float
    high: float
    p: float | None

    @property
    def is_chance(self) -> bool:
        """Whether chance alone would make it look as important, at a level of 5 %."""
        return self.p is not None and self.p > _LEVEL

    def __str__(self) -> str:
        share, low, high = (f"{100 * each:.0f} %" for each in (self.share, self.low, self.high))
        tested = "" if self.p is None else f", {p_text(self.p)}"
        return f"{share:>5} [{low}, {high}]{tested}{', no more than chance' if self.is_chance else ''}"


@dataclass(frozen=True)
class Importance:
    """The importance of all variables of a search for one metric; as text, a few lines.

    Attributes
    ----------
    metric
        Of which score.
    variables
        The most important one first.
    n
        From how many trials.
    of
        How many trials there are that have ended; the others of them were chosen by results and do not count.
    worst
        How many of the ``n`` have a seed that failed or diverged; these count as the worst.
    is_steered
        Whether the search has chosen the ``n`` trials by earlier results.
    """

    metric: str
    variables: tuple[VariableImportance, ...]
    n: int
    of: int
    worst: int
    is_steered: bool

    @property
    def notes(self) -> tuple[str, ...]:
        """What has to be known to read the shares, in sentences."""
        left_out = f" of {self.of}: the others were chosen by results" if self.of > self.n else ""
        verb = "counts" if self.worst == 1 else "count"
        said = [
            STEERED if self.is_steered else "",
            f"From {count(self.n, 'trial')}{left_out}.",
            f"{count(self.worst, 'trial')} with a failed or diverged seed {verb} as the worst." if self.worst else "",
            "Shares add up to 100 % also where nothing matters.",
        ]
        return tuple(each for each in said if each)

    def __str__(self) -> str:
        width = max(len(each.name) for each in self.variables)
        lines = [f"{each.name:<{width}}  {each}" for each in self.variables]
        return "\n".join([f"Importance for {self.metric}, with 95 % intervals:", *lines, *self.notes])


def importance(found: RankedTrials, metric: str) -> Importance:
    """Return how important each variable is for the score of a metric.

    Only trials that were drawn at random count: all of a random search or a grid, the random start of SMBO, the lowest
    rungs of Halving and Hyperband. Where these are fewer than ``FEWEST_TRIALS``, all trials count, and ``is_steered``
    is true.

    Parameters
    ----------
    found
        The trials with their scores.
    metric
        One of its metrics.

    Raises
    ------
    ResultsError
        When there are too few trials, all scores are the same, or the trials are of several tasks.

    Notes
    -----
    PED-ANOVA (Watanabe et al. 2023, arXiv:2304.10255): how differently the best tenth, but at least five trials, is
    distributed along a variable than all of them. Intervals are percentiles of 100 bootstrap samples of trials,
    p-values are from 199 permutations of the scores. Trials of different base configurations, or of different numbers
    of steps, are ranked among their like.
    """
    if found.tasks is not None:
        raise ResultsError("The importance of variables is that for one task, and these trials are of several.")
    variables = [each for each in found.search.variables if each.choices is None or len(each.choices) > 1]
    if not variables:
        raise ResultsError("The importance of variables needs a variable with several values, and there is none.")
    names = {each.name for each in variables}
    ended = [each for each in found if each.record.inside and (_is_bad(each) or each.scores[metric].known)]
    usable = sorted((each for each in ended if names <= each.record.values.keys()), key=lambda each: each.record.number)
    drawn = [each for each in usable if _is_drawn(each, found.search.type)]
    is_steered = len(drawn) < FEWEST_TRIALS <= len(usable)
    trials = usable if is_steered else drawn
    if len(trials) < FEWEST_TRIALS:
        are = "is" if len(usable) == 1 else "are"
        raise ResultsError(
            f"The importance of variables needs {FEWEST_TRIALS} trials that have ended, and there {are} {len(usable)}. "
            "`mle plot --kind slices` draws them."
        )
    losses = _losses(trials, metric, lower_is_better=found.lower_is_better[metric])
    made = _variables(variables, [each.record.values for each in trials], losses, is_tested=not is_steered)
    return Importance(metric, made, len(trials), len(usable), sum(map(_is_bad, trials)), is_steered)


def _is_bad(trial: ScoredTrial) -> bool:
    return bool(trial.failed or trial.diverged)


def _is_drawn(trial: ScoredTrial, search_type: str) -> bool:
    """Tell whether a trial was drawn without regard to any result."""
    if search_type in ("halving", "hyperband", "pbt"):
        # The lowest rungs, and the first generation.
        return trial.record.parent is None and not trial.record.restarted
    return search_type in ("random", "grid") or trial.record.drawn


def _losses(trials: Sequence[ScoredTrial], metric: str, *, lower_is_better: bool) -> list[float]:
    """Return the place of each trial among its like, from 0 for the best up to 1; equal scores share one."""
    groups: dict[tuple[str, int | None], list[int]] = {}
    for index, each in enumerate(trials):
        groups.setdefault((each.record.base, each.record.steps), []).append(index)
    losses = [0.0] * len(trials)
    sign = 1 if lower_is_better else -1
    for inside in groups.values():
        values = {
            each: math.inf if _is_bad(trials[each]) else sign * trials[each].scores[metric].estimate.value
            for each in inside
        }
        ordered = sorted(values.values())
        for index, value in values.items():
            losses[index] = bisect_left(ordered, value) / len(ordered)
    return losses


def _variables(
    variables: Sequence[SearchVariable],
    points: Sequence[Mapping[str, Any]],
    losses: Sequence[float],
    *,
    is_tested: bool,
) -> tuple[VariableImportance, ...]:
    n, scores = len(points), np.array(losses)
    n_best = max(_FEWEST_BEST, math.ceil(n / _TRIALS_TO_ONE_OF_THE_BEST))
    cells = [_cells(each, [point[each.name] for point in points]) for each in variables]
    rng = np.random.default_rng(0)
    everyone = np.arange(n)
    # The scores as they are, and in random order.
    orders = [everyone, *(rng.permutation(n) for _ in range(_PERMUTATIONS if is_tested else 0))]
    whole, *chance = _divergences(cells, [(everyone, scores[order]) for order in orders], n_best)
    if not whole.sum() > 0:
        raise ResultsError("The importance of variables needs trials with different scores, and all have the same.")
    resampled = [rng.integers(n, size=n) for _ in range(_BOOTSTRAPS)]
    found = _divergences(cells, [(drawn, scores[drawn]) for drawn in resampled], n_best)
    again = np.array([each for each in found if each.sum() > 0] or [whole])
    low, high = np.quantile(again / again.sum(axis=1, keepdims=True), [0.025, 0.975], axis=0)
    p_values = holm((1 + (np.array(chance) >= whole).sum(axis=0)) / (_PERMUTATIONS + 1)) if is_tested else None
    made = [
        VariableImportance(
            each.name,
            float(whole[k] / whole.sum()),
            float(low[k]),
            float(high[k]),
            None if p_values is None else float(p_values[k]),
        )
        for k, each in enumerate(variables)
    ]
    return tuple(sorted(made, key=lambda each: -each.share))


@dataclass(frozen=True)
class _Cells:
    """A variable as cells: how many there are, in which one each trial is, and whether neighbours are alike."""

    number: int
    places: NDArray[np.integer]
    is_ordered: bool


def _cells(variable: SearchVariable, values: Sequence[Any]) -> _Cells:
    """Divide a variable as Optuna does; values outside the present range widen it."""
    if variable.choices is not None or not all(isinstance(each, int | float) for each in values):
        keys = dict.fromkeys(map(value_key, (*(variable.choices or ()), *values)))
        order = {key: place for place, key in enumerate(keys)}
        return _Cells(len(order), np.array([order[value_key(each)] for each in values]), is_ordered=False)
    ends = [each for each in (variable.begin, variable.end, *values) if each is not None]
    low, high = min(ends), max(ends)
    is_log, number = variable.prior == "log-uniform", _CELLS
    if variable.kind == "integer":
        whole = int(high) - int(low) + 1
        number = min(_CELLS, math.ceil(math.log2(whole)) + 1 if is_log else whole)
    if number < 2 or low == high:
        return _Cells(1, np.zeros(len(values), dtype=int), is_ordered=True)
    scaled = [np.log(each) if is_log else np.asarray(each, dtype=float) for each in (values, low, high)]
    steps = (scaled[0] - scaled[1]) / (scaled[2] - scaled[1]) * (number - 1)
    return _Cells(number, np.clip(np.ceil(steps - 0.5), 0, number - 1).astype(int), is_ordered=True)


def _divergences(
    variables: Sequence[_Cells],
    samples: Sequence[tuple[NDArray[np.integer], NDArray[np.floating]]],
    n_best: int,
) -> NDArray[np.float64]:
    """Return shape (samples, variables): how differently the best are distributed than all of a sample.

    A sample: which trials, which may be in it several times, and a score for each of them, of which lower is better.
    """
    # Of equal scores at the border all are among the best.
    best = [drawn[scores <= np.partition(scores, n_best - 1)[n_best - 1]] for drawn, scores in samples]

    def counts(each: _Cells, trials: Sequence[NDArray[np.integer]]) -> NDArray[np.integer]:
        return np.array([np.bincount(each.places[drawn], minlength=each.number) for drawn in trials])

    everyone = [drawn for drawn, _ in samples]
    if all(drawn is everyone[0] for drawn in everyone):
        everyone = everyone[:1]
    return np.stack(
        [divergences(counts(each, best), counts(each, everyone), is_ordered=each.is_ordered) for each in variables],
        axis=1,
    )

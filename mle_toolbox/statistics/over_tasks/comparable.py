"""Scores of unlike tasks on one scale: as they are, between references, over the range seen, or as ranks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mle_toolbox.errors import StatisticsError, did_you_mean
from mle_toolbox.statistics.over_tasks.scores import Floats, Scores, cells_of

__all__ = ["SCALES", "Comparable", "comparable"]

SCALES = {
    "as-is": "scores as they are",
    "references": "scores from 0 (low reference) to 1 (high reference) on each task",
    "range": "scores from 0 (worst run seen) to 1 (best run seen) on each task",
    "ranks": "ranks of runs on each task, from 0 (worst) to 1 (best)",
}
"""The scales, and how each is described."""


@dataclass(frozen=True)
class Comparable:
    """Scores that may be averaged over tasks.

    Attributes
    ----------
    scores
        Method -> task -> shape (seeds of that cell,).
    how
        One of `SCALES`.
    sentence
        How they were made comparable, in words.
    lower_is_better
        The direction of these scores. Only scores as they are can be better when lower; on the other scales 1 is
        always the good end.
    cautions
        Reasons to distrust the scale.
    """

    scores: Mapping[str, Mapping[str, Floats]]
    how: str
    sentence: str
    lower_is_better: bool
    cautions: tuple[str, ...] = ()


def comparable(
    scores: Scores,
    how: str = "as-is",
    *,
    references: Mapping[str, tuple[float, float]] | None = None,
    lower_is_better: bool = False,
) -> Comparable:
    """Bring the scores of all tasks onto one scale.

    Parameters
    ----------
    scores
        Method -> task -> shape (seeds of that cell,), finite.
    how
        ``as-is``; ``references``: (score - low) / (high - low), as human-normalised scores are made; ``range``: the
        same with the worst and the best run seen on the task; ``ranks``: the average rank of a run among all runs on
        the task, divided so that it lies between 0 and 1.
    references
        For ``how="references"``: task -> (low, high), the scores of a random and of an expert policy, say. Where lower
        is better, low is the larger number.
    lower_is_better
        The direction of the scores that are given.

    Raises
    ------
    StatisticsError
        When a task has no references, or two that are equal.

    Examples
    --------
    >>> found = comparable({"a": {"x": [5.0, 10.0]}}, "references", references={"x": (0.0, 20.0)})
    >>> found.scores["a"]["x"]
    array([0.25, 0.5 ])
    """
    if how not in SCALES:
        raise StatisticsError(f"There is no scale {how!r}; known: {', '.join(SCALES)}.{did_you_mean(how, SCALES)}")
    cells = {method: cells_of(tasks) for method, tasks in scores.items()}
    if how == "as-is":
        return Comparable(cells, how, SCALES[how], lower_is_better)
    tasks = list(dict.fromkeys(task for each in cells.values() for task in each))
    cautions: list[str] = []
    if how == "ranks":
        scaled = {task: _ranked(cells, task, lower_is_better=lower_is_better) for task in tasks}
        new = {method: {task: scaled[task][method] for task in each} for method, each in cells.items()}
    else:
        ends = _references(references, tasks) if how == "references" else _ranges(cells, tasks, lower_is_better)
        flat = [task for task, (low, high) in ends.items() if low == high]
        if flat:
            cautions.append(f"All runs have the same score on {', '.join(flat)}; they count as 0.5 there.")
        new = {method: {task: _between(each[task], *ends[task]) for task in each} for method, each in cells.items()}
    if how in ("range", "ranks"):
        cautions.append(
            "The scale depends on all methods that are compared: adding or removing one changes the numbers of the "
            "others. References (low and high for each task) do not have this fault."
        )
    return Comparable(new, how, SCALES[how], False, tuple(cautions))


def _references(
    references: Mapping[str, tuple[float, float]] | None, tasks: Sequence[str]
) -> Mapping[str, tuple[float, float]]:
    found = {}
    for task in tasks:
        if task not in (references or {}):
            guess = did_you_mean(task, references or {})
            raise StatisticsError(f"There are no reference scores for task {task!r}.{guess}")
        low, high = (float(end) for end in (references or {})[task])
        if not (math.isfinite(low) and math.isfinite(high)) or low == high:
            raise StatisticsError(
                f"The reference scores of task {task!r} must be two different numbers, found {low:g} and {high:g}."
            )
        found[task] = low, high
    return found


def _ranges(
    cells: Mapping[str, Mapping[str, Floats]], tasks: Sequence[str], lower_is_better: bool
) -> Mapping[str, tuple[float, float]]:
    found = {}
    for task in tasks:
        runs = np.concatenate([each[task] for each in cells.values() if task in each])
        ends = float(runs.min()), float(runs.max())
        found[task] = ends[::-1] if lower_is_better else ends
    return found


def _between(values: Floats, low: float, high: float) -> Floats:
    return (values - low) / (high - low) if high != low else np.full(values.shape, 0.5)


def _ranked(cells: Mapping[str, Mapping[str, Floats]], task: str, *, lower_is_better: bool) -> Mapping[str, Floats]:
    from scipy.stats import rankdata

    names = [method for method, each in cells.items() if task in each]
    runs = np.concatenate([cells[method][task] for method in names])
    ranks = rankdata(-runs if lower_is_better else runs)
    scaled = (ranks - 1) / (len(runs) - 1) if len(runs) > 1 else np.full(len(runs), 0.5)
    ends = np.cumsum([len(cells[method][task]) for method in names])[:-1]
    return dict(zip(names, np.split(np.asarray(scaled, dtype=np.float64), ends), strict=True))

"""Scores of methods on tasks: checked cells, and the tasks that all methods have."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics.checks import finite_sample, real_sample
from mle_toolbox.text import listed

__all__ = ["Cells", "Floats", "Scores", "cells_of", "check_same_tasks", "common_tasks", "task_means", "unit_of"]

Floats = NDArray[np.float64]
Cells = Mapping[str, ArrayLike]
"""One method: task -> shape (seeds of that task,)."""
Scores = Mapping[str, Cells]
"""Method -> task -> shape (seeds of that cell,)."""

_NAMES_SHOWN = 5


def cells_of(cells: Cells) -> dict[str, Floats]:
    """Return the scores of one method as float64; refuse cells that are empty, not finite or not of shape (S,)."""
    found = {task: np.asarray(finite_sample(real_sample(values)), dtype=np.float64) for task, values in cells.items()}
    if not found:
        raise StatisticsError("Statistics over tasks need scores on at least one task.")
    for task, values in found.items():
        if not len(values):
            raise StatisticsError(f"There is no score on task {task!r}: leave the task out, or say how it counts.")
    return found


def common_tasks(scores: Scores) -> tuple[str, ...]:
    """Return the tasks that every method has, in the order of the first method.

    >>> common_tasks({"a": {"x": [1.0], "y": [2.0]}, "b": {"y": [1.0]}})
    ('y',)
    """
    first, *others = scores.values() if scores else [{}]
    return tuple(task for task in first if all(task in other for other in others))


def check_same_tasks(scores: Scores) -> tuple[str, ...]:
    """Return the tasks if all methods have the same ones.

    Raises
    ------
    StatisticsError
        When they do not: numbers over different sets of tasks cannot be compared.
    """
    tasks = common_tasks(scores)
    everywhere = dict.fromkeys(task for cells in scores.values() for task in cells)
    lacking = {
        name: [task for task in everywhere if task not in cells]
        for name, cells in scores.items()
        if len(cells) < len(everywhere)
    }
    if lacking:
        name, absent = next(iter(lacking.items()))
        more = f" (and {len(lacking) - 1} more methods lack some)" if len(lacking) > 1 else ""
        raise StatisticsError(
            f"{name!r} has no score on {listed([repr(task) for task in absent], _NAMES_SHOWN)}{more}, so aggregates "
            f"would be over different tasks. All methods have {len(tasks)} of {len(everywhere)} tasks in common."
        )
    return tasks


def task_means(cells: Mapping[str, Floats]) -> Floats:
    """Return the mean of each task, shape (tasks,)."""
    return np.asarray([values.mean() for values in cells.values()])


def unit_of(*methods: Mapping[str, Floats]) -> float:
    """Return what scores are to be divided by: 1, or a power of two where squares would overflow or underflow."""
    largest = max(float(np.abs(values).max()) for cells in methods for values in cells.values())
    return 1.0 if largest == 0 or 1e-100 < largest < 1e100 else math.ldexp(1.0, math.frexp(largest)[1] - 1)

"""Average ranks of methods over many tasks, and which of them differ (Demšar 2006)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics.checks import check_confidence
from mle_toolbox.statistics.over_tasks.scores import Scores, cells_of, check_same_tasks, task_means
from mle_toolbox.text import p_text, percent

__all__ = ["Ranks", "ranks_over_tasks"]


@dataclass(frozen=True)
class Ranks:
    """Average ranks over tasks, 1 for the best method on a task.

    Attributes
    ----------
    average
        By method, the best first.
    n_tasks
        The number of tasks, which are the sample here: it is a question about other tasks of this kind.
    friedman, friedman_p
        Friedman's chi-squared, corrected for ties, and its p; NaN below three methods.
    f, f_p
        The F of Iman and Davenport, which Friedman's test is too cautious against.
    critical_difference
        Average ranks that differ by at least this differ significantly (Nemenyi).
    groups
        Sets of methods, each best first, that cannot be told apart: the bars of a critical-difference diagram. None is
        part of another.
    confidence
        Of the critical difference.
    caution
        Why the ranks say little, or None.
    """

    average: Mapping[str, float]
    n_tasks: int
    friedman: float
    friedman_p: float
    f: float
    f_p: float
    critical_difference: float
    groups: tuple[tuple[str, ...], ...]
    confidence: float
    caution: str | None = None

    @property
    def sentences(self) -> tuple[str, ...]:
        """What a diagram of them shows, and why it may say little."""
        tested = f" Friedman's test (F of Iman and Davenport): {p_text(self.f_p)}." if math.isfinite(self.f_p) else ""
        shown = (
            f"Average ranks over {self.n_tasks} tasks, 1 is best. Methods joined by a bar do not differ significantly "
            f"(Nemenyi, {percent(self.confidence)}).{tested} Here the tasks are a sample of such tasks; tests of "
            "aggregates over these tasks may disagree."
        )
        return (shown, self.caution) if self.caution else (shown,)


def ranks_over_tasks(scores: Scores, *, lower_is_better: bool = False, confidence: float = 0.95) -> Ranks:
    """Rank the methods on each task by their mean over the seeds, and compare the average ranks.

    Parameters
    ----------
    scores
        Method -> task -> shape (seeds of that cell,), finite, with the same tasks; no common scale is needed.
    lower_is_better
        The direction of the scores.
    confidence
        Between 0 and 1, both excluded.

    Raises
    ------
    StatisticsError
        When the tasks differ or there are fewer than two methods.

    Notes
    -----
    Demšar 2006, JMLR 7: with k methods and N tasks, chi² = 12 N / (k (k + 1)) (Σ R_j² - k (k + 1)² / 4), divided by
    1 - Σ (t³ - t) / (N (k³ - k)) for ties as in ``scipy.stats.friedmanchisquare``; F = (N - 1) chi² / (N (k - 1) -
    chi²); the critical difference is q √(k (k + 1) / (6 N)), q the quantile of the studentised range divided by √2.
    """
    from scipy.special import fdtrc
    from scipy.stats import chi2, rankdata, studentized_range

    check_confidence(confidence)
    if len(scores) < 2:
        raise StatisticsError(f"Ranks need at least two methods, found {len(scores)}.")
    cells = {method: cells_of(each) for method, each in scores.items()}
    tasks = check_same_tasks(cells)
    means = np.asarray([task_means({task: each[task] for task in tasks}) for each in cells.values()])
    ranks = rankdata(means if lower_is_better else -means, axis=0)
    k, n = ranks.shape
    average = ranks.mean(axis=1)
    order = np.argsort(average, kind="stable")
    names = list(cells)
    ties = sum(
        float((counts**3 - counts).sum())
        for counts in (np.unique(column, return_counts=True)[1].astype(float) for column in ranks.T)
    )
    untied = 1 - ties / (n * (k**3 - k))
    chi_squared = math.nan
    if k > 2 and untied > 0:
        chi_squared = 12 * n / (k * (k + 1)) * float(((average - (k + 1) / 2) ** 2).sum()) / untied
    left = n * (k - 1) - chi_squared
    f = (n - 1) * chi_squared / left if left > 0 else math.nan if math.isnan(chi_squared) else math.inf
    difference = float(studentized_range.ppf(confidence, k, np.inf)) / math.sqrt(2) * math.sqrt(k * (k + 1) / (6 * n))
    return Ranks(
        average={names[i]: float(average[i]) for i in order},
        n_tasks=n,
        friedman=chi_squared,
        friedman_p=float(chi2.sf(chi_squared, k - 1)),
        f=f,
        f_p=0.0 if f == math.inf else float(fdtrc(k - 1, (k - 1) * (n - 1), f)) if n > 1 else math.nan,
        critical_difference=difference,
        groups=_groups([names[i] for i in order], [float(average[i]) for i in order], difference),
        confidence=confidence,
        caution=(
            f"Ranks over {n} tasks say little: with fewer than 10 hardly any difference can be significant."
            if n < 10
            else None
        ),
    )


def _groups(names: list[str], average: list[float], difference: float) -> tuple[tuple[str, ...], ...]:
    found: list[tuple[int, int]] = []
    for first in range(len(names)):
        last = max(i for i in range(first, len(names)) if average[i] - average[first] < difference)
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return tuple(tuple(names[first : last + 1]) for first, last in found)

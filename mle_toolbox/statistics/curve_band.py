"""A metric over time: one row per seed, and the band over the seeds at each point in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mle_toolbox.errors import StatisticsError
from mle_toolbox.statistics.bands import band_of_columns
from mle_toolbox.statistics.checks import check_confidence, real_array, rising_times
from mle_toolbox.statistics.estimate import interval_words, skewness_caution
from mle_toolbox.statistics.looks import corrected, level_of
from mle_toolbox.text import percent

__all__ = ["Band", "Curve", "band"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Band:
    """The aggregate over seeds at each point in time, with its interval.

    Attributes
    ----------
    time, center, low, high
        Shape (T,), float64. Where no seed has a finite value the center is NaN, where n < 2 the interval.
    n
        Shape (T,), int: how many seeds have a finite value there.
    diverged
        How many seeds have a value that is not finite, at any time.
    method, caution
        How it was computed, and why its interval may be too narrow, or None.
    statistic, confidence
        "mean", "median" or "iqm"; of the interval.
    """

    time: Floats
    center: Floats
    low: Floats
    high: Floats
    n: NDArray[np.int64]
    diverged: int
    method: str
    caution: str | None
    statistic: str
    confidence: float


@dataclass(frozen=True, eq=False)
class Curve:
    """One metric of one configuration over time, all seeds on the same time axis.

    Attributes
    ----------
    configuration, metric, time_name
        Names, as the user wrote them.
    time
        Shape (T,), float64, rising.
    values
        Shape (S, T), float64. NaN where a seed has no value; inf or -inf where it logged one that is not finite
        (`align` turns a logged NaN into inf): there the seed has diverged.
    seeds, statuses
        For each of the S rows: the seed and the status of its run ("done", "running", …).
    share, looked
        Where the number of seeds was open: the part of the error rate that the last look may use, and how the band is
        corrected for looking, in words.
    """

    configuration: str
    metric: str
    time_name: str
    time: Floats
    values: Floats
    seeds: tuple[int, ...]
    statuses: tuple[str, ...]
    share: float = 1.0
    looked: str = ""

    def band(self, statistic: str = "mean", confidence: float = 0.95) -> Band:
        """Aggregate over the seeds at each point in time, see `band`.

        Raises
        ------
        StatisticsError
            When the shapes do not fit, or there is no such statistic.
        """
        if not self.looked:
            return band(self.values, self.time, statistic, confidence)
        # As in the tables: at each point in time by itself, it then covers at all looks together.
        level = level_of(confidence, self.share)
        return corrected(band(self.values, self.time, statistic, level), level, confidence, self.looked)


@np.errstate(over="ignore", invalid="ignore")
def band(values: ArrayLike, time: ArrayLike | None = None, statistic: str = "mean", confidence: float = 0.95) -> Band:
    """Aggregate over the seeds at each point in time.

    Parameters
    ----------
    values
        Shape (S, T); NaN where a seed has no value, inf where it has diverged. Neither counts there, which ``n`` and
        ``diverged`` show.
    time
        Shape (T,); 0, 1, … when not given.
    statistic
        "mean", "median" or "iqm".
    confidence
        Of the interval at each single point, not of the band as a whole.
    """
    check_confidence(confidence)
    array = real_array(values)
    if array.ndim != 2:
        raise StatisticsError(f"A curve has the shape (S, T), found {array.shape}.")
    at = np.arange(array.shape[1], dtype=np.float64) if time is None else rising_times(time)
    if at.shape != array.shape[1:]:
        raise StatisticsError(f"There are {at.shape} times for values of shape {array.shape}.")
    center, low, high, n = band_of_columns(array, statistic, confidence)
    how = f"{percent(confidence)} {interval_words(statistic, confidence)} over seeds"
    return Band(
        time=at,
        center=center,
        low=low,
        high=high,
        n=n,
        # NaN alone is a seed that ended early or was not measured; `align` marks divergence by inf.
        diverged=int(np.isinf(array).any(axis=1).sum()),
        method=f"{how}, at each point in time by itself",
        caution=_caution(n, array.shape[0], skewness_caution(statistic, _fewest(n), confidence)),
        statistic=statistic,
        confidence=confidence,
    )


def _fewest(n: NDArray[np.int64]) -> int:
    """Return the smallest number of seeds behind an interval, 0 without any interval."""
    enough = n[n > 1]
    return int(enough.min()) if enough.size else 0


def _caution(n: NDArray[np.int64], n_seeds: int, of_interval: str | None) -> str | None:
    if n.size == 0 or n.max() < 2:
        return "No interval: one seed gives no spread." if n_seeds else "There are no seeds."
    # Where seeds drop out, a step of the line may come from that alone.
    if n.min() == n.max():
        return of_interval
    changes = f"The number of seeds changes along the curve, from {n.max()} down to {n.min()}."
    return f"{changes} {of_interval}" if of_interval else changes

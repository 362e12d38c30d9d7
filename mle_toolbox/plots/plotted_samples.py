"""One number per seed, from a plain array or from ``results.samples()``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mle_toolbox.errors import StatisticsError

__all__ = ["Sample", "SampleLike", "samples_of"]


class SampleLike(Protocol):
    """One number per seed, and the number of seeds without one; ``results.SeedSample`` is an example."""

    @property
    def values(self) -> NDArray[np.float64]:
        """Shape (S,); not finite where a seed has diverged."""

    @property
    def missing(self) -> int:
        """Seeds without a value."""


@dataclass(frozen=True)
class Sample:
    """One number per seed, shape (S,), and the number of seeds without one."""

    values: NDArray[np.float64]
    missing: int = 0

    @property
    def finite(self) -> NDArray[np.float64]:
        """The values of the seeds that have not diverged."""
        return self.values[np.isfinite(self.values)]

    @property
    def diverged(self) -> int:
        """Seeds whose value is not finite."""
        return len(self.values) - len(self.finite)


def samples_of(given: Mapping[str, ArrayLike | SampleLike]) -> dict[str, Sample]:
    """Return the samples by configuration.

    Raises
    ------
    StatisticsError
        When there is no sample, none has a finite value, or one does not have one number per seed.
    """
    samples = {name: _sample(name, each) for name, each in given.items()}
    if not any(len(each.finite) for each in samples.values()):
        raise StatisticsError("There is nothing to draw: no configuration has a seed with a finite value.")
    return samples


def _sample(name: str, given: Any) -> Sample:
    missing = int(getattr(given, "missing", 0))
    # "missing" and not "values": a dict, a pandas Series and others have the latter too.
    values = np.asarray(given.values if hasattr(given, "missing") else given)
    if values.ndim != 1 or values.dtype.kind not in "biuf":
        raise StatisticsError(
            f"{name!r}: one real number a seed is needed, shape (S,); found shape {values.shape}, type {values.dtype}."
        )
    return Sample(values.astype(np.float64), missing)

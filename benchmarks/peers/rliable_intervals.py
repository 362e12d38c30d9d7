"""Intervals of the interquartile mean from rliable for samples on standard input, as JSON; no mle_toolbox."""

from __future__ import annotations

import json
import sys

import numpy as np
from rliable import library, metrics


def interval(sample: list[float] | list[list[float]], n_resamples: int) -> list[float]:
    """Return the two ends for one number a seed, or a row of tasks a seed."""
    scores = {"a": np.array(sample).reshape(len(sample), -1)}
    _, ends = library.get_interval_estimates(scores, lambda x: np.array([metrics.aggregate_iqm(x)]), reps=n_resamples)
    return [float(end) for end in ends["a"][:, 0]]


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    print(json.dumps([interval(sample, asked["n_resamples"]) for sample in asked["samples"]]))

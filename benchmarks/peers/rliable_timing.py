"""How long rliable takes, as JSON of seconds; the same scores and resamples as benchmarks/statistics.py."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import numpy as np
from rliable import library, metrics


def seconds(call: Callable[[], object]) -> float:
    """Time one call."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def main() -> None:
    """Time what is asked for on standard input."""
    asked = json.load(sys.stdin)
    generator = np.random.default_rng(0)
    tasks, other = generator.normal(size=(2, 10, 26))
    curve = generator.normal(size=(10, 1, 100))
    methods = {str(i): scores for i, scores in enumerate(generator.normal(size=(10, 10, 26)))}
    iqm = lambda x: np.array([metrics.aggregate_iqm(x)])  # noqa: E731 - as in rliable's own examples
    iqm_of_frames = lambda x: np.array([metrics.aggregate_iqm(x[..., i]) for i in range(x.shape[-1])])  # noqa: E731
    aggregates = lambda x: np.array(  # noqa: E731 - as in rliable's own examples
        [
            metrics.aggregate_median(x),
            metrics.aggregate_iqm(x),
            metrics.aggregate_mean(x),
            metrics.aggregate_optimality_gap(x),
        ]
    )
    estimates = library.get_interval_estimates
    print(
        json.dumps(
            {
                "iqm": seconds(lambda: estimates({"a": tasks}, iqm, reps=asked["iqm"])),
                "over_tasks": seconds(lambda: estimates(methods, aggregates, reps=asked["over_tasks"])),
                "one_task": seconds(lambda: estimates({"a": tasks[:5, :1]}, iqm, reps=asked["one_task"])),
                "curve": seconds(lambda: estimates({"a": curve}, iqm_of_frames, reps=asked["curve"])),
                "improvement": seconds(lambda: metrics.probability_of_improvement(tasks, other)),
                "improvement_interval": seconds(
                    lambda: estimates(
                        {"a,b": (tasks, other)}, metrics.probability_of_improvement, reps=asked["improvement_interval"]
                    )
                ),
            }
        )
    )


if __name__ == "__main__":
    main()

"""The same answers as rliable 1.2.0 on scores like those it was made for; benchmarks/peers/ says how they were got."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mle_toolbox.statistics import (
    bootstrap_interval,
    improvement_interval,
    interquartile_mean,
    mean,
    optimality_gap,
    performance_profile,
    probability_of_improvement,
    profile_interval,
)


@pytest.fixture(scope="module")
def rliable() -> dict[str, Any]:
    path = Path(__file__).with_name("rliable_reference.json")
    reference: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {name: np.array(value) if isinstance(value, list) else value for name, value in reference.items()}


def test_aggregates_agree_to_twelve_digits(rliable: dict[str, Any]) -> None:
    scores = rliable["first"]

    found = [
        float(interquartile_mean(scores, axis=None)),
        float(mean(scores, axis=None)),
        optimality_gap(scores),
        optimality_gap(scores, 0.5),
    ]

    expected = [rliable[name] for name in ("iqm", "mean", "optimality_gap", "optimality_gap_half")]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_performance_profile_agrees_to_twelve_digits(rliable: dict[str, Any]) -> None:
    found = performance_profile(rliable["first"], rliable["thresholds"])

    np.testing.assert_allclose(found, rliable["profile"], rtol=1e-12)


def test_the_probability_of_improvement_agrees_to_twelve_digits(rliable: dict[str, Any]) -> None:
    found = probability_of_improvement(rliable["first"], rliable["second"])

    assert found == pytest.approx(rliable["improvement"], rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("statistic", "name"), [(interquartile_mean, "iqm_interval"), (np.mean, "mean_interval")])
def test_stratified_intervals_agree_to_three_percent_of_their_width(
    rliable: dict[str, Any], statistic: Any, name: str
) -> None:
    low, high = bootstrap_interval(rliable["first"], statistic, n_resamples=rliable["n_resamples"], stratified=True)

    width = rliable[name][1] - rliable[name][0]
    np.testing.assert_allclose((low, high), rliable[name], atol=0.03 * width)


def test_the_interval_of_the_probability_of_improvement_agrees_to_five_percent_of_its_width(
    rliable: dict[str, Any],
) -> None:
    found = improvement_interval(rliable["first"], rliable["second"], n_resamples=20_000)

    low, high = rliable["improvement_interval"]
    np.testing.assert_allclose(found, (low, high), atol=0.05 * (high - low))


def test_the_interval_of_the_profile_is_never_inside_that_of_rliable(rliable: dict[str, Any]) -> None:
    low, high = profile_interval(rliable["first"], rliable["thresholds"])

    assert (low <= rliable["profile_interval"][0] + 1e-9).all()
    assert (high >= rliable["profile_interval"][1] - 1e-9).all()

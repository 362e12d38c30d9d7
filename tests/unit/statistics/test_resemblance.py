"""Runs of one seed that are alike on different tasks are noticed, and runs that are alike on one task only are not."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mle_toolbox.cli.figure_request import FigureRequest
from mle_toolbox.cli.figures import draw
from mle_toolbox.errors import StatisticsError
from mle_toolbox.results import ExperimentResults, load
from mle_toolbox.statistics.over_tasks import resemblance
from tests.made_tasks import write_experiment

Floats = NDArray[np.float64]


def runs(share: float, shape: tuple[int, int, int], seed: int = 0) -> Floats:
    """Return scores of shape (methods, tasks, seeds) that share so much of their variance with those of their seed."""
    generator = np.random.default_rng(seed)
    of_seed = generator.normal(size=(shape[0], 1, shape[2]))
    return math.sqrt(share) * of_seed + math.sqrt(1 - share) * generator.normal(size=shape)


def test_copies_of_one_task_multiply_the_variance_by_their_number() -> None:
    found = resemblance([np.tile([3.0, 1.0, 4.0, 1.5, 9.0], (6, 1))])

    assert found is not None
    assert found.factor == pytest.approx(6)
    assert found.p == pytest.approx(0.001)


def test_runs_that_are_half_alike_are_found_with_about_the_right_factor() -> None:
    found = resemblance(list(runs(0.5, (4, 6, 10))))

    assert found is not None
    assert found.p < 0.01
    assert found.factor == pytest.approx(1 + 5 * 0.5, rel=0.3)


def test_independent_runs_alarm_as_rarely_as_promised_also_where_methods_are_alike_on_a_task() -> None:
    alarms = {"independent": 0, "methods alike": 0}
    for seed in range(200):
        apart = runs(0.0, (4, 6, 5), seed)
        alike = apart[:1] + 0.3 * runs(0.0, (4, 6, 5), seed + 1000)
        for kind, scores in (("independent", apart), ("methods alike", alike)):
            found = resemblance(list(scores))
            assert found is not None
            alarms[kind] += found.p < 0.05

    # 10 of 200 are expected; 22 or more with a probability below 0.001.
    assert max(alarms.values()) < 22, alarms


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3), st.permutations(range(5)))
def test_units_of_tasks_and_names_of_seeds_change_nothing(shift: float, scale: float, order: list[int]) -> None:
    scores = runs(0.5, (2, 3, 5))
    moved = scores[:, :, order].copy()
    moved[:, 1] = scale * moved[:, 1] + shift

    found, before = resemblance(list(moved)), resemblance(list(scores))

    assert found is not None
    assert before is not None
    assert found.factor == pytest.approx(before.factor, rel=1e-6)


@pytest.mark.parametrize("unit", [1e-300, 1e300])
def test_numbers_at_the_ends_of_the_range_of_floats_are_no_matter(unit: float) -> None:
    scores = runs(0.5, (2, 3, 5))

    found, before = resemblance(list(unit * scores)), resemblance(list(scores))

    assert found is not None
    assert before is not None
    assert (found.factor, found.p) == (pytest.approx(before.factor), before.p)


@pytest.mark.parametrize("shape", [(2, 1, 5), (2, 3, 2)])
def test_one_task_or_two_seeds_say_nothing(shape: tuple[int, int, int]) -> None:
    assert resemblance(list(runs(0.5, shape))) is None


def test_equal_numbers_say_nothing() -> None:
    assert resemblance([np.ones((3, 5))]) is None


@pytest.mark.parametrize("scores", [[], [[1.0, 2.0]], [np.ones((2, 3)), np.ones((2, 4))]])
def test_other_shapes_are_refused(scores: list[Floats]) -> None:
    with pytest.raises(StatisticsError):
        resemblance(scores)


@pytest.mark.parametrize("share", [0.0, 0.8])
def test_tables_over_tasks_say_when_their_intervals_are_too_narrow(share: float, tmp_path: Path) -> None:
    scores = runs(share, (2, 4, 8), seed=3)
    cells = {
        (method, task): np.asarray(scores[i, j])
        for i, method in enumerate(("ppo", "sac"))
        for j, task in enumerate(("Ant", "Hopper", "Pong", "Walker"))
    }
    results = load(write_experiment(tmp_path / "e", cells).path, task="env_name")
    assert isinstance(results, ExperimentResults)

    for table in (results.task_table(), results.compare_methods()):
        said = [each for each in table.to_dict()["cautions"] if each.startswith("Runs with the same seed are alike")]
        assert len(said) == (share > 0)
        assert all("should be about 1." in each for each in said)
    for kind, is_warned in (("aggregate", share > 0), ("ranks", False)):
        figure = draw(kind, results, FigureRequest("return"))
        words = " ".join(text.get_text() for text in figure.findobj(match=lambda each: hasattr(each, "get_text")))
        assert ("Runs with the same seed are alike" in " ".join(words.split())) == is_warned

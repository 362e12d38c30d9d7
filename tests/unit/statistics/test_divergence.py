"""The divergence from which the importance of a variable is made, beside Optuna's."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from mle_toolbox.statistics.divergence import divergences


def test_it_is_zero_where_the_best_are_distributed_like_all() -> None:
    counts = np.array([3, 1, 0, 2])

    assert divergences(counts, counts, is_ordered=True) == pytest.approx([0])
    assert divergences(counts, counts, is_ordered=False) == pytest.approx([0])


def test_each_row_is_computed_by_itself() -> None:
    rng = np.random.default_rng(0)
    everything = rng.integers(1, 9, size=(4, 12))
    best = rng.binomial(everything, 0.3) + (np.arange(12) == 3)

    together = divergences(best, everything, is_ordered=True)

    alone = [divergences(row, whole, is_ordered=True)[0] for row, whole in zip(best, everything, strict=True)]
    np.testing.assert_allclose(together, alone)


@pytest.mark.parametrize("number", [2, 7, 50])
@pytest.mark.parametrize("n", [20, 300])
@pytest.mark.parametrize("is_ordered", [True, False])
def test_it_is_the_number_of_optuna(number: int, n: int, is_ordered: bool) -> None:
    optuna = pytest.importorskip("optuna")
    rng = np.random.default_rng(number + n)
    cells = rng.binomial(number - 1, 0.4, size=n)
    scores = np.argsort(np.argsort(np.abs(cells - number / 3) + rng.normal(size=n)))
    best = scores < 0.1 * n
    space = (
        optuna.distributions.IntDistribution(0, number - 1)
        if is_ordered
        else optuna.distributions.CategoricalDistribution(list(range(number)))
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = optuna.create_study()
        for cell, score in zip(cells.tolist(), scores.tolist(), strict=True):
            trial = optuna.create_trial(params={"x": cell}, distributions={"x": space}, value=score)
            study.add_trial(trial)
        evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=0.1)
        expected = optuna.importance.get_param_importances(study, evaluator=evaluator, normalize=False)["x"]

    counts = [np.bincount(each, minlength=number) for each in (cells[best], cells)]
    assert divergences(*counts, is_ordered=is_ordered)[0] == pytest.approx(expected, rel=1e-9)

"""Halving over seeds: which trials get more, what is decided for good, and what a search that grows has to decide."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.search.search_settings import SearchSettings, read_search_settings
from mle_toolbox.search.seed_rungs import SeedRungs, decided_rungs, decision, seeds_by_rung

RUNGS = SeedRungs(((0,), (1,), (2, 3)), 2)


class Folder:
    """A results folder in which rungs are decided."""

    def __init__(self, path: Path) -> None:
        self.experiment = ExperimentFolder(path)
        path.mkdir(exist_ok=True)

    def decide(self, rung: int, scores: dict[str, float | None], rungs: SeedRungs = RUNGS) -> list[str]:
        """Decide a rung as its job does, and return which trials climb."""
        digests = digests_of(scores)
        climbed = self.climbed(digests, rungs)
        below = {name: digest for name, digest in digests.items() if climbed.get(name, 0) >= rung - 1}
        stay = {name for name, reached in climbed.items() if reached >= rung}
        made = decision(rungs, rung, below, scores, maximize=False, stay=stay)
        self.experiment.rung(rung).write_text(json.dumps(made))
        return list(made["climb"])

    def climbed(self, digests: dict[str, str], rungs: SeedRungs = RUNGS) -> dict[str, int]:
        return dict(decided_rungs(self.experiment, rungs, digests).climbed)

    def open(self, digests: dict[str, str], rungs: SeedRungs = RUNGS) -> tuple[int, ...]:
        return decided_rungs(self.experiment, rungs, digests).to_decide


def digests_of(names: Any) -> dict[str, str]:
    return {name: f"digest of {name}" for name in names}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "experiments")


SCORES: dict[str, float | None] = {"a": 0.3, "b": 0.1, "c": None, "d": 0.2, "e": 0.5}


def test_the_best_half_climbs_and_its_best_half_climbs_again(folder: Folder) -> None:
    assert folder.open(digests_of(SCORES)) == (1, 2)

    assert folder.decide(1, SCORES) == ["b", "d"]
    assert folder.open(digests_of(SCORES)) == (2,)
    assert folder.decide(2, {**SCORES, "b": 0.25}) == ["d"]

    assert folder.open(digests_of(SCORES)) == ()
    assert folder.climbed(digests_of(SCORES)) == {"b": 1, "d": 2}
    assert RUNGS.up_to(2) == (0, 1, 2, 3)


def test_what_is_decided_stays_whatever_becomes_of_the_scores(folder: Folder) -> None:
    folder.decide(1, SCORES)

    assert folder.open(digests_of(SCORES)) == (2,)
    assert folder.climbed(digests_of(SCORES)) == {"b": 1, "d": 1}


def test_more_trials_are_decided_anew_and_nobody_loses_what_it_has(folder: Folder) -> None:
    folder.decide(1, SCORES)
    folder.decide(2, SCORES)
    more: dict[str, float | None] = {**SCORES, "f": 0.0, "g": 0.05, "h": 0.06, "i": 0.07}

    assert folder.open(digests_of(more)) == (1, 2)
    assert folder.climbed(digests_of(more)) == {"b": 2, "d": 1}
    assert folder.decide(1, more) == ["f", "g", "h", "i", "b", "d"]
    assert folder.decide(2, more) == ["f", "g", "h", "b"]


def test_after_an_edit_of_the_base_all_is_decided_anew(folder: Folder) -> None:
    folder.decide(1, SCORES)
    edited = dict.fromkeys(SCORES, "another digest")

    assert folder.open(edited) == (1, 2)
    assert folder.climbed(edited) == {}


def test_a_further_rung_leaves_the_lower_ones_alone(folder: Folder) -> None:
    folder.decide(1, SCORES)
    folder.decide(2, SCORES)
    higher = SeedRungs((*RUNGS.seeds, (4, 5, 6, 7)), 2)

    assert folder.open(digests_of(SCORES), higher) == (3,)


def test_a_damaged_file_is_decided_again(folder: Folder) -> None:
    folder.decide(1, SCORES)
    folder.experiment.rung(1).write_text('{"climb": 3')

    assert folder.open(digests_of(SCORES)) == (1, 2)


@given(st.integers(1, 5), st.integers(1, 40), st.integers(2, 4))
def test_the_rungs_share_out_all_seeds_in_their_order(least: int, more: int, coefficient: int) -> None:
    rungs = SeedRungs(seeds_by_rung(range(least + more), least, coefficient), coefficient)

    assert rungs.up_to(len(rungs.seeds)) == tuple(range(least + more))
    numbers = [len(rungs.up_to(rung)) for rung in range(len(rungs.seeds))]
    assert numbers[0] == least
    assert all(after == min(before * coefficient, least + more) for before, after in itertools.pairwise(numbers))


def read(resources: dict[str, Any], metric: str = "loss") -> tuple[SearchSettings | None, list[str]]:
    settings, mistakes = read_search_settings(
        {
            "search_logging": {"eval_metrics": metric, "max_objective": False},
            "search_resources": {"num_total_evals": 8, **resources},
            "search_config": {"search_type": "Random", "search_params": {"categorical": {"x": [1, 2]}}},
        }
    )
    return settings, [sentence for _, sentence in mistakes]


def test_the_file_says_how_many_seeds_every_trial_and_the_best_ones_get() -> None:
    settings, mistakes = read({"num_seeds_per_eval": {"min": 1, "max": 9, "halving_coeff": 3}})

    assert mistakes == []
    assert settings is not None
    assert settings.seeds == (0,)
    assert settings.seed_rungs == SeedRungs(((0,), (1, 2), (3, 4, 5, 6, 7, 8)), 3)


def test_seeds_of_the_users_own_are_shared_out_in_their_order() -> None:
    settings, mistakes = read({"num_seeds_per_eval": {"min": 2, "max": 4}, "random_seeds": [7, 5, 3, 1]})

    assert mistakes == []
    assert settings is not None
    assert settings.seed_rungs is not None
    assert (settings.seeds, settings.seed_rungs.seeds) == ((7, 5), ((7, 5), (3, 1)))


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        (
            {"num_seeds_per_eval": {"min": 3, "max": 3}},
            "the best trials must get more seeds than the 3 of every trial, found 3.",
        ),
        (
            {"num_seeds_per_eval": {"min": 1, "max": 4, "halving_coeff": 1}},
            "must be a whole number of at least 2, found 1.",
        ),
        (
            {"num_seeds_per_eval": {"min": 1}},
            "'max' in param_search_args.search_resources.num_seeds_per_eval is missing.",
        ),
        ({"num_seeds_per_eval": {"min": 1, "maximum": 4}}, "unknown key 'maximum'"),
        ({"num_seeds_per_eval": {"min": 0, "max": 4}}, "must be a whole number of at least 1, found 0."),
        (
            {"num_seeds_per_eval": {"min": 1, "max": 4}, "random_seeds": [1, 2]},
            "random_seeds lists 2 seeds, but the best trials get 4",
        ),
    ],
)
def test_mistakes_in_it_are_said_in_one_sentence(resources: dict[str, Any], said: str) -> None:
    settings, mistakes = read(resources)

    assert settings is None
    assert len(mistakes) == 1
    assert said in mistakes[0]


def test_without_a_metric_there_are_no_better_trials() -> None:
    _, mistakes = read({"num_seeds_per_eval": {"min": 1, "max": 4}}, metric="")

    assert mistakes == [
        "num_seeds_per_eval gives the better trials more seeds, but this search ranks nothing (eval_metrics)."
    ]

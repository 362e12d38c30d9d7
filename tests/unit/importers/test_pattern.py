"""What a pattern says about a path."""

from __future__ import annotations

from itertools import product

import pytest

from mle_toolbox.errors import UsageError
from mle_toolbox.importers.pattern import PathPattern, guess_pattern


@pytest.mark.parametrize(
    ("pattern", "path", "parts"),
    [
        ("{configuration}/seed_{seed}/*.csv", "ppo/seed_3/progress.csv", {"configuration": "ppo", "seed": "3"}),
        ("{configuration}_{seed}", "ppo_v2_3/log.csv", {"configuration": "ppo_v2", "seed": "3"}),
        ("{configuration}/seed_{seed}", "a b/seed_10/deep/er/x.csv", {"configuration": "a b", "seed": "10"}),
        ("**/{configuration}/{seed}.csv", "x/y/z/7.csv", {"configuration": "z", "seed": "7"}),
        ("**/{configuration}/{seed}.csv", "z/7.csv", {"configuration": "z", "seed": "7"}),
        ("lr_{lrate}/{opt}-{seed}/", "lr_1e-3/sgd-0/x", {"lrate": "1e-3", "opt": "sgd", "seed": "0"}),
        ("{configuration}/{configuration}_{seed}.csv", "a/a_1.csv", {"configuration": "a", "seed": "1"}),
        ("run.{seed}", "run.0", {"seed": "0"}),
    ],
)
def test_a_path_that_fits_says_its_parts(pattern: str, path: str, parts: dict[str, str]) -> None:
    match = PathPattern(pattern).match(path)

    assert match is not None
    assert match.parts == parts


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("{configuration}/seed_{seed}/*.csv", "ppo/seed_x/progress.csv"),
        ("{configuration}/seed_{seed}/*.csv", "a/ppo/seed_1/progress.csv"),
        ("{configuration}/{configuration}_{seed}.csv", "a/b_1.csv"),
        ("run.{seed}", "runs0"),
    ],
)
def test_a_path_that_does_not_fit_says_nothing(pattern: str, path: str) -> None:
    assert PathPattern(pattern).match(path) is None


def test_the_part_covered_ends_where_the_pattern_ends() -> None:
    match = PathPattern("{configuration}/seed_{seed}").match("a/seed_1/events/x")

    assert match is not None
    assert match.covered == "a/seed_1"


def test_what_keeps_a_path_from_fitting_is_the_seed() -> None:
    assert PathPattern("{seed}/{configuration}").text_at_seed(["ppo/0"]) == "ppo"


@pytest.mark.parametrize(
    ("pattern", "words"), [("{}/x", r"\{\} is not a name"), ("{a b}", "is not a name"), ("{a}}", "brace")]
)
def test_a_pattern_that_cannot_be_read_is_refused(pattern: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        PathPattern(pattern)


@pytest.mark.parametrize(
    ("path", "guess"),
    [
        ("ppo/seed_0/progress.csv", "{configuration}/seed_{seed}/*.csv"),
        ("exp/ppo/3/x.jsonl", "exp/{configuration}/{seed}/*.jsonl"),
        ("lr_1/s1/events.out.tfevents.17.host", "{configuration}/s{seed}/*"),
        ("a.csv", None),
    ],
)
def test_the_look_of_a_path_suggests_a_pattern(path: str, guess: str | None) -> None:
    assert guess_pattern([path]) == guess
    assert guess is None or PathPattern(guess).match(path) is not None


@pytest.mark.parametrize(
    ("levels", "guess"),
    [
        ((["lr_0.1", "lr_0.01"], ["wd_1e-3", "wd_1e-4"]), "lr_{lr}/wd_{wd}/seed_{seed}/*.csv"),
        ((["lr_0", "lr_1"], ["adam", "sgd"]), "lr_{lr}/{configuration}/seed_{seed}/*.csv"),
        ((["ant", "hopper"], ["adam", "sgd"]), "{a}/{b}/seed_{seed}/*.csv"),
        (
            (["weight-decay=0.1", "weight-decay=1"], ["seed=a", "seed=b"]),
            "weight-decay={weight_decay}/seed={b}/seed_{seed}/*.csv",
        ),
        ((["x_1", "x_2"], ["x-1", "x-2"]), "x_{x}/x-{b}/seed_{seed}/*.csv"),
        ((["ppo", "sac"], ["logs"]), "{configuration}/logs/seed_{seed}/*.csv"),
        ((["logs"], ["ppo", "sac"]), "logs/{configuration}/seed_{seed}/*.csv"),
        ((["logs"], ["ppo"]), "logs/{configuration}/seed_{seed}/*.csv"),
    ],
)
def test_the_suggested_pattern_fits_all_paths(levels: tuple[list[str], ...], guess: str) -> None:
    paths = ["/".join([*names, f"seed_{seed}", "log.csv"]) for names in product(*levels) for seed in range(3)]

    found = guess_pattern(["notes.csv", *paths])

    assert found == guess
    assert all(PathPattern(found).match(path) for path in paths)


def test_folders_below_the_seed_may_differ() -> None:
    paths = [f"{name}/seed_0/{run}/x.csv" for name in ("a", "b") for run in ("monday", "sunday")]

    assert guess_pattern(paths) == "{configuration}/seed_{seed}/*/*.csv"

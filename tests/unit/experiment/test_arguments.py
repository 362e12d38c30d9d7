from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mle_toolbox.errors import UsageError
from mle_toolbox.experiment.arguments import parse_arguments, parse_seed, parse_value


@pytest.mark.parametrize("name", ["-config", "--config", "--config_fname"])
@pytest.mark.parametrize(
    "value", ["-odd.json", "a b.json", 'it\'s "q".json', "größe.json", "-5.json", "a=b.json", "--"]
)
def test_value_of_config_is_data_whatever_it_looks_like(name: str, value: str) -> None:
    apart, together = parse_arguments([name, value]), parse_arguments([f"{name}={value}"])

    assert apart.config_fname == together.config_fname == value
    assert apart.extra == together.extra == {}


@given(value=st.text(min_size=1).filter(lambda text: not text.startswith("-")))
def test_every_text_can_be_a_results_folder(value: str) -> None:
    assert parse_arguments(["-exp_dir", value, "-seed", "3"]).experiment_dir == value


def test_the_three_arguments_are_read() -> None:
    arguments = parse_arguments(["--seed_id", "7", "-config", "c.json", "--experiment_dir=out"])

    assert (arguments.config_fname, arguments.seed_id, arguments.experiment_dir) == ("c.json", 7, "out")
    assert arguments.extra == {}


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        ("-foo 3", {"foo": 3}),
        ("--foo -3", {"foo": -3}),
        ("-foo -1e-3", {"foo": -1e-3}),
        ("-foo 1e3", {"foo": 1000.0}),
        ("-foo TRUE -bar false", {"foo": True, "bar": False}),
        ("-foo", {"foo": True}),
        ("-foo -bar", {"foo": True, "bar": True}),
        ("-foo=-bar", {"foo": "-bar"}),
        ("-foo= -bar 1", {"foo": "", "bar": 1}),
        ("--batch-size 64", {"batch-size": 64}),
        ("-layers 64 32 -act relu", {"layers": [64, 32], "act": "relu"}),
        ("-foo 1 -foo 2", {"foo": 2}),
        ("input.csv -foo 1", {"foo": 1}),
        ("-foo 1_000", {"foo": "1_000"}),
        ("-foo inf", {"foo": float("inf")}),
        ("-foo -inf", {"foo": float("-inf")}),
        ("-foo 1 -inf", {"foo": [1, float("-inf")]}),
        ("-inf 3", {"inf": 3}),
        ("-config c.json -NaN 3 -foo=1 -infinity 2", {"NaN": 3, "foo": 1, "infinity": 2}),
        ("-1e5 3", {}),
        ("-foo 1 -config c.json 2", {"foo": 1}),
        ("-foo 1 -- -bar 2", {"foo": 1}),
    ],
)
def test_other_arguments_are_collected(words: str, extra: dict[str, Any]) -> None:
    assert parse_arguments(words.split(" ")).extra == extra


@given(value=st.integers() | st.floats(allow_nan=False) | st.booleans())
def test_numbers_survive_the_command_line(value: object) -> None:
    assert parse_value(str(value)) == value


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-config"], "-config needs a value, found nothing. Write -config VALUE."),
        (["-config="], "-config needs a value, found nothing. Write -config VALUE."),
        (["-config", "-seed", "3"], "-config needs a value, found the option '-seed'. Write -config VALUE."),
        (["-seed", "three"], "-seed: a seed must be a whole number from 0 to 4294967295, found 'three'."),
        (["-seed", "-1"], "-seed: a seed must be a whole number from 0 to 4294967295, found -1."),
        (["-seed", "4294967296"], "-seed: a seed must be a whole number from 0 to 4294967295, found 4294967296."),
    ],
)
def test_wrong_value_is_refused(words: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        parse_arguments(words)


@pytest.mark.parametrize("value", [1.0, True, None, "1.5", [1]])
def test_seed_must_be_a_whole_number(value: object) -> None:
    with pytest.raises(UsageError, match=r"^here: a seed must be a whole number"):
        parse_seed(value, "here")

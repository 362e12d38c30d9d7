"""In which form a script gets `extra_cmd_line_input`, by the options that it declares."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mle_toolbox.experiment_file.argument_words import values_of, words_of
from mle_toolbox.experiment_file.script_options import ScriptOptions, read_options

START = "import argparse\nfrom mle_toolbox import MLExperiment\nparser = argparse.ArgumentParser()\n"


def options_of(folder: Path, source: str) -> ScriptOptions:
    (folder / "train.py").write_text(source)
    return read_options(folder / "train.py")


@pytest.mark.parametrize(
    ("declared", "extra", "words"),
    [
        ('"--num_workers", type=int', {"num_workers": 0}, ["--num_workers", "0"]),
        ('"--num-workers", type=int', {"num_workers": 0}, ["--num-workers", "0"]),
        ('"-w", "--num_workers", type=int', {"num_workers": 0}, ["--num_workers", "0"]),
        ('"-num_workers", type=int', {"num_workers": 0}, ["-num_workers", "0"]),
        ('"--fast", action="store_true"', {"fast": True}, ["--fast"]),
        ('"--fast", action="store_true"', {"fast": False}, []),
        ('"--fast", action=argparse.BooleanOptionalAction', {"fast": False}, ["--no-fast"]),
        ('"--version"', {"version": "1.10"}, ["--version=1.10"]),
        ('"--shift", type=float', {"shift": -0.5}, ["--shift", "-0.5"]),
        ('"--other"', {"lrate": 0.1}, ["-lrate", "0.1"]),
    ],
)
def test_an_argument_has_the_form_that_the_script_declares(
    declared: str, extra: dict[str, Any], words: list[str], tmp_path: Path
) -> None:
    options = options_of(tmp_path, f"{START}parser.add_argument({declared})\n")

    assert options.words(extra) == words


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('import click\n@click.option("--shout/--no-shout")\ndef main(shout): pass\n', ["--no-shout"]),
        ('import click\n@click.option("--shout", is_flag=True)\ndef main(shout): pass\n', []),
        ('from absl import flags\nflags.DEFINE_bool("shout", True, "")\n', ["--noshout"]),
        ('from absl import flags\nflags.DEFINE_string("shout", "", "")\n', ["--shout", "false"]),
    ],
)
def test_options_of_click_and_absl_are_read_too(source: str, words: list[str], tmp_path: Path) -> None:
    assert options_of(tmp_path, source).words({"shout": False}) == words


def test_options_of_a_module_beside_the_script_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "options.py").write_text(f'{START}parser.add_argument("--depth")\n')

    assert options_of(tmp_path, "from options import parser\n").words({"depth": 3}) == ["--depth", "3"]


def test_what_argparse_gets_is_what_the_file_says(tmp_path: Path) -> None:
    source = f'{START}parser.add_argument("--depth", type=int)\nparser.add_argument("--fast", action="store_true")\n'
    parser = argparse.ArgumentParser()
    parser.add_argument("--depth", type=int)
    parser.add_argument("--fast", action="store_true")

    words = options_of(tmp_path, source).words({"depth": 3, "fast": True, "lrate": 0.1})

    assert vars(parser.parse_known_args(words)[0]) == {"depth": 3, "fast": True}
    assert values_of(words) == {"depth": 3, "fast": True, "lrate": 0.1}


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True), st.booleans() | st.integers() | st.text("ab1.-")
    )
)
def test_a_script_without_options_gets_what_the_original_gives(extra: dict[str, Any]) -> None:
    assert ScriptOptions().words(extra) == list(words_of(extra))


def test_an_argument_that_nobody_reads_is_noticed_with_the_nearest_option(tmp_path: Path) -> None:
    options = options_of(tmp_path, f'{START}parser.add_argument("--num_workers")\n')

    assert list(options.notices({"num_worker": 0}, "train.py")) == [
        "extra_cmd_line_input: train.py declares no option 'num_worker' and does not read mle.extra_config, so it "
        "makes no difference. Did you mean 'num_workers'?"
    ]
    assert list(options.notices({"num_workers": 0}, "train.py")) == [
        "extra_cmd_line_input is passed in the form that train.py declares: --num_workers 0"
    ]


@pytest.mark.parametrize(
    "source",
    [
        "from mle_toolbox import MLExperiment\n",
        f'{START}parser.add_argument("--other")\nmle.extra_config["lrate"]\n',
        f'{START}parser.add_argument("--other")\nimport sys\nprint(sys.argv)\n',
        f'{START}parser.add_argument("--other")\nimport fire\n',
        "a syntax error",
    ],
)
def test_nothing_is_said_where_the_script_may_read_it(source: str, tmp_path: Path) -> None:
    assert list(options_of(tmp_path, source).notices({"lrate": 0.1}, "train.py")) == []

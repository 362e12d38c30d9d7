"""Experiment files as yaml: the line of every entry, and no surprises of yaml 1.1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mle_toolbox.errors import ExperimentFileError
from mle_toolbox.experiment_file.yaml_file import read_yaml

scalars = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | st.text()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to write into."""
    return tmp_path_factory.mktemp("yaml") / "exp.yaml"


@given(content=values, flow=st.booleans())
@settings(max_examples=150, deadline=None)
def test_what_yaml_writes_is_read_back(content: Any, flow: bool, path: Path) -> None:
    path.write_text(yaml.safe_dump(content, default_flow_style=flow), encoding="utf-8")

    assert read_yaml(path).data == content


def test_every_entry_has_its_line(path: Path) -> None:
    path.write_text("# comment\nfirst:\n  second:\n    - a\n    -\n      third: 1\n", encoding="utf-8")

    document = read_yaml(path)

    assert document.line(("first",)) == 2
    assert document.line(("first", "second")) == 3
    assert document.line(("first", "second", 0)) == 4
    assert document.line(("first", "second", 1, "third")) == 6
    assert document.line(("first", "second", 7, "x")) == 3
    assert document.line(("nowhere",)) == 0


def test_keys_are_the_text_as_written(path: Path) -> None:
    path.write_text("on: 1\nnull: 2\n1: 3\n2024-01-01: 4\n", encoding="utf-8")

    assert read_yaml(path).data == {"on": 1, "null": 2, "1": 3, "2024-01-01": 4}


def test_a_date_is_the_text_as_written(path: Path) -> None:
    path.write_text("name: 2024-01-01\n", encoding="utf-8")

    assert read_yaml(path).data == {"name": "2024-01-01"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1:30", 'exp.yaml:1: 1:30 without quotes is the number 90 in YAML. Write it in quotes: "1:30".'),
        ("a: 1\nb: 2\na: 3\n", "exp.yaml:3: the key 'a' is already defined on line 1."),
        (
            "a: !!python/object:os.system x",
            "exp.yaml:1: 'x' has the tag 'tag:yaml.org,2002:python/object:os.system', which is not supported.",
        ),
        ("a: &x 1\nb: {<<: *x}", "exp.yaml:2: merge keys ('<<') are not supported. Write the entries out."),
        ("? [a]\n: 1", "exp.yaml:1: a key must be plain text."),
        ("a: &x [*x]", "exp.yaml:1: entries are nested too deeply or repeated too often."),
        ("a: " + "[" * 5000, "exp.yaml: brackets are nested too deeply."),
        (
            'a: "\\ud800"',
            "exp.yaml:1: this text contains an unpaired surrogate (\\ud800 … \\udfff), which is only half a character.",
        ),
        ("a:\n\tb: 1", "exp.yaml:2: this line is indented with a tab. YAML allows only spaces there."),
        ("a: [1, 2\nb: 3", "exp.yaml:1: the bracket opened here is not closed, or a comma is missing."),
        ("a: 'x\nb: 3", "exp.yaml:1: the quote opened here is never closed."),
        (
            "a: b: c",
            "exp.yaml:1: this line does not fit the lines above it: a ':' is missing after a key above, "
            "the line is indented too far, or text that contains ': ' needs quotes.",
        ),
        (
            'a: "\\d"',
            "exp.yaml:1: a backslash in double quotes starts an escape. Write it twice, or use single quotes.",
        ),
        ('a: !!int ""', "exp.yaml:1: '' has the tag 'tag:yaml.org,2002:int', which is not supported."),
        ('a: !!int "-"', "exp.yaml:1: '-' has the tag 'tag:yaml.org,2002:int', which is not supported."),
        ("a: 0b" + "1" * 20_000, f"exp.yaml:1: the number 0b{'1' * 35}… is too large."),
        ("a: - b", "exp.yaml:1: an entry of a list ('- …') must start on a line of its own."),
    ],
)
def test_what_is_no_plain_yaml_is_told_in_plain_words(text: str, message: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ExperimentFileError, match=r".") as caught:
        read_yaml(path, "exp.yaml")

    assert str(caught.value) == message


@pytest.mark.slow
def test_aliases_that_multiply_are_refused_in_time(path: Path) -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    path.write_text("\n".join(levels), encoding="utf-8")

    with pytest.raises(ExperimentFileError, match="repeated too often"):
        read_yaml(path)

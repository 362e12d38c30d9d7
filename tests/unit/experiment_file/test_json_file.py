"""Configurations: json with comments, exact positions, strict otherwise."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mle_toolbox.errors import ExperimentFileError
from mle_toolbox.experiment_file.json_file import (
    blank_comments,
    content_digest,
    line_of,
    parse_json,
    read_json,
)
from mle_toolbox.experiment_file.json_locate import locate

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(st.text(), values, max_size=5)
blanks = st.text(alphabet=" \t\n\r", max_size=3)
comments = st.builds("{}{}\n".format, st.sampled_from(["#", "//", "# // ", "//#"]), st.text(alphabet='ab"{}[],:#/\\ ü'))


def test_the_reference_configuration_is_read(repository: Path) -> None:
    content = read_json(repository / "ode" / "ode_int_config_1.json")

    assert content["train_config"] == {"learning_rate": 3e-4, "num_steps": 1000, "log_every_steps": 10}


@given(content=values, comment=comments, data=st.data())
@settings(max_examples=200, deadline=None)
def test_comments_between_tokens_change_nothing(content: Any, comment: str, data: st.DataObject) -> None:
    tokens = json.dumps(content, indent=0, ensure_ascii=False).split("\n")
    places = data.draw(st.sets(st.integers(0, len(tokens))))
    commented = "".join((comment if i in places else "") + token + "\n" for i, token in enumerate([*tokens, ""]))

    assert parse_json(commented, "c.json") == content


@given(text=st.text(alphabet='ab"\\#/ \n\r{}:,ü😀', max_size=40))
@settings(max_examples=300, deadline=None)
def test_blanking_comments_keeps_every_position(text: str) -> None:
    blanked = blank_comments(text)

    assert len(blanked) == len(text)
    assert all(new in (old, " ") for old, new in zip(text, blanked, strict=True))
    assert [i for i, sign in enumerate(blanked) if sign in "\n\r"] == [
        i for i, sign in enumerate(text) if sign in "\n\r"
    ]


@given(text=st.text())
@settings(max_examples=200, deadline=None)
def test_a_text_is_never_taken_for_a_comment(text: str) -> None:
    written = json.dumps({"key # //": [text, "#" + text, "//" + text]}, ensure_ascii=False)

    assert blank_comments(written) == written


@given(content=values)
@settings(max_examples=200, deadline=None)
def test_the_exact_reader_agrees_with_json_on_what_is_right(content: Any) -> None:
    text = json.dumps(content, indent=1)

    offsets, mistakes = locate(text)

    assert mistakes == []
    assert set(offsets) == set(paths(content))


@given(text=st.text(alphabet='{}[]",:0123456789.eE+-truefalsn \n\\#/NaI', max_size=30))
@settings(max_examples=500, deadline=None)
def test_the_exact_reader_finds_a_mistake_exactly_where_json_does_too(text: str) -> None:
    bare = blank_comments(text)
    try:
        json.loads(bare, parse_constant=refuse, object_pairs_hook=without_duplicates)
        is_json = True
    except ValueError:
        is_json = False

    _, mistakes = locate(bare)

    assert is_json == (not mistakes)


@given(content=objects)
@settings(max_examples=100, deadline=None)
def test_every_entry_is_found_in_its_line(content: dict[str, Any]) -> None:
    text = "{\n" + ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in content.items()) + "\n}"

    lines = {key: line_of(text, (key,)) for key in content}

    assert lines == {key: number for number, key in enumerate(content, start=2)}


def test_the_line_of_a_missing_entry_is_that_of_the_section_around_it() -> None:
    text = '# a comment\n{"log_config":\n  {"what_to_track": []}}'

    assert line_of(text, ("log_config", "what_to_track", 3)) == 3
    assert line_of(text, ("log_config", "x")) == 2
    assert line_of(text, ("x",)) == 2


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_count(ends: str, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(ends.join(["# first", "{", '"a": 1, // second', '"a": 2', "}"]).encode())

    with pytest.raises(ExperimentFileError, match=r"^c.json:4: the key 'a' is already defined on line 3\.$"):
        read_json(path, "c.json")


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text('{"a": 1}', encoding="utf-8-sig")

    assert read_json(path) == {"a": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 200 + "]" * 200, "c.json:1: brackets are nested more than 100 levels deep."),
        ("[" * 100_000, "c.json:1: brackets are nested more than 100 levels deep."),
        ('{"a": 1e999}', "c.json:1: the number 1e999 is too large."),
        (
            '{"a": "\\ud83d"}',
            "c.json:1: this text contains an unpaired surrogate (\\ud800 … \\udfff), which is only half a character.",
        ),
        ('{"a": "C:\\data"}', r"c.json:1: '\\d' is not a valid escape in JSON. Write a backslash as '\\'."),
        ('{"a": "tab\there"}', r"""c.json:1: text must not contain the control character '\t'. Write it as "\t"."""),
        ('{"a": "line\n"}', "c.json:1: the text that starts here has no closing quote on this line."),
        ('{"a": 1}\n}', "c.json:2: unexpected text after the end: '}'. Remove it."),
        ('{"a": [1, 2}', "c.json:1: the '[' on line 1 is closed by '}'. Expected ']'."),
        ('{"a": 1,\n,"b": 2}', "c.json:2: two commas in a row. Remove one."),
        ('{"a"\n1}', "c.json:1: expected ':' after the key 'a', found '1'."),
        ('{"a": }', "c.json:1: expected a value, found '}'."),
        ('{"a": 0x10}', "c.json:1: 0x10 is not a number in JSON. Write 16."),
        ('{"a": adam}', 'c.json:1: text must be in double quotes: "adam".'),
    ],
)
def test_what_is_no_json_is_told_in_plain_words(text: str, message: str) -> None:
    with pytest.raises(ExperimentFileError, match=r".") as caught:
        parse_json(text, "c.json")

    assert str(caught.value) == message


def test_a_number_of_thousands_of_digits_is_refused_not_crashed_on() -> None:
    with pytest.raises(ExperimentFileError, match="is too large"):
        parse_json("1" * 5000, "c.json")


def test_a_pair_of_surrogates_is_a_character() -> None:
    assert parse_json('"\\ud83d\\ude00"', "c.json") == "😀"


@given(content=objects, blank=blanks)
@settings(max_examples=100, deadline=None)
def test_the_digest_ignores_comments_white_space_and_the_order_of_keys(content: dict[str, Any], blank: str) -> None:
    backwards = dict(reversed(content.items()))
    text = f"# comment\n{blank}{json.dumps(backwards, indent=3)}{blank}// comment"

    assert content_digest(parse_json(text, "c.json")) == content_digest(content)


@pytest.mark.parametrize("other", [{"a": 1.0}, {"a": "1"}, {"b": 1}, {"a": [1]}, {"a": 1, "b": None}])
def test_the_digest_sees_every_value(other: dict[str, Any]) -> None:
    assert content_digest(other) != content_digest({"a": 1})


def test_the_digest_stays_the_same_from_version_to_version() -> None:
    # Snakemake compares it with that of the last run: a change of the canonical form would run everything again.
    digest = content_digest({"b": [1, 2.5, None, True], "a": "ü"})

    assert digest == "016a42b8cab958d1ab0e8d320efe7edf0046f9615095ae25f338ee8b24ef2296"


def test_reading_a_configuration_loads_only_the_standard_library() -> None:
    code = (
        "import sys; from mle_toolbox.experiment_file.json_file import read_json; "
        "print([n for n in ('yaml', 'jsonschema', 'pyflakes', 'numpy', 'h5py') if n in sys.modules])"
    )

    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert finished.stdout.strip() == "[]"


def paths(content: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [at]
    if isinstance(content, dict):
        found += [path for key, value in content.items() for path in paths(value, (*at, key))]
    if isinstance(content, list):
        found += [path for index, value in enumerate(content) for path in paths(value, (*at, index))]
    return found


def refuse(constant: str) -> float:
    raise ValueError(constant)


def without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("duplicate")
    return dict(pairs)

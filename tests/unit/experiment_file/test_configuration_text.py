"""A configuration as .json and as .yaml: the same content, whichever reader or writer is installed."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mle_toolbox.experiment_file import yaml_configuration, yaml_file
from mle_toolbox.experiment_file.configuration_identity import identity_of
from mle_toolbox.experiment_file.configuration_text import parse_configuration, text_of_configuration
from mle_toolbox.experiment_file.json_file import content_digest
from mle_toolbox.experiment_file.plan import read_only

# Text that one reader of YAML or another takes for something else, or that has to be escaped.
odd_texts = st.sampled_from(
    [
        *[
            "5e-04",
            "1e-5",
            "1E5",
            "-3e8",
            "yes",
            "y",
            "n",
            "No",
            "off",
            "0o17",
            "012",
            "08",
            "~",
            "null",
            ".inf",
            "nan",
            "2024-01-01",
            "1:30",
            "1_000",
            "0x1F",
            "None",
        ],
        *[
            "<<",
            "=",
            "|",
            ">",
            "-",
            "?",
            ":",
            "#",
            "%",
            "@",
            "`",
            "*",
            "&",
            "!",
            "{a}",
            "[b]",
            "'",
            '"',
            "\\",
            "é",
            "😀",
            "\ufeff",
            "\x85",
            "\u2028",
            "\x00",
            "\x1b",
            "\x7f",
            "\ufffe",
        ],
        *("", " x", "x ", "x\n", "\n", "\tx", "a\n b", "5 e-4", "a: b", "a #b", "a:", "---", "x" * 300),
    ]
)
texts = odd_texts | st.text(max_size=8)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=14
)
contents = st.dictionaries(texts, values, max_size=4)


@pytest.fixture(params=["libyaml", "without libyaml"], scope="module")
def _libyaml(request: pytest.FixtureRequest) -> Any:
    """Read and write with and without libyaml, which is not everywhere."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "without libyaml":
            patch.setattr(yaml_file, "QUICK_LOADER", None)
            patch.delattr(yaml, "CSafeDumper", raising=False)
        yaml_configuration._dumper.cache_clear()
        yield
    yaml_configuration._dumper.cache_clear()


@pytest.mark.usefixtures("_libyaml")
@given(content=contents)
@settings(max_examples=120, deadline=None)
def test_a_content_written_as_json_and_as_yaml_is_the_same_content(content: dict[str, Any]) -> None:
    as_json = parse_configuration(text_of_configuration(content, ".json"), "c.json").content
    as_yaml = parse_configuration(text_of_configuration(content, ".yaml"), "c.yaml").content

    # The repr tells 1 from 1.0 and True, and -0.0 from 0.0.
    assert repr(as_yaml) == repr(as_json) == repr(content)
    assert content_digest(as_yaml) == content_digest(as_json)
    assert identity_of(as_yaml, ["-lr", "1e-5"]) == identity_of(as_json, ["-lr", "1e-5"])


@pytest.mark.usefixtures("_libyaml")
@given(content=contents)
@settings(max_examples=60, deadline=None)
def test_other_readers_find_the_same_content_in_the_yaml(content: dict[str, Any]) -> None:
    assert repr(yaml.safe_load(text_of_configuration(content, ".yml"))) == repr(content)


@pytest.mark.usefixtures("_libyaml")
@given(content=contents)
@settings(max_examples=60, deadline=None)
def test_what_a_person_writes_with_pyyaml_is_the_same_content(content: dict[str, Any]) -> None:
    text = yaml.safe_dump(content, width=1000)

    # PyYAML leaves text such as 1e-5 or 0o17 without quotes, which it alone reads as text.
    if all(value_as_pyyaml_reads(word) for word in texts_in(content)):
        assert parse_configuration(text, "c.yaml").content == content


@given(content=contents)
@settings(max_examples=60, deadline=None)
def test_a_json_file_renamed_to_yaml_has_the_same_content(content: dict[str, Any]) -> None:
    assert repr(parse_configuration(json.dumps(content), "c.yaml").content) == repr(content)
    assert repr(parse_configuration(json.dumps(content, indent=2), "c.yml").content) == repr(content)


def test_a_written_yaml_looks_as_people_write_it() -> None:
    content = {
        "train_config": {"lrate": 1e-05, "layers": [64, 64], "name": "ädam", "note": "1e-5", "env": {"id": "x/y"}},
        "log_config": {"time_to_track": ["t"], "what_to_track": ["loss"], "tboard_fname": None},
    }

    text = text_of_configuration(read_only(content), ".yaml")

    assert text == (
        "train_config:\n"
        "  lrate: 1.0e-05\n"
        "  layers: [64, 64]\n"
        "  name: ädam\n"
        '  note: "1e-5"\n'
        "  env:\n"
        "    id: x/y\n"
        "log_config:\n"
        "  time_to_track: [t]\n"
        "  what_to_track: [loss]\n"
        "  tboard_fname: null\n"
    )


@pytest.mark.parametrize("suffix", [".json", ".yaml"])
def test_a_number_that_is_not_finite_is_not_written(suffix: str) -> None:
    with pytest.raises(ValueError, match="inf is not a finite number"):
        text_of_configuration({"a": [float("inf")]}, suffix)


def texts_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for key, member in value.items() for text in [key, *texts_in(member)]]
    if isinstance(value, list):
        return [text for member in value for text in texts_in(member)]
    return [value] if isinstance(value, str) else []


def value_as_pyyaml_reads(text: str) -> bool:
    """Return whether every reader takes the text for text, or PyYAML puts it into quotes."""
    from mle_toolbox.experiment_file.yaml_scalars import is_plain_text

    return is_plain_text(text) or not yaml.safe_dump(text, width=1000).startswith(text)

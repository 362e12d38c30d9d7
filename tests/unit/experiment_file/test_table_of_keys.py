"""The table of keys in docs/from-the-original.md says of every key what the schemas say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mle_toolbox.experiment_file.schema import load_schema
from mle_toolbox.search.search_keys import BLOCKS, FLAT

PAGE = Path(__file__).resolve().parents[3] / "docs" / "from-the-original.md"
PROCESSING = ("pre_processing_args", "post_processing_args", "post_process_args")
SECTIONS = ("meta_job_args", "multi_experiment_args", "single_job_args", *PROCESSING, "Other sections", "log_config")


def table_of(heading: str) -> dict[str, str]:
    """Return each key of the table under a heading, with what the table says about it."""
    part = PAGE.read_text(encoding="utf-8").partition(f"### {heading}\n")[2]
    rows = re.findall(r"^\| (`.*?) \| (.*) \|$", re.split(r"^##", part, maxsplit=1, flags=re.M)[0], flags=re.M)
    return {key: said for keys, said in rows for key in re.findall(r"`(\w+)`", keys)}


def rules_of(section: str) -> Mapping[str, Any]:
    """Return the part of a schema that describes a section."""
    schema = load_schema("configuration" if section == "log_config" else "experiment")
    if section == "Other sections":
        # Sections that are accepted have a table of their own.
        return {**schema, "properties": {}}
    rules = schema["properties"][section]
    return {**schema["$defs"][rules["$ref"].removeprefix("#/$defs/")], **rules} if "$ref" in rules else rules


def kinds_of(section: str) -> Iterator[tuple[str, str]]:
    for kind, keys in (("", "properties"), ("Refused: ", "x-refused"), ("No effect: ", "x-without-effect")):
        yield from ((key, kind) for key in rules_of(section).get(keys, {}))


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_of_a_section_is_in_the_table_as_what_it_is(section: str) -> None:
    table = table_of(section)
    said = {key: (re.match(r"(?:Refused|No effect): ", text) or [""])[0] for key, text in table.items()}

    assert said == dict(kinds_of(section))


def test_every_key_of_a_search_is_in_the_table() -> None:
    of_blocks = {key for keys in BLOCKS.values() for key in keys}

    assert set(table_of("param_search_args")) == of_blocks | FLAT.keys()


def test_every_section_of_a_configuration_is_in_the_table() -> None:
    assert set(table_of("Sections of a configuration")) == set(load_schema("configuration")["properties"])


def test_a_section_that_is_accepted_has_a_table() -> None:
    # The original has neither `metrics` nor `display_names`.
    accepted = set(load_schema("experiment")["properties"]) - {"multi_config_args", "metrics", "display_names"}

    assert all(table_of(section) for section in accepted)

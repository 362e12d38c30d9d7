"""The tables of keys in the documentation, and what they are made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from mle_toolbox.experiment_file.key_reference import FILES, keys_in_markdown, sections, with_keys
from mle_toolbox.experiment_file.schema import load_schema

PAGE = Path(__file__).parents[3] / "docs" / "experiment-file.md"


def test_the_page_has_the_keys_of_the_schemas() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert page.count("<!-- keys of ") == len(FILES)
    # If not: python -m mle_toolbox.experiment_file.key_reference docs/experiment-file.md
    assert page == with_keys(page)


@pytest.mark.parametrize("file", FILES)
def test_every_section_has_a_heading_and_every_key_a_row(file: str) -> None:
    text = keys_in_markdown(file)

    for section, rules in load_schema(file)["properties"].items():
        assert f"### {section}\n" in text
        other_name = " name of " in rules.get("description", "")
        assert other_name or all(f"| `{key}` |" in text for key in rules.get("properties", ()))
    assert keys_in_markdown(file, sections(file)[0]) in text


def test_a_key_that_takes_one_or_several_says_both() -> None:
    assert "| `queue` | text or list (text) |" in keys_in_markdown("experiment", "single_job_args")

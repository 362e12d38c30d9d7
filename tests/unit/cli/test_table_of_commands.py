"""docs/commands.md against the command line itself: its commands, and the options of `mle run`."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from mle_toolbox.cli import _COMMANDS, _prepare


@pytest.fixture
def page(repository: Path) -> str:
    return (repository / "docs/commands.md").read_text(encoding="utf-8")


def as_words(option: str) -> str:
    """Return an option without the difference between ``--dry-run`` and ``--dry_run``."""
    return option.replace("_", "-")


def test_every_command_is_in_the_table_and_no_other(page: str) -> None:
    table = page.partition("| Command |")[2].partition("\n\n")[0]

    named = set(re.findall(r"`mle ([a-z]+)", table))

    assert named == set(_COMMANDS)


def test_every_option_of_a_run_is_explained_and_no_other(page: str) -> None:
    section = page.partition("## mle run")[2].partition("\n## ")[0]
    parser = argparse.ArgumentParser()
    _prepare("run", parser)

    named = {as_words(option) for option in re.findall(r"`(--?[a-z][\w-]*)", section)}

    assert named - parser._option_string_actions.keys() == set()
    assert {option for option in parser._option_string_actions if option.startswith("--")} - named == {"--help"}

"""The commands of the README, typed one after the other in a fresh clone, all succeed."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

CONSOLE_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands_of(text: str) -> list[str]:
    """Return what follows ``$ `` in the console blocks of a Markdown text; ``> `` continues a command."""
    commands: list[str] = []
    for line in "".join(CONSOLE_BLOCK.findall(text)).splitlines():
        if line.startswith("$ "):
            commands.append(line[2:])
        elif line.startswith("> "):
            commands[-1] += "\n" + line[2:]
    return commands


def test_commands_are_found_with_their_continuations() -> None:
    text = "```console\n$ first\noutput\n$ second \\\n> more\n```\n\n```text\n$ not this\n```\n"

    assert commands_of(text) == ["first", "second \\\nmore"]


@pytest.mark.slow
def test_the_commands_of_the_readme_work_in_a_fresh_clone(
    clone: Path, bare_environment: Mapping[str, str], tmp_path: Path
) -> None:
    project = shutil.copytree(clone, tmp_path / "mle-toolbox", symlinks=True)
    commands = commands_of((clone / "README.md").read_text(encoding="utf-8"))
    script = "set -eux\n" + "\n".join(commands)

    finished = subprocess.run(
        ["bash", "-c", script],
        cwd=project,
        env=bare_environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )

    assert commands
    assert finished.returncode == 0, finished.stdout[-5000:] + finished.stderr[-5000:]

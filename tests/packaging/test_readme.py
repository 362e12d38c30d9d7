"""The commands of the README, typed one after the other in a fresh clone, all succeed; the last is the example."""

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
def test_the_commands_of_the_readme_work_in_a_fresh_clone_and_the_example_runs_nothing_twice(
    clone: Path, bare_environment: Mapping[str, str], tmp_path: Path
) -> None:
    project = shutil.copytree(clone, tmp_path / "mle-toolbox", symlinks=True)
    commands = commands_of((clone / "README.md").read_text(encoding="utf-8"))

    def type_all(*typed: str) -> None:
        done = subprocess.run(
            ["bash", "-c", "\n".join(["set -eux", *typed])],
            cwd=project,
            env=bare_environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]

    type_all(*commands)

    assert commands[-1] == "make example"
    reference, digits = project / "experiments", project / "examples/digits/experiments"
    assert [len(list(folder.glob("*/seed_*/log.h5"))) for folder in (reference, digits)] == [20, 15]
    assert len(list(reference.glob("*/log.h5"))) == 2
    assert all(
        (folder / name).stat().st_size for folder in (reference, digits) for name in ("results.h5", "report.html")
    )
    logs = {log: log.stat() for folder in (reference, digits) for log in folder.rglob("log.h5")}

    type_all("make example")

    assert {log: (log.stat().st_mtime_ns, log.stat().st_ino) for log in logs} == {
        log: (before.st_mtime_ns, before.st_ino) for log, before in logs.items()
    }

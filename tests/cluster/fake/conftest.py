"""A Grid Engine of fake commands, for the same projects as on the real one: no root, no daemon, no waiting."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from mle_cluster.grid_engine import commands

BIN = Path(__file__).with_name("bin")


@dataclass(frozen=True)
class FakeGridEngine:
    """The folder of a fake Grid Engine."""

    path: Path

    def set(self, **values: object) -> None:
        """Set queues (with their state), slots, max_u_jobs, max_aj_tasks, notify (seconds), or starts."""
        before = json.loads((self.path / "site.json").read_text()) if (self.path / "site.json").exists() else {}
        part = self.path / "site.part"
        part.write_text(json.dumps(before | values))
        part.rename(self.path / "site.json")

    def go_down(self) -> None:
        """Let no command answer any more."""
        (self.path / "down").touch()

    def come_back(self) -> None:
        """Let commands answer again."""
        (self.path / "down").unlink(missing_ok=True)

    def calls(self, command: str) -> list[str]:
        """Every call of a command, with its words."""
        path = self.path / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if line.split()[0] == command]

    def kill_task(self, job: int, number: int) -> None:
        """Kill a running task with everything that it has started, as nothing but a node's death would."""
        os.killpg(json.loads((self.path / f"jobs/{job}/task.{number}").read_text())["pid"], signal.SIGKILL)

    def end(self) -> None:
        """Kill whatever runs still."""
        for process in psutil.process_iter():
            try:
                if process.environ().get("MLE_FAKE_GRID_ENGINE") == str(self.path) and process.pid != os.getpid():
                    process.kill()
            except psutil.Error:
                continue


@pytest.fixture
def grid_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGridEngine]:
    """A Grid Engine for one test: all commands on PATH are fakes."""
    fake = FakeGridEngine(tmp_path / "grid_engine")
    fake.path.mkdir()
    monkeypatch.setenv("PATH", f"{BIN}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("MLE_FAKE_GRID_ENGINE", str(fake.path))
    assert shutil.which("qsub") == str(BIN / "qsub")
    yield fake
    fake.end()


@pytest.fixture
def queue() -> Callable[[], dict[tuple[int, int], str]]:
    """What is in the queue now: each fake has the tasks of one test only."""
    return commands.states

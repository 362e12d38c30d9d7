"""A small project on disk whose training script is run for real, by hand or by the launcher."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mle_toolbox.layout import ExperimentFolder, SeedFolder
from mle_toolbox.log.hdf5 import read_log
from mle_toolbox.log.log_data import LogData
from mle_toolbox.log.run_record import RunRecord, read_run_record

LAUNCHER = Path(__file__).resolve().parents[3] / "scripts" / "train.py"

ONE_TICK = """\
import os, signal, sys
from mle_toolbox import MLExperiment

mle = MLExperiment()
mle.update_log({"step": 1}, {"loss": 0.5}, save=True)
"""

# Behind ONE_TICK: says that it trains, as `Project.start` waits for, and goes on until it is ended.
GO_ON = "print('ready', flush=True)\nimport time\ntime.sleep(60)\n"

Finished = subprocess.CompletedProcess[str]


@dataclass
class Project:
    """A folder with ``train.py`` and ``config.json``."""

    path: Path

    def write_script(self, text: str, name: str = "train.py") -> Path:
        script = self.path / name
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(text, encoding="utf-8")
        return script

    def write_configuration(self, name: str = "config.json", **log_config: Any) -> Path:
        tracked = {"time_to_track": ["step"], "what_to_track": ["loss"]}
        content = {"train_config": {"lrate": 0.1}, "log_config": {**tracked, **log_config}}
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    def command(self, *arguments: str, script: str = "train.py") -> list[str]:
        return [sys.executable, script, *arguments]

    def launch_command(self, *arguments: str, seed: int = 0, extra: tuple[str, ...] = ()) -> list[str]:
        given = ("--script=train.py", "--config=config.json", f"--seed={seed}", "--experiment-dir=results", *arguments)
        return [sys.executable, "-S", str(LAUNCHER), *given, "--", *extra]

    def by_hand(
        self, *arguments: str, script: str = "train.py", variables: Mapping[str, str] | None = None
    ) -> Finished:
        return self.run(self.command(*arguments, script=script), variables)

    def launched(
        self, *arguments: str, extra: tuple[str, ...] = (), variables: Mapping[str, str] | None = None
    ) -> Finished:
        return self.run(self.launch_command(*arguments, extra=extra), variables)

    def run(self, command: list[str], variables: Mapping[str, str] | None = None, text: str | None = None) -> Finished:
        return subprocess.run(
            command,
            cwd=self.path,
            capture_output=True,
            text=True,
            input=text,
            timeout=60,
            check=False,
            env=self.environment(variables),
        )

    def start(self, command: list[str]) -> subprocess.Popen[str]:
        """Start a command in a group of its own, and return when its script has printed that it is ready."""
        run = subprocess.Popen(
            command,
            cwd=self.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment(),
            start_new_session=True,
        )
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"
        return run

    def environment(self, variables: Mapping[str, str] | None = None) -> dict[str, str]:
        # Warnings are errors in scripts too. The variables of a launched run must not come from outside.
        inherited = {name: value for name, value in os.environ.items() if name != "MLE_SEED_RUN"}
        return {**inherited, "PYTHONWARNINGS": "error", **(variables or {})}

    def seed(self, experiment_dir: str = "by_hand", configuration: str = "config", seed: int = 0) -> SeedFolder:
        return ExperimentFolder(self.path / experiment_dir).seed_run(configuration, seed)

    def log(self, experiment_dir: str = "by_hand", configuration: str = "config", seed: int = 0) -> LogData:
        return read_log(self.seed(experiment_dir, configuration, seed).log)

    def record(self, experiment_dir: str = "by_hand", configuration: str = "config", seed: int = 0) -> RunRecord:
        record = read_run_record(self.seed(experiment_dir, configuration, seed))
        assert record is not None
        return record


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a script that logs one tick; the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLE_SEED_RUN", raising=False)
    made = Project(tmp_path)
    made.write_script(ONE_TICK)
    made.write_configuration()
    return made

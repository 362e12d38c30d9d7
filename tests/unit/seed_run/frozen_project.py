"""A project whose seed runs are started by hand, as the rule `train` starts them, after its code was stored."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mle_toolbox.bundle import scripts_dir
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.layout import ExperimentFolder, SeedFolder
from mle_toolbox.log.run_record import RunRecord, read_run_record
from mle_toolbox.seed_run.code_snapshot import snapshot_variables

CONFIGURATION = {
    "train_config": {"rate": 1},
    "log_config": {"time_to_track": ["t"], "what_to_track": ["x"]},
}
BEGIN = "from mle_toolbox import MLExperiment\nmle = MLExperiment()\n"
END = '\nmle.update_log({"t": 0}, {"x": 1.0}, save=True)\n'


def complain(sentence: str) -> None:
    raise AssertionError(sentence)


@dataclass
class FrozenProject:
    """Files, and what is done with them."""

    path: Path
    script: str = "train.py"
    environment: dict[str, str] = field(default_factory=dict)

    def write(self, **files: str) -> None:
        """Write files; ``src__lib__core`` is src/lib/core.py, ``lib__init`` lib/__init__.py."""
        for name, text in files.items():
            path = self.path / f"{name.replace('__init', '/_init').replace('__', '/').replace('_init', '__init__')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def write_experiment(self, extra: str = "") -> None:
        """Write the experiment file and its configuration."""
        (self.path / "a.json").write_text(json.dumps(CONFIGURATION))
        (self.path / "exp.yaml").write_text(
            f"meta_job_args: {{project_name: p, job_type: single-experiment, base_train_fname: {self.script}, "
            f"base_train_config: a.json, experiment_dir: results}}\n{extra}"
        )

    def store(self, extra: str = "") -> Path:
        """Store the code, as a start does; return the manifest."""
        self.write_experiment(extra)
        plan = load_plan(self.path / "exp.yaml", check_sources=False)
        variables = snapshot_variables(plan, complain)
        self.environment.update(variables)
        return Path(*variables.values())

    def run(self, python: str = sys.executable, seed: int = 0) -> subprocess.CompletedProcess[str]:
        """Do one seed run."""
        given = {"script": self.script, "config": "a.json", "seed": seed, "experiment-dir": "results", "python": python}
        launcher = [sys.executable, "-S", str(scripts_dir() / "train.py"), *(f"--{k}={v}" for k, v in given.items())]
        return subprocess.run(
            [*launcher, "--"],
            cwd=self.path,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def said(self, python: str = sys.executable) -> Any:
        """Do one seed run, which must end well, and return what it has printed as json."""
        finished = self.run(python)
        assert finished.returncode == 0, finished.stderr + finished.stdout
        return json.loads(finished.stdout.splitlines()[-1])

    def record(self, seed: int = 0) -> RunRecord:
        """Return the record of a seed run."""
        record = read_run_record(self.folder(seed))
        assert record is not None
        return record

    def folder(self, seed: int = 0) -> SeedFolder:
        return ExperimentFolder(self.path / "results").seed_run("a", seed)


def git(folder: Path, *arguments: str) -> str:
    """Call git in a folder and return what it prints."""
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()

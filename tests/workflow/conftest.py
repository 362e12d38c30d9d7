"""A small project, and the commands that a user types in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

EXPERIMENT = """\
meta_job_args:
    project_name: "quick"
    job_type: "multiple-experiments"
    base_train_fname: "train.py"
    experiment_dir: "experiments/"
multi_experiment_args:
    config_fnames: {configurations}
    num_seeds: {seeds}
single_job_args:
    job_name: "quick"
    num_logical_cores: 1
    log_file: "out.txt"
    err_file: "err.txt"
"""

SCRIPT = """\
from mle_toolbox import MLExperiment


def main(mle):
    value = 0.0
    for step in range(mle.train_config.num_steps):
        value += mle.rng.normal() * mle.train_config.learning_rate
        mle.update_log({"step": step}, {"loss": value}, save=True)
    print("seed", mle.seed, "ended at", value)


if __name__ == "__main__":
    main(MLExperiment())
"""


@dataclass(frozen=True)
class Project:
    """A project folder and what can be typed in it."""

    path: Path

    @property
    def results(self) -> Path:
        return self.path / "experiments"

    def write_experiment(self, configurations: list[str], seeds: int, name: str = "exp.yaml") -> None:
        text = EXPERIMENT.format(configurations=json.dumps(configurations), seeds=seeds)
        (self.path / name).write_text(text)

    def write_configuration(self, file: str, learning_rate: float = 0.1, overwrite: int = 1) -> None:
        content = {
            "train_config": {"learning_rate": learning_rate, "num_steps": 5},
            "net_config": {},
            "log_config": {
                "time_to_track": ["step"],
                "what_to_track": ["loss"],
                "overwrite_experiment_dir": overwrite,
            },
        }
        (self.path / file).write_text(json.dumps(content))

    def mle(self, *arguments: str, **options: str) -> subprocess.CompletedProcess[str]:
        return self._run("mle_toolbox", *arguments, **options)

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run("snakemake", "--profile", "local", "--max-jobs-per-timespan", "100000/1s", *arguments)

    def jobs_to_run(self) -> dict[str, int]:
        """Return Snakemake's own table of the jobs that it would run now."""
        return job_table(self.snakemake("--dry-run").stdout)

    def jobs_of_last_run(self) -> dict[str, int]:
        """Return the table of the jobs that the last `mle run` has run."""
        return job_table((self.results / ".driver" / "snakemake.log").read_text())

    def logs(self) -> dict[tuple[str, str], bytes]:
        """Return the log of every seed run that is in place."""
        found = self.results.glob("*/seed_*/log.h5")
        return {(path.parent.parent.name, path.parent.name): path.read_bytes() for path in found}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "mle_toolbox", *arguments],
            cwd=self.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _run(self, module: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=self.path,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env={**os.environ, **variables},
        )


def wait_for(condition: Callable[[], bool], seconds: float = 300.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def job_table(output: str) -> dict[str, int]:
    """Read the table of jobs that Snakemake prints; without one there is nothing to do."""
    table = re.search(r"^job +count\n-+ +-+\n((?:\S+ +\d+\n)+)", output, re.MULTILINE)
    if table is None:
        assert "Nothing to be done" in output, output
        return {}
    counts = {name: int(count) for name, count in (line.split() for line in table.group(1).splitlines())}
    return {name: count for name, count in counts.items() if name not in ("all", "total")}


def make_project(path: Path) -> Project:
    """Write a project of two configurations and three seeds in which nothing has run yet."""
    project = Project(path)
    project.path.mkdir()
    project.write_experiment(["a.json", "b.json"], seeds=3)
    project.write_configuration("a.json")
    project.write_configuration("b.json", learning_rate=0.2)
    (project.path / "train.py").write_text(SCRIPT)
    return project


@pytest.fixture
def new_project(tmp_path: Path) -> Callable[[str], Project]:
    """Return a function that makes a project of two configurations and three seeds in a folder of a given name."""
    return lambda name: make_project(tmp_path / name)


@pytest.fixture
def project(new_project: Callable[[str], Project]) -> Project:
    """A project of two configurations and three seeds in which nothing has run yet."""
    return new_project("project")


@pytest.fixture(scope="session")
def finished_once(made_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """The folder of a project in which everything has run; only to be copied."""
    return made_once("finished", _run_all)


def _run_all(folder: Path) -> None:
    outcome = make_project(folder).mle("run", "exp.yaml")
    assert outcome.returncode == 0, outcome.stderr


@pytest.fixture
def finished(finished_once: Path, tmp_path: Path) -> Project:
    """A project in which everything has run. A copy, for time only: that projects can be moved is tested as well."""
    return Project(Path(shutil.copytree(finished_once, tmp_path / "finished", symlinks=True)))

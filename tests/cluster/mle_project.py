"""A project for `mle` on a cluster: seed runs that end when a file `go` appears, and leave a line when they start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import h5py
from cluster_project import wait_until

from tests.workflow.conftest import SCRIPT
from tests.workflow.conftest import Project as LocalProject

NO_OPTIONS = "-R n"
"""What every qsub does anyway: an empty text in a profile means the folder of the profile to Snakemake."""

WAITING = SCRIPT.replace(
    "    value = 0.0\n",
    "    import os, pathlib, time\n"
    "    with open('started.txt', 'a') as file:\n"
    "        file.write(f'{mle.config_name} {mle.seed}\\n')\n"
    "    mle.update_log({'step': -1}, {'loss': 0.0}, save=True)\n"
    "    while not pathlib.Path('go').exists():\n"
    "        time.sleep(0.1)\n"
    "    value = 0.0\n",
)


@dataclass(frozen=True)
class Project(LocalProject):
    """A project folder in which `mle run` looks for a cluster."""

    begun: list[subprocess.Popen[bytes]] = field(default_factory=list)
    profile: str = "sge"

    def mle(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `mle` to its end, as somebody who has not set MLE_PROFILE."""
        return self._run("mle_toolbox", *arguments, **{"MLE_PROFILE": "", **variables})

    def begin(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a command that outlives this call; what it says goes to the file `said`."""
        with (self.path / "said").open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=self.path,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "MLE_PROFILE": ""},
            )
        self.begun.append(process)
        return process

    def said(self) -> str:
        """What the command that was begun last has said."""
        return (self.path / "said").read_text()

    def started(self) -> list[str]:
        """A line for each start of a seed run."""
        path = self.path / "started.txt"
        return sorted(path.read_text().splitlines()) if path.exists() else []

    def wait_for_starts(self, number: int) -> None:
        """Wait until so many seed runs have started."""
        wait_until(lambda: len(self.started()) >= number, 60)

    def let_go(self) -> None:
        """Let the seed runs come to their end."""
        (self.path / "go").touch()

    def kill_driver(self, *, snakemake: bool) -> None:
        """Kill `mle run`, and its Snakemake too if asked, without any chance to clean up."""
        holder = json.loads((self.results / ".driver" / "lock").read_text())
        os.kill(holder["pid"], signal.SIGKILL)
        if snakemake:
            os.kill(holder["snakemake"], signal.SIGKILL)
        self.begun[-1].wait()

    def end(self) -> None:
        """End what was begun and still runs, each with its whole group."""
        for process in self.begun:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def statuses(self) -> list[str]:
        """How the seed runs stand."""
        return [each["status"] for each in json.loads(self.mle("status", "--json").stdout)["runs"]]


def new_project(folder: Path, profile: str = "sge") -> Project:
    """Make a project of two configurations and two seeds."""
    project = Project(folder, profile=profile)
    project.path.mkdir(exist_ok=True)
    project.write_experiment(["a.json", "b.json"], seeds=2)
    project.write_configuration("a.json")
    project.write_configuration("b.json", learning_rate=0.2)
    (project.path / "train.py").write_text(WAITING)
    return project


def edit_profile(project: Project, /, **settings: str) -> None:
    """Add settings of the executor to the project's profile for its cluster."""
    generated = project.mle("generate", "exp.yaml")
    assert generated.returncode == 0, generated.stderr
    profile, name = project.path / "profiles" / project.profile / "config.yaml", project.profile
    kept = [
        line
        for line in profile.read_text().splitlines()
        if not line.startswith(tuple(f"mle-{name}-{key.replace('_', '-')}:" for key in settings))
    ]
    added = [f"mle-{name}-{key.replace('_', '-')}: {value}" for key, value in settings.items()]
    profile.write_text("\n".join([*kept, *added]) + "\n")


def ask_for(project: Project, /, **keys: str) -> None:
    """Put keys into single_job_args."""
    path = project.path / "exp.yaml"
    lines = [
        line for line in path.read_text().splitlines() if not line.strip().startswith(tuple(f"{key}:" for key in keys))
    ]
    path.write_text("\n".join([*lines, *(f"    {key}: {value}" for key, value in keys.items())]) + "\n")


def saved_and_continued(project: Project, seeds: int) -> list[str]:
    """Return what is wrong with seed runs of SAVING that were told to end once: each goes on where it has left."""
    wrong = []
    if project.started() != sorted([f"a {seed}" for seed in range(seeds)] * 2):
        wrong.append(f"started: {project.started()}")
    for seed in range(seeds):
        folder = project.results / "a" / f"seed_{seed}"
        record = json.loads((folder / "run.json").read_text())
        if (record["status"], record["attempt"]) != ("done", 2) or record["resumed_from_tick"] <= 0:
            wrong.append(f"{folder.name}: {record}")
        with h5py.File(folder / "log.h5") as log:
            if log["step"][()].tolist() != list(range(1, 601)):
                wrong.append(f"{folder.name}: {log['step'][()].tolist()}")
    return wrong


# The first attempt goes on until it is told to stop; the next one finishes.
SAVING = """\
import os, time
from mle_toolbox import MLExperiment


def main(mle):
    state = mle.resume() or {"step": 0, "attempt": 0}
    state["attempt"] += 1
    with open("started.txt", "a") as file:
        file.write(f"{mle.config_name} {mle.seed}\\n")
    while state["step"] < 600:
        state["step"] += 1
        mle.update_log({"step": state["step"]}, {"loss": mle.rng.normal()}, save=True)
        if mle.should_stop():
            mle.checkpoint(state)
            return
        if state["attempt"] == 1:
            time.sleep(0.3)


if __name__ == "__main__":
    main(MLExperiment())
"""

"""A project for `mle` on Grid Engine: seed runs that end when a file `go` appears, and leave a line when they start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from sge_project import wait_until

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
    """A project folder in which `mle run` looks for a Grid Engine."""

    begun: list[subprocess.Popen[bytes]] = field(default_factory=list)

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


def new_project(folder: Path) -> Project:
    """Make a project of two configurations and two seeds."""
    project = Project(folder)
    project.path.mkdir(exist_ok=True)
    project.write_experiment(["a.json", "b.json"], seeds=2)
    project.write_configuration("a.json")
    project.write_configuration("b.json", learning_rate=0.2)
    (project.path / "train.py").write_text(WAITING)
    return project


def edit_profile(project: Project, /, **settings: str) -> None:
    """Add settings of the executor to the project's profile sge."""
    generated = project.mle("generate", "exp.yaml")
    assert generated.returncode == 0, generated.stderr
    profile = project.path / "profiles/sge/config.yaml"
    kept = [
        line
        for line in profile.read_text().splitlines()
        if not line.startswith(tuple(f"mle-sge-{name.replace('_', '-')}:" for name in settings))
    ]
    added = [f"mle-sge-{name.replace('_', '-')}: {value}" for name, value in settings.items()]
    profile.write_text("\n".join([*kept, *added]) + "\n")


def ask_for(project: Project, /, **keys: str) -> None:
    """Put keys into single_job_args."""
    path = project.path / "exp.yaml"
    lines = [
        line for line in path.read_text().splitlines() if not line.strip().startswith(tuple(f"{key}:" for key in keys))
    ]
    path.write_text("\n".join([*lines, *(f"    {key}: {value}" for key, value in keys.items())]) + "\n")

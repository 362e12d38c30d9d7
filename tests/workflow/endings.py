"""Five scripts in one, each with another manner of ending when it is told to."""

from __future__ import annotations

from tests.workflow.conftest import Project

# A configuration is called after what its script does with a signal. `told_NAME` has a line for each signal that came.
SCRIPT = """\
import os, pathlib, signal, sys, time
from mle_toolbox import MLExperiment

mle = MLExperiment()
name = mle.config_name
told = []


def hear(number, frame):
    told.append(number)
    with open(f"told_{name}", "a") as file:
        file.write(f"{signal.Signals(number).name}\\n")
    if name == "leaves":
        time.sleep(0.4)  # long enough for a second one to come
        sys.exit(0)


def train():
    for step in range(10):
        mle.update_log({"step": step}, {"loss": 1.0 / (step + 1)}, save=True)
        if step == 2:
            pathlib.Path(f"begun_{name}").touch()
        while step == 2 and not told and not pathlib.Path("go").exists():
            time.sleep(0.02)
        if told:
            break


if name in ("flag", "leaves"):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR2):
        signal.signal(number, hear)
if name == "catches":
    try:
        train()
    except KeyboardInterrupt:
        time.sleep(0.4)
        pathlib.Path("saved_catches").touch()
elif name == "bare":
    try:
        train()
    except:
        time.sleep(0.4)
        pathlib.Path("saved_bare").touch()
else:
    train()
    if told:
        time.sleep(0.4)
"""
NAMES = ("bare", "catches", "flag", "leaves", "ordinary")


def write_endings(project: Project) -> None:
    """Make it a project of five configurations with one seed each, whose runs go on until there is a file ``go``."""
    (project.path / "train.py").write_text(SCRIPT)
    for name in NAMES:
        project.write_configuration(f"{name}.json")
    project.write_experiment([f"{name}.json" for name in NAMES], seeds=1)


def all_train(project: Project) -> bool:
    """Whether every seed run has begun to train."""
    return all((project.path / f"begun_{name}").exists() for name in NAMES)


def signals_heard(project: Project) -> dict[str, str]:
    """Return a line for each signal that came, for those scripts that have a handler."""
    files = {name: project.path / f"told_{name}" for name in ("flag", "leaves")}
    return {name: file.read_text() if file.exists() else "" for name, file in files.items()}

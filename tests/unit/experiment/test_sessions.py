"""Notebooks, prompts and tests have a command line that is not the script's, and no clear end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from mle_toolbox import MLExperiment
from mle_toolbox.log.run_record import run_status
from tests.unit.experiment.conftest import Finished, Project

pytestmark = pytest.mark.slow  # many processes

BEGIN = "from mle_toolbox import MLExperiment\nmle = MLExperiment('config.json')\n"
TICK = "mle.update_log({'step': 1}, {'loss': 0.5}, save=True)\n"

# What a kernel looks like from inside: IPython answers, sys.argv is the kernel's, no script is running.
NOTEBOOK = """\
import sys, types
shell = types.ModuleType("IPython")
shell.get_ipython = object
sys.modules["IPython"] = shell
sys.argv = ["/usr/lib/python3/ipykernel_launcher.py", "-f", "/run/user/kernel.json", "-seed", "9"]
"""


Session = Callable[[Project, str], Finished]


def prompt(project: Project, text: str) -> Finished:
    return project.run([sys.executable, "-i", "-q"], text=text)


def notebook(project: Project, text: str) -> Finished:
    return project.run([sys.executable, "-"], text=NOTEBOOK + text)


@pytest.mark.parametrize("session", [prompt, notebook])
def test_run_in_a_session_is_finished_when_it_ends(project: Project, session: Session) -> None:
    finished = session(project, BEGIN + TICK)

    assert finished.returncode == 0, finished.stderr
    assert project.log().n_ticks == 1


@pytest.mark.parametrize("session", [prompt, notebook])
def test_run_in_a_session_is_finished_by_close(project: Project, session: Session) -> None:
    text = BEGIN + TICK + "mle.close()\nprint((mle.seed_dir / 'log.h5').exists())\n"
    finished = session(project, text)

    assert finished.stdout == "True\n", finished.stderr


def test_command_line_of_a_notebook_is_not_read(project: Project) -> None:
    finished = notebook(project, BEGIN + "print(mle.seed, dict(mle.extra_config))\n")

    assert finished.stdout == "0 {}\n", finished.stderr


def test_command_line_of_pytest_is_not_read(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [str(project.path / "train.py"), "-seed", "9"])

    assert MLExperiment("config.json", auto_setup=False).seed == 0


def test_error_after_the_last_tick_of_a_session_leaves_no_log(project: Project) -> None:
    finished = prompt(project, BEGIN + TICK + "1 / 0\n")

    assert run_status(project.seed()) == "failed", finished.stderr
    assert project.record().reason == "ZeroDivisionError: division by zero"


def test_error_before_the_last_tick_of_a_session_does_not_matter(project: Project) -> None:
    finished = prompt(project, BEGIN + TICK + "1 / 0\n" + TICK)

    assert project.log().n_ticks == 2, finished.stderr


def test_cell_that_is_run_again_begins_the_run_again(project: Project) -> None:
    finished = notebook(project, BEGIN + TICK + TICK + BEGIN + TICK)

    assert project.log().n_ticks == 1, finished.stderr
    assert project.record().attempt == 2


def test_script_that_is_inspected_afterwards_keeps_its_command_line(project: Project) -> None:
    finished = project.run([sys.executable, "-i", "train.py", "-seed", "4"], text="print(mle.seed)\n")

    assert finished.stdout == "4\n", finished.stderr
    assert run_status(project.seed(seed=4)) == "done"


@pytest.mark.slow
@pytest.mark.parametrize("module", ["cProfile", "trace --count --missing -C counts"])
def test_script_under_another_program_keeps_its_command_line(project: Project, module: str) -> None:
    finished = project.run([sys.executable, "-m", *module.split(), "train.py", "-seed", "4"])

    assert run_status(project.seed(seed=4)) == "done", finished.stderr


def test_script_as_a_module_keeps_its_command_line(project: Project) -> None:
    finished = project.run([sys.executable, "-m", "train", "-seed", "4"])

    assert run_status(project.seed(seed=4)) == "done", finished.stderr


def test_script_without_an_ending_keeps_its_command_line(project: Project) -> None:
    (project.path / "train.py").rename(project.path / "train")

    finished = project.by_hand("-seed", "4", script="train")

    assert run_status(project.seed(seed=4)) == "done", finished.stderr


def test_failing_script_as_a_module_leaves_no_log(project: Project) -> None:
    project.write_script((project.path / "train.py").read_text() + "sys.exit(3)\n")

    finished = project.run([sys.executable, "-m", "train", "-seed", "4"])

    assert finished.returncode == 3
    assert project.record(seed=4).reason == "sys.exit(3)"


def test_importing_the_package_changes_nothing_in_the_process() -> None:
    script = (
        "import sys, signal\nbefore = (sys.exit, sys.excepthook, signal.getsignal(2), list(sys.meta_path))\n"
        "from mle_toolbox import MLExperiment\n"
        "print(before == (sys.exit, sys.excepthook, signal.getsignal(2), list(sys.meta_path)))\n"
    )

    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert finished.stdout == "True\n"

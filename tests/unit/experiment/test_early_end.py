"""Scripts that end at their start: what is said before they run where it is certain, and afterwards where it is not."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

from mle_toolbox.errors import ExperimentFileError
from mle_toolbox.experiment.early_end import hint_for_early_end
from mle_toolbox.experiment_file.loader import load_plan
from tests.unit.experiment.conftest import Finished, Project

pytestmark = pytest.mark.slow  # many processes

TRAIN = """
from mle_toolbox import MLExperiment
mle = MLExperiment()
mle.update_log({"step": 1}, {"loss": 0.5}, save=True)
"""

OPTIONS = """
import argparse
parser = argparse.ArgumentParser(description="one")
parser.add_argument("-c", "--cuda", action="store_true")
parser.add_argument("--size", type=int, default=3)
"""
NAMED = "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--config')\n"
IN_A_FUNCTION = """
from argparse import ArgumentParser
def read():
    parser = ArgumentParser()
    parser.add_argument("--size", type=int, default=3)
    return parser.parse_args()
def main():
    args = read()
if __name__ == "__main__":
    main()
"""

CERTAIN = {
    "one letter": (
        OPTIONS + "args, _ = parser.parse_known_args()\n",
        ["'-c' with the value 'onfig'. Drop the one-letter"],
    ),
    "strict": (
        OPTIONS.replace('"-c", ', "") + "args = parser.parse_args()\n",
        ["parse_args() ends the script, because `mle run` passes '-config', '-seed' and '-exp_dir'"],
    ),
    "two dashes": (NAMED + "args = parser.parse_args()\n", ["passes '-config', '-seed' and '-exp_dir'"]),
    "in a function": (IN_A_FUNCTION, ["parse_args() ends the script"]),
    "positional": (
        "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('data', type=int)\n"
        "parser.parse_known_args()\n",
        ["takes the value of '-config', which `mle run` passes, for the argument 'data'"],
    ),
    "all of argv": ("import sys\n" + NAMED + "parser.parse_args(sys.argv[1:])\n", ["parse_args() ends the script"]),
    "relative": ("from .helper import x\n", ["Write 'from helper import …': its folder is searched first."]),
    "relative module": (
        "from . import helper\n",
        ["fails: a script that is started as a file does not belong to a package. Write"],
    ),
    "relative above": (
        "from ..pkg import helper\n",
        ["Use the full name of the package, installed by 'pip install -e .'."],
    ),
}
"""Scripts that fail when they are launched, and the beginning of what is said."""

FINE = {
    "known": OPTIONS.replace('"-c", ', "") + "args, _ = parser.parse_known_args()\nassert args.size == 3\n",
    "declared": "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('-config')\n"
    "parser.add_argument('-seed', '-s', type=int)\nparser.add_argument('-exp_dir')\n"
    "assert parser.parse_args().seed == 0\n",
    "hidden": TRAIN + "import sys\nsys.argv = sys.argv[:1]\n" + OPTIONS + "assert not parser.parse_args().cuda\n",
    "hidden before": "import sys\ndel sys.argv[1:]\n" + OPTIONS + "assert not parser.parse_args().cuda\n",
    "given": OPTIONS + "assert parser.parse_args([]).size == 3\n",
    "never called": OPTIONS + "def by_hand():\n    return parser.parse_args()\n",
    "by hand only": OPTIONS + "import os\nif 'MLE_SEED_RUN' not in os.environ:\n    parser.parse_args()\n",
    "left before": IN_A_FUNCTION.replace("    args = read()", "    if True:\n        return\n    args = read()"),
    "caught": OPTIONS + "try:\n    parser.parse_args()\nexcept SystemExit:\n    pass\n",
    "extended": OPTIONS.replace('"-c", ', "")
    + "def extend(parser):\n    for name in ('-config', '-seed', '-exp_dir'):\n"
    "        parser.add_argument(name)\nextend(parser)\nparser.parse_args()\n",
    "guarded import": "try:\n    from .helper import x\nexcept ImportError:\n    x = 1\n",
    "package of its own": "__package__ = 'json'\nfrom .decoder import JSONDecoder\n",
    "for type checkers": "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from .helper import x\n",
}
"""Scripts that are fine when they are launched."""

AFTERWARDS = {
    "argparse": ("train.py: error: unrecognized arguments: -config a.json -seed 0 -exp_dir /x", "parse_known_args()"),
    "one letter": ("train.py: error: argument -c/--cuda: ignored explicit argument 'onfig'", "parse_known_args()"),
    "number": ("train.py: error: argument -s/--size: invalid int value: 'eed'", "parse_known_args()"),
    "hydra": (
        "train.py: error: argument --cfg/-c: invalid choice: 'onfig' (choose from 'job', 'hydra')",
        "sys.argv[:1]",
    ),
    "click": ("Usage: train.py [OPTIONS]\nError: No such option: -c", "sys.argv[:1]"),
    "typer": ("╭─ Error ───╮\n│ No such option: -c  │\n╰────╯", "sys.argv[:1]"),
    "absl": ("FATAL Flags parsing error: Unknown command line flag 'config'", "sys.argv[:1]"),
    "tyro": ("│ Unrecognized options: -config │", "sys.argv[:1]"),
    "fire": ("ERROR: Could not consume arg: -config", "sys.argv[:1]"),
    "import": ("ImportError: attempted relative import with no known parent package", "from name import"),
}


def mistakes(project: Project, script: str) -> list[str]:
    project.write_script(script)
    files = {"base_train_fname": "train.py", "experiment_dir": "results", "base_train_config": "config.json"}
    content = {"meta_job_args": {"project_name": "x", "job_type": "single-experiment", **files}}
    (project.path / "exp.yaml").write_text(json.dumps(content))
    try:
        load_plan(project.path / "exp.yaml")
    except ExperimentFileError as error:
        return [problem.message for problem in error.problems]
    return []


@pytest.mark.parametrize(("script", "expected"), CERTAIN.values(), ids=CERTAIN)
def test_script_that_cannot_start_is_refused_before(project: Project, script: str, expected: list[str]) -> None:
    found = mistakes(project, textwrap.dedent(script) + TRAIN)

    assert len(found) >= len(expected)
    assert all(any(each in message for message in found) for each in expected)
    assert "onfig" in str(expected) or project.launched().returncode != 0


@pytest.mark.parametrize("script", FINE.values(), ids=FINE)
def test_script_that_can_start_is_left_alone(project: Project, script: str) -> None:
    text = script if "MLExperiment" in script else script + TRAIN

    assert mistakes(project, text) == []
    launched = project.launched(variables={"PYTHONWARNINGS": "ignore"})
    assert launched.returncode == 0, launched.stderr


def test_comment_for_linters_is_heeded(project: Project) -> None:
    assert mistakes(project, f"from .helper import x  # noqa: TID252\n{TRAIN}") == []


@pytest.mark.parametrize(("written", "remedy"), AFTERWARDS.values(), ids=AFTERWARDS)
def test_what_ended_a_script_at_its_start_is_explained(written: str, remedy: str) -> None:
    assert remedy in (hint_for_early_end(f"{written}\n", has_begun=False) or "")


@pytest.mark.parametrize(
    "written",
    ["train.py: error: unrecognized arguments: --fast", "Error: No such option: --layers", "ValueError: config"],
)
def test_other_ends_are_not_explained(written: str) -> None:
    assert hint_for_early_end(written, has_begun=False) is None


@pytest.mark.parametrize("first", ["", TRAIN], ids=["before", "behind MLExperiment"])
def test_hint_is_the_last_line_of_stderr(project: Project, first: str) -> None:
    project.write_script(f"{first}{OPTIONS}\nfor _ in range(1):\n    parser.parse_args()\n")

    assert launched_into_a_file(project).splitlines()[-1].startswith("mle-toolbox: `mle run` passes -config, -seed and")


def test_relative_import_in_a_helper_is_explained_once(project: Project) -> None:
    project.write_script("from .other import x\n", "helper.py")
    project.write_script(f"{TRAIN}import helper\n")

    assert launched_into_a_file(project).count("Write 'from name import") == 1


def test_run_in_a_process_of_the_script_is_told_how_to_end(project: Project) -> None:
    script = "import multiprocessing\n" + textwrap.dedent("""
        from mle_toolbox import MLExperiment
        def main():
            mle = MLExperiment()
            mle.update_log({"step": 1}, {"loss": 0.5}, save=True)
        if __name__ == "__main__":
            process = multiprocessing.get_context("fork").Process(target=main)
            process.start()
            process.join()
    """)
    project.write_script(script)
    told = project.launched()
    project.write_script(script.replace("save=True)\n", "save=True)\n    mle.close()\n"))

    again = project.launched()

    assert told.returncode == 1
    assert "Write `with MLExperiment() as mle:` there, or call mle.close() after the last tick" in told.stderr
    assert (again.returncode, again.stderr) == (0, "")


def launched_into_a_file(project: Project) -> str:
    command = project.launch_command()
    finished: Finished = project.run(["sh", "-c", 'exec "$@" 2> err.txt', "sh", *command])
    assert finished.returncode != 0
    return Path(project.path / "err.txt").read_text()

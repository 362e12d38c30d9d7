"""The command line counts wherever a script has gone and whatever it has done to ``sys.argv``."""

from __future__ import annotations

import sys

import pytest

from mle_toolbox.experiment_file.argument_words import words_of
from mle_toolbox.log.run_record import run_status
from tests.unit.experiment.conftest import Project

GO_ELSEWHERE = "import os, sys, tempfile\nos.chdir(tempfile.mkdtemp())\n"
ARGUMENTS = "config_fname=HERE / 'config.json', experiment_dir=HERE / 'other', seed_id=0"
AND_TRAIN = f"""\
from pathlib import Path
from mle_toolbox import MLExperiment

HERE = Path(__file__).parent
mle = MLExperiment({ARGUMENTS})
mle.update_log({{"step": 1}}, {{"loss": 0.5}}, save=True)
print(mle.config_name, mle.seed, mle.train_config.lrate, dict(mle.extra_config))
"""
FORGET = {
    "shortened": "import sys\ndel sys.argv[1:]\n",
    "of another": "import sys\nsys.argv = ['nobody', '--fast']\n",
    "emptied": "import sys\nsys.argv.clear()\n",
}


@pytest.fixture
def two(project: Project) -> Project:
    """A project with two configurations, in a folder below that of the test."""
    project.write_configuration("sub/config.json")
    project.write_configuration("sub/configs/b.json")
    project.write_script(GO_ELSEWHERE + AND_TRAIN, "sub/train.py")
    return project


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ["sub/train.py", "-config", "sub/configs/b.json"],
        ["./sub/train.py", "-config", "./sub/configs/b.json"],
        ["-W", "ignore", "-Xutf8", "-um", "sub.train", "-config=sub/configs/b.json"],
        ["-um", "cProfile", "-s", "time", "sub/train.py", "--config", "sub/configs/b.json"],
        ["{project}/sub/train.py", "-config", "sub/configs/b.json"],
    ],
)
def test_command_line_counts_after_chdir(two: Project, words: list[str]) -> None:
    given = [word.format(project=two.path) for word in [*words, "-seed", "7", "-exp_dir", "out", "-foo", "3"]]

    finished = two.run([sys.executable, *given], {"PWD": str(two.path)})

    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.splitlines()[0] == "b 7 0.1 {'foo': 3}"
    assert run_status(two.seed("out", "b", 7)) == "done"
    assert not (two.path / "sub" / "other").exists()


def test_paths_of_the_command_line_that_are_missing_are_named_whole(two: Project) -> None:
    finished = two.run([sys.executable, "sub/train.py", "-config", "config_b.json"])

    assert finished.returncode == 1
    assert f"{two.path}/config_b.json" in finished.stderr.splitlines()[-1]


@pytest.mark.slow
def test_what_no_command_line_says_is_meant_from_where_the_script_is(project: Project) -> None:
    project.write_configuration("elsewhere/config.json")
    project.write_script(
        "import os\nos.chdir('elsewhere')\nfrom mle_toolbox import MLExperiment\n"
        "mle = MLExperiment('config.json', 'out')\nmle.update_log({'step': 1}, {'loss': 0.5})\n"
    )

    finished = project.by_hand()

    assert finished.returncode == 0, finished.stderr
    assert run_status(project.seed("elsewhere/out")) == "done"


@pytest.mark.slow
@pytest.mark.parametrize("forget", FORGET.values(), ids=FORGET)
def test_command_line_counts_whatever_became_of_argv(project: Project, forget: str) -> None:
    project.write_configuration("b.json")
    project.write_script(forget + AND_TRAIN)

    finished = project.by_hand("-config", "b.json", "-seed", "7", "-exp_dir", "out")

    assert finished.stdout.startswith("b 7 0.1 "), finished.stderr
    assert run_status(project.seed("out", "b", 7)) == "done"


@pytest.mark.slow
@pytest.mark.parametrize("first", [GO_ELSEWHERE, *FORGET.values()], ids=["elsewhere", *FORGET])
def test_launched_run_does_its_own_work(project: Project, first: str) -> None:
    project.write_script(first + AND_TRAIN)

    finished = project.run(project.launch_command(seed=3, extra=("-foo", "2")))

    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith("config 3 0.1 {"), finished.stderr
    assert run_status(project.seed("results", "config", 3)) == "done"
    assert not (project.path / "other").exists()


@pytest.mark.slow
def test_launched_run_writes_to_no_other_folder(project: Project) -> None:
    project.write_script("import sys\nsys.ps1 = '>>> '\n" + AND_TRAIN)  # nobody's command line is read at a prompt

    finished = project.launched()

    assert finished.returncode == 1
    assert f"started this process for {project.seed('results').path}, but MLExperiment() would write to " in (
        finished.stderr
    )
    assert not (project.path / "other").exists()


@pytest.mark.slow
def test_program_that_a_launched_script_starts_may_do_runs_of_its_own(project: Project) -> None:
    project.write_script(AND_TRAIN, "part.py")
    project.write_script(
        "import subprocess, sys\nfrom mle_toolbox import MLExperiment\nmle = MLExperiment()\n"
        "mle.update_log({'step': 1}, {'loss': 0.5})\n"
        "subprocess.run([sys.executable, 'part.py', '-seed', '5'], check=True)\n"
    )

    finished = project.launched()

    assert finished.returncode == 0, finished.stderr
    assert run_status(project.seed("results")) == run_status(project.seed("other", seed=5)) == "done"


def test_further_arguments_reach_a_launched_run_as_they_were_written(project: Project) -> None:
    extra = {"inf": 3, "nan": "1.10", "shift": float("-inf"), "on": "true", "off": False, "lrate": 1.10}
    project.write_script("import sys\nsys.argv[1:] = ['-lrate', '7']\n" + AND_TRAIN)

    finished = project.launched(extra=tuple(words_of(extra)))

    assert finished.stdout.endswith(f"{extra}\n"), finished.stderr

"""What lies in the project folder, and what the machine lacks, changes nothing about a run: no home, a queue.py, …"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from tests.cluster_turn import GRID_ENGINE, cluster_turn
from tests.workflow.conftest import Project

pytestmark = pytest.mark.slow

# A user without a name, as with `docker -u 54321`. Who may not become one is still tried without a home.
_NOBODY = [
    *("setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"),
    *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),  # Python may lie in root's own home
]
# What Snakemake, the packages that it needs, and ours import; each would end them if it were imported.
SHADOWS = [
    *("random", "html", "csv", "glob", "shutil", "tempfile", "socket", "uuid", "decimal", "difflib", "json", "logging"),
    *("tabulate", "attr", "pulp", "yaml", "jsonschema", "rich", "asyncio", "argparse", "dataclasses", "snakemake"),
]
SCRIPT = """
from queue import ReplayQueue  # beside this script
from mle_toolbox import MLExperiment

mle = MLExperiment()
for step in range(3):
    mle.update_log({"step": step}, {"loss": ReplayQueue().put(step)}, save=True)
"""


def mle(
    project: Project, *arguments: str, without: tuple[str, ...] = (), nobody: bool = False, **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in without}
    prefix = _NOBODY if nobody and _may_become_nobody() else []
    return subprocess.run(
        [*prefix, sys.executable, "-m", "mle_toolbox", *arguments],
        cwd=project.path,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def _may_become_nobody() -> bool:
    try:
        return subprocess.run([*_NOBODY, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(None, id="nothing in PYTHONPATH", marks=pytest.mark.soak),
        pytest.param(".", id="the project in PYTHONPATH"),
    ],
)
def test_files_that_are_called_like_modules_are_the_scripts_alone(project: Project, path: str | None) -> None:
    project.write_experiment(["a.json"], seeds=1)
    (project.path / "train.py").write_text(SCRIPT)
    (project.path / "queue.py").write_text("class ReplayQueue:\n    put = float\n")
    for name in SHADOWS:
        (project.path / f"{name}.py").write_text(f"raise SystemExit('{name}.py was imported')\n")
    variables = {} if path is None else {"PYTHONPATH": path}

    outcome = mle(project, "run", "exp.yaml", **variables)
    with cluster_turn(GRID_ENGINE, alone=False):  # a scheduler that a test has just stopped would be a finding
        doctor = mle(project, "doctor", "--no-job", **variables)

    assert outcome.returncode == 0, outcome.stderr
    assert "1 of 1 seed runs done" in outcome.stdout
    assert not [file for file in project.path.rglob("*.log") if "was imported" in file.read_text()]
    assert "argparse.py, asyncio.py, attr.py" in doctor.stdout
    assert "✗" not in doctor.stdout


def test_settings_of_another_workflow_apply_only_when_they_are_asked_for(finished: Project) -> None:
    (finished.path / "profiles" / "default").mkdir()
    (finished.path / "profiles" / "default" / "config.yaml").write_text("forceall: true\n")

    outcome = mle(finished, "run", SNAKEMAKE_PROFILE="nowhere")
    unasked = finished.jobs_of_last_run()
    mle(finished, "run", "--", "--workflow-profile", "default", "--dry-run")
    asked = finished.jobs_of_last_run()
    with cluster_turn(GRID_ENGINE, alone=False):
        doctor = mle(finished, "doctor", "--no-job")

    assert unasked == {}
    assert asked["train"] == 6
    assert outcome.returncode == 0
    assert "profiles/default is not read" in outcome.stderr
    assert "profiles/default is not read" in doctor.stdout


@pytest.mark.parametrize(
    "home", ["/proc", "relative", *(pytest.param(home, marks=pytest.mark.soak) for home in ("", "/dev/null"))]
)
def test_a_home_that_cannot_be_written_is_not_needed(finished: Project, home: str) -> None:
    (finished.path / "a.json").write_text((finished.path / "a.json").read_text().replace("0.1", "0.3"))

    outcome = mle(finished, "run", "--dry-run", without=("XDG_CACHE_HOME", "XDG_CONFIG_HOME"), HOME=home)

    assert outcome.returncode == 0, outcome.stderr
    assert "3 seed runs of 6 would run" in outcome.stdout
    assert not (finished.path / "relative").exists()


def test_neither_a_home_nor_a_name_is_needed(project: Project) -> None:
    project.write_experiment(["a.json"], seeds=1)
    for path in (project.path, *project.path.rglob("*")):
        path.chmod(0o777)
    for path in project.path.parents:
        path.chmod(0o755)
        if path.name.startswith("pytest-of-"):
            break
    lacking = ("HOME", "USER", "LOGNAME", "LNAME", "USERNAME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")

    answers = [
        mle(project, *command.split(), without=lacking, nobody=True)
        for command in ("run", "status", "plot --output plot.png", "stop", "doctor --no-job")
    ]

    assert [each.returncode for each in answers[:-1]] == [0] * 4, [each.stderr[-600:] for each in answers]
    assert not [each.stderr for each in answers if "Traceback" in each.stderr or "Traceback" in each.stdout]
    assert "HOME is not set" in answers[-1].stdout or not _may_become_nobody()


def test_a_home_in_a_path_that_needs_one_is_a_sentence(project: Project) -> None:
    file = project.path / "exp.yaml"
    file.write_text(file.read_text().replace('experiment_dir: "experiments/"', 'experiment_dir: "~/experiments"'))
    lacking = ("HOME", "USER", "LOGNAME", "LNAME", "USERNAME")

    outcome = mle(project, "run", without=lacking, HOME="")

    assert outcome.returncode == 2
    assert "'~/experiments' begins with the home folder, but HOME is not set." in outcome.stderr


def test_a_folder_for_temporary_files_that_is_missing_is_found_by_the_doctor(finished: Project) -> None:
    outcome = mle(finished, "run", "--dry-run", TMPDIR="/nowhere")
    doctor = mle(finished, "doctor", "--no-job", TMPDIR="/nowhere", HOME="/proc")

    assert outcome.returncode == 0, outcome.stderr
    assert "TMPDIR is /nowhere, which cannot be written or is full" in doctor.stdout
    assert "/proc/.cache cannot be written" in doctor.stdout


def test_errors_of_any_length_are_shown_and_recorded_in_a_piece(project: Project) -> None:
    project.write_experiment(["a.json"], seeds=2)
    (project.path / "train.py").write_text(
        "import sys\nfrom mle_toolbox import MLExperiment\n\nmle = MLExperiment()\n"
        "for _ in range(30):\n    sys.stderr.write('#' * 1_000_000)\n"
        "print('\\x1b[31m\\r50%', file=sys.stderr)\n"
        "raise RuntimeError('Missing key(s): ' + 'encoder.weight, ' * 20_000)\n"
    )

    outcome = project.mle("run", "exp.yaml")
    logs = project.mle("logs", "a", "0", "--tail", "3")
    whole = project.mle("logs", "a", "0")

    assert outcome.returncode == 1
    assert len(outcome.stdout + outcome.stderr) < 8_000
    assert re.search(r"a seed [01]: RuntimeError: Missing key\(s\): encoder.weight, ", outcome.stderr)
    assert "(320,016 characters)" in outcome.stderr
    assert "\x1b" not in outcome.stderr
    assert "(320,029 characters)" in logs.stdout
    assert len(logs.stdout) < 8_000
    # What is searched in a pipe is cut only at a size that no line of text has.
    assert "encoder.weight, " * 20_000 in whole.stdout
    assert "(30,000,000 characters)" in whole.stdout
    record = json.loads((project.path / "experiments" / "a" / "seed_0" / "run.json").read_text())
    assert record["reason"].endswith("… (320,016 characters)")
    assert len(record["reason"]) < 500
    assert "encoder.weight, " * 100 not in (project.path / "experiments" / "report.html").read_text()

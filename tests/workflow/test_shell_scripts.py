"""Training scripts in shell: what they start is the seed run, and how that ended is what is said."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import mle_toolbox
from tests.workflow.conftest import Project, wait_for

FAILS = """\
from mle_toolbox import MLExperiment

mle = MLExperiment()
mle.update_log({"step": 0}, {"loss": 1.0}, save=True)
"""
NOTICED = """\
import time
from mle_toolbox import MLExperiment

mle = MLExperiment()
mle.update_log({"step": 0}, {"loss": 1.0}, save=True)
while not mle.should_stop():
    time.sleep(0.05)
mle.checkpoint({"step": 0})
"""
# The way in which users read the arguments: it never ends on one that is not among these, and needs bash.
READS_ARGUMENTS = """\
#!/bin/sh
REST=()
while [[ $# -gt 0 ]]; do
case "$1" in
    -config) CONFIG="$2"; shift; shift ;;
    -seed) SEED="$2"; shift; shift ;;
    -exp_dir) FOLDER="$2"; shift; shift ;;
    -wb_project) PROJECT="$2"; shift; shift ;;
    -wb_group) GROUP="$2"; shift; shift ;;
esac
done
set -- "${REST[@]}"
echo "$PROJECT/$GROUP"
python train.py -config "$CONFIG" -seed $SEED -exp_dir "$FOLDER"
"""


@pytest.fixture
def shell(project: Project) -> Project:
    """The project with a script in shell, one configuration and one seed."""
    project.write_experiment(["a.json"], seeds=1)
    file = project.path / "exp.yaml"
    file.write_text(file.read_text().replace("train.py", "run.sh"))
    (project.path / "run.sh").write_text('python train.py "$@"\n')
    return project


def record(project: Project) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((project.results / "a" / "seed_0" / "run.json").read_text())
    return content


def output(project: Project) -> str:
    return (project.results / "a" / "seed_0" / "out.txt").read_text()


def test_a_program_that_a_shell_script_starts_counts_like_a_script_in_python(shell: Project) -> None:
    file = shell.path / "exp.yaml"
    file.write_text(f'{file.read_text()}    extra_cmd_line_input: {{version: "1.10", name: "two words"}}\n')
    (shell.path / "sub").mkdir()
    (shell.path / "sub" / "program.py").write_text(f"{FAILS}print(dict(mle.extra_config))\n")
    (shell.path / "run.sh").write_text(
        '#!/bin/bash\nset -e\ncd "$(dirname "${BASH_SOURCE[0]}")/sub"\npwd; command -v python\n'
        'exec python program.py "$@"\n'
    )

    outcome = shell.mle("run", "exp.yaml")

    assert outcome.returncode == 0, outcome.stderr
    assert mle_toolbox.load(shell.results)["a"]["loss"].tolist() == [[1.0]]
    place, python, extra = output(shell).splitlines()
    assert (place, Path(python).parent) == (str(shell.path.resolve() / "sub"), Path(sys.executable).parent)
    assert extra == "{'version': '1.10', 'name': 'two words'}"
    made = record(shell)
    assert set(made["code"]) == {"run.sh", "sub/program.py"}
    assert made["not_frozen"] == []
    assert shell.mle("run", "exp.yaml").returncode == 0
    assert "train" not in shell.jobs_of_last_run()


def test_a_script_that_reads_its_arguments_in_a_loop_gets_those_that_it_knows(shell: Project) -> None:
    (shell.path / "run.sh").write_text(READS_ARGUMENTS)

    outcome = shell.mle("run", "exp.yaml")

    assert outcome.returncode == 0, outcome.stderr
    assert output(shell).splitlines()[0] == "quick/a"
    assert shell.mle("status", "exp.yaml").returncode == 0
    assert shell.mle("run", "exp.yaml").returncode == 0
    assert "train" not in shell.jobs_of_last_run(), "what the script adds or leaves out is not another run"


def test_in_a_login_shell_python_is_still_that_of_the_environment(shell: Project) -> None:
    (shell.path / "run.sh").write_text('#!/bin/bash -l\ncommand -v python\npython train.py "$@" || exit 3\n')

    outcome = shell.mle("run", "exp.yaml")

    assert outcome.returncode == 0, outcome.stderr
    assert Path(output(shell).splitlines()[0]).parent == Path(sys.executable).parent


@pytest.mark.parametrize(
    ("program", "script", "said"),
    [
        (f"{FAILS}raise ValueError('no data')", 'python train.py "$@" || true\n', "ValueError: no data"),
        (f"{FAILS}raise SystemExit(3)", 'python train.py "$@"\necho over\n', "SystemExit whose status is not visible"),
        (f"{FAILS}import os; os.kill(os.getpid(), 9)", 'python train.py "$@"\necho over\n', "it was killed"),
        (FAILS, 'python train.py "$@"\nfalse\n', "ended with exit status 1, after its log was complete"),
        (FAILS, "python train.py\n", "before it had made its MLExperiment"),
        (FAILS, "echo hello\n", "no program that it started made an MLExperiment"),
        (FAILS, 'python train.py "$@" && python train.py "$@"\n', "A seed run has one log"),
    ],
)
def test_a_bad_end_that_the_shell_hides_is_shown_and_publishes_nothing(
    shell: Project, program: str, script: str, said: str
) -> None:
    shell.write_configuration("a.json", overwrite=0)
    (shell.path / "train.py").write_text(f"{program}\n")
    (shell.path / "run.sh").write_text(script)

    outcome = shell.mle("run", "exp.yaml")

    assert outcome.returncode == 1
    assert said in " ".join(outcome.stderr.split())
    assert record(shell)["status"] == "failed"
    assert shell.logs() == {}


def test_two_programs_one_after_another_and_one_left_in_the_background(shell: Project) -> None:
    (shell.path / "data.py").write_text("open('data.txt', 'w').write('2.5')\n")
    (shell.path / "train.py").write_text(FAILS.replace("1.0", "float(open('data.txt').read())"))
    (shell.path / "run.sh").write_text('python data.py\n( sleep 1; python train.py "$@" ) &\n')

    outcome = shell.mle("run", "exp.yaml")

    assert outcome.returncode == 0, outcome.stderr
    assert mle_toolbox.load(shell.results)["a"]["loss"].tolist() == [[2.5]]


def test_a_notice_for_the_launcher_alone_reaches_the_program_which_has_time_to_save(shell: Project) -> None:
    (shell.path / "train.py").write_text(NOTICED)
    (shell.path / "run.sh").write_text('python train.py "$@"\necho over\n')
    for number in (signal.SIGUSR1, signal.SIGTERM):
        running = shell.start("run", "exp.yaml")
        wait_for(lambda: (shell.results / "a/seed_0/run.json").exists() and record(shell)["status"] == "running")
        time.sleep(0.5)

        os.kill(record(shell)["launcher"], number)

        running.communicate(timeout=60)
        assert record(shell)["status"] == "stopped"
        assert number.name in record(shell)["reason"]
        assert "resumes from its checkpoint" in record(shell)["reason"]


def test_mle_stop_ends_the_whole_chain_and_nothing_outlives_a_killed_launcher(shell: Project) -> None:
    (shell.path / "train.py").write_text(NOTICED.replace("while not mle.should_stop()", "while True"))
    for end in ("stop", "kill"):
        running = shell.start("run", "exp.yaml")
        wait_for(lambda: (shell.results / "a/seed_0/run.json").exists() and record(shell)["status"] == "running")
        pid = record(shell)["pid"]

        if end == "stop":
            assert shell.mle("stop", "exp.yaml").returncode == 0
        else:
            os.kill(record(shell)["launcher"], signal.SIGKILL)

        running.communicate(timeout=60)
        wait_for(lambda pid=pid: not _lives(pid), seconds=10)
        if end == "stop":
            assert record(shell)["status"] == "stopped"


def test_a_script_that_is_edited_while_it_runs_goes_on_as_it_began(shell: Project) -> None:
    script = 'touch began\nwhile [ ! -e go ]; do sleep 0.1; done\npython train.py "$@"\n'
    (shell.path / "run.sh").write_text(script)
    running = shell.start("run", "exp.yaml")
    wait_for((shell.path / "began").exists)

    with (shell.path / "run.sh").open("r+") as file:  # in place, as some editors do it
        file.write("exit 7\n" * 30)
    (shell.path / "go").touch()

    running.communicate(timeout=60)
    assert running.returncode == 0
    assert record(shell)["not_frozen"] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("if true; then\necho\n", r"run\.sh:3: bash finds a mistake: .*unexpected end of file"),
        ("for each in 1 2; do\necho\nfi\n", r"run\.sh:3: bash finds a mistake: .*unexpected token `fi'"),
        ('#!/bin/bash\r\npython train.py "$@"\r\n', r"run\.sh:1: its lines end as on Windows \(CRLF\)"),
        ("\n", r"run\.sh: the script is empty"),
    ],
)
def test_mistakes_that_the_shell_itself_finds_are_reported_before_anything_starts(
    shell: Project, text: str, said: str
) -> None:
    (shell.path / "run.sh").write_bytes(text.encode())

    outcome = shell.mle("run", "exp.yaml")

    assert outcome.returncode == 2
    assert re.search(said, outcome.stderr), outcome.stderr


def test_a_shell_script_that_is_misspelt_is_suggested(shell: Project) -> None:
    (shell.path / "run.sh").rename(shell.path / "runs.sh")

    outcome = shell.mle("run", "exp.yaml")

    assert outcome.returncode == 2
    assert "Did you mean 'runs.sh'?" in outcome.stderr


def test_a_shell_script_runs_by_hand_with_the_same_arguments(shell: Project) -> None:
    by_hand = subprocess.run(
        ["bash", "run.sh", "-config", "a.json", "-seed", "0", "-exp_dir", "experiments"],
        cwd=shell.path,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        check=False,
    )

    assert by_hand.returncode == 0
    assert record(shell)["status"] == "done"


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False

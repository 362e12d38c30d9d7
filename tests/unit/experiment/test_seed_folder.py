"""One seed folder, one writer, and no finished log that is lost."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import mle_toolbox
from mle_toolbox import MLExperiment
from mle_toolbox.errors import FinishedLogError, FolderInUseError
from mle_toolbox.log.hdf5 import read_log
from mle_toolbox.log.run_record import run_status
from tests.unit.experiment.conftest import ONE_TICK, Project


def run_once(project: Project, loss: float = 0.5) -> Path:
    with MLExperiment("config.json") as mle:
        mle.update_log({"step": 1}, {"loss": loss})
    return project.seed().log


@pytest.mark.parametrize("value", [0, False])
def test_finished_log_is_not_replaced(project: Project, value: int) -> None:
    project.write_configuration(overwrite_experiment_dir=value)
    log = run_once(project)
    before = log.read_bytes()

    message = re.escape(f"{log} is the finished log of this seed, written ") + (
        r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d, and overwrite_experiment_dir is 0 in config.json. To replace the "
        r"log once the new one is complete, set it to 1 there; to keep it, move it away, or give this run another "
        r"-exp_dir\."
    )
    with pytest.raises(FinishedLogError, match=f"^{message}$"):
        MLExperiment("config.json")
    assert log.read_bytes() == before
    assert not project.seed().journal.exists()
    assert run_status(project.seed()) == "done"


@pytest.mark.slow
def test_finished_log_fails_a_launched_run_and_stays(project: Project) -> None:
    project.launched()
    log = project.seed("results").log
    before = log.read_bytes()

    finished = project.launched()

    assert finished.returncode == 1
    assert "overwrite_experiment_dir is 0 in config.json" in finished.stderr
    assert log.read_bytes() == before


def test_finished_log_is_replaced_only_by_a_complete_one(project: Project) -> None:
    project.write_configuration(overwrite_experiment_dir=1)
    run_once(project, loss=1.0)

    mle = MLExperiment("config.json")
    mle.update_log({"step": 1}, {"loss": 2.0}, save=True)
    meanwhile = project.log().columns["loss"].tolist()
    mle.__exit__(ValueError, ValueError("bad"), None)
    after_failure = project.log().columns["loss"].tolist()
    run_once(project, loss=3.0)

    assert (meanwhile, after_failure) == ([1.0], [1.0])
    assert project.log().columns["loss"].tolist() == [3.0]


@pytest.mark.slow
def test_second_process_on_a_seed_is_turned_away(project: Project) -> None:
    project.write_script(ONE_TICK + "print('ready', flush=True)\nsys.stdin.readline()\n")
    with subprocess.Popen(
        project.command(),
        cwd=project.path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=project.environment(),
    ) as first:
        assert first.stdin is not None
        assert first.stdout is not None
        first.stdout.readline()

        second = project.by_hand()
        third = project.launched("--experiment-dir=by_hand")
        first.stdin.write(b"\n")

    assert (first.returncode, second.returncode, third.returncode) == (0, 1, 1)
    said = rf"FolderInUseError: .*seed_0: process {first.pid} on \S+, started \S+, is running this seed"
    assert re.search(said, second.stderr)
    assert re.search(said, third.stderr)
    assert project.log().n_ticks == 1
    assert (project.record().status, project.record().pid) == ("done", first.pid)


def test_second_run_in_one_process_is_turned_away(project: Project) -> None:
    with MLExperiment("config.json"), pytest.raises(FolderInUseError, match=r"seed_0"):
        MLExperiment("config.json")


def test_several_seeds_can_run_in_one_process(project: Project) -> None:
    for seed in range(3):
        with MLExperiment("config.json", seed_id=seed) as mle:
            mle.update_log({"step": 1}, {"loss": seed})

    assert [project.log(seed=seed).columns["loss"].tolist() for seed in range(3)] == [[0], [1], [2]]


@pytest.mark.slow
def test_first_run_and_a_repeated_one_leave_the_same(project: Project) -> None:
    project.write_script("raise ValueError\n")
    project.launched("--seed=1")
    project.write_script(ONE_TICK)

    for seed in (0, 1):
        finished = project.launched(f"--seed={seed}")
        assert finished.returncode == 0, finished.stderr

    first, again = (project.seed("results", seed=seed) for seed in (0, 1))
    assert sorted(path.name for path in first.path.iterdir()) == [".done", "config.json", "log.h5", "run.json"]
    assert sorted(path.name for path in again.path.iterdir()) == [".done", "config.json", "log.h5", "run.json"]
    records = [project.record("results", seed=seed).to_json() for seed in (0, 1)]
    assert [record["attempt"] for record in records] == [1, 2]
    own = ("attempt", "seed", "pid", "launcher", "command", "start", "end", "max_rss_mb", "cpu_seconds")
    assert {**records[0], **dict.fromkeys(own)} == {**records[1], **dict.fromkeys(own)}
    assert records[0].keys() == records[1].keys()
    assert all(0 < record["cpu_seconds"] < 60 and 5 < record["max_rss_mb"] < 2000 for record in records)


def test_results_behind_a_link_are_where_the_system_finds_them(project: Project) -> None:
    (project.path / "far" / "away").mkdir(parents=True)
    (project.path / "link").symlink_to("far/away")

    finished = project.launched("--experiment-dir=./link//../results/")

    assert finished.returncode == 0, finished.stderr
    assert (project.path / "far/results/config/seed_0/log.h5").exists()
    assert not (project.path / "results").exists()


def test_ready_log_of_a_killed_attempt_is_never_put_in_place(project: Project) -> None:
    folder = project.seed("results")
    folder.path.mkdir(parents=True)
    folder.ready_log.write_bytes(b"of a run that a launcher was killed over")
    folder.ready_record.write_text("{}")
    folder.journal.touch()
    project.write_script("print('no experiment')\n")

    finished = project.launched()

    assert finished.returncode == 1
    assert not folder.log.exists()


@pytest.mark.parametrize("script", ["print('no experiment')", "import sys\nsys.exit(0)"])
def test_script_without_an_experiment_is_told_what_is_missing(project: Project, script: str) -> None:
    project.write_script(script)

    finished = project.launched()

    assert finished.returncode == 1
    assert finished.stderr == (
        f"mle-toolbox: train.py ended well but never made an MLExperiment for {project.path}/results/config/seed_0, so "
        "there is no log. Add to it: from mle_toolbox import MLExperiment; mle = MLExperiment()\n"
    )
    assert project.record("results").status == "failed"


def test_script_that_fails_before_its_experiment_is_on_record(project: Project) -> None:
    project.write_script("import no_such_package\n")

    first, second = project.launched(), project.launched()

    record = project.record("results")
    assert (first.returncode, second.returncode) == (1, 1)
    assert "No module named 'no_such_package'" in first.stderr
    assert (record.status, record.exit_status, record.attempt) == ("failed", 1, 2)
    assert record.reason == "ended with exit status 1 before it had made its MLExperiment"


def test_the_error_of_a_script_that_fails_before_its_experiment_is_its_reason(project: Project) -> None:
    project.write_script("import no_such_package\n")

    project.seed("results").path.mkdir(parents=True)  # as the rule does
    with (project.path / "err.txt").open("w") as err:
        subprocess.run(project.launch_command(), cwd=project.path, stderr=err, env=project.environment(), check=False)

    assert project.record("results").reason == (
        "ModuleNotFoundError: No module named 'no_such_package', before it had made its MLExperiment"
    )


def test_a_script_whose_folder_is_removed_while_it_runs_is_told_so(project: Project) -> None:
    project.write_script(
        "import shutil\nfrom mle_toolbox import MLExperiment\nmle = MLExperiment()\n"
        "shutil.rmtree('results/config/seed_0')\nraise RuntimeError('no folder')\n"
    )

    outcome = project.launched()

    assert outcome.returncode == 1
    assert project.record("results").reason == "ended with exit status 1: its folder was removed while it ran"


@pytest.mark.slow
def test_failed_attempt_can_be_followed_by_a_good_one(project: Project) -> None:
    project.write_script(ONE_TICK + "raise ValueError\n")
    project.launched()
    project.write_script(ONE_TICK)

    finished = project.launched()

    record = project.record("results")
    assert finished.returncode == 0
    assert (record.status, record.reason, record.attempt) == ("done", None, 2)
    assert read_log(project.seed("results").log).n_ticks == 1


def test_launcher_gives_the_script_what_the_experiment_file_asks_for(project: Project) -> None:
    project.write_script(
        ONE_TICK
        + "names = ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'NUMEXPR_NUM_THREADS')\n"
        + "print({os.environ[name] for name in names}, os.environ['PYTHONHASHSEED'], os.environ['PYTHONUNBUFFERED'])\n"
        + "print(mle.seed, mle.seed_dir.relative_to(os.getcwd()), mle.extra_config.to_dict(), repr(sys.stdin.read()))\n"
    )

    finished = project.launched("--cores=3", "--seed=7", extra=("-foo", "-3"), variables={"OMP_NUM_THREADS": "9"})

    assert finished.stdout == "{'3'} 0 1\n7 results/config/seed_7 {'foo': -3} ''\n"
    record = project.record("results", seed=7)
    assert record.command is not None
    assert record.command[1:] == [
        *("train.py", "-config", "config.json", "-seed", "7", "-exp_dir", f"{project.path}/results", "-foo", "-3"),
    ]
    assert record.max_rss_mb is not None
    assert 5 < record.max_rss_mb < 2000
    assert record.cpu_seconds is not None
    assert 0 < record.cpu_seconds < 60


def test_conda_environment_is_used_as_if_it_were_active(project: Project) -> None:
    prefix = project.path / "envs" / "study"
    (prefix / "bin").mkdir(parents=True)
    python = prefix / "bin" / "python"
    python.write_text(f'#!/bin/sh\necho "$CONDA_PREFIX $CONDA_DEFAULT_ENV ${{PATH%%:*}}"\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)

    finished = project.launched(f"--conda-prefix={prefix}")

    assert finished.returncode == 0, finished.stderr
    assert finished.stdout == f"{prefix} study {prefix}/bin\n"


def test_conda_environment_without_the_package_is_named(project: Project) -> None:
    prefix = project.path / "envs" / "study"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin" / "python").symlink_to("/bin/false")
    project.seed("results").path.mkdir(parents=True)  # as the rule does, for the log

    finished = project.launched(f"--conda-prefix={prefix}")

    assert finished.returncode == 1
    assert project.record("results").reason == (
        f"ended with exit status 1 before it had made its MLExperiment; mle-toolbox must be installed in {prefix}"
    )


def test_python_that_does_not_exist_is_named(project: Project) -> None:
    finished = project.launched("--python=/no/such/python")

    assert finished.returncode == 127
    assert finished.stderr == "mle-toolbox: /no/such/python cannot be started: No such file or directory.\n"


@pytest.mark.slow
def test_interrupted_launcher_leaves_a_stopped_record(project: Project) -> None:
    project.write_script(ONE_TICK + "print('ready', flush=True)\nimport time\ntime.sleep(60)\n")
    with subprocess.Popen(
        project.launch_command(),
        cwd=project.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=project.environment(),
        start_new_session=True,
    ) as run:
        assert run.stdout is not None
        run.stdout.readline()

        run.send_signal(signal.SIGINT)

    assert run.returncode == 128 + signal.SIGINT
    record = project.record("results")
    assert (record.status, record.signal, record.exit_status) == ("stopped", "SIGINT", None)
    assert (record.reason or "").startswith("stopped after 1 tick (SIGINT: Ctrl-C or `mle stop`).")
    assert run_status(project.seed("results")) == "stopped"


@pytest.mark.slow
def test_provenance_is_on_record_and_in_the_log(project: Project) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    project.run(["git", "init", "-q"])
    project.run(["git", "add", "."])
    project.run([*git, "commit", "-q", "-m", "x"])
    commit = project.run(["git", "rev-parse", "HEAD"]).stdout.strip()

    project.by_hand("-seed", "1", variables={"JOB_ID": "77", "SGE_TASK_ID": "undefined"})
    project.write_script(ONE_TICK + "# edited\n")
    project.launched(variables={"JOB_ID": "78", "SGE_TASK_ID": "3"})

    clean, dirty = project.record(seed=1), project.record("results")
    assert (clean.git_commit, clean.git_dirty) == (commit, False)
    assert (dirty.git_commit, dirty.git_dirty) == (commit, True)
    assert (clean.scheduler, dirty.scheduler) == ({"job": "77"}, {"job": "78", "task": "3"})
    assert clean.script_sha256 != dirty.script_sha256
    assert clean.config_sha256 == dirty.config_sha256
    assert clean.packages["mle_toolbox"] == mle_toolbox.__version__
    assert clean.packages["numpy"]
    assert clean.start is not None
    assert clean.end is not None
    assert clean.start <= clean.end
    attributes = project.log("results").attributes
    for name in ("git_commit", "git_dirty", "script_sha256", "config_sha256", "host", "packages", "start", "command"):
        assert attributes[name] == getattr(dirty, name)
    assert attributes["config"]["train_config"] == {"lrate": 0.1}


@pytest.mark.slow
def test_run_without_git_has_no_commit(project: Project) -> None:
    finished = project.by_hand(variables={"PATH": "/nowhere"})

    assert finished.returncode == 0, finished.stderr
    assert project.record().git_commit is None

"""`mle run` and `snakemake --profile local`, as a user types them."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import mle_toolbox
from mle_toolbox.layout import SeedFolder
from mle_toolbox.log.run_record import read_run_record
from tests.workflow.conftest import SCRIPT, Project, wait_for

pytestmark = pytest.mark.slow

SLOW = SCRIPT.replace("        mle.update_log", "        __import__('time').sleep(0.25)\n        mle.update_log")


def metrics(results: Path) -> dict[str, np.ndarray]:
    loaded = mle_toolbox.load(results)
    return {name: loaded[name]["loss"] for name in loaded.names}


def test_snakemake_with_the_bare_profile_name_works_as_it_stands(project: Project) -> None:
    generated = project.mle("generate", "exp.yaml")

    outcome = project.snakemake()

    assert generated.returncode == 0, generated.stderr
    assert outcome.returncode == 0, outcome.stderr
    assert len(list(project.results.glob("*/seed_*/log.h5"))) == 6
    assert len(list(project.results.glob("*/log.h5"))) == 2
    assert (project.results / "results.h5").exists()
    assert (project.results / "results.csv").exists()
    assert (project.results / "experiment.json").exists()


def test_run_ends_with_a_table_of_final_values(finished: Project) -> None:
    outcome = finished.mle("run", "exp.yaml")

    assert outcome.returncode == 0, outcome.stderr
    assert "3/3" in outcome.stdout
    assert "±" in outcome.stdout
    assert "6 of 6 seed runs done. Results: experiments/results.h5" in outcome.stdout


def test_stdout_and_stderr_of_a_seed_run_are_in_its_folder_under_the_names_asked_for(finished: Project) -> None:
    folder = finished.results / "a" / "seed_2"

    assert "seed 2 ended at" in (folder / "out.txt").read_text()
    assert (folder / "err.txt").exists()
    assert "seed 2 ended at" in finished.mle("logs", "a", "2").stdout


def test_results_do_not_depend_on_folder_order_or_cores(
    finished: Project, new_project: Callable[[str], Project]
) -> None:
    other = new_project("other")
    other.write_experiment(["b.json", "a.json"], seeds=3)

    outcome = other.mle("run", "exp.yaml", "--cores", "1")  # the first one took all there are

    assert outcome.returncode == 0, outcome.stderr
    first, second = metrics(finished.results), metrics(other.results)
    assert first.keys() == second.keys()
    for name in first:
        assert first[name].tobytes() == second[name].tobytes()


def test_another_experiment_in_the_folder_leaves_the_snakefile_alone(finished: Project) -> None:
    finished.write_experiment(["a.json"], seeds=1, name="other.yaml")
    other = finished.path / "other.yaml"
    other.write_text(other.read_text().replace("experiments/", "others/"))
    before = (finished.path / "Snakefile").read_text()

    outcome = finished.mle("run", "other.yaml")

    assert outcome.returncode == 0, outcome.stderr
    assert (finished.path / "Snakefile").read_text() == before
    assert (finished.path / "others" / "a" / "log.h5").exists()
    assert finished.jobs_to_run() == {}


def test_a_second_driver_is_told_who_holds_the_experiment(project: Project) -> None:
    (project.path / "train.py").write_text(SLOW)
    first = project.start("run", "exp.yaml")
    wait_for(lambda: (project.results / ".driver" / "lock").exists())
    wait_for(lambda: (project.results / ".driver" / "lock").read_text() != "")

    second = project.mle("run", "exp.yaml")

    assert second.returncode == 2
    assert f"is already being run by process {first.pid} on" in second.stderr
    assert first.wait(timeout=300) == 0
    first.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing_running_and_goes_on(project: Project, number: int) -> None:
    (project.path / "train.py").write_text(SLOW)
    run = project.start("run", "exp.yaml")
    wait_for(lambda: any(project.results.glob("*/seed_*/log.h5")))
    done = processes_of_finished_runs(project)

    run.send_signal(number)
    _, err = run.communicate(timeout=300)
    (project.path / "train.py").write_text(SCRIPT)
    again = project.mle("run", "exp.yaml")

    assert run.returncode == 130, err
    assert "Interrupted" in err
    assert "running" not in {each["status"] for each in json.loads(project.mle("status", "--json").stdout)["runs"]}
    assert again.returncode == 0, again.stderr
    assert done
    assert done.items() <= processes_of_finished_runs(project).items()


@pytest.mark.parametrize(("name", "seeds", "counted"), [("project", 3, "0 of 6"), ("finished", 5, "6 of 10")])
def test_a_run_that_is_interrupted_before_its_first_job_says_what_is_done_of_the_plan(
    name: str, seeds: int, counted: str, request: pytest.FixtureRequest
) -> None:
    project: Project = request.getfixturevalue(name)
    project.write_experiment(["a.json", "b.json"], seeds=seeds)
    run = project.start("run", "exp.yaml")
    wait_for(lambda: has_started_snakemake(project))

    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=300)

    assert run.returncode == 130, err
    assert "Interrupted. Finished runs are kept." in err
    assert f"{counted} seed runs done" in err
    assert "last lines" not in err
    assert "could not be written" not in err


def has_started_snakemake(project: Project) -> bool:
    try:
        return json.loads((project.results / ".driver" / "lock").read_text())["snakemake"] is not None
    except (OSError, ValueError):
        return False


def test_the_printed_command_for_a_whole_output_works_whatever_the_experiment_file_is_called(project: Project) -> None:
    project.write_experiment(["a.json"], seeds=1, name="my sweep.yaml")
    (project.path / "exp.yaml").unlink()
    (project.path / "train.py").write_text(SCRIPT + "\nraise SystemExit('it ends here')\n")

    failed = project.mle("run", "my sweep.yaml")
    (printed,) = re.findall(r"The whole output of a seed run:\n  mle (logs .*)", failed.stderr)
    shown = project.mle(*shlex.split(printed))

    assert shown.returncode == 0, shown.stderr
    assert "it ends here" in shown.stdout


def test_results_that_are_removed_while_they_are_made_are_missed_in_one_sentence(project: Project) -> None:
    (project.path / "train.py").write_text(SLOW)
    run = project.start("run", "exp.yaml")
    wait_for(lambda: any(project.results.glob("*/seed_*/journal.bin")))

    shutil.rmtree(project.results, ignore_errors=True)
    _, err = run.communicate(timeout=300)

    assert run.returncode == 1, err
    assert err.splitlines()[-1] == "experiments: this folder was removed while the experiment ran, with all results."


def processes_of_finished_runs(project: Project) -> dict[Path, int]:
    """Which process made each log; the time of a log changes when Snakemake touches it."""
    records = {
        path.parent: read_run_record(SeedFolder(path.parent)) for path in project.results.glob("*/seed_*/log.h5")
    }
    return {folder: record.pid for folder, record in records.items() if record is not None and record.pid}


def test_a_seed_run_that_never_made_an_experiment_is_told_what_is_missing(project: Project) -> None:
    (project.path / "train.py").write_text("print('hello')\n")

    outcome = project.mle("run", "exp.yaml")

    assert outcome.returncode == 1
    assert "MLExperiment" in outcome.stderr


def test_status_shows_configurations_and_seeds(finished: Project) -> None:
    outcome = finished.mle("status")

    assert outcome.stdout.splitlines()[:2] == ["a  3/3  ✓✓✓  ", "b  3/3  ✓✓✓  "]


def test_an_option_that_snakemake_does_not_know_is_the_users_mistake(project: Project) -> None:
    typed = project.mle("run", "exp.yaml", "--", "--no-such-option")
    profile = project.path / "profiles/local/config.yaml"
    profile.write_text(profile.read_text() + "no-such-key: 3\n")
    in_profile = project.mle("run", "exp.yaml")

    for outcome, words in ((typed, "--no-such-option"), (in_profile, "--no-such-key")):
        assert outcome.returncode == 2, outcome.stderr
        assert f"unrecognized arguments: {words}" in outcome.stderr
    assert not list(project.results.glob("*/seed_*"))


def test_a_profile_with_a_mistake_ends_with_its_line_before_anything_starts(project: Project) -> None:
    profile = project.path / "mine/config.yaml"
    profile.parent.mkdir()
    profile.write_text("executor: mle-sge\nmle-sge-quue: all.q\n")

    outcome = project.mle("run", "exp.yaml", "--profile", "mine")

    assert outcome.returncode == 2
    assert outcome.stderr.splitlines()[-1] == (
        "mine/config.yaml:2: mle-sge-quue: there is no such setting. Did you mean 'mle-sge-queue'?"
    )
    assert not project.results.exists()

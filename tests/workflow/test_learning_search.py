"""A search that learns, from its experiment file to its results: parallel, and the same trials every time."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mle_toolbox.layout import SeedFolder
from mle_toolbox.log.run_record import read_run_record, write_run_record
from tests.workflow.conftest import Project, wait_for

# Seeds end in any order. A line in started.txt for each start shows what runs twice.
SCRIPT = """\
import os
import time
from pathlib import Path

from mle_toolbox import MLExperiment


def main(mle):
    name = "/".join(os.environ["MLE_SEED_RUN"].split("/")[-2:])
    with open("started.txt", "a") as file:
        file.write(name + "\\n")
    if Path("pause").exists():
        time.sleep(float(Path("pause").read_text()) * (0.5 + hash(name) % 7 / 7))
    told = Path("fails").read_text().split() if Path("fails").exists() else []
    if name in told or "all" in told:
        raise RuntimeError("as it was told")
    for step in range(3):
        loss = abs(mle.train_config.lrate - 0.3) + mle.train_config.units / 100 + mle.seed / 1000
        mle.update_log({"step": step}, {"loss": loss})


if __name__ == "__main__":
    main(MLExperiment())
"""


class LearningSearch(Project):
    """A project with a search by SMBO."""

    def write(self, **changes: Any) -> None:
        """Write the experiment file; what is not named is as at the beginning."""
        resources = {
            "num_total_evals": 6,
            "max_running_evals": 3,
            "num_seeds_per_eval": 2,
            **changes.get("resources", {}),
        }
        content = {
            "meta_job_args": {
                "project_name": "quick",
                "job_type": "hyperparameter-search",
                "base_train_fname": "train.py",
                "base_train_config": "base.json",
                "experiment_dir": "experiments/",
            },
            "param_search_args": {
                "search_logging": {"eval_metrics": "loss", "max_objective": False},
                "search_resources": resources,
                "search_config": {
                    "search_type": "SMBO",
                    "search_params": {
                        "real": {"lrate": {"begin": 1e-3, "end": 1.0, "prior": "log-uniform"}},
                        "categorical": {"units": changes.get("units", [4, 8])},
                    },
                    "search_config": {"n_initial_points": 2},
                },
                # That is tested in test_search_final.py.
                "search_final": changes.get("final", False),
            },
        }
        (self.path / "exp.yaml").write_text(json.dumps(content, indent=2))

    def run(self, *arguments: str, expected: int = 0) -> str:
        """Type `mle run` and return what it says."""
        done = self.mle("run", "exp.yaml", "--profile", "local", *arguments)
        assert done.returncode == expected, done.stdout + done.stderr
        return done.stdout + done.stderr

    def runs_now(self) -> dict[str, int]:
        """Return how many jobs of each kind the last `mle run` has run, but for those that come at every end."""
        counts: Counter[str] = Counter()
        for rule, n in self.jobs_of_last_run().items():
            kind = "ask" if rule.startswith("ask") else rule
            if kind in ("ask", "train", "trial"):
                counts[kind] += n
        return dict(counts)

    def trial_files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.results.glob("trial_*/trial_*.json")} | {
            path.parent.name: path.read_bytes() for path in self.results.glob("trial_*/trial.json")
        }

    def starts(self) -> Counter[str]:
        return Counter((self.path / "started.txt").read_text().split())


def make_learning_search(path: Path, **changes: Any) -> LearningSearch:
    path.mkdir()
    project = LearningSearch(path)
    project.write(**changes)
    base = {
        "train_config": {"lrate": 0.5, "units": 4},
        "log_config": {"time_to_track": ["step"], "what_to_track": ["loss"]},
    }
    (path / "base.json").write_text(json.dumps(base))
    (path / "train.py").write_text(SCRIPT)
    return project


@pytest.fixture(scope="session")
def learned_once(made_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    return made_once("learned", lambda folder: make_learning_search(folder).run("--cores", "2"))


@pytest.fixture
def search(learned_once: Path, tmp_path: Path) -> LearningSearch:
    """A search of six trials with two seeds each that has run."""
    return LearningSearch(Path(shutil.copytree(learned_once, tmp_path / "search", symlinks=True)))


def test_a_search_that_learns_runs_to_its_end_once(search: LearningSearch) -> None:
    assert search.runs_now() == {"ask": 4, "train": 12, "trial": 6}
    notes = json.loads((search.results / "trial_0005" / "trial.json").read_text())["asked"]
    assert (notes["known"], notes["told"], notes["pending"]) == (3, "0-2", "3-4")
    said = search.mle("status").stdout
    assert "SMBO search over lrate and units: 6 of 6 trials; best so far loss 0." in said
    assert ", not confirmed" in said

    assert search.jobs_to_run() == {}
    search.run()

    assert search.runs_now() == {}
    assert (search.results / "search.csv").read_text().count("\n") == 7


def test_one_core_asks_the_same_trials_as_two(search: LearningSearch, tmp_path: Path) -> None:
    alone = make_learning_search(tmp_path / "alone")

    alone.run("--cores", "1")

    assert alone.trial_files() == search.trial_files()


def test_a_search_that_learns_grows_by_exactly_what_is_missing(search: LearningSearch) -> None:
    failed = SeedFolder(search.results / "trial_0005" / "seed_1")
    record = read_run_record(failed)
    assert record is not None
    write_run_record(failed, record._replace(status="failed", reason="ValueError: no"))
    failed.log.unlink()
    before, logs = search.trial_files(), search.logs()
    search.write(resources={"num_total_evals": 8, "max_running_evals": 4, "num_seeds_per_eval": 3}, units=[4, 8, 16])

    said = search.run()

    assert "23 of 24 seed runs done; 1 failed before" in said
    assert search.runs_now() == {"ask": 2, "train": 6 + 2 * 3, "trial": 8}
    assert {name: content for name, content in search.trial_files().items() if name in before} == before
    assert {place: log for place, log in search.logs().items() if place in logs} == logs

    search.write(resources={"num_total_evals": 8, "num_seeds_per_eval": 3}, units=[8, 16])
    search.run()
    assert "ask" not in search.runs_now()
    assert "train" not in search.runs_now()
    shutil.rmtree(search.results / "trial_0004")
    search.write(resources={"num_total_evals": 8, "num_seeds_per_eval": 3}, units=[4, 8, 16])
    search.run()
    assert search.runs_now() | {"trial": 1} == {"ask": 1, "train": 3, "trial": 1}


def test_failing_seeds_stop_nothing_and_are_tried_again_only_on_request(tmp_path: Path) -> None:
    search = make_learning_search(tmp_path / "project")
    (search.path / "fails").write_text("trial_0001/seed_1 trial_0003/seed_0 trial_0003/seed_1")

    # On more cores trial_0003 may end before any other, which stops a search.
    said = search.run("--cores", "2")

    assert search.runs_now() == {"ask": 4, "train": 12, "trial": 6}
    assert "3 seed runs of 2 trials failed and count as the worst" in said
    assert "--retry-failed" in said
    scores = [json.loads((search.results / f"trial_000{t}" / "score.json").read_text()) for t in range(6)]
    assert [score["value"] is None for score in scores] == [False, True, False, True, False, False]
    assert scores[1]["failed"] == [1]
    assert "6 of 6 trials, 2 failed; best so far loss" in search.mle("status").stdout
    before = search.trial_files()
    (search.path / "fails").unlink()
    search.run()
    assert search.runs_now() == {}

    search.run("--retry-failed")

    assert search.runs_now()["train"] == 3
    assert "ask" not in search.runs_now()
    assert {name for name, n in search.starts().items() if n == 2} == {
        "trial_0001/seed_1",
        "trial_0003/seed_0",
        "trial_0003/seed_1",
    }
    search.run()
    assert "train" not in search.runs_now()
    assert json.loads((search.results / "trial_0001" / "score.json").read_text())["value"] is not None
    assert search.trial_files() == before


def test_a_bug_stops_the_search_at_its_first_trial_and_the_same_command_goes_on(tmp_path: Path) -> None:
    final = {"num_finalists": 1, "num_finalist_seeds": 1, "num_final_seeds": 2}
    search = make_learning_search(tmp_path / "project", final=final)
    (search.path / "fails").write_text("all")
    (search.path / "pause").write_text("0.3")

    said = search.run("--cores", "2", expected=1)

    assert "as it was told" in said
    assert "the first trial that ended" in said
    assert sum(search.starts().values()) < 6
    assert not (search.results / "trial_0003" / "trial.json").exists()

    (search.path / "fails").unlink()
    search.run()

    # Those of the base configuration as well, which may have failed of it before.
    assert len(search.logs()) == 12 + 1 + 2 * 2
    assert search.jobs_to_run() == {}


def disturbed(
    search: LearningSearch, generator: random.Random, kills: int
) -> tuple[dict[tuple[str, str], bytes], dict[str, bytes]]:
    """Run a search that is killed at random moments, the driver alone or with its Snakemake and all that it started.

    Returns the logs and the files of trials that were there after a kill.
    """
    logs: dict[tuple[str, str], bytes] = {}
    files: dict[str, bytes] = {}
    for number in range(kills):
        process = search.start("run", "exp.yaml", "--profile", "local", "--cores", "2")
        lock = search.results / ".driver" / "lock"
        wait_for(lambda: holder_of(lock).get("snakemake") is not None or process.poll() is not None)  # noqa: B023
        had, more = len(search.logs()), generator.randint(0, 5)
        wait_for(lambda: len(search.logs()) >= had + more or process.poll() is not None)  # noqa: B023
        wait_for(lambda: generator.random() < 0.1 or process.poll() is not None)  # noqa: B023
        snakemake = holder_of(lock).get("snakemake")
        process.kill()
        if number % 2 == 0 and snakemake is not None:
            with_children = [snakemake, *descendants(snakemake)] if generator.random() < 0.5 else [snakemake]
            for each in with_children:
                kill(each)
        process.communicate()
        logs |= {place: log for place, log in search.logs().items() if place not in logs}
        files |= {name: content for name, content in search.trial_files().items() if name not in files}
    return logs, files


def holder_of(lock: Path) -> dict[str, int]:
    try:
        return dict(json.loads(lock.read_text()))
    except (OSError, ValueError):
        return {}


def descendants(pid: int) -> list[int]:
    """Return the processes below one, from the launchers on: those that would write how a run has ended come first."""
    import psutil

    try:
        return [each.pid for each in psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return []


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 31))])
def test_a_search_that_is_killed_at_random_moments_asks_the_same_trials_and_repeats_nothing(
    seed: int, tmp_path: Path, made_once: Callable[[str, Callable[[Path], object]], Path]
) -> None:
    resources = {"num_total_evals": 10, "num_seeds_per_eval": 3}
    whole = LearningSearch(
        made_once("undisturbed", lambda folder: make_learning_search(folder, resources=resources).run("--cores", "2"))
    )
    search = make_learning_search(tmp_path / "project", resources=resources)
    (search.path / "pause").write_text("0.2")
    generator = random.Random(seed)

    logs, files = disturbed(search, generator, generator.randint(2, 4))
    # A project folder may be moved in between: nothing in it knows where it is.
    moved = LearningSearch(tmp_path / "moved")
    wait_for(lambda: not is_anything_running(search))
    search.path.rename(moved.path)
    moved.run()

    assert moved.trial_files() == whole.trial_files()
    assert len(moved.logs()) == 30
    # A log tells when its run began, so one that was made again would be another.
    assert {place: log for place, log in moved.logs().items() if place in logs} == logs
    assert {name: content for name, content in moved.trial_files().items() if name in files} == files


def is_anything_running(search: LearningSearch) -> bool:
    import psutil

    folder = str(search.path)
    return any((each.info["cwd"] or "").startswith(folder) for each in psutil.process_iter(["cwd"]))

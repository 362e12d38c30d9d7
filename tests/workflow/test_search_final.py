"""The final of a search: fresh seeds choose its winner and others confirm it, and only what is missing runs."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mle_toolbox.results import ExperimentResults, load
from tests.workflow.conftest import Project

pytestmark = pytest.mark.slow

# With the seeds of the search 0.3 looks best, with those that choose 0.2, and with those that are reported 0.1 would.
SCRIPT = """\
import os
from pathlib import Path

from mle_toolbox import MLExperiment

LUCKY = {0: 0.3, 1000: 0.2, 2000: 0.1}


def main(mle):
    name = "/".join(os.environ["MLE_SEED_RUN"].split("/")[-2:])
    if Path("fails").exists() and name in Path("fails").read_text().split():
        raise RuntimeError("as it was told")
    rate = mle.train_config.lrate
    luck = 5.0 if LUCKY[mle.seed // 1000 * 1000] == rate else 0.0
    mle.update_log({"step": 0}, {"loss": 10 * rate - luck + mle.rng.normal() / 10})


if __name__ == "__main__":
    main(MLExperiment())
"""


class FinalProject(Project):
    """A project with a search of three trials, two seeds each, and a small final."""

    def write(self, rates: list[float] | None = None, final: Any = None, kind: Any = None, trials: int = 10) -> None:
        """Write the experiment file; ``kind``: what is searched in another way."""
        final = {"num_finalists": 2, "num_finalist_seeds": 2, "num_final_seeds": 3} if final is None else final
        content = {
            "meta_job_args": {
                "project_name": "final",
                "job_type": "hyperparameter-search",
                "base_train_fname": "train.py",
                "base_train_config": "base.json",
                "experiment_dir": "experiments/",
            },
            "param_search_args": {
                "search_logging": {"eval_metrics": "loss", "max_objective": False},
                "search_resources": {"num_total_evals": trials, "num_seeds_per_eval": 2},
                "search_config": kind
                or {
                    "search_type": "Grid",
                    "search_params": {"categorical": {"lrate": rates or [0.2, 0.3, 0.4]}},
                },
                "search_final": final,
            },
        }
        (self.path / "exp.yaml").write_text(json.dumps(content, indent=2))

    def run(self, expected: int = 0) -> str:
        """Type `mle run` and return what it says."""
        done = self.mle("run", "exp.yaml", "--profile", "local")
        assert done.returncode == expected, done.stdout + done.stderr
        return done.stdout + done.stderr

    def fresh(self) -> dict[str, list[int]]:
        """Return the fresh seeds that have run, by configuration."""
        found: dict[str, list[int]] = {}
        for name, seed in self.logs():
            number = int(seed.removeprefix("seed_"))
            if number >= 1000:
                found.setdefault(name, []).append(number)
        return {name: sorted(seeds) for name, seeds in sorted(found.items())}


def make_final(path: Path) -> FinalProject:
    path.mkdir()
    project = FinalProject(path)
    project.write()
    content = {"train_config": {"lrate": 1.0}, "log_config": {"time_to_track": ["step"], "what_to_track": ["loss"]}}
    (path / "base.json").write_text(json.dumps(content))
    (path / "train.py").write_text(SCRIPT)
    return project


@pytest.fixture(scope="session")
def confirmed_once(made_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    return made_once("confirmed", lambda folder: make_final(folder).run())


@pytest.fixture
def project(confirmed_once: Path, tmp_path: Path) -> FinalProject:
    """A search that has run to the answer of its final."""
    return FinalProject(Path(shutil.copytree(confirmed_once, tmp_path / "final", symlinks=True)))


FIRST = {"base": [2000, 2001, 2002], "trial_0000": [1000, 1001, 2000, 2001, 2002], "trial_0001": [1000, 1001]}


def test_the_winner_is_chosen_by_fresh_seeds_and_reported_by_others(project: FinalProject) -> None:
    results = load(project.results)
    assert isinstance(results, ExperimentResults)
    answer = results.winner()

    assert project.fresh() == FIRST
    assert answer is not None
    assert (answer.state, answer.stage.finalists, answer.stage.winner) == (
        "done",
        ("trial_0001", "trial_0000"),
        "trial_0000",
    )
    # Of its seeds 1000 and 1001 it was lucky; those that are reported know nothing of that.
    assert answer.estimate is not None
    assert answer.estimate.n == 3
    assert answer.estimate.value == pytest.approx(2.0, abs=0.3)
    assert answer.better == "winner"
    winner = json.loads((project.results / "winner.json").read_text())
    assert winner == json.loads((project.results / "trial_0000" / "trial_0000.json").read_text())
    text = (project.results / "winner.txt").read_text()
    assert text.startswith("Winner: trial_0000 (lrate 0.2).\nloss on 3 fresh seeds, which have chosen nothing: 2.")
    assert "trial_0000 is better than base" in text

    said = project.mle("results").stdout
    assert said.startswith("Winner: trial_0000 (lrate 0.2).")
    assert "(optimistic: best of 3)" in said
    data = json.loads(project.mle("results", "--format", "json").stdout)
    assert data["final"]["winner"] == "trial_0000"
    assert data["final"]["difference"]["better"] == "winner"
    rows = {row["trial"]: row for row in csv.DictReader((project.results / "search.csv").read_text().splitlines())}
    assert [rows[name]["final"] for name in ("trial_0000", "trial_0001", "trial_0002")] == ["winner", "finalist", ""]
    assert (rows["trial_0000"]["loss_n"], rows["trial_0000"]["fresh_n"]) == ("2", "3")
    assert "Winner: trial_0000" in (project.results / "report.html").read_text()
    status = project.mle("status").stdout
    assert "3 of 3 trials done" in status
    assert "winner" in status

    assert project.jobs_to_run() == {}
    project.run()
    assert "train" not in project.jobs_of_last_run()


def test_growing_the_final_or_the_search_runs_only_what_is_missing(project: FinalProject) -> None:
    before = project.logs()
    project.write(final={"num_finalists": 3, "num_finalist_seeds": 2, "num_final_seeds": 4})
    project.run()
    grown = {**FIRST, "base": [2000, 2001, 2002, 2003], "trial_0002": [1000, 1001]}
    grown["trial_0000"] = [*FIRST["trial_0000"], 2003]
    assert project.fresh() == grown
    assert {place: log for place, log in project.logs().items() if place in before} == before

    # A better trial wins, and what was known before is not forgotten.
    project.write([0.05, 0.2, 0.3, 0.4], final={"num_finalists": 3, "num_finalist_seeds": 2, "num_final_seeds": 4})
    said = project.run()
    assert project.fresh() == {**grown, "trial_0003": [1000, 1001]}
    assert "The search went on after an answer was seen (trial_0000 with " in said
    assert {place: log for place, log in project.logs().items() if place in before} == before

    # Another base configuration: another search, whose final begins anew; undone, nothing runs again.
    base = json.loads((project.path / "base.json").read_text())
    (project.path / "base.json").write_text(json.dumps({**base, "train_config": {"lrate": 1.0, "more": 1}}))
    everything = project.logs()
    project.run()
    # But for those of a trial that is no finalist any more.
    others = {name: seeds for name, seeds in grown.items() if name != "trial_0002"}
    assert project.fresh() == {**others, "trial_0003": [1000, 1001]}
    (project.path / "base.json").write_text(json.dumps(base))
    project.run()
    assert "train" not in project.jobs_of_last_run()
    assert project.logs() == everything


def test_seed_runs_that_fail_hold_up_no_final_and_are_in_its_answer(tmp_path: Path) -> None:
    project = make_final(tmp_path / "project")
    (project.path / "fails").write_text("trial_0002/seed_1 trial_0001/seed_1001 trial_0000/seed_2001")

    said = project.run(expected=1)

    assert json.loads((project.results / "finalists.json").read_text())["left_out"] == ["trial_0002"]
    assert "Winner: trial_0000 (lrate 0.2)." in said
    assert "on 2 of 3 fresh seeds" in said
    assert "Of trial_0000's 3 fresh seeds 1 failed" in " ".join(said.split())

    (project.path / "fails").unlink()
    project.run()

    assert project.jobs_of_last_run()["train"] == 3
    assert "on 3 fresh seeds" in (project.results / "winner.txt").read_text()
    assert json.loads((project.results / "finalists.json").read_text())["left_out"] == []


def test_the_final_of_a_search_that_learns_is_answered_although_seeds_fail(tmp_path: Path) -> None:
    project = make_final(tmp_path / "project")
    project.write(
        kind={"search_type": "SMBO", "search_params": {"real": {"lrate": {"begin": 0.1, "end": 1.0}}}}, trials=3
    )
    (project.path / "fails").write_text(
        " ".join(f"trial_{n:04d}/seed_{seed}" for n in range(3) for seed in (1000, 2000))
    )

    # Of a search that learns a failed seed is an answer, not a failure of the command.
    said = project.run()

    assert "on 2 of 3 fresh seeds" in said
    # The base has all of its three, and the two that both have are compared.
    assert "With n = 2 you see" in said
    assert len(json.loads((project.results / "finalists.json").read_text())["finalists"]) == 2
    trials = {path.name: path.read_bytes() for path in project.results.glob("trial_*/trial*.json")}
    first = (project.results / "finalists.json").read_bytes()
    assert project.jobs_to_run() == {}
    project.run()
    assert "train" not in project.jobs_of_last_run()
    assert (project.results / "finalists.json").read_bytes() == first
    assert {path.name: path.read_bytes() for path in project.results.glob("trial_*/trial*.json")} == trials


def test_the_winner_runs_in_the_next_experiment_with_the_same_values(project: FinalProject) -> None:
    (project.path / "next.yaml").write_text(
        json.dumps(
            {
                "meta_job_args": {
                    "project_name": "next",
                    "job_type": "multiple-experiments",
                    "base_train_fname": "train.py",
                    "experiment_dir": "next/",
                },
                "multi_experiment_args": {
                    "config_fnames": ["experiments/winner.json", "base.json"],
                    "random_seeds": [2000],
                },
            }
        )
    )

    done = project.mle("run", "next.yaml", "--profile", "local")

    assert done.returncode == 0, done.stdout + done.stderr
    [again, first] = (
        load(project.path / place) for place in ("next/winner/seed_2000", "experiments/trial_0000/seed_2000")
    )
    assert again["loss"].tolist() == first["loss"].tolist()

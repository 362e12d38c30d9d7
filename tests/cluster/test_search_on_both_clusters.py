"""Searches with a final and with handed-on checkpoints, on the real schedulers."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from cluster_project import both_clusters

from tests.workflow.conftest import wait_for
from tests.workflow.test_search_rungs import make as make_rungs
from tests.workflow.test_search_rungs import rewrite, started, table

pytestmark = [both_clusters, pytest.mark.slow]


def test_a_population_hands_on_its_checkpoints_there_and_goes_on_where_it_was_killed(
    tmp_path: Path, cluster: str
) -> None:
    config = {
        "search_type": "PBT",
        "search_config": {"num_workers": 4, "steps_until_ready": 2, "step_key": "num_steps"},
        "search_params": {"real": {"lrate": {"begin": 0.0, "end": 1.0}}},
    }
    search = make_rungs(tmp_path / "project", {"num_search_batches": 2}, config)

    driver = search.start("run", "exp.yaml", "--profile", cluster)
    wait_for(lambda: (search.results / "trial_0004" / "trial_0004.json").exists() or driver.poll() is not None)
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    done = search.mle("run", "exp.yaml", "--profile", cluster)
    assert done.returncode == 0, done.stdout + done.stderr
    rewrite(search, "search_resources", num_search_batches=3)
    done = search.mle("run", "exp.yaml", "--profile", cluster)

    assert done.returncode == 0, done.stdout + done.stderr
    assert set(started(search).values()) == {1}
    steps = (search.path / "steps.txt").read_text().splitlines()
    assert sorted(steps) == sorted(f"trial_{t:04d} 0 {t // 4 * 2 + step}" for t in range(12) for step in range(2))
    rows = table(search)
    assert [rows[f"trial_{t:04d}"]["parent"] != "" for t in range(12)] == [False] * 4 + [True] * 8
    assert search.jobs_to_run() == {}


def test_a_final_of_two_base_configurations_runs_there_to_its_answer(tmp_path: Path, cluster: str) -> None:
    settings = {"min_budget": 2, "num_arms": 2, "halving_coeff": 2, "step_key": "num_steps"}
    config = {"search_type": "Halving", "search_config": settings}
    # No trial may fail: one that ends first and failed stops a search, and here any of them can end first.
    search = make_rungs(tmp_path / "project", {"num_seeds_per_eval": 1}, config, fails=-1.0)
    base = json.loads((search.path / "base.json").read_text())
    (search.path / "worse.json").write_text(json.dumps({**base, "train_config": {**base["train_config"], "worse": 5}}))
    script = (search.path / "train.py").read_text()
    script = script.replace("+ mle.seed / 1000", "+ mle.train_config.get('worse', 0) + mle.rng.normal() / 100")
    (search.path / "train.py").write_text(script)
    experiment = json.loads((search.path / "exp.yaml").read_text())
    experiment["meta_job_args"]["base_train_config"] = ["worse.json", "base.json"]
    experiment["param_search_args"]["search_final"] = {
        "num_finalists": 2,
        "num_finalist_seeds": 1,
        "num_final_seeds": 2,
    }
    (search.path / "exp.yaml").write_text(json.dumps(experiment))

    done = search.mle("run", "exp.yaml", "--profile", cluster)

    assert done.returncode == 0, done.stdout + done.stderr
    chosen = json.loads((search.results / "finalists.json").read_text())["finalists"]
    winner = json.loads((search.results / "winner.json").read_text())
    fresh = {(name, seed) for name, seed in search.logs() if int(seed.removeprefix("seed_")) >= 1000}
    name = json.loads((search.results / "final.json").read_text())["winner"]
    finalists = {(each["trial"], "seed_1000") for each in chosen}
    assert {("base", "seed_2000"), ("base", "seed_2001"), (name, "seed_2000"), (name, "seed_2001")} | finalists <= fresh
    assert "worse" not in winner["train_config"]
    assert winner["train_config"]["num_steps"] == 4
    assert set(winner) == set(base)
    assert f"Winner: {name} (lrate " in done.stdout
    assert "Against your base configuration, base (" in done.stdout
    assert search.jobs_to_run() == {}

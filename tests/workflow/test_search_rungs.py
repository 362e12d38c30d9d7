"""Searches that spend more on better trials, from the experiment file to the results: real runs."""

from __future__ import annotations

import csv
import json
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.workflow.conftest import Project, wait_for

pytestmark = pytest.mark.slow

SCRIPT = """\
import os
from pathlib import Path

from mle_toolbox import MLExperiment


def main(mle):
    with open("started.txt", "a") as file:
        file.write("/".join(os.environ["MLE_SEED_RUN"].split("/")[-2:]) + "\\n")
    if mle.train_config.lrate == mle.train_config.fails:
        raise RuntimeError("as it was told")
    state = mle.resume() or {"step": 0, "made": []}
    for step in range(state["step"], mle.train_config.num_steps):
        with open("steps.txt", "a") as file:
            file.write(f"{mle.config_name} {mle.seed} {step}\\n")
        loss = abs(mle.train_config.lrate - 0.5) + 1 / (step + 2) + mle.seed / 1000
        mle.update_log({"step": step}, {"loss": loss})
        mle.checkpoint({"step": step + 1, "made": [*state["made"], mle.config_name]})
        state["made"].append(mle.config_name)


if __name__ == "__main__":
    main(MLExperiment())
"""
LRATES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]


def make(path: Path, resources: dict[str, Any], config: dict[str, Any], fails: float = 0.3) -> Project:
    path.mkdir()
    content = {
        "meta_job_args": {
            "project_name": "rungs",
            "job_type": "hyperparameter-search",
            "base_train_fname": "train.py",
            "base_train_config": "base.json",
            "experiment_dir": "experiments/",
        },
        "param_search_args": {
            "search_logging": {"eval_metrics": "loss", "max_objective": False},
            "search_resources": resources,
            "search_config": {"search_params": {"categorical": {"lrate": LRATES}}, **config},
        },
    }
    (path / "exp.yaml").write_text(json.dumps(content, indent=2))
    base = {
        "train_config": {"lrate": 1.0, "num_steps": 2, "fails": fails},
        "log_config": {"time_to_track": ["step"], "what_to_track": ["loss"]},
    }
    (path / "base.json").write_text(json.dumps(base))
    (path / "train.py").write_text(SCRIPT)
    return Project(path)


def started(project: Project) -> Counter[str]:
    return Counter((project.path / "started.txt").read_text().split())


def table(project: Project) -> dict[str, dict[str, str]]:
    rows = csv.DictReader((project.results / "search.csv").read_text().splitlines())
    return {row["trial"]: row for row in rows}


def run(project: Project, expected: int = 0) -> str:
    # On more cores a trial that fails may end before any other, which stops a search.
    done = project.mle("run", "exp.yaml", "--profile", "local", "--cores", "2")
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_better_trials_get_more_seeds_a_failed_one_is_the_worst_and_nothing_runs_twice(tmp_path: Path) -> None:
    resources = {"num_search_batches": 1, "num_evals_per_batch": 8, "num_seeds_per_eval": {"min": 1, "max": 4}}
    search = make(tmp_path / "project", resources, {"search_type": "Grid"})

    process = search.start("run", "exp.yaml", "--profile", "local", "--cores", "2")
    wait_for(lambda: (search.results / "rung_1.json").exists() or process.poll() is not None)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    run(search)

    # 0.5 is the best, then 0.4 and 0.6, then 0.7 (0.3 fails); each has as many runs as it has earned.
    runs = {f"trial_{trial:04d}/seed_{seed}" for trial in range(8) for seed in range(1)}
    runs |= {f"trial_{trial:04d}/seed_1" for trial in (3, 4, 5, 6)}
    runs |= {f"trial_{trial:04d}/seed_{seed}" for trial in (3, 4) for seed in (2, 3)}
    assert set(started(search)) == runs
    assert {name for name, n in started(search).items() if n > 1} <= {"trial_0002/seed_0"}
    rows = table(search)
    assert list(rows)[:2] == ["trial_0004", "trial_0003"]
    assert [rows[name]["seeds_planned"] for name in list(rows)] == ["4", "4", "2", "2", "1", "1", "1", "1"]
    assert (rows["trial_0002"]["failed"], list(rows)[-1]) == ("1", "trial_0002")

    before = started(search)
    run(search)
    assert started(search) == before


def test_a_rung_trains_on_from_the_checkpoints_of_the_one_below(tmp_path: Path) -> None:
    settings = {"min_budget": 2, "num_arms": 8, "halving_coeff": 2, "step_key": "num_steps"}
    config = {"search_type": "Halving", "search_config": settings}
    # The first trial must not fail: that would be a mistake in the script.
    search = make(tmp_path / "project", {"num_seeds_per_eval": 2}, config, fails=0.8)
    twin = make(tmp_path / "twin", {"num_seeds_per_eval": 2}, config, fails=0.8)

    process = search.start("run", "exp.yaml", "--profile", "local", "--cores", "2")
    wait_for(lambda: len(list(search.results.glob("trial_0008/*.json"))) == 2 or process.poll() is not None)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    run(search)
    run(twin)

    for file in sorted(twin.results.glob("trial_*/trial_*.json")):
        assert (search.results / file.relative_to(twin.results)).read_bytes() == file.read_bytes()
    files = sorted(search.results.glob("trial_*/trial_*.json"))
    contents = {file.stem: json.loads(file.read_text()) for file in files}
    assert [each["train_config"]["num_steps"] for each in contents.values()] == [2] * 8 + [4] * 4 + [8] * 2 + [16]
    last = contents["trial_0014"]
    assert last["train_config"]["lrate"] == 0.5
    # Each step of each rung was made once: 8 x 2, 4 x 2, 2 x 4 and 1 x 8 steps of two seeds, but for the failed trial.
    steps = Counter((search.path / "steps.txt").read_text().splitlines())
    assert sum(Counter((twin.path / "steps.txt").read_text().splitlines()).values()) == 2 * (7 * 2 + 4 * 2 + 2 * 4 + 8)
    assert set(steps) == set((twin.path / "steps.txt").read_text().splitlines())
    rows = table(search)
    assert rows["trial_0014"]["parent"] == last["continues"]
    assert next(iter(rows)) == "trial_0014"


def test_a_population_goes_on_where_it_was_killed_and_grows_by_generations(tmp_path: Path) -> None:
    settings = {"num_workers": 4, "steps_until_ready": 2, "step_key": "num_steps"}
    config = {"search_type": "PBT", "search_config": settings}
    lrate = {"search_params": {"real": {"lrate": {"begin": 0.0, "end": 1.0}}}}
    search = make(tmp_path / "project", {"num_search_batches": 2}, config | lrate)

    process = search.start("run", "exp.yaml", "--profile", "local", "--cores", "2")
    wait_for(lambda: (search.results / "trial_0004" / "trial_0004.json").exists() or process.poll() is not None)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    run(search)
    rewrite(search, "search_resources", num_search_batches=3)
    run(search)

    # Each member of each generation made two steps, and the curve of each begins with those of its ancestors.
    assert set(started(search).values()) == {1}
    steps = (search.path / "steps.txt").read_text().splitlines()
    assert sorted(steps) == sorted({f"trial_{t:04d} 0 {t // 4 * 2 + step}" for t in range(12) for step in range(2)})
    rows = table(search)
    assert {rows[f"trial_{t:04d}"]["parent"] for t in range(4)} == {""}
    for t in range(4, 12):
        row, parent = rows[f"trial_{t:04d}"], rows[rows[f"trial_{t:04d}"]["parent"]]
        assert int(parent["number"]) // 4 == t // 4 - 1
        assert row["lrate"] == parent["lrate"] or int(parent["number"]) % 4 != t % 4
    # What continues another trial does so only in this results folder.
    assert "continues" not in json.loads((search.results / "best.json").read_text())


def test_a_hyperband_with_other_steps_is_another_search_and_undone_the_earlier_one_is_back(tmp_path: Path) -> None:
    config = {
        "search_type": "Hyperband",
        "search_config": {"max_resource": 2, "eta": 2, "step_key": "num_steps"},
        "search_params": {"real": {"lrate": {"begin": 0.6, "end": 1.0}}},
    }
    search = make(tmp_path / "project", {"num_seeds_per_eval": 1}, config)
    # Nothing that lowers the loss is good now.
    rewrite(search, "search_logging", max_objective=True)
    rewrite(search, "search_final", num_finalists=1, num_finalist_seeds=1, num_final_seeds=2)

    said = run(search)

    rows = table(search)
    assert [(row["steps"], row["parent"] != "") for row in rows.values()].count(("2", True)) == 1
    below = [row for row in rows.values() if row["steps"] == "1"]
    climbed = next(row for row in rows.values() if row["parent"])
    assert climbed["parent"] == max(below, key=lambda row: float(row["loss"]))["trial"]
    assert "Winner: trial_000" in said
    assert "They did not train equally long" not in said

    rewrite(search, "search_config", search_config={"max_resource": 3, "eta": 2, "step_key": "num_steps"})
    said = run(search)

    # Those of one step, and the one that climbed from them, keep their place; the bracket of two steps has three now.
    again = table(search)
    assert {name: row["steps"] for name, row in again.items() if name not in rows} == {
        "trial_0005": "3",
        "trial_0006": "3",
    }
    assert {name for name, row in again.items() if row["inside"] != "True"} == {"trial_0002", "trial_0003"}
    assert "num_steps is 3 in trial_" in said
    assert set(started(search).values()) == {1}

    rewrite(search, "search_config", search_config={"max_resource": 2, "eta": 2, "step_key": "num_steps"})
    assert "Nothing to run: none of the" in search.mle("run", "exp.yaml", "--dry-run").stdout


def rewrite(project: Project, block: str, **changes: Any) -> None:
    content = json.loads((project.path / "exp.yaml").read_text())
    content["param_search_args"].setdefault(block, {}).update(changes)
    (project.path / "exp.yaml").write_text(json.dumps(content, indent=2))

"""Searches in the forms that people wrote for the original, from file to table, with scores computed once more."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.workflow.conftest import Project

# Seeds of different lengths, and equal values: later seeds have more ticks.
SCRIPT = """\
from mle_toolbox import MLExperiment

mle = MLExperiment()
config = mle.train_config
sigma = config.es_config.sigma if "es_config" in config else 0.0
assert isinstance(config.lrate, float) and isinstance(config.get("flag", True), bool)
for step in range(4 + mle.seed):
    loss = (7 * step + 3 * mle.seed) % 5 + config.lrate + sigma
    mle.update_log({"step": step}, {"loss": loss, "reward": -loss})
"""
META = """\
meta_job_args:
    project_name: "forms"
    {kind}: "hyperparameter-search"
    base_train_fname: "train.py"
    base_train_config: {base}
    experiment_dir: "experiments/"
"""
JOB = """\
single_job_args:
    job_name: "forms"
    num_logical_cores: 1
    num_gpus: 0
    gpu_type: null
    partition: ["cpu-long", "cpu-short"]
    exclude_nodes: []
    log_file: "log"
    err_file: "err"
    env_name: "mle-toolbox"
    time_per_job: "00:01:00"
"""
FLAT = """\
param_search_args:
    search_type: "random"
    num_search_batches: 2
    num_iter_per_batch: 2
    num_evals_per_iter: 2
    eval_metrics: "loss"
    maximize_objective: False
    problem_type: "best"
    hyperlog_fname: "hyper_log.pkl"
    reload_log: False
    verbose_logging: True
    params_to_search:
        real:
            lrate: {begin: 1e-5, end: 5e-04, bins: 50}
"""
BLOCKS = """\
param_search_args:
    search_logging:
        reload_log: True
        verbose_log: True
        max_objective: True
        aggregate_seeds: "p50"
        problem_type: "best"
        eval_metrics:
            - "reward"
            - "loss"
    search_resources:
        num_search_batches: 2
        num_evals_per_batch: 5
        num_seeds_per_eval: 3
    search_config:
        search_type: "Grid"
        search_schedule: "sync"
        search_params:
            categorical:
                es_config/sigma: [0.0, 1e-5]
                flag: [true]
            real:
                train:lrate: {begin: 0.1, end: 0.2, bins: 2}
"""
ASYNC = """\
param_search_args:
    search_logging: {max_objective: False, problem_type: "mean", eval_metrics: ["loss"]}
    search_resources: {num_total_evals: 3, max_running_jobs: 2, random_seeds: [1, 4]}
    search_config:
        search_type: "Random"
        search_schedule: "async"
        search_seed: 7
        search_params:
            real:
                lrate: {begin: 1e-5, end: 1e-1, prior: "log-uniform"}
"""
YAML_BASE = """\
train_config:
    lrate: 1e-5
    es_config: {sigma: 5e-04, elite: 0.5}
log_config:
    time_to_track: ["step"]
    what_to_track: ["loss", "reward"]
"""
JSON_BASE = '{"train_config": {"lrate": 0.5, "flag": false},  # a comment\n' + (
    ' "log_config": {"time_to_track": ["step"], "what_to_track": ["loss", "reward"]}}\n'
)


def make(path: Path, kind: str, bases: str, section: str) -> Project:
    (path / "train.py").write_text(SCRIPT)
    (path / "base.yaml").write_text(YAML_BASE)
    (path / "other.json").write_text(JSON_BASE)
    (path / "exp.yaml").write_text(META.format(kind=kind, base=bases) + section + JOB)
    return Project(path)


def searched(project: Project) -> list[dict[str, Any]]:
    """Run the search and return the rows of its table."""
    done = project.mle("run", "exp.yaml", "--profile", "local")
    assert done.returncode == 0, done.stdout + done.stderr
    return read_table(project)


def read_table(project: Project) -> list[dict[str, Any]]:
    """Return the rows of a search's table, the best first."""
    return list(csv.DictReader((project.results / "search.csv").read_text().splitlines()))


def curves(lrate: float, sigma: float, seeds: list[int]) -> np.ndarray[Any, Any]:
    """Return the losses that the script logs, shape (S, T), with NaN behind the end of a shorter one."""
    rows = np.full((len(seeds), 4 + max(seeds)), np.nan)
    for row, seed in zip(rows, seeds, strict=True):
        steps = np.arange(4 + seed)
        row[: len(steps)] = (7 * steps + 3 * seed) % 5 + lrate + sigma
    return rows


def test_the_flat_form_with_a_yaml_configuration_and_bare_exponents(tmp_path: Path) -> None:
    rows = searched(make(tmp_path, "experiment_type", '"base.yaml"', FLAT))

    grid = np.linspace(1e-5, 5e-4, 50).tolist()
    assert [row["original_id"] for row in sorted(rows, key=lambda row: int(row["number"]))] == [
        "b_1_eval_0",
        "b_1_eval_1",
        "b_2_eval_0",
        "b_2_eval_1",
    ]
    for row in rows:
        assert float(row["lrate"]) in grid
        # The best of a curve is its highest value in this form, although the lowest score is the best one.
        expected = np.nanmean(curves(float(row["lrate"]), 5e-4, [0, 1]), axis=0).max()
        assert float(row["loss"]) == pytest.approx(expected, rel=1e-12)
    scores = [float(row["loss"]) for row in rows]
    assert scores == sorted(scores)


def test_three_blocks_with_nested_names_two_metrics_and_two_base_configurations(tmp_path: Path) -> None:
    rows = searched(make(tmp_path, "job_type", '["base.yaml", "other.json"]', BLOCKS))

    # The grid has four points, fewer than the ten trials asked for, of each base.
    points = [(row["base"], float(row["train:lrate"]), float(row["es_config/sigma"])) for row in rows]
    assert sorted(points) == [
        (base, rate, sigma) for base in ("base", "other") for rate in (0.1, 0.2) for sigma in (0.0, 1e-5)
    ]
    for row, (_, rate, sigma) in zip(rows, points, strict=True):
        loss = np.nanmedian(curves(rate, sigma, [0, 1, 2]), axis=0)
        assert float(row["reward"]) == pytest.approx((-loss).max(), rel=1e-12)
        assert float(row["loss"]) == pytest.approx(loss.max(), rel=1e-12)
    # Equal scores, since the bases differ in nothing that the score sees: the lower number comes first.
    order = [(-float(row["reward"]), int(row["number"])) for row in rows]
    assert order == sorted(order)
    first = json.loads((tmp_path / "experiments" / "best.json").read_text())
    assert first["train_config"] == {"lrate": 0.1, "es_config": {"sigma": 0.0, "elite": 0.5}, "flag": True}
    other = next(row["trial"] for row in rows if row["base"] == "other")
    assert (tmp_path / "experiments" / other / f"{other}.json").is_file()


def test_an_asynchronous_random_search_with_seeds_of_its_own(tmp_path: Path) -> None:
    rows = searched(make(tmp_path, "job_type", '"base.yaml"', ASYNC))

    assert sorted(row["original_id"] for row in rows) == ["b_0_eval_0", "b_0_eval_1", "b_0_eval_2"]
    assert {row["seeds_planned"] for row in rows} == {"2"}
    for row in rows:
        expected = np.nanmean(curves(float(row["lrate"]), 5e-4, [1, 4]), axis=0).mean()
        assert 1e-5 <= float(row["lrate"]) <= 1e-1
        assert float(row["loss"]) == pytest.approx(expected, rel=1e-12)
    assert (tmp_path / "experiments" / "trial_0000" / "seed_4" / "log.h5").is_file()

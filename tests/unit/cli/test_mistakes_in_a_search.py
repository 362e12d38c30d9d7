"""`mle-gen-snakefile` on each mistake in a search: the file, the line, one sentence; and nothing is written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mle_toolbox.cli import generate_main

BLOCKS = """\
meta_job_args:
    project_name: "search"
    job_type: "hyperparameter-search"
    base_train_fname: "train.py"
    base_train_config: "base.json"
    experiment_dir: "experiments/"
param_search_args:
    search_logging:
        max_objective: False
        aggregate_seeds: "mean"
        problem_type: "best"
        eval_metrics: ["loss"]
    search_resources:
        num_search_batches: 1
        num_evals_per_batch: 6
        num_seeds_per_eval: 2
    search_config:
        search_type: "Grid"
        search_schedule: "sync"
        search_params:
            categorical:
                lrate: [0.1, 0.01]
            integer:
                es_config/popsize: {begin: 2, end: 4, bins: 3}
"""
FLAT = """\
meta_job_args:
    project_name: "search"
    experiment_type: "hyperparameter-search"
    base_train_fname: "train.py"
    base_train_config: "base.json"
    experiment_dir: "experiments/"
param_search_args:
    search_type: "random"
    num_search_batches: 2
    num_iter_per_batch: 3
    num_evals_per_iter: 1
    eval_metrics: "loss"
    maximize_objective: False
    problem_type: "final"
    reload_log: False
    verbose_logging: True
    params_to_search:
        real:
            lrate: {begin: 0.001, end: 0.1, prior: "log-uniform"}
"""
BASE = """\
{"train_config": {"lrate": 0.1, "es_config": {"popsize": 2, "sigma": 0.1}},
 "net_config": {"units": 8},
 "log_config": {"time_to_track": ["t"], "what_to_track": ["loss"]}}
"""
SCRIPT = """\
from mle_toolbox import MLExperiment

mle = MLExperiment()
mle.update_log({"t": 1}, {"loss": mle.train_config.lrate})
"""
VARIABLE = "lrate: [0.1, 0.01]"

MISTAKES: list[tuple[str, str, str]] = [
    (
        'search_type: "Grid"',
        'search_type: "gird"',
        "18: 'search_type' in param_search_args.search_config must be 'Grid', 'Random', 'SMBO', 'Coordinate', "
        "'Halving', 'Hyperband' or 'PBT', found the text 'gird'. Did you mean 'Grid'?",
    ),
    (
        'search_type: "Grid"',
        'search_type: "Halving"',
        "17: 'search_config' in param_search_args.search_config must be a section with 'step_key', 'min_budget', "
        "'num_arms', 'halving_coeff' and 'max_budget', found no value (null).",
    ),
    (
        "        num_search_batches: 1\n",
        "",
        "13: 'num_search_batches' in param_search_args.search_resources is missing. The number of trials is "
        "num_search_batches x num_evals_per_batch.",
    ),
    (
        "num_search_batches: 1",
        "num_search_batches: 0",
        "14: 'num_search_batches' in param_search_args.search_resources must be a whole number of at least 1, found 0.",
    ),
    (
        "num_evals_per_batch: 6",
        "num_evals_per_bach: 6",
        "15: unknown key 'num_evals_per_bach' in param_search_args.search_resources. Did you mean "
        "'num_evals_per_batch'?",
    ),
    (
        'aggregate_seeds: "mean"',
        'aggregate_seeds: "median"',
        "10: 'aggregate_seeds' in param_search_args.search_logging must be one of 'mean', 'p10', 'p25', "
        "'p50', 'p75', 'p90', found the text 'median'. The median is 'p50'.",
    ),
    (
        'eval_metrics: ["loss"]',
        'eval_metrics: ["los"]',
        "12: the metric 'los' is not tracked: what_to_track of base.json lists 'loss'. Did you mean 'loss'?",
    ),
    (
        "max_objective: False",
        "maximise: False",
        "9: unknown key 'maximise' in param_search_args.search_logging. Valid names are 'max_objective', "
        "'aggregate_seeds', 'problem_type', 'eval_metrics', 'reload_log', 'no_results_logging' and "
        "'verbose_log'.",
    ),
    (
        VARIABLE,
        "lrat: [0.1, 0.01]",
        "22: 'lrat' is not in train_config. Did you mean 'lrate'? If not, add it to the base configuration.",
    ),
    (
        VARIABLE,
        "es_config/sigm: [0.1]",
        "22: 'es_config/sigm' is not in train_config. Did you mean 'es_config/sigma'? If not, add it to the "
        "base configuration.",
    ),
    (
        VARIABLE,
        "model:unit: [1]",
        "22: 'model:unit' is not in net_config. Did you mean 'model:units'? If not, add it to the base configuration.",
    ),
    (VARIABLE, "lrate: []", "22: 'lrate' has no choices, found an empty list. Give a list of its values."),
    (
        VARIABLE,
        "lrate: [0.1, 5 e-4]",
        '22: 5 e-4 without quotes is text in YAML, because of the space in it. Write 5e-4, or "5 e-4" in quotes.',
    ),
    (
        VARIABLE,
        "lrate: [0.1, '5 e-4']",
        "22: 'lrate' is a number, and its choice '5 e-4' is text. Write 0.0005 without quotes.",
    ),
    (VARIABLE, "lrate: [0.1, .nan]", "22: .nan is not a finite number. Write a finite number or null."),
    (
        VARIABLE,
        "log:what_to_track: [1]",
        "22: 'log:what_to_track': log_config cannot be searched, only train_config and model_config.",
    ),
    (
        VARIABLE,
        "lrate: [0.1]\n                train:lrate: [0.1]",
        "23: 'train:lrate' and 'lrate' are the same key of the configuration. Remove one of them.",
    ),
    (
        VARIABLE,
        "es_config: [{popsize: 1}]",
        "24: 'es_config/popsize' is a part of 'es_config', so both would set it. Remove one of them.",
    ),
    ("begin: 2, end: 4", "begin: 9, end: 4", "24: 'begin' of 'es_config/popsize' is 9, greater than its 'end', 4."),
    (
        ", bins: 3",
        "",
        "24: 'bins' of 'es_config/popsize' is missing: how many values the grid has between begin and end, "
        "both included.",
    ),
    ("begin: 2", "begin: two", "24: 'begin' of 'es_config/popsize' must be a whole number, found the text 'two'."),
    (
        "{begin: 2, end: 4, bins: 3}",
        "[2, 3, 4]",
        "24: 'es_config/popsize' must have begin, end and bins (or spacing), found a list. A list of values "
        "belongs in categorical.",
    ),
    (
        "            integer:",
        "            integers:",
        "23: unknown kind 'integers' in param_search_args.search_config.search_params. Did you mean 'integer'?",
    ),
    (
        '    search_config:\n        search_type: "Grid"\n',
        '    search_type: "Grid"\n    search_config:\n',
        "17: unknown key 'search_type' in param_search_args. It belongs in search_config.",
    ),
    (
        'search_schedule: "sync"\n',
        'search_schedule: "sync"\n        search_final: True\n',
        "20: unknown key 'search_final' in param_search_args.search_config. It belongs in param_search_args.",
    ),
    (
        "    search_logging:",
        "    num_iter_per_batch: 3\n    search_logging:",
        "8: 'num_iter_per_batch' belongs to the older form of param_search_args, 'search_logging' to the one "
        "with three blocks. Move it to search_resources as 'num_evals_per_batch'.",
    ),
]
FLAT_MISTAKES: list[tuple[str, str, str]] = [
    (
        "begin: 0.001",
        "begin: 0",
        "19: 'begin' of 'lrate' must be greater than 0 for the prior 'log-uniform', found 0.0.",
    ),
    ('"log-uniform"', '"log"', "19: 'prior' of 'lrate' must be 'uniform' or 'log-uniform', found the text 'log'."),
    ("    maximize_objective: False\n", "", "7: 'maximize_objective' in param_search_args is missing."),
    (
        "    eval_metrics",
        '    eval_score_type: "loss"\n    eval_metrics',
        "13: 'eval_metrics' and 'eval_score_type' are two names of one key. Remove one of them.",
    ),
]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "base.json").write_text(BASE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "old", "new", "message"),
    [*((BLOCKS, *mistake) for mistake in MISTAKES), *((FLAT, *mistake) for mistake in FLAT_MISTAKES)],
)
def test_a_mistake_in_a_search_is_one_line(
    text: str, old: str, new: str, message: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert text.count(old) == 1
    (project / "exp.yaml").write_text(text.replace(old, new))
    before = sorted(project.rglob("*"))

    status = generate_main(["exp.yaml"])

    output = capsys.readouterr()
    assert (status, output.out, output.err) == (2, "", f"exp.yaml:{message}\n")
    assert sorted(project.rglob("*")) == before


@pytest.mark.parametrize("text", [BLOCKS, FLAT])
def test_without_the_mistakes_both_files_are_good(text: str, project: Path) -> None:
    (project / "exp.yaml").write_text(text)

    assert generate_main(["exp.yaml"]) == 0


def test_all_mistakes_of_a_search_are_listed_at_once_without_a_traceback(project: Path) -> None:
    (project / "exp.yaml").write_text(
        BLOCKS.replace("lrate:", "lrat:").replace("begin: 2", "begin: 9").replace('["loss"]', '["los"]')
    )

    command = [sys.executable, "-m", "mle_toolbox", "run", "exp.yaml"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)

    assert finished.returncode == 2
    assert [line.split(":")[1] for line in finished.stderr.splitlines()] == ["12", "22", "24"]


def test_a_name_that_the_base_lacks_is_said_and_added(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "exp.yaml").write_text(BLOCKS.replace("lrate: [0.1, 0.01]", 'env_name: ["a", "b"]'))

    status = generate_main(["exp.yaml"])

    assert status == 0
    assert "Not in base.json, so added to it in each trial: 'env_name'." in capsys.readouterr().out

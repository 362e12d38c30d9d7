"""What a search that learns costs beside its peers: trials with several seeds each, of a script that computes nothing.

    python benchmarks/search_peers.py [--trials 20] [--seeds 5] [--repeat 3] [--cores 2] [--pause 0]

All of them propose by the tree-structured Parzen estimator of Optuna and tell it the mean over a trial's seeds. What
they do beside it differs, and is part of the choice between them:

- mle-toolbox: a process, a log, an output and a record for each seed run, merged files, table and report; resumable.
- Optuna in one process: a loop over seeds in the objective function. The least that a search can cost.
- Optuna, a process a seed run: the same, but every seed run is a program, as a training is; as many at a time as cores.
- Ray Tune: `Repeater` around `OptunaSearch`, which is its way to give a trial several seeds.
- Hydra's Optuna sweeper: it has no seeds either, so the program loops over them; one process, one trial at a time.

``--pause`` lets every seed run sleep, so that the share of the cores' time that is used can be seen. Peers are
installed into environments of their own under build/.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from measure import Usage, environment_with, machine, measure, medians, print_table

OURS, LOOP, PROCESSES, RAY, HYDRA = (
    "mle-toolbox",
    "Optuna, in one process",
    "Optuna, a process a seed run",
    "Ray Tune, Repeater",
    "Hydra, Optuna sweeper",
)
OBJECTIVE = """\
import math
import random
import time


def loss(rate, units, seed):
    time.sleep({pause})
    return (math.log10(rate) + 2) ** 2 + 0.1 * (units - 3) ** 2 + random.Random(seed).gauss(0, 0.1)
"""
OF_OURS = """\
from mle_toolbox import MLExperiment
from objective import loss

with MLExperiment() as mle:
    config = mle.train_config
    mle.update_log({"step": 1}, {"loss": loss(config.rate, config.units, mle.seed)})
"""
OF_A_LOOP = """\
import optuna
from objective import loss


def objective(trial):
    rate, units = trial.suggest_float("rate", 1e-4, 1, log=True), trial.suggest_int("units", 1, 8)
    return sum(loss(rate, units, seed) for seed in range({seeds})) / {seeds}


study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
study.optimize(objective, n_trials={trials})
print(study.best_params)
"""
OF_PROCESSES = """\
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import optuna

pool = ThreadPoolExecutor({cores})


def run(rate, units, seed):
    code = f"from objective import loss; print(loss({{rate}}, {{units}}, {{seed}}))"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout)


def objective(trial):
    rate, units = trial.suggest_float("rate", 1e-4, 1, log=True), trial.suggest_int("units", 1, 8)
    return sum(pool.map(run, [rate] * {seeds}, [units] * {seeds}, range({seeds}))) / {seeds}


study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
study.optimize(objective, n_trials={trials})
print(study.best_params)
"""
OF_RAY = """\
import ray
from objective import loss
from ray import tune
from ray.tune.search import Repeater
from ray.tune.search.optuna import OptunaSearch
from ray.tune.search.repeater import TRIAL_INDEX


def train(config):
    tune.report({{"loss": loss(config["rate"], config["units"], config[TRIAL_INDEX])}})


ray.init(num_cpus={cores}, include_dashboard=False, log_to_driver=False)
search = Repeater(OptunaSearch(seed=0, metric="loss", mode="min"), repeat={seeds})
tuner = tune.Tuner(
    tune.with_resources(train, {{"cpu": 1}}),
    param_space={{"rate": tune.loguniform(1e-4, 1), "units": tune.randint(1, 9), TRIAL_INDEX: 0}},
    tune_config=tune.TuneConfig(
        search_alg=search, num_samples={trials} * {seeds}, metric="loss", mode="min", max_concurrent_trials={cores}
    ),
    run_config=tune.RunConfig(storage_path="{folder}/ray", verbose=0),
)
results = tuner.fit()
assert len(results) == {trials} * {seeds} and not results.errors
"""
OF_HYDRA = """\
import hydra
from objective import loss


@hydra.main(version_base=None, config_path=".", config_name="hydra_config")
def main(config):
    return sum(loss(config.rate, config.units, seed) for seed in range({seeds})) / {seeds}


main()
"""
CONFIG_OF_HYDRA = """\
defaults:
  - override hydra/sweeper: optuna
  - override hydra/sweeper/sampler: tpe
rate: 0.1
units: 1
hydra:
  sweeper:
    n_trials: {trials}
    n_jobs: 1
    direction: minimize
    sampler: {{seed: 0}}
    params: {{rate: "tag(log, interval(1e-4, 1))", units: "range(1, 9)"}}
"""


def main() -> None:
    """Run each in turn and print medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds that each seed run sleeps")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--without-peers", action="store_true", help="only what needs no environment of its own")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        found = medians(candidates(project, arguments), arguments.repeat)
    seed_runs, ours = arguments.trials * arguments.seeds, found[OURS]
    ideal = seed_runs * arguments.pause / arguments.cores
    rows = [
        (
            who,
            f"{usage.wall_seconds:.1f}",
            f"{usage.cpu_seconds:.1f}",
            f"{usage.peak_mb:.0f}",
            f"{usage.wall_seconds / ours.wall_seconds:.2f}",
            f"{ideal / usage.wall_seconds:.0%}" if ideal else "-",
        )
        for who, usage in found.items()
    ]
    print(machine())
    title = f"{arguments.trials} trials x {arguments.seeds} seeds of {arguments.pause} s on {arguments.cores} cores"
    header = ("who", "wall s", "CPU s", "largest process, MB", "x ours", "cores' time used")
    print_table(f"{title}; median of {arguments.repeat}", header, rows)


def candidates(project: Path, arguments: argparse.Namespace) -> dict[str, Callable[[], Usage]]:
    """Write all programs into a folder, and return what runs each."""
    filled = {**vars(arguments), "folder": project}
    texts = {
        "objective.py": OBJECTIVE,
        "loop.py": OF_A_LOOP,
        "processes.py": OF_PROCESSES,
        "ray_search.py": OF_RAY,
        "hydra_search.py": OF_HYDRA,
        "hydra_config.yaml": CONFIG_OF_HYDRA,
    }
    for name, text in texts.items():
        (project / name).write_text(text.format(**filled))
    write_ours(project, arguments)
    of_ours = ["-m", "mle_toolbox", "run", "exp.yaml", "--profile", "local", "--cores", str(arguments.cores)]
    commands = {
        OURS: [sys.executable, *of_ours],
        LOOP: [sys.executable, "loop.py"],
        PROCESSES: [sys.executable, "processes.py"],
    }
    if not arguments.without_peers:
        # The sweeper needs an Optuna of 2022, which needs an SQLAlchemy of its time.
        for name, program, packages in (
            (RAY, "ray_search.py", ["ray[tune]==2.49.2", "optuna==4.5.0"]),
            (HYDRA, "hydra_search.py", ["hydra-core==1.3.2", "hydra-optuna-sweeper==1.2.0", "sqlalchemy==1.4.54"]),
        ):
            python = environment_with(program.partition("_")[0] + "-search", packages)
            if python is not None:
                commands[name] = [str(python), program, *(["--multirun"] if name == HYDRA else [])]
    return {who: partial(run_anew, command, project) for who, command in commands.items()}


def write_ours(project: Path, arguments: argparse.Namespace) -> None:
    """Write the same search as an experiment file."""
    search = {
        "search_logging": {"eval_metrics": "loss", "max_objective": False},
        "search_resources": {"num_total_evals": arguments.trials, "num_seeds_per_eval": arguments.seeds},
        "search_config": {
            "search_type": "SMBO",
            "search_params": {
                "real": {"rate": {"begin": 1e-4, "end": 1.0, "prior": "log-uniform"}},
                "integer": {"units": {"begin": 1, "end": 8}},
            },
        },
        "search_final": False,
    }
    meta = {"project_name": "peers", "job_type": "hyperparameter-search", "base_train_fname": "train.py"}
    meta |= {"base_train_config": "base.json", "experiment_dir": "experiments/"}
    log = {"time_to_track": ["step"], "what_to_track": ["loss"]}
    (project / "exp.yaml").write_text(json.dumps({"meta_job_args": meta, "param_search_args": search}))
    (project / "base.json").write_text(json.dumps({"train_config": {"rate": 0.1, "units": 1}, "log_config": log}))
    (project / "train.py").write_text(OF_OURS)


def run_anew(command: list[str], project: Path) -> Usage:
    """Run a search from the beginning."""
    for name in ("experiments", ".snakemake", "ray", "multirun"):
        shutil.rmtree(project / name, ignore_errors=True)
    return measure(command, project)


if __name__ == "__main__":
    main()

"""What asking one trial costs in a search that learns, the whole job as Snakemake starts it, with more earlier trials.

python benchmarks/ask.py [--earlier 20 50 200] [--repeat 7]

The earlier trials are asked one after the other by the tree-structured Parzen estimator, as in a real search, and each
gets the score of a function with noise. Beside it: what Python takes to import Optuna and numpy.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from measure import Usage, machine, measure, medians, print_table

from mle_toolbox.asking import ask
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_record import read_experiment_record, write_experiment_record
from mle_toolbox.layout import ExperimentFolder

ASK = Path(__file__).resolve().parents[1] / "scripts" / "ask.py"
BASE = {
    "train_config": {"rate": 0.1, "decay": 0.1, "units": 4, "kind": "sgd"},
    "log_config": {"time_to_track": ["step"], "what_to_track": ["loss"]},
}
VARIABLES = {
    "real": {
        "rate": {"begin": 1e-4, "end": 1.0, "prior": "log-uniform"},
        "decay": {"begin": 0.0, "end": 1.0},
    },
    "integer": {"units": {"begin": 1, "end": 8}},
    "categorical": {"kind": ["sgd", "adam", "momentum"]},
}


def main() -> None:
    """Grow one search, and measure the next trial at each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--earlier", type=int, nargs="+", default=[20, 50, 200])
    parser.add_argument("--repeat", type=int, default=7)
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        record = write_search(project, max(arguments.earlier) + 1)
        folder = ExperimentFolder(project / "experiments")
        importing = {"import numpy": partial(measure, [sys.executable, "-c", "import numpy"], project)}
        importing["import optuna"] = partial(measure, [sys.executable, "-c", "import optuna"], project)
        made = 0
        for earlier in sorted(arguments.earlier):
            grow(folder, record, range(made, earlier))
            made = earlier
            found = medians({"ask": partial(measure_ask, folder, earlier), **importing}, arguments.repeat)
            rows.append((str(earlier), *(f"{each.cpu_seconds:.2f}" for each in found.values())))
    print(machine())
    header = ("earlier trials", "asking one more, CPU s", "import numpy, CPU s", "import optuna, CPU s")
    print_table(f"One trial of a search that learns; median of {arguments.repeat}", header, rows)


def write_search(project: Path, trials: int) -> dict[str, Any]:
    """Write a search and what its jobs read of it; return that."""
    search = {
        "search_logging": {"eval_metrics": "loss", "max_objective": False},
        "search_resources": {"num_total_evals": trials, "num_seeds_per_eval": 3},
        "search_config": {"search_type": "SMBO", "search_params": VARIABLES},
        "search_final": False,
    }
    meta = {"project_name": "asking", "job_type": "hyperparameter-search", "base_train_fname": "train.py"}
    meta |= {"base_train_config": "base.json", "experiment_dir": "experiments/"}
    (project / "exp.yaml").write_text(json.dumps({"meta_job_args": meta, "param_search_args": search}))
    (project / "base.json").write_text(json.dumps(BASE))
    (project / "train.py").write_text("from mle_toolbox import MLExperiment\n\nMLExperiment()\n")
    write_experiment_record(load_plan(project / "exp.yaml"))
    record = read_experiment_record(ExperimentFolder(project / "experiments"), as_written=True)
    assert record is not None
    return record


def grow(folder: ExperimentFolder, record: dict[str, Any], trials: range) -> None:
    """Ask trials, and score each at once."""
    noise = random.Random(0)
    for number in trials:
        shutil.rmtree(folder.path / name_of(number), ignore_errors=True)
        ((name, values),) = ask(folder, record, [name_of(number)])
        loss = (math.log10(values["rate"]) + 2) ** 2 + values["decay"] + 0.1 * (values["units"] - 3) ** 2
        seeds = {str(seed): loss + noise.gauss(0, 0.1) for seed in range(3)}
        score = {"metric": "loss", "value": sum(seeds.values()) / 3, "seeds": seeds}
        folder.configuration(name).score.write_text(json.dumps(score))


def measure_ask(folder: ExperimentFolder, number: int) -> Usage:
    """Ask one trial as the rule `ask_one` does, as if it had not been asked yet."""
    shutil.rmtree(folder.path / name_of(number), ignore_errors=True)
    options = [f"--experiment-dir={folder.path}", f"--trials={name_of(number)}"]
    return measure([sys.executable, str(ASK), *options], folder.path.parent)


def name_of(number: int) -> str:
    """Return the name of a trial."""
    return f"trial_{number:04d}"


if __name__ == "__main__":
    main()

"""What the results of a large search cost: its table, its status and its report.

python benchmarks/search_results.py [--trials 400] [--seeds 5] [--ticks 100] [--folder FOLDER] [--repeat 1]

A grid of three variables, whose seed runs are written as they are after a finished search, merged logs included. The
largest search of users of the original has 400 trials with 5 seeds.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
from measure import machine, measure, medians, print_table

from mle_toolbox.experiment_file.configuration_identity import identity_of
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.journal import JournalWriter
from mle_toolbox.log.merge import merge_configurations, merge_seeds
from mle_toolbox.log.run_record import RunRecord
from mle_toolbox.log.sealing import commit_log, prepare_log
from mle_toolbox.search.placement import with_values

SPACE: dict[str, list[Any]] = {
    "lrate": [10 ** (-4 + place / 4) for place in range(16)],
    "es_config/sigma_init": [0.01, 0.03, 0.1, 0.3, 1.0],
    "optimizer": ["adam", "sgd", "rmsprop", "clipup", "adan"],
}


def main() -> None:
    """Write the search once and measure each command on it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--ticks", type=int, default=100)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="write it there and keep it")
    arguments = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as place:
        folder = ExperimentFolder(arguments.folder or Path(place) / "experiments")
        if not folder.record.exists():
            write_folder(folder, arguments.trials, arguments.seeds, arguments.ticks)
        mle = [sys.executable, "-m", "mle_toolbox"]
        here = str(folder.path)
        report = Path(__file__).resolve().parents[1] / "scripts" / "report.py"
        commands = {
            "mle results": [*mle, "results", here],
            "mle results --format csv": [*mle, "results", here, "--format", "csv", "--output", f"{place}/all.csv"],
            "mle status": [*mle, "status", here],
            "mle report": [*mle, "report", here, "--output", f"{place}/report.html"],
            "rule report": [sys.executable, str(report), "--experiment-dir", here],
        }
        found = medians(
            {name: lambda command=command: measure(command) for name, command in commands.items()}, arguments.repeat
        )
        rows = [(name, f"{usage.wall_seconds:.1f}", f"{usage.cpu_seconds:.1f}") for name, usage in found.items()]
        print_table(f"{arguments.trials} trials x {arguments.seeds} seeds", ["", "s", "s CPU"], rows)
        megabytes = folder.report.stat().st_size / 1e6
        print(f"\nThe page has {megabytes:.1f} MB, of which 1.1 MB are the library of its charts.")


def write_folder(folder: ExperimentFolder, trials: int, seeds: int, ticks: int) -> None:
    """Write the results of a search."""
    points = [dict(zip(SPACE, values, strict=True)) for values in islice(product(*SPACE.values()), trials)]
    entries = []
    for number, values in enumerate(points):
        name, content = f"trial_{number:04d}", with_values({"train_config": {}}, values)
        identity = identity_of(content, [])
        entries.append(
            {
                "name": name,
                "path": f"experiments/{name}/{name}.json",
                "digest": f"{number:064d}",
                "content": content,
                "identity": identity,
                "trial": {
                    "number": number,
                    "base": "base",
                    "original_id": f"b_1_eval_{number}",
                    "values": values,
                    "inside": True,
                },
            }
        )
        for seed in range(seeds):
            write_run(folder, name, seed, curve(values, number, seed, ticks), identity)
        place = folder.configuration(name)
        merge_seeds({seed: place.seed(seed).log for seed in range(seeds)}, place.log)
    merge_configurations({each["name"]: folder.configuration(each["name"]).log for each in entries}, folder.results)
    record = {
        "project_name": "large search",
        "job_type": "hyperparameter-search",
        "configurations": entries,
        "outside": [],
        "seeds": list(range(seeds)),
        "extra_arguments": [],
        "job": {"cores": 1, "err_file": "err.txt"},
        "search": {
            "type": "grid",
            "variables": [
                {"name": name, "kind": "categorical", "place": ["train_config", *name.split("/")], "choices": values}
                for name, values in SPACE.items()
            ],
            "metrics": ["loss"],
            "maximize": False,
            "problem_type": "final",
            "best_is_maximum": False,
            "aggregate_seeds": "mean",
            "budget": len(points),
            "grid_size": len(points),
            "left_out": 0,
            "seed": 42,
            "bases": ["base"],
        },
    }
    folder.record.write_text(json.dumps(record))


def curve(values: dict[str, Any], number: int, seed: int, ticks: int) -> np.ndarray:
    """Return the losses of a seed run."""
    generator = np.random.default_rng([number, seed])
    floor = (np.log10(values["lrate"]) + 2) ** 2 / 10 + abs(np.log10(values["es_config/sigma_init"]) + 1) / 5
    return floor + 2 * np.exp(-np.linspace(0, 6, ticks)) + generator.normal(0, 0.1) + generator.normal(0, 0.02, ticks)


def write_run(folder: ExperimentFolder, name: str, seed: int, losses: np.ndarray, identity: str) -> None:
    """Write a seed run that ended well."""
    run = folder.seed_run(name, seed)
    run.path.mkdir(parents=True)
    writer = JournalWriter(run.journal, ["step"], ["loss"], {"configuration": name, "seed": seed})
    for tick, loss in enumerate(losses):
        writer.append({"step": tick}, {"loss": float(loss)}, False)
    writer.close()
    prepare_log(run, {}, len(losses))
    commit_log(run, RunRecord(configuration=name, seed=seed, identity=identity, code={"train.py": "ab" * 32}))


if __name__ == "__main__":
    main()

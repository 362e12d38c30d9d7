"""What planning a search costs, against the same seed runs with configurations that are listed by hand.

python benchmarks/search.py [--values 20] [--seeds 5] [--repeat 5]

A grid of two variables with that many values each. The largest search of users of the original has 400 trials with 5
seeds. Snakemake plans once in a dry run, and every job on a cluster reads the plan again, when all trials are on disk.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from measure import machine, measure, medians, print_table

from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.trial_files import write_trial

BASE: dict[str, Any] = {
    "train_config": {"lrate": 0.1, "sigma": 0.1, "num_steps": 100, "groups": {"a": 1, "b": [1, 2, 3]}},
    "net_config": {"units": [64, 64]},
    "log_config": {"time_to_track": ["step"], "what_to_track": ["loss"]},
}
READ_PLAN = "from mle_toolbox.experiment_file.loader import load_plan; load_plan('exp.yaml', check_sources=False)"
READ_AND_LOOK = (
    "from mle_toolbox.experiment_file.loader import load_plan; from mle_toolbox.trial_files import trials_to_ask; "
    "trials_to_ask(load_plan('exp.yaml', check_sources=False))"
)


def main() -> None:
    """Measure in turn and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--values", type=int, default=20, help="of each variable; the grid has the square of that")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        projects = {name: Path(folder) / name for name in ("listed", "search", "asked")}
        write_listed(projects["listed"], arguments.values, arguments.seeds)
        for name in ("search", "asked"):
            write_search(projects[name], arguments.values, arguments.seeds)
        ask(projects["asked"])
        python, runs = sys.executable, {}
        for name, project in projects.items():
            commands = {
                "mle-gen-snakefile": [python, "-m", "mle_toolbox", "generate", "exp.yaml"],
                "reading the plan": [python, "-c", READ_PLAN if name == "listed" else READ_AND_LOOK],
                "mle run --dry-run": [python, "-m", "mle_toolbox", "run", "--profile", "local", "--dry-run"],
            }
            runs |= {f"{name}: {what}": partial(measure, each, project) for what, each in commands.items()}
        found = medians(runs, arguments.repeat)
    rows = []
    for what, usage in found.items():
        listed = found[f"listed: {what.partition(': ')[2]}"]
        more = f"{usage.cpu_seconds - listed.cpu_seconds:+.2f}"
        rows.append((what, f"{usage.cpu_seconds:.2f}", f"{usage.wall_seconds:.2f}", f"{usage.peak_mb:.0f}", more))
    print(machine())
    trials = arguments.values**2
    title = f"{trials} trials x {arguments.seeds} seeds: by hand, a new search, and one on disk; median of"
    print_table(f"{title} {arguments.repeat}", ("what", "CPU s", "wall s", "MB", "CPU s against by hand"), rows)


def write_listed(project: Path, values: int, seeds: int) -> None:
    """Write the configurations of the whole grid, and an experiment file that lists them."""
    project.mkdir()
    names = []
    for number in range(values**2):
        content = json.loads(json.dumps(BASE))
        content["train_config"] |= {"lrate": number // values / values, "sigma": number % values / values}
        names.append(f"c{number}.json")
        (project / names[-1]).write_text(json.dumps(content))
    _write(project, "multiple-experiments", {"multi_experiment_args": {"config_fnames": names, "num_seeds": seeds}})


def write_search(project: Path, values: int, seeds: int) -> None:
    """Write a search over the same grid."""
    project.mkdir()
    (project / "base.json").write_text(json.dumps(BASE))
    grid = {"begin": 0.0, "end": 1.0, "bins": values}
    search = {
        "search_logging": {"eval_metrics": "loss", "max_objective": False},
        "search_resources": {
            "num_search_batches": 1,
            "num_evals_per_batch": values**2,
            "num_seeds_per_eval": seeds,
        },
        "search_config": {"search_type": "Grid", "search_params": {"real": {"lrate": grid, "sigma": grid}}},
    }
    _write(project, "hyperparameter-search", {"param_search_args": search}, base_train_config="base.json")


def ask(project: Path) -> None:
    """Write the files of all trials, as the rule `ask` does."""
    plan = load_plan(project / "exp.yaml", check_sources=False)
    for entry in plan.to_json()["configurations"]:
        write_trial(ExperimentFolder(plan.experiment_path), entry)


def _write(project: Path, job_type: str, sections: dict[str, Any], **meta: str) -> None:
    (project / "train.py").write_text("from mle_toolbox import MLExperiment\n\nMLExperiment()\n")
    job = {"project_name": "s", "job_type": job_type, "base_train_fname": "train.py", "experiment_dir": "experiments/"}
    (project / "exp.yaml").write_text(json.dumps({"meta_job_args": job | meta, **sections}, indent=1))


if __name__ == "__main__":
    main()

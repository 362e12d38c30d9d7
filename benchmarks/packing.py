"""Short seed runs, several in one job of a cluster (``seeds_per_job``), and on this machine: wall time of `mle run`.

python benchmarks/packing.py [--seeds 40] [--per-job 1 4 10] [--profile local sge slurm] [--repeat 1]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

from measure import child_environment, machine, median, print_table
from scheduler import GRID_ENGINE, SLURM, alone

SCRIPT = """\
from mle_toolbox import MLExperiment

mle = MLExperiment()
for step in range(10):
    mle.update_log({"step": step}, {"loss": mle.rng.normal()}, save=True)
"""
CLUSTERS = {"sge": GRID_ENGINE, "slurm": SLURM}
CONFIGURATION = {"train_config": {}, "log_config": {"time_to_track": ["step"], "what_to_track": ["loss"]}}


def main() -> None:
    """Run the same seeds in every way, in turn, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--per-job", type=int, nargs="+", default=[1, 4, 10])
    parser.add_argument("--profile", nargs="+", default=["local"], help="local, sge, slurm")
    parser.add_argument("--repeat", type=int, default=1)
    arguments = parser.parse_args()
    # Here every seed run is a process of its own anyway: the key changes nothing.
    ways = [(profile, k) for profile in arguments.profile for k in (arguments.per_job if profile != "local" else [1])]
    seconds: dict[tuple[str, int], list[float]] = {way: [] for way in ways}
    for _ in range(arguments.repeat):
        for profile, per_job in ways:
            with alone(CLUSTERS[profile], is_alone=False) if profile in CLUSTERS else nullcontext():
                seconds[profile, per_job].append(run(arguments.seeds, profile, per_job))
    rows = [
        (
            profile,
            per_job,
            -(-arguments.seeds // per_job),
            f"{median(each):.1f}",
            f"{median(each) / arguments.seeds:.2f}",
        )
        for (profile, per_job), each in seconds.items()
    ]
    print(machine())
    names = ("profile", "seeds_per_job", "jobs", "wall s", "s a seed run")
    print_table(f"{arguments.seeds} seed runs of trivial work, median of {arguments.repeat}", names, rows)


def run(seeds: int, profile: str, per_job: int) -> float:
    """Return the wall seconds of `mle run` of a new project, under this folder: nodes do not see /tmp at every site."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        project = Path(folder)
        (project / "train.py").write_text(SCRIPT)
        (project / "c.json").write_text(json.dumps(CONFIGURATION))
        experiment = {
            "meta_job_args": {
                "project_name": "packing",
                "job_type": "multiple-experiments",
                "base_train_fname": "train.py",
                "experiment_dir": "experiments/",
            },
            "multi_experiment_args": {"config_fnames": ["c.json"], "num_seeds": seeds},
            "single_job_args": {"seeds_per_job": per_job},
        }
        (project / "exp.yaml").write_text(json.dumps(experiment))
        begin = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "mle_toolbox", "run", "exp.yaml", "--profile", profile],
            cwd=project,
            env=child_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        return time.perf_counter() - begin


if __name__ == "__main__":
    main()

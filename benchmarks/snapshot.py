"""What it costs to store the code of a start, in a project of 2,000 files under git: the first time, and later ones.

python benchmarks/snapshot.py [--repeat 9] [--files 2000]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import machine, median, print_table

from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.seed_run.code_snapshot import take_snapshot

LINES = "".join(f"def function_{number}(x):\n    return x + {number}\n\n\n" for number in range(30))
CONFIGURATION = {"train_config": {}, "log_config": {"time_to_track": ["t"], "what_to_track": ["x"]}}
EXPERIMENT = {
    "meta_job_args": {
        "project_name": "snapshot",
        "job_type": "single-experiment",
        "base_train_fname": "train.py",
        "base_train_config": "a.json",
        "experiment_dir": "experiments/",
    },
}


def main() -> None:
    """Measure in one process, as `mle run` does it, and print medians; the calls of git are included."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=9)
    parser.add_argument("--files", type=int, default=2_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        write_project(project, given.files)
        plan = load_plan(project / "exp.yaml", check_sources=False)
        first = seconds(plan)
        time.sleep(2.1)  # so that times of files tell whether they were changed
        soon = seconds(plan)
        unchanged = [seconds(plan) for _ in range(given.repeat)]
        edited = []
        for number in range(given.repeat):
            (project / "package_0" / "module_0.py").write_text(f"{LINES}# {number}\n")
            edited.append(seconds(plan))
        git = [git_seconds(project) for _ in range(given.repeat)]
        stored = sum(each.stat().st_size for each in (project / "experiments" / ".code").rglob("*") if each.is_file())
    rows = [
        ("the first time", f"{first:.3f}"),
        ("the second time", f"{soon:.3f}"),
        (f"nothing changed, median of {given.repeat}", f"{median(unchanged):.3f}"),
        (f"one file edited, median of {given.repeat}", f"{median(edited):.3f}"),
        (f"`git status` alone, median of {given.repeat}", f"{median(git):.3f}"),
    ]
    print(machine())
    print_table(f"Code of a start, {given.files:,} files, {stored / 1e6:.1f} MB in the store", ("what", "wall s"), rows)


def seconds(plan: Plan) -> float:
    """Return how long it takes to store the code of now."""
    begin = time.perf_counter()
    if take_snapshot(plan) is None:
        sys.exit("nothing was stored")
    return time.perf_counter() - begin


def git_seconds(project: Path) -> float:
    """Return how long git itself needs to look at every file."""
    begin = time.perf_counter()
    subprocess.run(["git", "status", "--porcelain"], cwd=project, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def write_project(project: Path, files: int) -> None:
    """Write packages of twenty modules each, commit them, and add an experiment."""
    for number in range(files - 3):
        module = project / f"package_{number // 20}" / f"module_{number % 20}.py"
        module.parent.mkdir(exist_ok=True)
        module.write_text(f"{LINES}NUMBER = {number}\n")
    (project / "train.py").write_text("from mle_toolbox import MLExperiment\nMLExperiment()\n")
    (project / "a.json").write_text(json.dumps(CONFIGURATION))
    (project / "exp.yaml").write_text(json.dumps(EXPERIMENT))
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        subprocess.run(["git", *identity, *command], cwd=project, check=True)


if __name__ == "__main__":
    main()

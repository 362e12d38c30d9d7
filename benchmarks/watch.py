"""What watching costs: `mle status` of many seed runs, and `mle watch` while a thousand journals grow.

python benchmarks/watch.py [--status 100x100] [--running 1000] [--seconds 20]

The state on disk is that of a driver and its seed runs: records, logs, journals that are held and to which one process
appends. `mle status` and the first frame are whole processes, imports included. CPU per look is that of a view that is
looked at again and again, with the lines and curves of a screen; latency is the time from an append to the look that
has it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from multiprocessing.synchronize import Event
from pathlib import Path

from drive import write_project
from measure import machine, median, print_table

from mle_toolbox.drive.status import read_status
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_record import write_experiment_record
from mle_toolbox.layout import ExperimentFolder, SeedFolder
from mle_toolbox.log.journal import JournalWriter
from mle_toolbox.log.run_record import RunRecord

STAMP = "2026-01-02T03:04:05+00:00"
FIRST_FRAME = """
import asyncio, sys, time
from argparse import Namespace
from pathlib import Path
from mle_toolbox.cli.watch import make_app

async def first() -> None:
    app = make_app(Namespace(experiment=Path(sys.argv[1]), base_train_config=None, experiment_dir=None))
    async with app.run_test(size=(120, 40)):
        print(time.time() - float(sys.argv[2]))
        while not app.looks:
            await asyncio.sleep(0.005)
        print(time.time() - float(sys.argv[2]))

asyncio.run(first())
"""


def main() -> None:
    """Measure each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--status", default="100x100", help="configurations x seeds that are done")
    parser.add_argument("--running", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=20)
    arguments = parser.parse_args()
    print(machine())
    configurations, seeds = map(int, arguments.status.split("x"))
    with tempfile.TemporaryDirectory() as place:
        measure_status(Path(place), configurations, seeds)
    with tempfile.TemporaryDirectory() as place:
        measure_watch(Path(place), arguments.running, arguments.seconds)


def measure_status(place: Path, configurations: int, seeds: int) -> None:
    """Print what `mle status` takes, given the results folder or the experiment file."""
    write_project(place, configurations, seeds)
    plan = load_plan(place / "exp.yaml")
    write_experiment_record(plan)
    code = {"train.py": hashlib.sha256((place / "train.py").read_bytes()).hexdigest()}
    for name, seed in plan.seed_runs:
        run = ExperimentFolder(plan.experiment_path).seed_run(name, seed)
        run.path.mkdir(parents=True)
        write(run, record(name, seed, "done")._replace(code=code, identity=plan.identity(name)))
        run.log.touch()
    rows = []
    for what, given in (("results folder", plan.experiment_path), ("experiment file", place / "exp.yaml")):
        found = [cpu_and_wall([Path(sys.executable).with_name("mle"), "status", given]) for _ in range(3)]
        cpu, wall = (f"{min(each):.2f}" for each in zip(*found, strict=True))
        rows.append((f"{configurations * seeds:,}", what, cpu, wall))
    print_table("mle status", ("seed runs", "given", "CPU s", "s"), rows)


def measure_watch(place: Path, running: int, seconds: float) -> None:
    """Print what the first frame, the later looks and the way from an append to the screen take."""
    from mle_toolbox.watch.view import View

    seeds = min(running, 100)
    folder = made(place, -(-running // seeds), seeds)
    ready, stop = multiprocessing.Event(), multiprocessing.Event()
    writer = multiprocessing.Process(target=grow, args=(folder, ready, stop), daemon=True)
    writer.start()
    ready.wait()
    # -P: a benchmark beside this file is called statistics.
    command = [sys.executable, "-P", "-c", FIRST_FRAME, str(place), str(time.time())]
    first, with_rows = map(float, subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    view = View(lambda: read_status(folder), [folder.record])
    names = [name for name, _ in runs_of(folder)][: 8 * seeds : seeds]
    view.look()
    costs, latencies = [], []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.process_time()
        view.look()
        rows = view.rows("loss", "as in the file", "")
        view.curves("loss", names)
        costs.append(time.process_time() - began)
        written = max(row.value for row in rows if row.value is not None)
        latencies.append(time.time() - written)
        time.sleep(1)
    stop.set()
    writer.join()
    cpu, late = median(costs), median(latencies)
    print_table(
        "mle watch",
        ("journals", "first frame, s", "with all rows, s", "CPU s a look", "append to look, s"),
        [(f"{running:,}", f"{first:.2f}", f"{with_rows:.2f}", f"{cpu:.3f}", f"{late:.2f}")],
    )


def grow(folder: ExperimentFolder, ready: Event, stop: Event) -> None:
    """Run all seed runs: each has 100 ticks, and then one a second, whose loss is the time of day."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    writers = []
    for name, seed in runs_of(folder):
        run = folder.seed_run(name, seed)
        run.path.mkdir(parents=True)
        write(run, record(name, seed, "running"))
        writers.append(JournalWriter(run.journal, ["step"], ["loss", "accuracy"]))
        for step in range(100):
            writers[-1].append({"step": step}, {"loss": 1.0, "accuracy": 0.5}, save=True)
    ready.set()
    while not stop.is_set():
        for writer in writers:
            writer.append({"step": writer.n_ticks}, {"loss": time.time(), "accuracy": 0.5}, save=True)
        stop.wait(1)
    for writer in writers:
        writer.release()


def made(place: Path, configurations: int, seeds: int) -> ExperimentFolder:
    """Return a results folder that has begun."""
    folder = ExperimentFolder(place)
    names = [{"name": f"c{number:03d}"} for number in range(configurations)]
    folder.record.write_text(json.dumps({"configurations": names, "seeds": list(range(seeds)), "job": {}}))
    return folder


def runs_of(folder: ExperimentFolder) -> list[tuple[str, int]]:
    """Return all configurations and seeds."""
    content = json.loads(folder.record.read_text())
    return [(each["name"], seed) for each in content["configurations"] for seed in content["seeds"]]


def record(name: str, seed: int, status: str) -> RunRecord:
    """Return a record of the usual size."""
    command = ["python", "train.py", "-config", f"configs/{name}.json", "-seed", str(seed), "-exp_dir", "experiments"]
    return RunRecord(
        status=status,
        configuration=name,
        seed=seed,
        host="node7",
        pid=4711,
        command=command,
        start=STAMP,
        end=STAMP if status == "done" else None,
        ticks=100 if status == "done" else None,
        code={"train.py": "0" * 64, "model.py": "1" * 64},
        packages={"mle_toolbox": "1.0.0", "numpy": "2.4.6", "torch": "2.13.0"},
    )


def write(run: SeedFolder, content: RunRecord) -> None:
    """Write a record, without waiting for the disk as a seed run does: there are ten thousand."""
    run.run_record.write_text(json.dumps(content.to_json(), indent=2))


def cpu_and_wall(command: Sequence[str | Path]) -> tuple[float, float]:
    """Return CPU and wall seconds of a command."""
    import resource

    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.monotonic() - began


if __name__ == "__main__":
    main()

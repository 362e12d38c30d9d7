"""What it costs that the launcher of a seed run holds its limits on this machine: CPU of the launcher while it waits.

python benchmarks/limits.py [--seconds 60]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import child_environment, machine, print_table

from mle_toolbox.bundle import scripts_dir
from mle_toolbox.layout import HOLDS_LIMITS_VARIABLE

# As many processes and threads as a training with data loaders has, and some memory in each.
SCRIPT = """\
import multiprocessing, os, sys, threading, time
from mle_toolbox import MLExperiment

PROCESSES, THREADS, MEGABYTES = map(int, sys.argv[-1].split(","))


def work(until):
    kept = bytearray(b"x") * (MEGABYTES * 1_000_000)
    for _ in range(THREADS):
        threading.Thread(target=time.sleep, args=(max(until - time.time(), 0),)).start()
    time.sleep(max(until - time.time(), 0))


if __name__ == "__main__":
    mle = MLExperiment()
    print("ready", flush=True)
    until = time.time() + float(os.environ["SECONDS"]) + 1
    for _ in range(PROCESSES - 1):
        multiprocessing.get_context("fork").Process(target=work, args=(until,)).start()
    work(until)
"""
CONFIGURATION = {
    "train_config": {},
    "log_config": {"time_to_track": ["t"], "what_to_track": ["x"], "overwrite_experiment_dir": 1},
}


def main() -> None:
    """Run a script that waits, of several sizes, with and without limits, and print what its launcher has used."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    seconds = parser.parse_args().seconds
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "train.py").write_text(SCRIPT)
        (project / "c.json").write_text(json.dumps(CONFIGURATION))
        for processes, threads, megabytes in ((1, 1, 100), (1, 50, 2000), (9, 20, 200)):
            size = f"{processes},{threads},{megabytes}"
            without = cpu_of_launcher(project, seconds, size, [])
            limits = ["--time-limit=360000", "--memory-limit=100000"]
            # What the kernel has counted several times would be over this limit, so it is looked at more closely.
            close = [f"--memory-limit={processes * (megabytes + 12) if processes > 1 else 100000}"]
            for name, options in (("far from the limits", limits), ("near the memory limit", [limits[0], *close])):
                used = cpu_of_launcher(project, seconds, size, options) - without
                rows.append(
                    (processes, threads, megabytes, name, f"{1000 * used / seconds:.2f}", f"{used / seconds:.3%}")
                )
    print(machine())
    names = ("processes", "threads in each", "MB in each", "limits", "CPU ms a second", "of a core")
    print_table(f"The launcher during {seconds:.0f} s, less what it uses without limits", names, rows)


def cpu_of_launcher(project: Path, seconds: float, size: str, limits: list[str]) -> float:
    """Return the CPU seconds of the launcher alone, without its children, from when the script waits until it ends."""
    given = ["--script=train.py", "--config=c.json", "--seed=0", "--experiment-dir=results", *limits]
    command = [sys.executable, "-S", str(scripts_dir() / "train.py"), *given, "--", "-size", size]
    variables = {HOLDS_LIMITS_VARIABLE: "1", "SECONDS": str(seconds)}
    launcher = subprocess.Popen(
        command,
        cwd=project,
        env={**child_environment(), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert launcher.stdout is not None
    assert launcher.stderr is not None
    launcher.stdout.readline()
    begin = cpu_nanoseconds(launcher.pid)
    time.sleep(seconds)
    end = cpu_nanoseconds(launcher.pid)
    if launcher.wait() != 0:
        raise SystemExit(launcher.stderr.read())
    return (end - begin) / 1e9


def cpu_nanoseconds(pid: int) -> int:
    """Return what a process has used so far, which Linux counts here more finely than in /proc/PID/stat."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


if __name__ == "__main__":
    main()

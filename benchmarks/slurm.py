"""What a Slurm cluster costs: trivial tasks through our executor, beside Snakemake's own, and submission alone.

python benchmarks/slurm.py [--tasks 10 100 1000] [--held 10000] [--repeat 1] [--full] [--quick]
    [--only TEXT ...]

benchmarks/trivial_tasks.py says how it is measured. Whoever starts Snakemakes in each task spends seconds of CPU on it,
so those get at most 100 tasks; with --full they get as many as the others, which takes hours on two cores.
"""

from __future__ import annotations

import argparse
import signal
import sys
from importlib.metadata import version
from pathlib import Path

from measure import environment_with, machine
from scheduler import SLURM, alone
from trivial_tasks import QUICK_FLAGS, Candidate, compare, compare_submission

HERE = Path(__file__).resolve().parent
OUR_COMMAND = (sys.executable, "-m", "snakemake", "--profile", str(HERE.parent / "profiles" / "slurm"))
PLUGIN = "snakemake-executor-plugin-slurm==2.8.0"
PEERS = (f"snakemake=={version('snakemake')}", PLUGIN)
OURS, NESTED = "mle-slurm", "mle-slurm, nested Snakemake"
NESTED_AT_MOST = 100
# The largest array with the usual MaxArraySize of 1001.
LARGEST_ARRAY = 1000


def main() -> None:
    """Measure every number of tasks, then submission alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, nargs="*", default=[10, 100, 1000])
    parser.add_argument("--held", type=int, default=10_000, help="tasks that are only submitted; 0: none")
    parser.add_argument("--repeat", type=int, default=1, help="medians of so many turns")
    parser.add_argument("--full", action="store_true", help=f"more than {NESTED_AT_MOST} tasks for everyone")
    parser.add_argument("--quick", action="store_true", help="ours alone, with direct commands")
    parser.add_argument("--only", nargs="+", default=[""], metavar="TEXT", help="peers that have this in their names")
    parser.add_argument("--is-alone", action="store_true", help="the caller holds the lock of the test cluster")
    arguments = parser.parse_args()
    # Ctrl-C is sent to drivers, and started with `&` they would be told to ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with alone(SLURM, is_alone=arguments.is_alone):
        print(machine())
    everyone = [
        each
        for each in candidates(quick=arguments.quick)
        if each.name == OURS or any(text in each.name for text in arguments.only)
    ]
    for tasks in arguments.tasks:
        here = [each for each in everyone if arguments.full or not each.is_nested or tasks <= NESTED_AT_MOST]
        compare(SLURM, tasks, here, arguments.repeat, is_alone=arguments.is_alone)
    if arguments.held:
        held = ("--parsable", "--hold", "--output=/dev/null")
        compare_submission(
            SLURM,
            (*OUR_COMMAND, "--mle-slurm-sbatch-options=--hold"),
            (*held, "--wrap=true"),
            (*held, f"--array=1-{min(arguments.held, LARGEST_ARRAY)}", "--wrap=true"),
            arguments.held,
            is_alone=arguments.is_alone,
        )


def candidates(*, quick: bool) -> list[Candidate]:
    """Return everyone who can be measured here."""
    direct = Candidate(OURS, OUR_COMMAND, is_nested=False)
    if quick:
        return [direct]
    python = environment_with("slurm-peers", PEERS)
    nested = Candidate(NESTED, (*OUR_COMMAND, "--mle-slurm-nested"))
    return [direct, nested, *(peers(str(python)) if python else [])]


def peers(python: str) -> list[Candidate]:
    """Return Snakemake's plugin, as it comes, and with every waiting time that has a setting at one second."""
    # Without a request it would take Snakemake's default of memory for every job; it finds account and partition.
    plugin = (python, "-m", "snakemake", "--executor", "slurm", "--jobs", "1000", "--default-resources", "mem_mb=600")
    waits = ("--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "1")
    return [
        Candidate("plugin slurm 2.8.0, as it comes", plugin),
        Candidate("plugin slurm 2.8.0, every wait at 1 s", (*plugin, *QUICK_FLAGS, *waits)),
    ]


if __name__ == "__main__":
    main()

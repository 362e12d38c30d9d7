"""What a Grid Engine cluster costs: trivial tasks through our executor, beside two others, and submission alone.

python benchmarks/sge.py [--tasks 10 100 1000] [--held 10000] [--repeat 1] [--full] [--quick]
    [--only TEXT ...]

Every task writes down when it ends; the driver is read line by line, so the delay until it has taken note is known to
a millisecond. Commands of the scheduler are counted by scripts that stand before them on PATH. What tasks cost the node
is the scheduler's own account. Whoever starts a Snakemake in each task spends a second or two of CPU on it, so those
get at most 100 tasks; with --full they get as many as the others, which takes more than an hour on two cores. The lock
of the test cluster is held for one candidate at a time, so that tests get through in between.
"""

from __future__ import annotations

import argparse
import signal
import sys
from importlib.metadata import version
from pathlib import Path

from measure import environment_with, machine
from scheduler import GRID_ENGINE, alone
from trivial_tasks import QUICK_FLAGS, Candidate, compare, compare_submission

HERE = Path(__file__).resolve().parent
OUR_COMMAND = (sys.executable, "-m", "snakemake", "--profile", str(HERE.parent / "profiles" / "sge"))
SGE, GENERIC = "snakemake-executor-plugin-sge", "snakemake-executor-plugin-cluster-generic"
PEERS = (f"snakemake=={version('snakemake')}", f"{SGE}==0.6.31", f"{GENERIC}==1.0.9")
OURS, NESTED = "mle-sge", "mle-sge, nested Snakemake"
NESTED_AT_MOST = 100


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
    with alone(GRID_ENGINE, is_alone=arguments.is_alone):
        print(machine())
    everyone = [
        each
        for each in candidates(quick=arguments.quick)
        if each.name == OURS or any(text in each.name for text in arguments.only)
    ]
    for tasks in arguments.tasks:
        here = [each for each in everyone if arguments.full or not each.is_nested or tasks <= NESTED_AT_MOST]
        compare(GRID_ENGINE, tasks, here, arguments.repeat, is_alone=arguments.is_alone)
    if arguments.held:
        held = ("-terse", "-h", "-b", "y", "-o", "/dev/null", "-j", "y")
        compare_submission(
            GRID_ENGINE,
            (*OUR_COMMAND, "--mle-sge-qsub-options=-h"),
            (*held, "/bin/true"),
            (*held, "-t", f"1-{arguments.held}", "/bin/true"),
            arguments.held,
            is_alone=arguments.is_alone,
        )


def candidates(*, quick: bool) -> list[Candidate]:
    """Return everyone who can be measured here."""
    direct = Candidate(OURS, OUR_COMMAND, is_nested=False)
    python = None if quick else environment_with("sge-peers", PEERS)
    if quick:
        return [direct]
    nested = Candidate(NESTED, (*OUR_COMMAND, "--mle-sge-nested"))
    return [direct, nested, *(peers(str(python)) if python else [])]


def peers(python: str) -> list[Candidate]:
    """Return the peers, as they come, and as quick as settings make them that still notice every failure."""
    sge = (python, "-m", "snakemake", "--executor", "sge", "--jobs", "10000")
    sge_at_once = ("--sge-init-seconds-before-status-checks", "1", "--sge-disable-qacct")
    generic = (python, "-m", "snakemake", "--executor", "cluster-generic", "--jobs", "10000", *QUICK_FLAGS)
    script = str(HERE / "peers" / "cluster_generic.sh")
    commands = ("--cluster-generic-submit-cmd", f"{script} submit", "--cluster-generic-status-cmd", f"{script} status")
    return [
        Candidate("plugin sge 0.6.31, as it comes", sge),
        Candidate("plugin sge 0.6.31, at its best", (*sge, *QUICK_FLAGS, *sge_at_once)),
        Candidate("cluster-generic 1.0.9, at its best", (*generic, *commands)),
    ]


if __name__ == "__main__":
    main()

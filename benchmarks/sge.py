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

import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from measure import environment_with
from scheduler import GRID_ENGINE
from trivial_tasks import QUICK_FLAGS, Candidate, measure_cluster

HERE = Path(__file__).resolve().parent
OUR_COMMAND = (sys.executable, "-m", "snakemake", "--profile", str(HERE.parent / "profiles" / "sge"))
SGE, GENERIC = "snakemake-executor-plugin-sge", "snakemake-executor-plugin-cluster-generic"
PEERS = (f"snakemake=={version('snakemake')}", f"{SGE}==0.6.31", f"{GENERIC}==1.0.9")
OURS, NESTED = "mle-sge", "mle-sge, nested Snakemake"


def held(tasks: int) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    """Return our driver that submits held tasks, and the scheduler's own words for one and for an array of them."""
    words = ("-terse", "-h", "-b", "y", "-o", "/dev/null", "-j", "y")
    return (
        (*OUR_COMMAND, "--mle-sge-qsub-options=-h"),
        (*words, "/bin/true"),
        (*words, "-t", f"1-{tasks}", "/bin/true"),
    )


def candidates(quick: bool) -> list[Candidate]:
    """Return everyone who can be measured here."""
    direct = Candidate(OURS, OUR_COMMAND, is_nested=False)
    if quick:
        return [direct]
    python = environment_with("sge-peers", PEERS)
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
    measure_cluster(GRID_ENGINE, __doc__, candidates, held)

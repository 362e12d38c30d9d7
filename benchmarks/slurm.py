"""What a Slurm cluster costs: trivial tasks through our executor, beside Snakemake's own, and submission alone.

python benchmarks/slurm.py [--tasks 10 100 1000] [--held 10000] [--repeat 1] [--full] [--quick]
    [--only TEXT ...]

benchmarks/trivial_tasks.py says how it is measured. Whoever starts Snakemakes in each task spends seconds of CPU on it,
so those get at most 100 tasks; with --full they get as many as the others, which takes hours on two cores.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from measure import environment_with
from scheduler import SLURM
from trivial_tasks import QUICK_FLAGS, Candidate, measure_cluster

HERE = Path(__file__).resolve().parent
OUR_COMMAND = (sys.executable, "-m", "snakemake", "--profile", str(HERE.parent / "profiles" / "slurm"))
PLUGIN = "snakemake-executor-plugin-slurm==2.8.0"
PEERS = (f"snakemake=={version('snakemake')}", PLUGIN)
OURS, NESTED = "mle-slurm", "mle-slurm, nested Snakemake"
# The largest array with the usual MaxArraySize of 1001.
LARGEST_ARRAY = 1000


def held(tasks: int) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    """Return our driver that submits held tasks, and the scheduler's own words for one and for an array of them."""
    words = ("--parsable", "--hold", "--output=/dev/null")
    return (
        (*OUR_COMMAND, "--mle-slurm-sbatch-options=--hold"),
        (*words, "--wrap=true"),
        (*words, f"--array=1-{min(tasks, LARGEST_ARRAY)}", "--wrap=true"),
    )


def candidates(quick: bool) -> list[Candidate]:
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
    measure_cluster(SLURM, __doc__, candidates, held)

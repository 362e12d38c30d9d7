"""The Snakemake call of `mle run`, and how it is started and stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.profiles import resolve_profile

__all__ = ["RunOptions", "snakemake_command", "start_snakemake", "stop_snakemake"]

# Snakemake waits out one such period at its end. A second is little; in long runs a longer one saves much work.
_FEW_SEED_RUNS = 500


@dataclass(frozen=True)
class RunOptions:
    """What the user of `mle run` asks for beyond the experiment file."""

    profile: str = "local"
    cores: int | None = None
    snakemake_arguments: tuple[str, ...] = ()


def snakemake_command(plan: Plan, snakefile: Path, options: RunOptions) -> list[str]:
    """Return the command line, to be started in the project folder."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile)]
    command += ["--profile", _profile(options.profile, plan.project_dir)]
    if options.profile == "local" and len(plan.seed_runs) < _FEW_SEED_RUNS:
        command += ["--max-jobs-per-timespan", "100000/1s"]
    if options.cores is not None:
        command += ["--cores", str(options.cores)]
    return [*command, *options.snakemake_arguments]


def start_snakemake(command: list[str], project: Path, output: IO[bytes], lock: int) -> subprocess.Popen[bytes]:
    """Start Snakemake in a session of its own, so that signals reach it only through us, and only once."""
    return subprocess.Popen(
        command,
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=(lock,),
    )


def stop_snakemake(process: subprocess.Popen[bytes]) -> None:
    """Interrupt Snakemake and its jobs as Ctrl-C in a terminal would; a second Ctrl-C meanwhile is harsher."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        _signal_group(process, number)
        try:
            process.wait()
        except KeyboardInterrupt:
            continue
        return


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _profile(name: str, project: Path) -> str:
    """Return what to hand to ``--profile``: the project's own profile first, whatever else has its name."""
    own = project / "profiles" / name
    if own.is_dir():
        return str(own)
    found = resolve_profile(name, project)
    return str(found) if found is not None else name

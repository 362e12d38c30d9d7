"""The Snakemake call of `mle run`, and how it is started and stopped.

Snakemake takes the path of a profile for a pattern and replaces variables in others. The name of the folder in which it
is started is not ours to choose, so paths are given from there.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mle_toolbox.cluster.profile import find_profile, from_folder, read_profile
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.installed_first import program
from mle_toolbox.surroundings import environment_for

__all__ = ["RunOptions", "snakemake_command", "start_snakemake", "stop_snakemake", "unread_profile"]

# After each round of scheduling, Snakemake sets a timer of this time for another round, which sets the next: after
# 1,000 ended jobs there are 1,000 timers, so it has to be long. Snakemake waits for the last ones at its end, which is
# why the profiles say 1 s or 5 s; started from here it has our logger plugin, which ends them.
_TIMESPAN = "max-jobs-per-timespan"
_RARE_TIMERS = "1000000/10m"
_SHIPPED_TIMESPANS = (None, "100000/1s", "100000/5s")


@dataclass(frozen=True)
class RunOptions:
    """What the user of `mle run` asks for beyond the experiment file."""

    profile: str = "local"
    cores: int | None = None
    rerun_older_code: bool = False
    """Whether finished runs of older code are made again."""
    snakemake_arguments: tuple[str, ...] = ()


def snakemake_command(plan: Plan, snakefile: Path, options: RunOptions) -> list[str]:
    """Return the command line, to be started in the project folder."""
    command = [*program("-m", "snakemake"), "--snakefile", from_folder(snakefile, plan.project_dir)]
    command += ["--profile", from_folder(find_profile(options.profile, plan.project_dir), plan.project_dir)]
    if read_profile(options.profile, plan.project_dir).keys.get(_TIMESPAN) in _SHIPPED_TIMESPANS:
        command += [f"--{_TIMESPAN}", _RARE_TIMERS]
    # What is finished was settled before (settle.py): a seed run is due where it is missing, and what is made from seed
    # runs where it is older. Snakemake's notes decide nothing, which a copied project lacks and an old one has wrong.
    command += ["--rerun-triggers", "mtime"]
    # `profiles/default`, or a folder `default`, may belong to another workflow in this folder, and Snakemake would take
    # its settings unasked. The user's own words come later, and the last ones count.
    command += ["--workflow-profile", "none"]
    if options.cores is not None:
        command += ["--cores", str(options.cores)]
    return [*command, *options.snakemake_arguments]


def unread_profile(project: Path) -> Path | None:
    """Return the settings of the project that a `snakemake` typed here takes unasked and `mle run` does not, if any."""
    return next((each for each in (Path("profiles/default"), Path("default")) if (project / each).exists()), None)


def start_snakemake(
    command: list[str], project: Path, output: IO[bytes], lock: int, variables: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start Snakemake in a session of its own, so that signals reach it only through us, and only once."""
    with _interruptible():
        return subprocess.Popen(
            [from_folder(Path(word), project) if word.startswith(f"{project}/") else word for word in command],
            cwd=project,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(lock,),
            env={**environment_for(project), **variables},
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


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let the process that is started here hear SIGINT, which a shell makes commands behind ``&`` ignore."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return

"""The command line and environment of our Snakemakes, and how they are started and stopped.

Snakemake takes the path of a profile for a pattern and replaces variables in other paths. The name of the project
folder may contain anything, so paths are relative to it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mle_toolbox.errors import UsageError
from mle_toolbox.installed_first import program
from mle_toolbox.snakemake_side.assumptions import own_folder
from mle_toolbox.snakemake_side.private_access import RARE_TIMERS, SHIPPED_SCHEDULERS, SHIPPED_TIMESPANS, TIMESPAN
from mle_toolbox.snakemake_side.profile_files import find_profile, from_folder, read_profile
from mle_toolbox.surroundings import home, user_name

__all__ = [
    "CHOSEN_VARIABLE",
    "FINAL_VARIABLE",
    "ORDER_VARIABLE",
    "UNTOUCHED_VARIABLE",
    "RunOptions",
    "environment_for",
    "event_options",
    "snakemake_command",
    "snakemake_with_profile",
    "start_snakemake",
    "stop_snakemake",
    "trouble_with_cache",
]

CHOSEN_VARIABLE = "MLE_CHOSEN"
"""Environment variable of Snakemake: the file that lists the seed runs to make, if those are not all."""
FINAL_VARIABLE = "MLE_FINAL"
"""Environment variable of Snakemake: only the final of a search is to be made, of what has finished."""
ORDER_VARIABLE = "MLE_ORDER"
"""Environment variable of Snakemake: the order in which seed runs start, if it is not ``seeds``."""
UNTOUCHED_VARIABLE = "MLE_UNTOUCHED"
"""Environment variable of Snakemake: the file that lists the configurations of which nothing is to be done."""


@dataclass(frozen=True)
class RunOptions:
    """The options of `mle run` beyond the experiment file."""

    profile: str = "local"
    cores: int | None = None
    rerun: str | None = None
    """Which seed runs to run again, if only those are wanted (drive/settle.py)."""
    snakemake_arguments: tuple[str, ...] = ()
    purpose: str | None = None
    """What the experiment is for, in the user's words; None: as noted before."""
    chosen: Collection[tuple[str, int]] | None = None
    """The configurations and seeds to run; None: all that are due."""
    order: str = "seeds"
    """What starts first: ``seeds``, the first seed of every configuration, or ``configurations``, the first."""

    @property
    def is_partial(self) -> bool:
        """Whether only some of the seed runs are wanted, and nothing that is made of all."""
        return self.chosen is not None or self.rerun not in (None, "all")


def snakemake_with_profile(profile: str) -> list[str]:
    """Return the beginning of a command line whose settings come from this profile only."""
    # Without `none`, Snakemake also reads `profiles/default` or `default`, which may belong to another workflow of this
    # folder, and lets their settings override those of the profile key by key.
    return [*program("-m", "snakemake"), "--profile", profile, "--workflow-profile", "none"]


def snakemake_command(project: Path, snakefile: Path, options: RunOptions, target: str | None = None) -> list[str]:
    """Return the command line of `mle run`, to be started in the project folder; ``target``: a rule, if not all."""
    command = snakemake_with_profile(from_folder(find_profile(options.profile, project), project))
    command += ["--snakefile", from_folder(snakefile, project)]
    keys = read_profile(options.profile, project).keys
    if keys.get(TIMESPAN) in SHIPPED_TIMESPANS:
        command += [f"--{TIMESPAN}", RARE_TIMERS]
    if keys.get("scheduler") in SHIPPED_SCHEDULERS:
        # Where many jobs are ready, a sample of them would not be in order. Ours needs none.
        command += ["--scheduler", "mle", "--scheduler-subsample", "0"]
    # drive/settle.py has decided what is finished: a seed run is due if it is missing, a merged file if it is older.
    # Snakemake's notes decide nothing: a copied project has none, and for results that came back they are wrong. Its
    # trigger `code` would also repeat every run when a shell string of ours changes by one blank.
    command += ["--rerun-triggers", "mtime"]
    if options.cores is not None:
        command += ["--cores", str(options.cores)]
    target = "chosen_seed_runs" if options.is_partial else target
    if target is not None:
        # Before all options: some of them take every word that follows.
        command.insert(command.index("snakemake") + 1, target)
    # The user's own options come last, because of an option that is given twice the last one counts.
    return [*command, *options.snakemake_arguments]


def event_options(events: Path | str) -> list[str]:
    """Return the options that make our logger plugin append events to a file (job_events.py)."""
    return ["--logger", "mle", "--logger-mle-events", str(events)]


def trouble_with_cache() -> str | None:
    """Return why Snakemake could not keep its cache of sources in the usual folder, or None when it can."""
    # Snakemake asks platformdirs, whose rules these are.
    place = home()
    if given := os.environ.get("XDG_CACHE_HOME"):
        folder = Path(given)
    elif place is None:
        return "HOME is not set, and this user has no entry in the list of users"
    else:
        folder = place / "Library" / "Caches" if sys.platform == "darwin" else place / ".cache"
    try:
        (folder / "snakemake").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder / "snakemake"):
            return None
    except OSError as error:
        return f"{folder} cannot be written ({error.strerror})"


def environment_for(project: Path) -> dict[str, str]:
    """Return the environment in which Snakemake is started for a project: this one, completed where necessary.

    Raises
    ------
    UsageError
        When there is no folder for temporary files.
    """
    try:
        tempfile.gettempdir()
    except OSError:
        raise UsageError(
            "There is no folder for temporary files: neither TMPDIR (or TEMP, TMP) nor /tmp, /var/tmp and this folder "
            "can be written. Make room there, or set TMPDIR to a folder that you may write to."
        ) from None
    # In a container under a number without a name (`docker -u`), or as a service, there is no home or no writable one,
    # and Snakemake ends with a traceback before it has read anything. Seed runs inherit the additions, because their
    # libraries need the same.
    environment = dict(os.environ)
    own_home = own_folder(project) / "mle_home"
    if user_name() is None:
        environment |= {"USER": f"uid{os.getuid()}", "LOGNAME": f"uid{os.getuid()}"}
    if home() is None:
        environment["HOME"] = str(own_home)
    if trouble_with_cache() is not None:
        environment["XDG_CACHE_HOME"] = str(own_home / ".cache")
        environment.setdefault("MPLCONFIGDIR", str(own_home / ".cache" / "matplotlib"))
    return environment


def start_snakemake(
    command: list[str], project: Path, output: IO[bytes], lock: int, variables: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start Snakemake in a session of its own, so that signals reach it only through us, and only once."""
    # A shell makes commands that are started with `&` ignore SIGINT, which Snakemake would inherit.
    is_ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if is_ignored:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
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
    finally:
        if is_ignored:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def stop_snakemake(process: subprocess.Popen[bytes]) -> None:
    """Interrupt Snakemake and its jobs as Ctrl-C in a terminal would; each further Ctrl-C is harsher."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        try:
            process.wait()
        except KeyboardInterrupt:
            continue
        return

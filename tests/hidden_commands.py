"""A PATH without the commands of a scheduler, on a machine that may have several.

Which scheduler there is follows from the commands on PATH. Where Grid Engine and Slurm are both installed, a test says
which of them its machine has; without a word there is no Slurm, and nobody asks the Grid Engine (MLE_PROFILE).
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

__all__ = ["GRID_ENGINE", "SLURM", "hide_for_all_tests", "path_without"]

GRID_ENGINE = ("qsub", "qstat", "qdel", "qacct", "qconf", "qhost", "qmod", "qalter", "qrls", "qhold", "qselect", "qrsh")
SLURM = ("sbatch", "squeue", "scancel", "sacct", "sinfo", "scontrol", "sacctmgr", "srun", "salloc", "sdiag", "sprio")

# What PATH was before any test hid anything; processes of `-n` inherit it.
_WHOLE = "MLE_TESTS_WHOLE_PATH"


def hide_for_all_tests(commands: tuple[str, ...]) -> None:
    """Take commands off the PATH of this process, and of all that it starts."""
    if _WHOLE not in os.environ:
        os.environ[_WHOLE] = os.environ["PATH"]
        os.environ["PATH"] = path_without(commands)


def path_without(commands: tuple[str, ...]) -> str:
    """Return the PATH of this machine with everything but some commands."""
    folders = dict.fromkeys(os.path.realpath(each) for each in os.environ[_WHOLE].split(os.pathsep) if each)
    return os.pathsep.join(_folder_without(folder, commands) for folder in folders)


def _folder_without(folder: str, commands: tuple[str, ...]) -> str:
    if not any(Path(folder, command).exists() for command in commands):
        return folder
    others = Path(tempfile.mkdtemp(prefix="mle-tests-path-"))
    atexit.register(shutil.rmtree, others, ignore_errors=True)
    others.chmod(0o755)  # some tests are an ordinary user's
    for entry in os.scandir(folder):
        if entry.name not in commands:
            (others / entry.name).symlink_to(entry.path)
    return str(others)

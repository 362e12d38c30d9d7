"""Where a run comes from: code, versions, machine, command, and the state of the git repository.

git is asked in the background while the run begins, and heard when it ends: it takes longer than all the rest.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import subprocess
import sys
from pathlib import Path

from mle_toolbox.experiment.seeding import loaded

__all__ = [
    "GitState",
    "command_line",
    "file_digest",
    "host_name",
    "package_versions",
    "python_version",
    "scheduler_ids",
]

_PACKAGES = (
    *("numpy", "scipy", "torch", "jax", "jaxlib", "flax", "optax", "equinox", "tensorflow", "keras", "sklearn"),
    *("pandas", "xgboost", "lightgbm", "lightning", "pytorch_lightning", "transformers", "gymnasium"),
)
_SCHEDULER_VARIABLES = {
    "job": ("JOB_ID", "SLURM_JOB_ID"),
    "task": ("SGE_TASK_ID", "SLURM_ARRAY_TASK_ID"),
}
_PATIENCE = 5.0


class GitState:
    """The commit of a folder, and whether tracked files differ from it.

    Parameters
    ----------
    folder
        A folder in the repository, or anywhere: without git or a repository the answers are None.
    """

    def __init__(self, folder: Path) -> None:
        self.commit: str | None = None
        self.dirty: bool | None = None
        # Without optional locks: a status must not get into the way of a git command that the user types.
        environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
        command = ["git", "-C", str(folder), "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
        self._process: subprocess.Popen[bytes] | None = None
        with contextlib.suppress(OSError):
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
            )

    def collect(self) -> None:
        """Take the answer, which is there by now unless the run was very short."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            answer, _ = process.communicate(timeout=_PATIENCE)
        except (OSError, ValueError, subprocess.TimeoutExpired):
            process.kill()
            with contextlib.suppress(OSError, ValueError, subprocess.TimeoutExpired):
                process.communicate(timeout=1.0)
            return
        lines = answer.decode(errors="replace").splitlines()
        for line in lines:
            if line.startswith("# branch.oid ") and not line.endswith("(initial)"):
                self.commit = line.split()[-1]
                self.dirty = any(not each.startswith("#") for each in lines)


def file_digest(path: Path | None) -> str | None:
    """Return the SHA-256 of a file, or None when there is no such file."""
    if path is None:
        return None
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def package_versions() -> dict[str, str]:
    """Return the versions of what the script has imported by now and results may depend on."""
    import mle_toolbox

    versions = {"mle_toolbox": mle_toolbox.__version__}
    for name in _PACKAGES:
        version = getattr(loaded(name), "__version__", None)
        if isinstance(version, str):
            versions[name] = version
    return versions


def scheduler_ids() -> dict[str, str] | None:
    """Return the scheduler's numbers of this job and task, or None outside one."""
    found = {}
    for kind, names in _SCHEDULER_VARIABLES.items():
        for name in names:
            if os.environ.get(name, "undefined") != "undefined":
                found[kind] = os.environ[name]
    return found or None


def host_name() -> str:
    """Return the name of this machine."""
    return platform.node()


def python_version() -> str:
    """Return the version of the interpreter."""
    return platform.python_version()


def command_line() -> list[str]:
    """Return how this process was started."""
    return list(sys.orig_argv)

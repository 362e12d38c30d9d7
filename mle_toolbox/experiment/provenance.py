"""Where a run comes from: code, versions, machine, command, and the state of the git repository.

git is asked in the background while the run begins, and heard when it ends: it takes longer than all the rest.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import select
import signal
import sys
import time
from pathlib import Path

from mle_toolbox.experiment.after_import import loaded

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
        self._process: tuple[int, int] | None = None
        command = ["git", "-C", str(folder), "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
        # Without optional locks: a status must not get into the way of a git command that the user types.
        with contextlib.suppress(OSError):
            self._process = _start(command, {**os.environ, "GIT_OPTIONAL_LOCKS": "0"})

    def collect(self) -> None:
        """Take the answer, which is there by now unless the run was very short."""
        process, self._process = self._process, None
        answer = _answer(*process) if process is not None else None
        if answer is None:
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
    except (OSError, ValueError):
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


def _start(command: list[str], environment: dict[str, str]) -> tuple[int, int]:
    """Start a command in the background; return its process id and the end of a pipe with what it prints."""
    # Not with subprocess, which takes longer to import than everything else that a run imports at its start.
    output, its_output = os.pipe()
    try:
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, its_output, 1),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        return os.posix_spawnp(command[0], command, environment, file_actions=actions), output
    except OSError:
        os.close(output)
        raise
    finally:
        os.close(its_output)


def _answer(pid: int, output: int) -> bytes | None:
    """Return all that a command has printed, or None when it takes too long or fails."""
    blocks: list[bytes] = []
    deadline = time.monotonic() + _PATIENCE
    try:
        while select.select([output], [], [], max(0.0, deadline - time.monotonic()))[0]:
            block = os.read(output, 1 << 16)
            if not block:
                return b"".join(blocks) if os.waitpid(pid, 0)[1] == 0 else None
            blocks.append(block)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (OSError, ValueError):
        pass  # somebody else has waited for it, or closed the pipe
    finally:
        with contextlib.suppress(OSError):
            os.close(output)
    return None

"""The provenance of a run: versions, scheduler and the state of the git repository.

git runs in the background from the start of the run and its output is read at the end: it takes longer than all the
rest of the start.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from mle_toolbox.experiment.after_import import loaded
from mle_toolbox.seed_run.frozen_code import stored_code

__all__ = [
    "GitState",
    "package_versions",
    "scheduler_ids",
]

_PACKAGES = (
    *("numpy", "scipy", "torch", "jax", "jaxlib", "flax", "optax", "equinox", "tensorflow", "keras", "sklearn"),
    *("pandas", "xgboost", "lightgbm", "lightning", "pytorch_lightning", "transformers", "gymnasium"),
)
_SCHEDULER_VARIABLES = {
    # A task of an array also has a SLURM_JOB_ID, but a number that neither squeue nor scancel shows.
    "job": ("JOB_ID", "SLURM_ARRAY_JOB_ID", "SLURM_JOB_ID"),
    "task": ("SGE_TASK_ID", "SLURM_ARRAY_TASK_ID"),
}
# A repository on a slow network drive must not hold up the end of a run.
_PATIENCE = 5.0


class GitState:
    """The commit of a folder, and whether the code that runs differs from it.

    If the code was stored at the start of the experiment, so was its state, and no seed run starts git.

    Parameters
    ----------
    folder
        A folder in the repository, or anywhere: without git or a repository the answers are None.
    """

    def __init__(self, folder: Path) -> None:
        self.commit: str | None = None
        self.dirty: bool | None = None
        self.untracked: list[str] = []
        self._folder = folder
        self._processes: list[tuple[int, int]] = []
        if stored_code() is not None:
            return
        # Without optional locks, so that our `git status` never makes a git command of the user fail.
        environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
        for command in (
            ["status", "--porcelain=v2", "--branch", "--untracked-files=no"],
            ["ls-files", "-z", "--", ":/*.py"],
        ):
            with contextlib.suppress(OSError):
                self._processes.append(_start(["git", "-C", str(folder), *command], environment))

    def collect(self, code: Mapping[str, str]) -> None:
        """Read the output of git, which is there by now unless the run was very short.

        Parameters
        ----------
        code
            The files of code that the run used: their recorded names by absolute path.
        """
        if (stored := stored_code()) is not None:
            self.commit, changed, is_tracked = stored.git_state()
            if self.commit is not None:
                self._compare(code, changed, is_tracked)
            return
        processes, self._processes = self._processes, []
        answers = [_answer(*process) for process in processes]
        if len(answers) < 2 or answers[0] is None:
            return
        lines = answers[0].decode(errors="replace").splitlines()
        oid = next((line for line in lines if line.startswith("# branch.oid ")), "(initial)")
        # A repository without any commit.
        if oid.endswith("(initial)"):
            return
        self.commit = oid.split()[-1]
        here = os.path.realpath(self._folder)
        tracked = {os.path.normpath(f"{here}/{name}") for name in os.fsdecode(answers[1] or b"").split("\0")}
        changed = any(not line.startswith("#") for line in lines)
        self._compare(code, changed, lambda path: _real(path) in tracked)

    def _compare(self, code: Mapping[str, str], changed: bool, is_tracked: Callable[[str], bool]) -> None:
        self.untracked = sorted(name for path, name in code.items() if not is_tracked(path))
        self.dirty = changed or bool(self.untracked)


def _real(path: str) -> str:
    """Return a path with links resolved in its folder only: a link itself may be under version control."""
    folder, name = os.path.split(path)
    return os.path.join(os.path.realpath(folder), name)  # noqa: PTH118


def package_versions() -> dict[str, str]:
    """Return the versions of imported libraries on which results may depend."""
    import mle_toolbox

    versions = {"mle_toolbox": mle_toolbox.__version__}
    for name in _PACKAGES:
        version = getattr(loaded(name), "__version__", None)
        if isinstance(version, str):
            versions[name] = version
    return versions


def scheduler_ids() -> dict[str, str] | None:
    """Return the scheduler's ids of this job and task, or None outside a scheduler."""
    found = {}
    for kind, names in _SCHEDULER_VARIABLES.items():
        for name in names:
            # Grid Engine sets SGE_TASK_ID to "undefined" for a job that is not an array.
            if os.environ.get(name, "undefined") != "undefined":
                found[kind] = os.environ[name]
                break
    return found or None


def _start(command: list[str], environment: dict[str, str]) -> tuple[int, int]:
    """Start a command in the background; return its process id and a pipe with its output."""
    # Not with subprocess, whose import takes longer than all other imports at the start of a run.
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
    """Return the output of a command, or None if it takes too long or fails."""
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
        pass  # the script has waited for it, or closed the pipe
    finally:
        with contextlib.suppress(OSError):
            os.close(output)
    return None

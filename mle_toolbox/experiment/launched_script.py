"""How the script of one seed run is started, and how the log of one that ended as usual gets its name.

Every seed run waits for what this imports, so that is only what is built into Python, and paths are strings;
train_job.py has the figures.
"""

from __future__ import annotations

import fcntl
import os
import sys

from mle_toolbox.experiment.child_process import ChildEnd, run_child
from mle_toolbox.layout import (
    JOURNAL,
    LOG,
    PROJECT_VARIABLE,
    READY_LOG,
    READY_RECORD,
    RUN_RECORD,
    SNAPSHOT_VARIABLE,
    seed_folder,
)
from mle_toolbox.log.publish import bound_times_by_now, publish

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LaunchedScript"]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


class LaunchedScript:
    """The script of one seed run, and how it is started.

    Parameters
    ----------
    path, configuration, seed, experiment_dir
        What is run, and the results folder of the experiment. The same arguments given to the script by hand
        do the same run.
    cores
        Numerical libraries use this many threads, whatever the machine has: results must not depend on it.
    python
        The interpreter; the current one when it is not given.
    conda_prefix
        A conda environment whose interpreter is used instead, with the variables that its activation sets.
    extra_arguments
        Further arguments of the script.
    """

    def __init__(
        self,
        path: str,
        configuration: str,
        seed: int,
        experiment_dir: str,
        cores: int = 1,
        *,
        python: str | None = None,
        conda_prefix: str | None = None,
        extra_arguments: Sequence[str] = (),
    ) -> None:
        self.path = path
        self.configuration = configuration
        self.seed = seed
        self.experiment_dir = _absolute(experiment_dir)
        self.cores = cores
        self.conda_prefix = conda_prefix
        self.extra_arguments = list(extra_arguments)
        self.name = os.path.splitext(os.path.basename(configuration))[0]
        self.folder = seed_folder(self.experiment_dir, self.name, seed)
        self._python = f"{conda_prefix}/bin/python" if conda_prefix is not None else python or sys.executable

    @property
    def command(self) -> list[str]:
        """The command line of the script."""
        arguments = ["-config", _plain(self.configuration), "-seed", str(self.seed), "-exp_dir", self.experiment_dir]
        return [self._python, _plain(self.path), *arguments, *self.extra_arguments]

    def start(self) -> ChildEnd:
        """Run the script to its end."""
        before = self._prepared()
        end = run_child(self.command, self._environment(), lambda: self._prepared() not in (None, before))
        bound_times_by_now([self.path, self.configuration])
        return end

    def is_first(self) -> bool:
        """Tell whether nothing of an earlier run of this seed is there."""
        left = (RUN_RECORD, JOURNAL, LOG, READY_LOG, READY_RECORD)
        return not any(os.path.lexists(f"{self.folder}/{name}") for name in left)

    def publish_log(self) -> bool:
        """Finish a first run that has ended with status 0; whether it is all as usual."""
        try:
            journal = os.open(f"{self.folder}/{JOURNAL}", os.O_RDWR)
        except OSError:
            return False
        try:
            # Held by a child of the script that goes on, if by anyone. It is freed when this process ends.
            fcntl.lockf(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not all(os.path.lexists(f"{self.folder}/{name}") for name in (READY_LOG, READY_RECORD)):
                return False
            publish(self.folder)
        except OSError:
            return False
        finally:
            os.close(journal)
        return True

    def _prepared(self) -> tuple[int, int] | None:
        """Return which record of a finished run is prepared, the last thing that a script does, or None."""
        try:
            record = os.stat(f"{self.folder}/{READY_RECORD}")
        except OSError:
            return None
        return record.st_ino, record.st_mtime_ns

    def _environment(self) -> dict[str, str]:
        environment = {
            # Live output, and sets in the same order every time.
            "PYTHONUNBUFFERED": "1",
            "PYTHONHASHSEED": "0",
            **os.environ,
            **dict.fromkeys(_THREAD_VARIABLES, str(self.cores)),
            "MLE_SEED_RUN": self.folder,
            "MLE_LAUNCHED_BY": f"{os.getpid()} {os.getcwd()}",  # see command_line.py
            PROJECT_VARIABLE: os.getcwd(),
        }
        if environment.get(SNAPSHOT_VARIABLE):
            # Whoever starts a Python for this run, the script or a pool of it, starts it with the code of the start.
            own, given = f"{_PACKAGE}/seed_run/frozen", environment.get("PYTHONPATH")
            environment["PYTHONPATH"] = f"{own}{os.pathsep}{given}" if given else own
        if self.conda_prefix is not None:
            environment.pop("PYTHONHOME", None)
            environment |= {
                "PATH": os.pathsep.join([f"{self.conda_prefix}/bin", environment.get("PATH", os.defpath)]),
                "CONDA_PREFIX": self.conda_prefix,
                "CONDA_DEFAULT_ENV": os.path.basename(self.conda_prefix),
            }
        return environment


def _absolute(path: str) -> str:
    """Return what ``Path(path).absolute()`` is: ``..`` stays, because what is before it may be a link."""
    return "/" + "/".join(part for part in os.path.join(os.getcwd(), path).split("/") if part not in ("", "."))


def _plain(path: str) -> str:
    """Return a path that nobody takes for an option."""
    return f"./{path}" if path.startswith("-") else path

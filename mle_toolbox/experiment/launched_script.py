"""How the script of one seed run is started, and how the log of one that ended as usual gets its name.

Every seed run waits for what this imports, so that is only what is built into Python, and paths are strings;
train_job.py has the figures.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time

from mle_toolbox.experiment.child_process import ChildEnd, run_child
from mle_toolbox.layout import (
    ENDED,
    GPUS_VARIABLE,
    HOLDS_LIMITS_VARIABLE,
    JOURNAL,
    LAUNCHED_BY_VARIABLE,
    LOG,
    PROJECT_VARIABLE,
    READY_LOG,
    READY_RECORD,
    RUN_RECORD,
    SHELL_ARGUMENTS_VARIABLE,
    SHELL_SCRIPT_VARIABLE,
    SNAPSHOT_VARIABLE,
    seed_folder,
)
from mle_toolbox.log.publish import bound_times_by_now, publish

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mle_toolbox.experiment.gpu_lease import GpuLease
    from mle_toolbox.experiment.limits import Limits

__all__ = ["LaunchedScript", "gpus_to_lease", "limits_to_hold"]

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
        What is run, a Python file or a script in shell, and the results folder of the experiment. The same arguments
        given to the script by hand do the same run.
    cores
        Numerical libraries use this many threads, whatever the machine has: results must not depend on it.
    python
        The interpreter; the current one when it is not given.
    conda_prefix
        A conda environment whose interpreter is used instead, with the variables that its activation sets.
    extra_arguments
        Further arguments of the script.
    project_name
        The project of the experiment, for scripts in shell that ask for it.
    limits
        What the run may use, if this process has to see to that.
    gpus
        How many GPUs to lease for it, and how many runs may share each; None: it is started with those that there are.
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
        project_name: str | None = None,
        limits: Limits | None = None,
        gpus: tuple[int, int] | None = None,
    ) -> None:
        self.path = path
        self.configuration = configuration
        self.seed = seed
        self.experiment_dir = _absolute(experiment_dir)
        self.cores = cores
        self.conda_prefix = conda_prefix
        self.extra_arguments = list(extra_arguments)
        self.project_name = project_name
        self.limits = limits
        self.gpus = gpus
        self._lease: GpuLease | None = None
        self.is_shell = path.lower().endswith(".sh")
        self.name = os.path.splitext(os.path.basename(configuration))[0]
        self.folder = seed_folder(self.experiment_dir, self.name, seed)
        self._python = f"{conda_prefix}/bin/python" if conda_prefix is not None else python or sys.executable

    @property
    def command(self) -> list[str]:
        """The command line of the script, as it is typed by hand."""
        program = "bash" if self.is_shell else self._python
        return [program, _plain(self.path), *self._arguments]

    @property
    def _arguments(self) -> list[str]:
        # A script in shell may go to another folder before it starts a program.
        configuration = _absolute(self.configuration) if self.is_shell else _plain(self.configuration)
        ours = ["-config", configuration, "-seed", str(self.seed), "-exp_dir", self.experiment_dir]
        return [*ours, *self.extra_arguments]

    def start(self) -> ChildEnd:
        """Run the script to its end, as soon as there are GPUs for it."""
        self._lease_gpus()
        before = self._prepared()

        def is_complete() -> bool:
            return self._prepared() not in (None, before)

        if self.is_shell:
            end = self._start_shell(is_complete)
        else:
            end = run_child(self.command, self._environment(), is_complete, limits=self.limits)
        self._end_lease()
        bound_times_by_now([self.path, self.configuration])
        return end

    def _lease_gpus(self) -> None:
        if self.gpus is not None:
            from mle_toolbox.experiment.gpu_lease import GpuError, Gpus, lease

            try:
                self._lease = lease(Gpus.from_text(os.environ[GPUS_VARIABLE]), *self.gpus)
            except GpuError as error:
                os.write(2, f"mle-toolbox: {error}\n".encode(errors="replace"))
                sys.exit(1)

    def _end_lease(self) -> None:
        if self._lease is not None:
            self._lease.end()

    def _start_shell(self, is_complete: Callable[[], bool]) -> ChildEnd:
        """Run a script in shell to its end, and to that of the program which writes the log."""
        command, environment = self._shell()
        before = self._mark_of(RUN_RECORD)

        def still_runs(status: int) -> bool:
            # Without a record it may still be importing, if the script was not broken off.
            return self._is_held() or (status == 0 and self._mark_of(RUN_RECORD) in (None, before))

        mark = f"{LAUNCHED_BY_VARIABLE}={os.getpid()} "
        return run_child(command, environment, is_complete, still_runs, mark, self.limits)

    def _shell(self) -> tuple[list[str | bytes], dict[str, str]]:
        """Return the command that runs a script in shell, and its environment."""
        import hashlib
        import json

        from mle_toolbox.experiment_file.shell_text import shell_of
        from mle_toolbox.seed_run.frozen_code import frozen_bytes

        text = frozen_bytes(self.path)
        if text is None:
            try:
                with open(self.path, "rb") as file:
                    text = file.read()
            except OSError as error:
                os.write(2, f"mle-toolbox: {self.path} cannot be read: {error.strerror}.\n".encode(errors="replace"))
                return ["false"], dict(os.environ)
        environment = self._environment()
        folder = os.path.dirname(self._python)
        if self.conda_prefix is None and folder:
            # As if the environment were activated, so that `python` is the one that runs scripts in Python.
            environment["PATH"] = os.pathsep.join([folder, environment.get("PATH", os.defpath)])
            if os.path.exists(f"{os.path.dirname(folder)}/pyvenv.cfg"):
                environment["VIRTUAL_ENV"] = os.path.dirname(folder)
        environment |= {
            "MLE_PATH": f"{self.conda_prefix}/bin" if self.conda_prefix is not None else folder,
            SHELL_SCRIPT_VARIABLE: f"{hashlib.sha256(text).hexdigest()} {_absolute(self.path)}",
            SHELL_ARGUMENTS_VARIABLE: json.dumps(self.extra_arguments),
        }
        command = shell_of(text).command(text, _plain(self.path))
        return [*command, *self._arguments, *self._asked(text)], environment

    def _asked(self, text: bytes) -> list[str]:
        """Return the arguments that only some scripts in shell get, by their text."""
        asked: list[str] = []
        for option, value in (("wb_project", self.project_name), ("wb_group", self.name)):
            # Only where the script knows them: one that reads its arguments in a loop may never end on others.
            if option.encode() in text and value is not None and f"-{option}" not in self.extra_arguments:
                asked += [f"-{option}", value]
        return asked

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

    def mark_ended(self) -> None:
        """Mark the end of the run, successful or not, where trials wait for that."""
        mark = os.open(f"{self.folder}/{ENDED}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        # Snakemake ignores a newer time of a file whose content is the same.
        os.write(mark, b"%d\n" % time.time_ns())
        os.close(mark)

    def _is_held(self) -> bool:
        """Tell whether a program holds the journal of this run."""
        from pathlib import Path

        from mle_toolbox.log.held_file import is_locked

        return is_locked(Path(f"{self.folder}/{JOURNAL}"))

    def _prepared(self) -> tuple[int, int] | None:
        """Return which record of a finished run is prepared, the last thing that a script does, or None."""
        return self._mark_of(READY_RECORD)

    def _mark_of(self, name: str) -> tuple[int, int] | None:
        """Return what tells a file of the folder from the one that takes its place, or None where there is none."""
        try:
            record = os.stat(f"{self.folder}/{name}")
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
            LAUNCHED_BY_VARIABLE: f"{os.getpid()} {os.getcwd()}",  # see command_line.py
            PROJECT_VARIABLE: os.getcwd(),
        }
        # Of a run from within which this one is started, and for an experiment that this one starts.
        for name in (SHELL_SCRIPT_VARIABLE, SHELL_ARGUMENTS_VARIABLE, HOLDS_LIMITS_VARIABLE, GPUS_VARIABLE):
            environment.pop(name, None)
        if self._lease is not None:
            environment |= self._lease.variables
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


def limits_to_hold(given: Mapping[str, str]) -> Limits | None:
    """Return the limits among the options of a launcher, or None where a scheduler holds them, or there are none.

    Parameters
    ----------
    given
        The options by name: ``time-limit`` in seconds, ``memory-limit`` in MiB.
    """
    seconds, megabytes = given.get("time-limit"), given.get("memory-limit")
    if HOLDS_LIMITS_VARIABLE not in os.environ or (seconds is None and megabytes is None):
        return None
    from mle_toolbox.experiment.limits import Limits

    return Limits(float(seconds) if seconds is not None else None, float(megabytes) if megabytes is not None else None)


def gpus_to_lease(given: Mapping[str, str]) -> tuple[int, int] | None:
    """Return how many GPUs to lease by the options of a launcher, and for how many runs each; None: not one.

    Parameters
    ----------
    given
        The options by name: ``gpus``, ``runs-per-gpu``.
    """
    number = int(given.get("gpus", 0))
    return (number, int(given.get("runs-per-gpu", 1))) if number and GPUS_VARIABLE in os.environ else None


def _absolute(path: str) -> str:
    """Return what ``Path(path).absolute()`` is: ``..`` stays, because what is before it may be a link."""
    return "/" + "/".join(part for part in os.path.join(os.getcwd(), path).split("/") if part not in ("", "."))


def _plain(path: str) -> str:
    """Return a path that nobody takes for an option."""
    return f"./{path}" if path.startswith("-") else path

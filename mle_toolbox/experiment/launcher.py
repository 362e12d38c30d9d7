"""Start the script of one seed run, wait for it, and put its log in place or throw it away.

Only a parent sees how a process really ended, so the last word about a run is spoken here. Standard library only:
this runs once for every seed run.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mle_toolbox.errors import MLEToolboxError
from mle_toolbox.experiment.child_process import ChildEnd, run_child
from mle_toolbox.experiment.orphan import orphan_has_done, orphan_of, wait_for_orphan
from mle_toolbox.experiment.provenance import scheduler_ids
from mle_toolbox.layout import ExperimentFolder, SeedFolder
from mle_toolbox.log.lock import is_locked
from mle_toolbox.log.run_record import RunRecord, read_run_record, write_run_record
from mle_toolbox.log.sealing import commit_log

__all__ = ["run_seed"]

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
_CAUSES = {
    "SIGKILL": ": somebody killed it, or it needed more memory than there was",
    "SIGXCPU": ": it used more CPU time than it may",
    "SIGSEGV": ": a library that it uses has crashed",
}


def run_seed(
    script: Path,
    configuration: Path,
    seed: int,
    experiment_dir: Path,
    cores: int,
    *,
    python: str | None = None,
    conda_prefix: Path | None = None,
    extra_arguments: Sequence[str] = (),
) -> int:
    """Run the script for one configuration and one seed, and finish its log if it ended well.

    Parameters
    ----------
    script, configuration, seed, experiment_dir
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

    Returns
    -------
    int
        The exit status of the script; 128 + n when signal n has ended it; 1 when it ended well but left no log.
    """
    folder = ExperimentFolder(experiment_dir.absolute()).seed_run(configuration.stem, seed)
    if (orphan := orphan_of(folder)) is not None:
        _say(f"process {orphan.pid}, which a driver that was killed has left, still runs this seed. Waiting for it.")
        wait_for_orphan(folder)
        if orphan_has_done(folder, configuration):
            return 0
    interpreter = str(conda_prefix / "bin" / "python") if conda_prefix is not None else python or sys.executable
    arguments = ["-config", _plain(configuration), "-seed", str(seed), "-exp_dir", str(experiment_dir.absolute())]
    command = [interpreter, _plain(script), *arguments, *extra_arguments]
    blank = RunRecord(
        configuration=configuration.stem, seed=seed, host=os.uname().nodename, command=command, start=_now()
    )
    launch = _Launch(folder, script, conda_prefix, blank, _record_content(folder))
    return launch.finish(run_child(command, _environment(folder, cores, conda_prefix)))


@dataclass(frozen=True)
class _Launch:
    """A script that was started, and what was in its folder before."""

    folder: SeedFolder
    script: Path
    conda_prefix: Path | None
    blank: RunRecord
    before: bytes | None

    def finish(self, end: ChildEnd) -> int:
        """Put the log in place, or put on record why there is none; return the exit status of the launcher."""
        if is_locked(self.folder.journal):
            # Another run of this seed, or a child of the script that goes on: nothing in there is ours to touch.
            _say(f"{self.folder.path}: another process still writes to this folder, so this run is not finished.")
            return end.shell_status or 1
        record = self._record_of_script()
        problem = self._problem(end, record)
        if problem is None and record is not None:
            try:
                commit_log(self.folder, _noted(record, end))
            except (MLEToolboxError, OSError) as error:
                problem = str(error)
        if problem is None:
            return 0
        self._record_failure(end, record, problem)
        if end.code <= 0:
            _say(problem)
        return end.shell_status or 1

    def _record_of_script(self) -> RunRecord | None:
        """Return what an MLExperiment in this script has put on record, or None when there was none."""
        return read_run_record(self.folder) if _record_content(self.folder) != self.before else None

    def _problem(self, end: ChildEnd, record: RunRecord | None) -> str | None:
        """Return why there is no log to put in place, in a sentence, or None when there is one."""
        if end.signal_name is not None:
            return f"ended by {end.signal_name}{_CAUSES.get(end.signal_name, '')}"
        if end.code > 0:
            return f"ended with exit status {end.code}{'' if record is not None else self._too_early()}"
        if record is None:
            return (
                f"{self.script} ended well but never made an MLExperiment for {self.folder.path}, so there is no log. "
                "Add to it: from mle_toolbox import MLExperiment; mle = MLExperiment()"
            )
        if record.status == "failed" or not self.folder.ready_log.exists():
            why = record.reason or "Python did not come to its own end (os._exit)"
            return f"{self.script} ended with exit status 0, but its log is not finished: {why}"
        return None

    def _too_early(self) -> str:
        where = f"; mle-toolbox must be installed in {self.conda_prefix}" if self.conda_prefix is not None else ""
        return f" before it had made its MLExperiment{where}"

    def _record_failure(self, end: ChildEnd, record: RunRecord | None, problem: str) -> None:
        if record is None:
            earlier = read_run_record(self.folder)
            attempt = earlier.attempt + 1 if earlier is not None else 1
            record = dataclasses.replace(self.blank, attempt=attempt, pid=end.pid, scheduler=scheduler_ids())
        failed = dataclasses.replace(_noted(record, end), status="failed", reason=record.reason or problem)
        with contextlib.suppress(OSError):  # a full disk: the exit status says it as well
            self.folder.ready_log.unlink(missing_ok=True)
            self.folder.path.mkdir(parents=True, exist_ok=True)
            write_run_record(self.folder, failed)


def _noted(record: RunRecord, end: ChildEnd) -> RunRecord:
    """Return a record with what only the parent of a process knows of it."""
    return dataclasses.replace(
        record,
        end=_now(),
        exit_status=end.exit_status,
        signal=end.signal_name,
        max_rss_mb=end.max_rss_mb,
        cpu_seconds=end.cpu_seconds,
    )


def _environment(folder: SeedFolder, cores: int, conda_prefix: Path | None) -> dict[str, str]:
    environment = {
        # Live output, and sets in the same order every time.
        "PYTHONUNBUFFERED": "1",
        "PYTHONHASHSEED": "0",
        **os.environ,
        **dict.fromkeys(_THREAD_VARIABLES, str(cores)),
        "MLE_SEED_RUN": str(folder.path),
    }
    if conda_prefix is not None:
        prefix = str(conda_prefix)
        environment.pop("PYTHONHOME", None)
        environment |= {
            "PATH": os.pathsep.join([f"{prefix}/bin", environment.get("PATH", os.defpath)]),
            "CONDA_PREFIX": prefix,
            "CONDA_DEFAULT_ENV": conda_prefix.name,
        }
    return environment


def _record_content(folder: SeedFolder) -> bytes | None:
    try:
        return folder.run_record.read_bytes()
    except OSError:
        return None


def _plain(path: Path) -> str:
    """Return a path that nobody takes for an option."""
    return f"./{path}" if str(path).startswith("-") else str(path)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _say(text: str) -> None:
    print(f"mle-toolbox: {text}", file=sys.stderr, flush=True)

"""What the rules `pre_processing` and `post_processing` start: a script that belongs to no seed run, as a job."""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from mle_toolbox.experiment.child_process import ChildEnd, run_child
from mle_toolbox.experiment.ending import STOPPED_STATUS
from mle_toolbox.experiment.launched_script import LaunchedScript, gpus_to_lease, limits_to_hold
from mle_toolbox.layout import LAUNCHED_BY_VARIABLE, SNAPSHOT_VARIABLE, ExperimentFolder, ProcessingFolder
from mle_toolbox.seed_run.processing_record import (
    ProcessingRecord,
    digest_of,
    processing_code,
    read_processing_record,
    write_processing_record,
)

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Run what the command line says, and return the exit status."""
    end = arguments.index("--")
    given = dict(each.removeprefix("--").split("=", 1) for each in arguments[:end])
    if given.get("code") == "on-disk":
        os.environ[SNAPSHOT_VARIABLE] = ""
    folder = ExperimentFolder(Path(given["experiment-dir"])).processing(given["stage"])
    folder.path.mkdir(parents=True, exist_ok=True)
    script = _ProcessingScript(
        given["script"],
        given["stage"],
        0,
        given["experiment-dir"],
        int(given["cores"]),
        conda_prefix=given.get("conda-prefix"),
        extra_arguments=arguments[end + 1 :],
        limits=limits_to_hold(given),
        gpus=gpus_to_lease(given),
    )
    code = processing_code(Path(script.path), Path.cwd())
    digest = digest_of(code, script.extra_arguments)
    with _locked(folder) as has_waited:
        earlier = read_processing_record(folder) if has_waited else None
        if earlier is not None and earlier.status == "done" and earlier.digest == digest:
            folder.done.touch()
            return 0
        record = ProcessingRecord(
            "running", digest, code, script.command, _now(), host=platform.node(), launcher=os.getpid()
        )
        folder.done.unlink(missing_ok=True)
        write_processing_record(folder, record)
        ended = script.run()
        record = _ended(record, ended)
        write_processing_record(folder, record)
        if record.status == "done":
            folder.done.touch()
            return 0
    return STOPPED_STATUS if record.status == "stopped" else ended.shell_status


class _ProcessingScript(LaunchedScript):
    """A script that is started as a seed run's, but for its arguments: the results folder, and its own."""

    @property
    def _arguments(self) -> list[str]:
        return ["-exp_dir", self.experiment_dir, *self.extra_arguments]

    def _asked(self, text: bytes) -> list[str]:
        return []

    def _environment(self) -> dict[str, str]:
        environment = super()._environment()
        environment.pop("MLE_SEED_RUN")
        return environment

    def run(self) -> ChildEnd:
        """Run the script to its end, and a script in shell to that of the programs that it leaves behind."""
        self._lease_gpus()
        try:
            return self._run()
        finally:
            self._end_lease()

    def _run(self) -> ChildEnd:
        if not self.is_shell:
            return run_child(self.command, self._environment(), limits=self.limits)
        command, environment = self._shell()
        mark = f"{LAUNCHED_BY_VARIABLE}={os.getpid()} "
        return run_child(command, environment, still_runs=lambda status: status == 0, mark=mark, limits=self.limits)


@contextlib.contextmanager
def _locked(folder: ProcessingFolder) -> Iterator[bool]:
    """Hold the lock of the folder; yields whether another process had it, one whose driver was killed."""
    descriptor = os.open(folder.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    has_waited = False
    try:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            has_waited = True
            earlier = read_processing_record(folder)
            who = f"process {earlier.launcher} on {earlier.host}" if earlier is not None else "another process"
            print(f"{who} runs this already; waiting for it.", file=sys.stderr, flush=True)
            fcntl.lockf(descriptor, fcntl.LOCK_EX)
        except OSError:  # a file system without locks
            pass
        yield has_waited
    finally:
        os.close(descriptor)


def _ended(record: ProcessingRecord, ended: ChildEnd) -> ProcessingRecord:
    status = "done" if ended.code == 0 else "failed"
    reason = None
    orders = [each for each in ended.received if not each.is_warning]
    if ended.excess is not None and ended.code != 0:
        reason = f"{ended.excess}, so it was killed"
    elif orders:
        limit = orders[0].limit
        status, reason = "stopped", "stopped on request" if limit is None else f"stopped by its {limit}"
    elif ended.signal_name is not None:
        reason = f"was killed by {ended.signal_name}"
    elif ended.code:
        reason = f"ended with exit status {ended.code}"
    return record._replace(status=status, reason=reason, exit_status=ended.exit_status, end=_now())


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")

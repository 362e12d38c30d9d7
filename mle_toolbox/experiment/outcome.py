"""The outcome of a seed run: its log is published, or its record says why there is none.

For everything but a first run that succeeds, which train_job.py handles without this. Only a parent sees how a process
really ended, so this has the final say about a run.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from signal import Signals
from typing import NamedTuple

from mle_toolbox.errors import MLEToolboxError
from mle_toolbox.excerpts import one_line
from mle_toolbox.experiment.child_process import ChildEnd, ReceivedSignal
from mle_toolbox.experiment.early_end import end_of_stderr, hint_for_early_end
from mle_toolbox.experiment.ending import STOPPED_STATUS
from mle_toolbox.experiment.launched_script import LaunchedScript
from mle_toolbox.experiment.orphan import (
    is_done_meanwhile,
    is_done_with,
    orphan_of,
    wait_for_orphan,
    wanted_identity,
)
from mle_toolbox.experiment.stop_notice import ENDING_SIGNALS, stopped_in_words
from mle_toolbox.experiment.used_resources import used_resources
from mle_toolbox.layout import SeedFolder
from mle_toolbox.log.held_file import is_locked
from mle_toolbox.log.run_record import RunRecord, read_record, read_run_record, write_run_record
from mle_toolbox.log.sealing import commit_log, discard_prepared
from mle_toolbox.seed_run.traceback_text import last_error

__all__ = ["finish", "is_done_by_another", "record_content", "say"]

_PYTHON_ENDED = "Python did not come to its own end (os._exit)"
_PROGRAM_ENDED = (
    "the program that made the MLExperiment (process {pid}) did not come to its own end: it was killed, it crashed, or "
    "it called os._exit"
)
_WORKER_ENDED = (
    "the MLExperiment was made in a process that the script has started (multiprocessing), and such a process does "
    "not come to its end as a script does. Write `with MLExperiment() as mle:` there, or call mle.close() after the "
    "last tick"
)
_CAUSES = {
    "SIGKILL": ": somebody killed it, or it needed more memory than there was",
    "SIGXCPU": ": it used more CPU time than it may",
    "SIGSEGV": ": a library that it uses has crashed",
}


def finish(script: LaunchedScript, end: ChildEnd, before: bytes | None = None) -> int:
    """Publish the log of a script that has ended, or record why there is none.

    Parameters
    ----------
    script
        What was started.
    end
        How it ended.
    before
        The content of ``run.json`` before.

    Returns
    -------
    int
        As of ``run_seed``.
    """
    # The script of a launcher whose driver was killed may have been a little quicker to take the folder.
    if end.code > 0 and is_done_by_another(script):
        return 0
    return _Finish(script, SeedFolder(Path(script.folder)), before).finish(end)


def is_done_by_another(script: LaunchedScript) -> bool:
    """Wait for a run of this seed that has lost its driver, and tell whether what is wanted now is finished."""
    folder = SeedFolder(Path(script.folder))

    def identity() -> str:
        return wanted_identity(Path(script.configuration), script.extra_arguments)

    if (orphan := orphan_of(folder)) is not None:
        say(f"process {orphan.pid}, which a driver that was killed has left, still runs this seed. Waiting for it.")
        wait_for_orphan(folder)
        is_done = is_done_with(folder, identity())
    else:
        is_done = is_done_meanwhile(folder, identity)
    if is_done:
        folder.done.touch()  # Snakemake has removed it
    return is_done


class _Finish(NamedTuple):
    """Deals with a script that has ended."""

    script: LaunchedScript
    folder: SeedFolder
    before: bytes | None

    def finish(self, end: ChildEnd) -> int:
        """Publish the log, or record why there is none; return the exit status of the launcher."""
        if is_locked(self.folder.journal):
            # Another run of this seed, or a child of the script that goes on: nothing in there is ours to touch.
            say(f"{self.folder.path}: another process still writes to this folder, so this run is not finished.")
            return end.shell_status or 1
        record = self._record_of_script()
        if record is not None and record.status == "stopped" and end.excess is None:
            return self._put_off(end, _by_our_limit(record, end, self.folder))
        if end.excess is None and (stop := _stopped_by(end, record)) is not None:
            return self._put_off(end, self._stopped(end, stop, record))
        problem = self._problem(end, record)
        if problem is None and record is not None:
            try:
                commit_log(self.folder, _noted(record, end))
            except (MLEToolboxError, OSError) as error:
                problem = str(error)
        if problem is None:
            return 0
        if record is not None or not self._is_still_done():
            self._record_failure(end, record, problem)
        if end.code <= 0:
            say(problem)
        elif (hint := hint_for_early_end(end_of_stderr(), has_begun=record is not None)) is not None:
            say(hint)
        return end.shell_status or 1

    def _put_off(self, end: ChildEnd, record: RunRecord) -> int:
        """Leave a run that was stopped to the next attempt."""
        status = STOPPED_STATUS if end.code >= 0 else end.shell_status
        noted = _noted(record, end)
        with contextlib.suppress(OSError):
            discard_prepared(self.folder)
            # Stopped before its MLExperiment, it has changed nothing of what an earlier attempt has left.
            if self.before is None or record_content(self.folder) != self.before:
                self.folder.path.mkdir(parents=True, exist_ok=True)
                write_run_record(self.folder, noted._replace(exit_status=status) if end.code >= 0 else noted)
        say(f"{self.folder.path} was {record.reason}")
        return status

    def _stopped(self, end: ChildEnd, stop: ReceivedSignal, record: RunRecord | None) -> RunRecord:
        """Return the record of a run that a signal has told to end."""
        error, n_ticks = None, 0
        if record is None:
            record = self._first_record(end)
        else:
            n_ticks = record.ticks if record.ticks is not None else self._ticks_in_journal()
            if record.status == "failed" and record.reason != "KeyboardInterrupt":
                error = record.reason
        has_checkpoint = self.folder.checkpoint.exists()
        words = stopped_in_words(stop.number, n_ticks, has_checkpoint=has_checkpoint, error=error, limit=stop.limit)
        return record._replace(status="stopped", reason=words, ticks=n_ticks)

    def _ticks_in_journal(self) -> int:
        from mle_toolbox.log.journal import read_journal

        try:
            return read_journal(self.folder.journal).n_ticks
        except (MLEToolboxError, OSError):
            return 0

    def _record_of_script(self) -> RunRecord | None:
        """Return what an MLExperiment in this script has recorded, or None when there was none."""
        if record_content(self.folder) == self.before:
            return None
        return read_record(self.folder.ready_record) or read_run_record(self.folder)

    def _problem(self, end: ChildEnd, record: RunRecord | None) -> str | None:
        """Return why there is no log to publish, in a sentence, or None when there is one."""
        if end.excess is not None and end.code != 0:
            return f"{end.excess}, so it was killed"
        if end.signal_name is not None:
            return f"ended by {end.signal_name}{_CAUSES.get(end.signal_name, '')}"
        if end.code > 0:
            if self.script.is_shell and record is not None and record.status == "done":
                return f"ended with exit status {end.code}, after its log was complete"
            return f"ended with exit status {end.code}" if record is not None else self._too_early(end.code)
        if record is None:
            return f"{self.script.path} {self._no_experiment()}"
        if record.status == "failed" or not self.folder.ready_log.exists():
            why = record.reason or self._unseen_end(end, record)
            return f"{self.script.path} ended with exit status 0, but its log is not finished: {why}"
        return None

    def _no_experiment(self) -> str:
        if self.script.is_shell:
            return (
                "ended with exit status 0, but no program that it started made an MLExperiment for "
                f"{self.folder.path}, so there is no log."
                " Its arguments are -config, -seed and -exp_dir: pass them on, as in "
                'python train.py "$@"'
            )
        return (
            f"ended well but never made an MLExperiment for {self.folder.path}, so there is no log. "
            "Add to it: from mle_toolbox import MLExperiment; mle = MLExperiment()"
        )

    def _unseen_end(self, end: ChildEnd, record: RunRecord) -> str:
        if self.script.is_shell and record.pid != end.pid:
            return _PROGRAM_ENDED.format(pid=record.pid)
        return _WORKER_ENDED if record.pid != end.pid else _PYTHON_ENDED

    def _is_still_done(self) -> bool:
        """Tell whether the script broke off before it touched a finished run, which then stays as it was."""
        earlier = read_run_record(self.folder)
        return earlier is not None and earlier.status == "done" and self.folder.log.exists()

    def _too_early(self, status: int) -> str:
        if not self.folder.path.exists():  # it was there when the script was started
            return f"ended with exit status {status}: its folder was removed while it ran"
        prefix = self.script.conda_prefix
        where = f"; mle-toolbox must be installed in {prefix}" if prefix is not None else ""
        # Without an MLExperiment that recorded the error, it is in what was written.
        error = last_error(end_of_stderr().splitlines())
        cause = f"ended with exit status {status}" if error is None else f"{one_line(error.words)},"
        return f"{cause} before it had made its MLExperiment{where}"

    def _first_record(self, end: ChildEnd) -> RunRecord:
        """Return the record of a script that never reached its MLExperiment."""
        from mle_toolbox.experiment.provenance import scheduler_ids

        earlier = read_run_record(self.folder)
        attempt = earlier.attempt + 1 if earlier is not None else 1
        return RunRecord(
            configuration=self.script.name,
            seed=self.script.seed,
            host=os.uname().nodename,
            pid=end.pid,
            scheduler=scheduler_ids(),
            command=self.script.command,
            start=_now(),
            attempt=attempt,
        )

    def _record_failure(self, end: ChildEnd, record: RunRecord | None, problem: str) -> None:
        if record is None:
            record = self._first_record(end)
        failed = _noted(record, end)._replace(status="failed", reason=record.reason or problem)
        with contextlib.suppress(OSError):  # a full disk: the exit status says it as well
            discard_prepared(self.folder)
            self.folder.path.mkdir(parents=True, exist_ok=True)
            write_run_record(self.folder, failed)


def _by_our_limit(record: RunRecord, end: ChildEnd, folder: SeedFolder) -> RunRecord:
    """Return the record of a script that has stopped itself, with the limit if it was told so because of one."""
    first = end.received[0] if end.received else None
    if first is None or first.limit is None or "KeyboardInterrupt" in (record.reason or ""):
        return record
    has_checkpoint = folder.checkpoint.exists()
    words = stopped_in_words(first.number, record.ticks or 0, has_checkpoint=has_checkpoint, limit=first.limit)
    return record._replace(reason=words)


def _stopped_by(end: ChildEnd, record: RunRecord | None) -> ReceivedSignal | None:
    """Return the signal that told a script to end before its work was complete, or None.

    How the script ended says nothing: it may have caught the signal, broken off its loop and ended with status 0. A
    warning is no order to end. It counts where the script has died of it, or has a handler of its own for it, which
    breaks off the loop in one script and only saves something in another: nobody can tell.
    """
    orders = [each for each in end.received if not each.is_warning and (end.code != 0 or not each.was_complete)]
    if orders:
        return orders[0]
    if -end.code in ENDING_SIGNALS:
        return ReceivedSignal(-end.code, was_complete=False)
    for each in end.received:
        # Still "running": os._exit, which leaves no time to say what is handled.
        is_heeded = record is not None and (
            record.status == "running" or Signals(each.number).name in record.own_handlers
        )
        if each.is_warning and (end.code == -each.number or (is_heeded and not each.was_complete)):
            return each
    return None


def _noted(record: RunRecord, end: ChildEnd) -> RunRecord:
    """Return a record with what only the parent of a process knows about it."""
    return record._replace(
        end=_now(),
        exit_status=end.exit_status,
        signal=end.signal_name,
        **used_resources(end.usage),
    )


def record_content(folder: SeedFolder) -> bytes | None:
    """Return the bytes of ``run.json``, or None without one."""
    try:
        return folder.run_record.read_bytes()
    except OSError:
        return None


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())


def say(text: str) -> None:
    """Print a sentence of ours among the output of the script."""
    print(f"mle-toolbox: {text}", file=sys.stderr, flush=True)

"""What is done about seed runs that are no first ones that end well: launch.py does those, and comes here for the rest.

Only a parent sees how a process really ended, so the last word about a run is spoken here.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

from mle_toolbox.errors import MLEToolboxError
from mle_toolbox.experiment.child_process import ChildEnd
from mle_toolbox.experiment.ending import STOPPED_STATUS
from mle_toolbox.experiment.launch import Launch
from mle_toolbox.experiment.orphan import (
    is_done_meanwhile,
    is_done_with,
    orphan_of,
    wait_for_orphan,
    wanted_identity,
)
from mle_toolbox.experiment.used_resources import used_resources
from mle_toolbox.layout import ExperimentFolder, SeedFolder
from mle_toolbox.log.in_place import bring_to_present
from mle_toolbox.log.lock import is_locked
from mle_toolbox.log.run_record import RunRecord, read_record, read_run_record, write_run_record
from mle_toolbox.log.sealing import commit_log, discard_prepared
from mle_toolbox.seed_run.earlier import set_aside
from mle_toolbox.seed_run.identity import is_of

__all__ = ["finish", "run_seed"]

_CAUSES = {
    "SIGUSR2": ": the scheduler's notice that it is about to be killed, so it was deleted or is over a limit",
    "SIGKILL": ": somebody killed it, or it needed more memory than there was",
    "SIGXCPU": ": it used more CPU time than it may",
    "SIGSEGV": ": a library that it uses has crashed",
}


def run_seed(launch: Launch) -> int:
    """Run the script for one configuration and one seed, and finish its log if it ended well.

    Returns
    -------
    int
        The exit status of the script; 128 + n when signal n has ended it; 1 when it ended well but left no log; 75
        when it was stopped and is to be continued (``MLExperiment.should_stop``).
    """
    if _is_done_by_another(launch):
        bring_to_present([launch.script, launch.configuration])
        return 0
    _make_room(launch)
    before = _record_content(SeedFolder(Path(launch.folder)))
    return finish(launch, launch.start(), before)


def _make_room(launch: Launch) -> None:
    """Set aside a finished run of another identity: the end of one that had lost its driver, or typed by hand.

    What else was in the way had been set aside before this job began (drive/settle.py).
    """
    folder = SeedFolder(Path(launch.folder))
    record = read_run_record(folder)
    if record is None or record.status != "done" or not folder.log.exists():
        return
    if is_of(folder, record, wanted_identity(Path(launch.configuration), launch.extra_arguments)):
        return
    ours = [os.fstat(descriptor) for descriptor in (1, 2)]
    written = [each.name for each in os.scandir(folder.path) if any(os.path.samestat(each.stat(), our) for our in ours)]
    set_aside(folder, ExperimentFolder(Path(launch.experiment_dir)), but_for=written)


def finish(launch: Launch, end: ChildEnd, before: bytes | None = None) -> int:
    """Put the log of a script that has ended in place, or put on record why there is none.

    Parameters
    ----------
    launch
        What was started.
    end
        How it ended.
    before
        What stood in ``run.json`` before.

    Returns
    -------
    int
        As of ``run_seed``.
    """
    # The script of a launcher whose driver was killed may have been a little quicker to take the folder.
    if end.code > 0 and _is_done_by_another(launch):
        return 0
    return _Finish(launch, SeedFolder(Path(launch.folder)), before).finish(end)


def _is_done_by_another(launch: Launch) -> bool:
    """Wait for a run of this seed that has lost its driver, and tell whether what is wanted now is finished."""
    folder = SeedFolder(Path(launch.folder))

    def identity() -> str:
        return wanted_identity(Path(launch.configuration), launch.extra_arguments)

    if (orphan := orphan_of(folder)) is not None:
        _say(f"process {orphan.pid}, which a driver that was killed has left, still runs this seed. Waiting for it.")
        wait_for_orphan(folder)
        is_done = is_done_with(folder, identity())
    else:
        is_done = is_done_meanwhile(folder, identity)
    if is_done:
        folder.done.touch()  # Snakemake has removed it
    return is_done


class _Finish(NamedTuple):
    """What is done about a script that has ended."""

    launch: Launch
    folder: SeedFolder
    before: bytes | None

    def finish(self, end: ChildEnd) -> int:
        """Put the log in place, or put on record why there is none; return the exit status of the launcher."""
        if is_locked(self.folder.journal):
            # Another run of this seed, or a child of the script that goes on: nothing in there is ours to touch.
            _say(f"{self.folder.path}: another process still writes to this folder, so this run is not finished.")
            return end.shell_status or 1
        record = self._record_of_script()
        if record is not None and record.status == "stopped" and end.code >= 0:
            return self._put_off(end, record)
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
            _say(problem)
        return end.shell_status or 1

    def _put_off(self, end: ChildEnd, record: RunRecord) -> int:
        """Leave a run that was stopped to the next attempt."""
        with contextlib.suppress(OSError):
            write_run_record(self.folder, _noted(record, end)._replace(exit_status=STOPPED_STATUS))
        _say(f"{self.folder.path} was {record.reason}")
        return STOPPED_STATUS

    def _record_of_script(self) -> RunRecord | None:
        """Return what an MLExperiment in this script has put on record, or None when there was none."""
        if _record_content(self.folder) == self.before:
            return None
        return read_record(self.folder.ready_record) or read_run_record(self.folder)

    def _problem(self, end: ChildEnd, record: RunRecord | None) -> str | None:
        """Return why there is no log to put in place, in a sentence, or None when there is one."""
        if end.signal_name is not None:
            return f"ended by {end.signal_name}{_CAUSES.get(end.signal_name, '')}"
        if end.code > 0:
            return f"ended with exit status {end.code}{'' if record is not None else self._too_early()}"
        if record is None:
            return (
                f"{self.launch.script} ended well but never made an MLExperiment for {self.folder.path}, so there is "
                "no log. Add to it: from mle_toolbox import MLExperiment; mle = MLExperiment()"
            )
        if record.status == "failed" or not self.folder.ready_log.exists():
            why = record.reason or "Python did not come to its own end (os._exit)"
            return f"{self.launch.script} ended with exit status 0, but its log is not finished: {why}"
        return None

    def _is_still_done(self) -> bool:
        """Tell whether the script broke off before it touched a finished run, which then stays as it was."""
        earlier = read_run_record(self.folder)
        return earlier is not None and earlier.status == "done" and self.folder.log.exists()

    def _too_early(self) -> str:
        if not self.folder.path.exists():  # it was there when the script was started
            return ": its folder was removed while it ran"
        prefix = self.launch.conda_prefix
        where = f"; mle-toolbox must be installed in {prefix}" if prefix is not None else ""
        return f" before it had made its MLExperiment{where}"

    def _record_failure(self, end: ChildEnd, record: RunRecord | None, problem: str) -> None:
        if record is None:
            from mle_toolbox.experiment.provenance import scheduler_ids

            earlier = read_run_record(self.folder)
            attempt = earlier.attempt + 1 if earlier is not None else 1
            record = RunRecord(
                configuration=self.launch.name,
                seed=self.launch.seed,
                host=os.uname().nodename,
                pid=end.pid,
                scheduler=scheduler_ids(),
                command=self.launch.command,
                start=_now(),
                attempt=attempt,
            )
        failed = _noted(record, end)._replace(status="failed", reason=record.reason or problem)
        with contextlib.suppress(OSError):  # a full disk: the exit status says it as well
            discard_prepared(self.folder)
            self.folder.path.mkdir(parents=True, exist_ok=True)
            write_run_record(self.folder, failed)


def _noted(record: RunRecord, end: ChildEnd) -> RunRecord:
    """Return a record with what only the parent of a process knows of it."""
    return record._replace(
        end=_now(),
        exit_status=end.exit_status,
        signal=end.signal_name,
        **used_resources(end.usage),
    )


def _record_content(folder: SeedFolder) -> bytes | None:
    try:
        return folder.run_record.read_bytes()
    except OSError:
        return None


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())


def _say(text: str) -> None:
    print(f"mle-toolbox: {text}", file=sys.stderr, flush=True)

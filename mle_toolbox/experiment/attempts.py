"""The attempts at a seed run: whether one is needed, and how often it is tried.

For everything but a first run that succeeds, which train_job.py handles without this.
"""

from __future__ import annotations

import os
from pathlib import Path

from mle_toolbox.experiment.child_process import ChildEnd
from mle_toolbox.experiment.ending import STOPPED_STATUS
from mle_toolbox.experiment.launched_script import LaunchedScript
from mle_toolbox.experiment.orphan import (
    orphan_of,
    wait_for_orphan,
    wanted_identity,
)
from mle_toolbox.experiment.outcome import finish, is_done_by_another, record_content, say
from mle_toolbox.layout import ExperimentFolder, SeedFolder
from mle_toolbox.log.publish import bound_times_by_now
from mle_toolbox.log.run_record import read_run_record
from mle_toolbox.log.sealing import discard_prepared
from mle_toolbox.seed_run.earlier_runs import set_aside
from mle_toolbox.seed_run.identity import is_of

__all__ = ["end_of_seed", "run_seed"]


def run_seed(script: LaunchedScript) -> int:
    """Run the script for one configuration and one seed, and finish its log if it ended well.

    Returns
    -------
    int
        The exit status of the script; 128 + n when signal n has ended it; 1 when it ended well but left no log; 75
        when it was told to end and ended by itself.
    """
    if (folder := SeedFolder(Path(script.folder))).stop.exists():
        say(f"{folder.path} was asked to stop before it began; the next `mle run` starts it.")
        return STOPPED_STATUS
    if is_done_by_another(script):
        bound_times_by_now([script.path, script.configuration])
        return 0
    _make_room(script)
    if script.is_shell:  # what is prepared when it has ended was prepared by this attempt
        discard_prepared(SeedFolder(Path(script.folder)))
    before = record_content(SeedFolder(Path(script.folder)))
    return finish(script, script.start(), before)


def end_of_seed(script: LaunchedScript, tries: int, end: ChildEnd | None) -> int:
    """Run a seed of a search that learns, and mark that it came to its end, also if it failed.

    Parameters
    ----------
    script
        What is run.
    tries
        How often it is tried at most.
    end
        How it ended, if it has been started already.

    Returns
    -------
    int
        0 after a bad end too, which is in ``run.json``. As of ``run_seed`` when it was stopped or killed, because then
        it has not come to its end.
    """
    folder, status = SeedFolder(Path(script.folder)), 1
    if end is None and orphan_of(folder) is not None:
        wait_for_orphan(folder)
        if _is_bad_end(folder):
            script.mark_ended()
            return 0
    for _ in range(tries):
        status = finish(script, end) if end is not None else run_seed(script)
        end = None
        if status == 0 or not _is_bad_end(folder):
            break
    if status == 0 or _is_bad_end(folder):
        script.mark_ended()
        return 0
    return status


def _is_bad_end(folder: SeedFolder) -> bool:
    """Return whether a run has failed by itself."""
    record = read_run_record(folder)
    if record is None or record.status != "failed":
        return False
    # Killed from outside, by a user or for lack of memory, which cannot be known: it is retried, and counts then.
    return record.attempt > 1 or not (record.reason or "").startswith("ended by SIGKILL")


def _make_room(script: LaunchedScript) -> None:
    """Set aside a finished run of another identity: the end of one that had lost its driver, or typed by hand.

    What else was in the way had been set aside before this job began (drive/settle.py).
    """
    folder = SeedFolder(Path(script.folder))
    record = read_run_record(folder)
    if record is None or record.status != "done" or not folder.log.exists():
        return
    if is_of(folder, record, wanted_identity(Path(script.configuration), script.extra_arguments)):
        return
    ours = [os.fstat(descriptor) for descriptor in (1, 2)]
    written = [each.name for each in os.scandir(folder.path) if any(os.path.samestat(each.stat(), our) for our in ours)]
    set_aside(folder, ExperimentFolder(Path(script.experiment_dir)), but_for=written)

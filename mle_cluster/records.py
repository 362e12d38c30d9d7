"""Where the submissions of a project folder are on disk, with which a restarted driver finds its tasks.

`.snakemake/mle_cluster/` has one folder per array job (array_folder.py) and the locks of drivers: one for each
Snakefile, so that several experiments of a project folder can run at the same time, and one for all schedulers, so that
no two drivers submit the same work to two of them.

Earlier versions had a folder for each scheduler; its records are read and its locks held as long as it exists.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mle_cluster.array_folder import ArrayFolder
from mle_cluster.known import EARLIER_RECORDS
from mle_cluster.scheduler import Scheduler
from mle_toolbox.snakemake_side.assumptions import own_folder

__all__ = ["array_folders", "deletable", "lock_name", "records_folder", "records_folders", "remove_old_arrays"]

_KEEP_FAILED_SECONDS = 7 * 24 * 3600.0


def lock_name(snakefile: Path, project: Path) -> str:
    """Return the name of the lock that a driver of this Snakefile holds in the folder of records."""
    # By the relative path: the same on machines that mount the project elsewhere.
    relative = os.path.relpath(snakefile.resolve(), project.resolve())
    return f"driver-{hashlib.sha256(relative.encode()).hexdigest()[:12]}.lock"


def records_folder(project: Path) -> Path:
    """Return where new records of a project folder go."""
    return own_folder(project) / "mle_cluster"


def records_folders(project: Path) -> list[Path]:
    """Return the folders of records of a project folder, existing ones of earlier versions included."""
    earlier = (own_folder(project) / name for name in EARLIER_RECORDS)
    return [records_folder(project), *(each for each in earlier if each.is_dir())]


def array_folders(*roots: Path) -> Iterator[ArrayFolder]:
    """Yield the arrays on disk, oldest first, without those that their driver removes meanwhile."""
    # Their names begin with the time.
    for path in sorted(
        (each for root in roots for each in root.glob("*/array.json")), key=lambda path: path.parent.name
    ):
        folder = ArrayFolder(path.parent)
        if folder.is_there:
            yield folder


def remove_old_arrays(root: Path) -> None:
    """Remove the folders of arrays that have been over for a week; until then the logs of failed tasks are useful."""
    for folder in array_folders(root):
        is_over = len(folder.done()) >= len(folder.tasks)
        with contextlib.suppress(FileNotFoundError):  # its driver, if that lives, has removed it
            if is_over and time.time() - folder.written > _KEEP_FAILED_SECONDS:
                folder.remove()


def deletable(
    scheduler: Scheduler, tasks: Mapping[int, Sequence[int] | None], arrays: Mapping[int, Path]
) -> dict[int, Sequence[int] | None]:
    """Return which tasks may be deleted, by job number; ``arrays`` are the folders of the jobs.

    A scheduler that is killed may give the numbers of its last submissions out again, for other jobs of this user.
    """
    return {
        job: numbers
        for job, numbers in tasks.items()
        if not scheduler.reuses_numbers or scheduler.find_array(arrays[job]) == job
    }

"""The folder of one array job, as its driver and its tasks write it.

array.json (its scheduler, its folder, and which task makes what), `submitted` (the scheduler's answer), `commands` and
`inputs` (one line a task), task.sh, and from the tasks themselves started.N, log.N and exit.N. A task needs no more
attention once its number is in `done`, after Snakemake has noted its end. `driver` names the lock, beside the folder,
of the driver that waits for the array.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mle_cluster.known import FIRST_EXECUTOR, scheduler_of_executor
from mle_cluster.scheduler import Scheduler, SchedulerError

__all__ = ["ArrayFolder", "Exit", "TaskRecord", "new_array"]

_LOCK_OF_OLD_RECORDS = "driver.lock"
# What a shell reports for SIGTERM.
_WITHDRAWN_STATUS = 143


@dataclass(frozen=True)
class TaskRecord:
    """One task: its outputs (``claim``), its inputs (``digest``), a name for people, its first output."""

    claim: str
    digest: str
    label: str
    output: str = ""


@dataclass(frozen=True)
class Exit:
    """The end of a task as its own exit file has it; times are seconds since 1970 on the node."""

    status: int
    host: str
    begin: int
    end: int


class ArrayFolder:
    """The folder of one array job."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Read once: a thousand tasks of an array ask for the same small files again and again.
        self._content: dict[str, Any] | None = None
        self._tasks: tuple[TaskRecord, ...] | None = None
        self._job_id: int | None = None

    @property
    def tasks(self) -> tuple[TaskRecord, ...]:
        """The tasks; number N is at N - 1."""
        if self._tasks is None:
            self._tasks = tuple(TaskRecord(**entry) for entry in self._record()["tasks"])
        return self._tasks

    @property
    def executor(self) -> str:
        """The name of the executor that submitted it."""
        return str(self._record().get("scheduler", FIRST_EXECUTOR))

    @property
    def scheduler_name(self) -> str:
        """The name of the scheduler for people; if this version does not know it, that of the executor."""
        known = scheduler_of_executor(self.executor)
        return self.executor if known is None else known.name

    @property
    def scheduler(self) -> Scheduler:
        """The scheduler to which it was submitted.

        Raises
        ------
        SchedulerError
            When this version does not know it.
        """
        scheduler = scheduler_of_executor(self.executor)
        if scheduler is None:
            raise SchedulerError(
                f"{self.path}: expected an array of a scheduler that this version of mle-toolbox knows, found one of "
                f"the executor {self.executor!r}. Go on with the version that submitted it."
            )
        return scheduler

    @property
    def is_copy(self) -> bool:
        """Whether it was copied here with the project: its tasks write to the original folder."""
        try:
            # samefile, because the same folder may be mounted under another name.
            made_for = self._record().get("folder") or _folder_in_script(self.path / "task.sh")
            return not Path(made_for or self.path).samefile(self.path)
        except (OSError, ValueError):
            return True

    @property
    def per_task(self) -> int:
        """How many of its jobs (called tasks here) run one after another in one task of the scheduler."""
        return int(self._record().get("per_task", 1))

    @property
    def size(self) -> int:
        """How many array tasks the scheduler sees."""
        return self.scheduler_task(len(self.tasks))

    def scheduler_task(self, number: int) -> int:
        """Return the number of the scheduler's task that runs task ``number``."""
        return (number - 1) // self.per_task + 1

    def in_one_task_with(self, number: int) -> range:
        """Return the numbers of all tasks that share the scheduler's task with ``number``."""
        first = (self.scheduler_task(number) - 1) * self.per_task + 1
        return range(first, min(first + self.per_task, len(self.tasks) + 1))

    def _record(self) -> dict[str, Any]:
        if self._content is None:
            self._content = json.loads((self.path / "array.json").read_text(encoding="utf-8"))
        return self._content

    @property
    def is_there(self) -> bool:
        """Whether its driver has not removed it; reads the tasks, so that they are known even if it does later."""
        try:
            return bool(self.tasks)
        except FileNotFoundError:
            return False

    @property
    def job_id(self) -> int | None:
        """The scheduler's job id; None if the submission was interrupted, or the scheduler is unknown here."""
        known = scheduler_of_executor(self.executor)
        if self._job_id is None and known is not None:
            self._job_id = known.read_job_id(self.path / "submitted")
        return self._job_id

    def set_job_id(self, job_id: int) -> None:
        """Record an id that was not read from the scheduler's answer."""
        (self.path / "submitted").write_text(f"{job_id}\n")
        self._job_id = job_id

    @property
    def driver(self) -> Path:
        """The lock of the driver that waits for the array, or waited for it before it died."""
        try:
            name = (self.path / "driver").read_text(encoding="utf-8")
        except OSError:
            name = ""
        return self.path.with_name(name or _LOCK_OF_OLD_RECORDS)

    def set_driver(self, lock: str) -> None:
        """Record that the driver with the lock of this name waits for the array from now on."""
        # Renamed into place: another driver reads the name to find out whether a driver waits.
        if self.driver.name != lock:
            (self.path / ".driver").write_text(lock, encoding="utf-8")
            (self.path / ".driver").rename(self.path / "driver")

    @property
    def written(self) -> float:
        """When the array was written, by the clock of the file server."""
        # Compared with the times of input files, which are that server's too.
        return (self.path / "array.json").stat().st_mtime

    def ended(self) -> set[int]:
        """Return the numbers of the tasks whose exit file is there."""
        try:
            names = os.listdir(self.path)  # noqa: PTH208  (quicker, and thousands of names are usual)
        except OSError:
            return set()
        return {int(name[5:]) for name in names if name.startswith("exit.") and name[5:].isdecimal()}

    def exit(self, number: int) -> Exit | None:
        """Return how a task ended, or None when it has not, as far as can be seen from here."""
        try:
            status, host, begin, end = (self.path / f"exit.{number}").read_text().split()
            return Exit(int(status), host, int(begin), int(end))
        except (OSError, ValueError):
            return None

    def withdraw(self, number: int) -> bool:
        """Make a queued task exit as soon as it starts; False if it has started or ended already."""
        mark, temporary = self.path / f"exit.{number}", self.path / f".withdrawn.{number}"
        try:
            temporary.write_text(f"{_WITHDRAWN_STATUS} - 0 0\n")
            # Not renamed, which would replace the exit file of a task that has just ended.
            os.link(temporary, mark)
        except OSError:  # it has ended; or the disk is full, and the next round tries again
            return False
        finally:
            temporary.unlink(missing_ok=True)
        # A task looks for its exit file first and then notes that it has started.
        if self.started(number) is None:
            return True
        mark.unlink(missing_ok=True)
        return False

    def started(self, number: int) -> tuple[str, int] | None:
        """Return host and time of a task's start, or None when it has not started."""
        try:
            host, begin = (self.path / f"started.{number}").read_text().split()
            return host, int(begin)
        except (OSError, ValueError):
            return None

    def has_begun(self, number: int) -> bool:
        """Whether a task has tried to record its start, even if the disk was full.

        Of several in one task of the scheduler, whether any has: then its shell lives, and the others get their turn.
        """
        return any((self.path / f"started.{each}").exists() for each in self.in_one_task_with(number))

    def log(self, number: int) -> Path:
        """Where a task's own output goes; what a rule redirects is not in it."""
        return self.path / f"log.{self.scheduler_task(number)}"

    def done(self) -> set[int]:
        """Return the tasks that need no more attention."""
        try:
            return {int(word) for word in (self.path / "done").read_text().split()}
        except OSError:
            return set()

    def mark_done(self, numbers: Sequence[int]) -> None:
        """Record that Snakemake has noted the end of these tasks."""
        # Appended in one short write, so a kill loses none of the earlier numbers.
        with (self.path / "done").open("a") as file:
            file.write("".join(f"{number}\n" for number in numbers))

    def cancel(self) -> None:
        """Make tasks that start from now on exit at once, including those that a deletion misses."""
        (self.path / "cancelled").touch()

    @property
    def is_cancelled(self) -> bool:
        """Whether the array was cancelled."""
        return (self.path / "cancelled").exists()

    def cut(self, size: int) -> ArrayFolder:
        """Keep the first tasks of the scheduler, and return a new folder with the others, numbered from 1."""
        n_tasks = size * self.per_task
        rest = _new_folder(self.path.parent)
        for name in ("commands", "inputs"):
            lines = (self.path / name).read_text(encoding="utf-8").split("\n")
            (rest / name).write_text("\n".join(lines[n_tasks:]), encoding="utf-8")
        script = (self.path / "task.sh").read_text(encoding="utf-8")
        (rest / "task.sh").write_text(
            script.replace(shlex.quote(str(self.path)), shlex.quote(str(rest))), encoding="utf-8"
        )
        (rest / "driver").write_text(self.driver.name, encoding="utf-8")
        # A driver that dies between the two leaves tasks in both, of which the next driver keeps one.
        kept, others = self.tasks[:n_tasks], self.tasks[n_tasks:]
        per_task = self.per_task
        _write_record(rest, self.executor, others, per_task)
        _write_record(self.path, self.executor, kept, per_task)
        self._content, self._tasks = None, None
        return ArrayFolder(rest)

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.path, ignore_errors=True)


def new_array(
    lock: Path,
    scheduler: str,
    tasks: Sequence[TaskRecord],
    commands: Sequence[str],
    inputs: Sequence[Sequence[str]],
    script: str,
    per_task: int = 1,
) -> ArrayFolder:
    """Write the folder of an array that is about to be submitted.

    Parameters
    ----------
    lock
        What the driver holds, in the folder of records.
    scheduler
        The name of the executor that submits it.
    tasks, commands, inputs
        One entry a task: its record, its shell command, the files that it needs to see.
    script
        The text of task.sh.
    per_task
        How many of them one task of the scheduler runs after another.
    """
    path = _new_folder(lock.parent)
    (path / "commands").write_text("".join(f"{_one_line(command)}\n" for command in commands), encoding="utf-8")
    (path / "inputs").write_text("".join(f"{_one_line(shlex.join(names))}\n" for names in inputs), encoding="utf-8")
    (path / "task.sh").write_text(script, encoding="utf-8")
    (path / "driver").write_text(lock.name, encoding="utf-8")
    _write_record(path, scheduler, tasks, per_task)
    return ArrayFolder(path)


def _new_folder(root: Path) -> Path:
    path = root / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"
    path.mkdir(parents=True)
    return path


def _write_record(path: Path, scheduler: str, tasks: Sequence[TaskRecord], per_task: int) -> None:
    # After all other files and renamed into place: without it, the folder is no array to other drivers.
    record = {"format": 1, "scheduler": scheduler, "folder": str(path), "tasks": [asdict(task) for task in tasks]}
    text = json.dumps(record if per_task == 1 else {**record, "per_task": per_task})
    (path / ".array.json").write_text(text, encoding="utf-8")
    (path / ".array.json").rename(path / "array.json")


def _folder_in_script(script: Path) -> str | None:
    """Return the folder for which task.sh was made; records of earlier versions have it nowhere else."""
    found = re.search(r"^folder=(.+)$", script.read_text(encoding="utf-8"), re.MULTILINE)
    return "".join(shlex.split(found.group(1))) if found else None


def _one_line(text: str) -> str:
    """Return ``text`` in one line; task.sh reads it back with ``printf %b``."""
    return text.replace("\\", "\\\\").replace("\n", "\\n")

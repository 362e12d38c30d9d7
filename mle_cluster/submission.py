"""Submits jobs: groups them by their request, prepares them, and submits each group as one array."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from mle_cluster import command
from mle_cluster.array_folder import ArrayFolder, new_array
from mle_cluster.interrupt import interrupt_later
from mle_cluster.packing import HOLDS_LIMITS, jobs_per_task
from mle_cluster.scheduler import Scheduler, SchedulerError, SchedulerSilentError
from mle_cluster.waiting import Later, WaitingArrays

__all__ = ["Submission"]


@dataclass(frozen=True)
class _Kind:
    """The properties that all tasks of an array share."""

    options: tuple[str, ...]
    exports: str
    per_task: int


class Submission:
    """Submits jobs for an executor.

    Parameters
    ----------
    executor
        The executor: knows the workflow, the settings, and how a nested Snakemake is called.
    driver
        The lock that the executor holds; the folders of arrays are made beside it.
    """

    def __init__(self, executor: Any, driver: Path) -> None:
        self._executor = executor
        self._workflow = executor.workflow
        self._scheduler: Scheduler = executor.scheduler
        self._settings = executor.workflow.executor_settings
        self._driver = driver
        self._waiting = WaitingArrays(self._scheduler, executor.logger.info, executor.logger.warning)

    def submit(
        self,
        jobs: Sequence[Any],
        *,
        taken: Callable[[Any, ArrayFolder, int], None],
        refused: Callable[[Any, str], None],
    ) -> None:
        """Submit ``jobs``; for each of them, ``taken`` or ``refused`` is called."""
        kinds: dict[_Kind, list[tuple[Any, str]]] = {}
        for job in jobs:
            try:
                kind, line = self._kind(job), self._command(job)
            # A problem with one job (a protected output, a missing input) must not stop the others.
            except Exception as error:
                refused(job, f"{error}")
                continue
            kinds.setdefault(kind, []).append((job, line))
        for kind, members in kinds.items():
            for part in _parts(members, self._settings.array_size * kind.per_task):
                # After an interruption between the scheduler's answer and `taken`, nobody would delete these tasks.
                with interrupt_later():
                    self._submit_array(kind, part, taken, refused)

    def _kind(self, job: Any) -> _Kind:
        envvars: Mapping[str, str] = self._workflow.spawned_job_args_factory.envvars()
        per_task = jobs_per_task(job.resources)
        exports = command.exports(job, envvars)
        return _Kind(self._executor.options(job), exports if per_task == 1 else f"{exports}\n{HOLDS_LIMITS}", per_task)

    def _command(self, job: Any) -> str:
        """Return the shell command of a job, which is prepared for it."""
        if not self._settings.nested and command.runs_directly(self._workflow, job):
            direct = command.direct_command(job)
            if direct is not None:
                command.prepare(self._workflow, job)
                return direct
        return str(self._executor.format_job_exec(job))

    def _submit_array(
        self,
        kind: _Kind,
        members: Sequence[tuple[Any, str]],
        taken: Callable[[Any, ArrayFolder, int], None],
        refused: Callable[[Any, str], None],
    ) -> None:
        jobs = [job for job, _ in members]
        array = new_array(
            self._driver,
            self._scheduler.executor,
            [command.describe(job) for job in jobs],
            [line for _, line in members],
            [command.needed_files(job) for job in jobs],
            "",
            kind.per_task,
        )
        (array.path / "task.sh").write_text(self._script(array.path, kind), encoding="utf-8")
        project = Path.cwd()  # as in executor.py

        def command_for(array: ArrayFolder, n_tasks: int) -> list[str]:
            return self._scheduler.command(self._settings, kind.options, n_tasks, array.path, project)

        later: Later | None = None
        try:
            # Arrays that were submitted earlier come first.
            if self._waiting.is_waiting:
                later = Later("")
            else:
                # The command writes its answer into a file, so that a kill right here does not lose the job number.
                job_id = self._scheduler.submit(command_for(array, array.size), array.path / "submitted")
        except SchedulerSilentError as error:
            # Not a failure: the jobs wait in this driver, and Snakemake continues with the others.
            later = Later(f"The scheduler does not answer ({str(error).rstrip('.')}).", may_be_there=True)
        except SchedulerError as error:
            refusal = self._scheduler.refusal(str(error), array.size)
            if refusal.kind == "smaller" and refusal.at_most:
                self._submit_smaller(array, kind, members, refusal.at_most, taken, refused)
                return
            if refusal.kind == "later":
                later = Later(f"The site takes no more jobs now ({str(error).rstrip('.')}).", at_most=refusal.at_most)
            else:
                array.cancel()
                array.mark_done(range(1, len(jobs) + 1))
                for job in jobs:
                    refused(job, refusal.advice)
                return
        if later is None:
            count = f"{array.size} tasks" if array.size > 1 else "1 task"
            count += f" for {len(jobs)} seed runs" if kind.per_task > 1 else ""
            self._executor.logger.info(
                f"Submitted job {job_id} with {count}: {self._scheduler.submitting} {shlex.join(kind.options)}"
            )
        for number, job in enumerate(jobs, start=1):
            taken(job, array, number)
        if later is not None:
            # Only now, because the watching thread may submit a part of it at once, and moves the other tasks.
            self._waiting.add(array, command_for, later)

    def _submit_smaller(
        self,
        array: ArrayFolder,
        kind: _Kind,
        members: Sequence[tuple[Any, str]],
        limit: int,
        taken: Callable[[Any, ArrayFolder, int], None],
        refused: Callable[[Any, str], None],
    ) -> None:
        # Nothing of it was accepted, and its folder has the wrong number of tasks.
        array.remove()
        self._executor.logger.info(
            f"The site takes at most {limit} tasks in one array, so smaller ones are made. "
            f"Set {self._scheduler.executor}-array-size: {limit} in the profile."
        )
        for part in _parts(members, limit * kind.per_task):
            self._submit_array(kind, part, taken, refused)

    def submit_waiting(self, n_open: int) -> list[tuple[ArrayFolder, ArrayFolder | None]]:
        """Try again to submit waiting arrays; return those that were accepted, and where the rest of each waits.

        ``n_open`` tasks of this driver are in the queue now.
        """
        return self._waiting.submit_when_due(n_open)

    def refusal(self, array: ArrayFolder) -> str | None:
        """Return why an array that waited cannot be submitted at all, if that is so."""
        message = self._waiting.refusals.get(array.path)
        return None if message is None else self._scheduler.refusal(message, array.size).advice

    def give_up_waiting(self) -> None:
        """Stop submitting."""
        self._waiting.give_up()

    def _script(self, folder: Path, kind: _Kind) -> str:
        text = files(__package__).joinpath("task.sh").read_text(encoding="utf-8")
        values = {
            **self._scheduler.task_words,
            "@FOLDER@": shlex.quote(str(folder)),
            "@PATIENCE@": f"{self._settings.patience_seconds:.0f}",
            "@EXPORTS@": kind.exports,
            "@PER_TASK@": f"{kind.per_task}",
        }
        for mark, value in values.items():
            text = text.replace(mark, value)
        return text


def _parts(members: Sequence[tuple[Any, str]], size: int) -> Iterator[Sequence[tuple[Any, str]]]:
    for first in range(0, len(members), size):
        yield members[first : first + size]

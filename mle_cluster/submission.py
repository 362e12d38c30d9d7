"""Submits jobs: sorts them by what they ask for, prepares them, writes an array's folder and calls qsub once for it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from snakemake_executor_plugin_mle_sge import command, gridengine
from mle_cluster.grid_engine.commands import GridEngineError, SchedulerSilentError
from mle_cluster.interrupt import interrupt_later
from mle_cluster.records import ArrayFolder, new_array
from snakemake_executor_plugin_mle_sge.settings import ExecutorSettings
from mle_cluster.waiting import WaitingArrays, is_for_later, most_tasks

__all__ = ["Submission"]


@dataclass(frozen=True)
class _Kind:
    """What the tasks of one array have in common."""

    options: tuple[str, ...]
    exports: str


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
        self._settings: ExecutorSettings = executor.workflow.executor_settings
        self._driver = driver
        self._waiting = WaitingArrays(executor.logger.info, executor.logger.warning)

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
            # Whatever is wrong with one job (a protected output, a missing input) must not stop the others.
            except Exception as error:
                refused(job, f"{error}")
                continue
            kinds.setdefault(kind, []).append((job, line))
        for kind, members in kinds.items():
            for part in _parts(members, self._settings.array_size):
                # Interrupted between qsub's answer and `taken`, nobody would delete these tasks.
                with interrupt_later():
                    self._submit_array(kind, part, taken, refused)

    def _kind(self, job: Any) -> _Kind:
        envvars: Mapping[str, str] = self._workflow.spawned_job_args_factory.envvars()
        return _Kind(self._executor.options(job), command.exports(job, envvars))

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
            [command.describe(job) for job in jobs],
            [line for _, line in members],
            [command.needed_files(job) for job in jobs],
            "",
        )
        (array.path / "task.sh").write_text(self._script(array.path, kind), encoding="utf-8")
        words = self._qsub_command(array, kind, len(jobs))
        try:
            job_id = gridengine.submit(words, array.path / "submitted")
        except SchedulerSilentError as error:
            self._waiting.add_unanswered(array, words, str(error))
        except GridEngineError as error:
            if (limit := most_tasks(str(error))) is not None and limit < len(jobs):
                self._submit_smaller(array, kind, members, limit, taken, refused)
                return
            if is_for_later(str(error)):
                self._waiting.add_refused(array, words, str(error))
            else:
                _abandon(array)
                for job in jobs:
                    refused(job, _advice(str(error)))
                return
        else:
            self._executor.logger.info(_said(job_id, kind, len(jobs)))
        for number, job in enumerate(jobs, start=1):
            taken(job, array, number)

    def _submit_smaller(
        self,
        array: ArrayFolder,
        kind: _Kind,
        members: Sequence[tuple[Any, str]],
        limit: int,
        taken: Callable[[Any, ArrayFolder, int], None],
        refused: Callable[[Any, str], None],
    ) -> None:
        array.remove()
        self._executor.logger.info(
            f"The site takes at most {limit} tasks in one array, so smaller ones are made. "
            f"Set mle-sge-array-size: {limit} in the profile."
        )
        for part in _parts(members, limit):
            self._submit_array(kind, part, taken, refused)

    def submit_waiting(self) -> list[ArrayFolder]:
        """Try again what the site did not take; return the arrays that it has taken now."""
        return self._waiting.submit_when_due()

    def refusal(self, array: ArrayFolder) -> str | None:
        """Return why an array that waited cannot be submitted at all, if that is so."""
        message = self._waiting.refusals.get(array.path)
        return None if message is None else _advice(message)

    def give_up_waiting(self) -> None:
        """Submit nothing more."""
        self._waiting.give_up()

    def _script(self, folder: Path, kind: _Kind) -> str:
        text = files(__package__).joinpath("task.sh").read_text(encoding="utf-8")
        values = {
            "@FOLDER@": shlex.quote(str(folder)),
            "@PATIENCE@": f"{self._settings.patience_seconds:.0f}",
            "@EXPORTS@": kind.exports,
        }
        for mark, value in values.items():
            text = text.replace(mark, value)
        return text

    def _qsub_command(self, array: ArrayFolder, kind: _Kind, tasks: int) -> list[str]:
        ours = [
            "qsub",
            "-terse",
            *(["-notify"] if self._settings.notice_seconds else []),
            "-r",
            "n",
            "-j",
            "y",
            "-wd",
            str(self._workflow.workdir_init),
        ]
        # From the folder of -wd: in a whole path, qsub takes a colon for the end of a machine's name, and a comma for
        # that of the path.
        output = array.path.relative_to(array.path.parents[2])
        ours += ["-o", f"{output}/log.$TASK_ID", "-t", f"1-{tasks}"]
        script = str(array.path / "task.sh")
        if self._settings.clean_environment:
            return [*ours, *kind.options, "-S", "/bin/bash", script]
        # With -S bash, most sites start a login shell, whose start-up files cost time, may hang (all `pyenv init`
        # waits for one lock) and may change the environment that -V has just brought.
        return [*ours, *kind.options, "-V", "-b", "y", "-shell", "n", "/bin/bash", script]


def _abandon(array: ArrayFolder) -> None:
    array.cancel()
    array.mark_done(range(1, len(array.tasks) + 1))


def _parts(members: Sequence[tuple[Any, str]], size: int) -> Iterator[Sequence[tuple[Any, str]]]:
    for first in range(0, len(members), size):
        yield members[first : first + size]


def _said(job_id: int, kind: _Kind, tasks: int) -> str:
    count = f"{tasks} tasks" if tasks > 1 else "1 task"
    return f"Submitted job {job_id} with {count}: qsub {shlex.join(kind.options)}"


def _advice(message: str) -> str:
    """Return the scheduler's refusal with the way out, where one is known."""
    message = message if message.endswith((".", "!", "?")) else f"{message}."
    if "parallel environment" in message:
        known = gridengine.parallel_environments()
        listed = f"This site has: {', '.join(known)}. " if known else ""
        return f"{message} {listed}Set mle-sge-parallel-environment in the profile."
    if "unknown queue" in message:
        return f"{message} `qconf -sql` lists the queues; set mle-sge-queue in the profile, or the job's own queue."
    if "unknown resource" in message:
        return (
            f"{message} `qconf -sc` lists the resources of the site; set mle-sge-memory-resource, "
            "mle-sge-time-resource or mle-sge-gpu-resource in the profile."
        )
    if (limit := most_tasks(message)) is not None:
        return f"{message} Set mle-sge-array-size: {limit} in the profile."
    return message

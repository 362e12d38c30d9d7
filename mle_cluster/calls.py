"""Calls of a scheduler's commands: each has a time limit, and a session of its own.

The commands wait for minutes when their daemon is down; and Ctrl-C in the terminal does not interrupt a submission or a
deletion. Knows nothing of Snakemake, nor of any particular scheduler.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mle_cluster.scheduler import SchedulerError, SchedulerSilentError

__all__ = ["Calls"]

_SUBMIT_SECONDS = 120.0


@dataclass(frozen=True)
class Calls:
    """How the commands of one scheduler are called, and what their answers mean."""

    silent: re.Pattern[str]
    """What the versions of the scheduler print when its daemon does not answer."""
    job_number: re.Pattern[str]
    """The line of a submission's answer that holds the job number, as the first group."""
    message: Callable[[str, str], str]
    """Turns the name of a command and its output into an error message."""
    where: str
    """Advice on where these commands can be found."""
    keeps: Callable[[str, str], bool] = lambda name, value: True
    """Whether a variable of our environment is passed on to the command, given its name and value."""
    retries: re.Pattern[str] | None = None
    """What the submission command prints before it retries for minutes, while Snakemake's main thread is blocked."""

    def ask(
        self,
        command: Sequence[str],
        *,
        seconds: float = 30.0,
        check: bool = True,
        quiet: bool = False,
        variables: Mapping[str, str] | None = None,
    ) -> str:
        """Return the answer of a command.

        Parameters
        ----------
        command
            The whole command line.
        seconds
            How long it may take.
        check
            False: what it writes is an answer, whatever its exit status.
        quiet
            True: any complaint is an error, whatever its exit status.
        variables
            Added to its environment.

        Raises
        ------
        SchedulerSilentError
            When nobody answers.
        SchedulerError
            When there is no such command, or it refuses.
        """
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=seconds,
                env={**self._environment(), **(variables or {})},
                start_new_session=True,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _late(command[0], seconds) from None
        except FileNotFoundError:
            raise self._absent(command[0]) from None
        errors = done.stderr.decode(errors="replace")
        if (done.returncode != 0 and (check or self.silent.search(errors))) or (quiet and errors):
            raise self._error(command[0], errors)
        return done.stdout.decode(errors="replace")

    def submit(self, command: Sequence[str], answer: Path) -> int:
        """Run a submission and return the number of the job.

        Parameters
        ----------
        command
            The whole command line.
        answer
            The file into which the command itself writes the number, so that it is not lost when the driver is killed.

        Raises
        ------
        SchedulerSilentError
            When nobody answers.
        SchedulerError
            When the job is refused, for now or for good.
        """
        with answer.open("wb") as file:
            try:
                started = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.PIPE,
                    env=self._environment(),
                    start_new_session=True,
                )
            except FileNotFoundError:
                raise self._absent(command[0]) from None
            # Longer than a question: a submission that is cut short may have been accepted all the same.
            late = threading.Timer(_SUBMIT_SECONDS, started.kill)
            late.start()
            said, gives_up = "", False
            with started:
                for line in started.stderr or ():
                    said += line.decode(errors="replace")
                    if self.retries is not None and self.retries.search(said):
                        gives_up = True
                        started.kill()
            late.cancel()
        if gives_up or started.returncode > 0:
            raise self._error(command[0], answer.read_text(errors="replace") + said)
        if started.returncode < 0:
            raise _late(command[0], _SUBMIT_SECONDS)
        job = self.read_job_id(answer)
        if job is None:
            raise SchedulerError(f"{command[0]} answered {answer.read_text(errors='replace')!r}, which names no job.")
        return job

    def read_job_id(self, answer: Path) -> int | None:
        """Return the job number in the answer to a submission, or None when there is none."""
        try:
            found = self.job_number.search(answer.read_text(errors="replace"))
        except OSError:
            return None
        return int(found.group(1)) if found else None

    def _environment(self) -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if self.keeps(name, value)}

    def _absent(self, command: str) -> SchedulerError:
        return SchedulerError(
            f"There is no {command} on PATH. {self.where}; snakemake --profile local runs on this machine."
        )

    def _error(self, command: str, text: str) -> SchedulerError:
        message = self.message(command, text)
        return SchedulerSilentError(message) if self.silent.search(message) else SchedulerError(message)


def _late(command: str, seconds: float) -> SchedulerError:
    return SchedulerSilentError(f"{command} did not come back within {seconds:.0f} s.")

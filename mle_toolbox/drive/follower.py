"""Follows a Snakemake through its events until it ends, and turns signals to this process into an interruption."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from mle_toolbox.drive.earlier import remember_plan
from mle_toolbox.experiment_file.looks_reader import as_of_now
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import run_status
from mle_toolbox.snakemake_side.job_events import EventFile, Tally
from mle_toolbox.snakemake_side.snakemake_command import (
    stop_snakemake,
)

__all__ = ["Follower", "LookRuns", "follow", "termination_as_interrupt"]

_LOOK_EVERY_SECONDS = 0.1
# Within this time a second signal counts as an echo of the first.
_ECHO_SECONDS = 0.5


@dataclass(frozen=True)
class Follower:
    """Counts new events and passes on the result."""

    events: EventFile
    tally: Tally
    watch: Callable[[Tally], None]
    plan: Plan
    good: set[tuple[str, int]] = field(default_factory=set)
    """Seed runs of a search that learns whose records say that they have ended well."""

    def look(self) -> None:
        """Count the events since the last call."""
        for event in self.events.new_events():
            self.tally.count(event)
        if self.plan.learns:
            self._note_bad_ends()
            self._count_further_runs()
        self.watch(self.tally)

    def _count_further_runs(self) -> None:
        """Count by what has ended where trials earn further seeds, whose jobs Snakemake does not plan in advance."""
        search, tally = self.plan.search, self.tally
        if search is None or search.settings.seed_rungs is None or tally.to_run is None:
            return
        if tally.total < len(self.plan.seed_runs):
            return  # only some of them are wanted
        before = len(self.plan.seed_runs) - len(tally.due) - tally.failed_before
        tally.done = before + len(tally.took.keys() - tally.failed)
        tally.total = max(tally.total, tally.ended + len(tally.running))

    def _note_bad_ends(self) -> None:
        """Count failed seed runs as failed: in a search that learns, their jobs succeed in any case."""
        folder = ExperimentFolder(self.plan.experiment_path)
        for run in self.tally.took.keys() - self.good:
            if run_status(folder.seed_run(*run)) == "failed":
                self.tally.note_bad_end(run, self.plan.retries + 1)
            else:
                self.good.add(run)


class LookRuns:
    """Adds the seed runs to a tally that looks add while the experiment runs."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan = plan
        self._folder = folder
        self._looks = 0

    def look(self, tally: Tally) -> None:
        """Add those of a look that has been held since the last call."""
        if tally.finished_others["look"] == self._looks:
            return
        self._looks = tally.finished_others["look"]
        self._plan, before = as_of_now(self._plan), set(self._plan.seed_runs)
        added = [run for run in self._plan.seed_runs if run not in before]
        tally.total += len(added)
        logs = {run: ExperimentFolder(self._plan.experiment_path).seed_run(*run).log for run in added}
        tally.due += tuple(run for run, log in logs.items() if not log.exists())
        tally.done += sum(log.exists() for log in logs.values())
        # `mle attach` reads there how many there are.
        remember_plan(self._folder, self._plan)


def follow(process: subprocess.Popen[bytes], follower: Follower) -> set[tuple[str, int]] | None:
    """Follow the events until Snakemake ends; if interrupted, return the seed runs that were running then."""
    try:
        while process.poll() is None:
            follower.look()
            time.sleep(_LOOK_EVERY_SECONDS)
    except KeyboardInterrupt:
        running = set(follower.tally.running.values())
        stop_snakemake(process)
        return running
    finally:
        # The last events are written between the last look and the end.
        follower.look()
    return None


@contextmanager
def termination_as_interrupt() -> Iterator[None]:
    """Treat `kill` and a closed terminal like Ctrl-C, so that no seed run is left behind; nohup stays nohup."""
    last = -_ECHO_SECONDS

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        # A second signal is harsher, so one that comes twice at the same moment counts once: `timeout` signals its
        # command and then its group, and a shell that loses its terminal signals its jobs just before the system does.
        nonlocal last
        now = time.monotonic()
        if now - last >= _ECHO_SECONDS:
            last = now
            raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    heard = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

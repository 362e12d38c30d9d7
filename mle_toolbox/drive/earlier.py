"""The Snakemake that a killed `mle run` has left: followed to its end, or ended where it makes something else.

It knows only what the experiment file and the configurations said when it was started. What it would still start after
an edit would have to run a second time.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

from mle_toolbox.drive.lock import Holder
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.snakemake_side.job_events import EventFile, Tally

__all__ = ["EarlierSnakemake", "remember_plan"]

_PLAN = "plan.json"


def remember_plan(folder: Path, plan: Plan) -> None:
    """Write down, in the driver's folder, what its Snakemake is started for."""
    (folder / _PLAN).write_text(json.dumps(plan.to_json()), encoding="utf-8")


class EarlierSnakemake:
    """Attends to it while it holds the lock.

    Parameters
    ----------
    folder
        The driver's folder.
    plan
        What is asked for now.
    events
        Where it tells how far it is.
    watch
        Told how far it is, and what was done about it.
    """

    def __init__(self, folder: Path, plan: Plan, events: Path, watch: Callable[[Tally], None]) -> None:
        self._folder = folder
        self._plan = plan
        self._events = EventFile(events)
        self._watch = watch
        self._tally = Tally(total=len(plan.seed_runs))
        self._makes_the_same: bool | None = None
        self._is_met = False

    def attend(self, holder: Holder) -> None:
        """End it at the first call if it was started for another plan; else tell how far it is."""
        if not self._is_met:
            self._is_met = True
            self._meet(holder)
        if self._makes_the_same:
            for event in self._events.new_events():
                self._tally.count(event)
        self._watch(self._tally)

    def _meet(self, holder: Holder) -> None:
        self._makes_the_same = self._compare()
        name = "its Snakemake" if holder.snakemake is None else f"its Snakemake (process {holder.snakemake})"
        words = f"An earlier `mle run` was killed; {name} goes on and this command waits until it ends."
        if self._makes_the_same is False and _kill(holder.snakemake):
            words = (
                f"An earlier `mle run` was killed; {name}, which was started before the last edits, was stopped. Its "
                "jobs are continued or replaced."
            )
        self._tally.said.append((words, True))

    def _compare(self) -> bool | None:
        """Tell whether it was started for the plan of now; None when it left no word about that."""
        try:
            then = json.loads((self._folder / _PLAN).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return bool(then == json.loads(json.dumps(self._plan.to_json())))


def _kill(pid: int | None) -> bool:
    """End a process hard, as its `mle run` was: told to end, it would take its seed runs with it."""
    if pid is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        try:
            os.kill(pid, signal.SIGKILL)
        except PermissionError:
            return False
    return True

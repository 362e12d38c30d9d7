"""The Snakemake that a killed `mle run` has left: followed to its end, or killed when the plan has changed since.

It knows the experiment file and the configurations only as they were when it was started. Whatever it started after an
edit would have to run a second time.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mle_toolbox.drive.lock import Holder
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_record import with_asked, with_earned_seeds
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.snakemake_side.job_events import EventFile, Tally

__all__ = ["EarlierSnakemake", "is_plan_of_driver", "remember_plan"]

_PLAN = "plan.json"


def remember_plan(folder: Path, plan: Plan) -> None:
    """Record, in the driver's folder, the plan for which its Snakemake is started."""
    (folder / _PLAN).write_text(json.dumps(plan.to_json()), encoding="utf-8")


def is_plan_of_driver(folder: Path, plan: Plan) -> bool | None:
    """Whether the Snakemake of the driver's folder was started for this plan; None when there is no record of that."""
    try:
        then = json.loads((folder / _PLAN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    # Through JSON, which turns tuples into lists. Trials that were asked meanwhile do not make it another plan, nor do
    # further seeds that they have earned.
    results = ExperimentFolder(folder.parent)
    now = json.loads(json.dumps(plan.to_json()))

    def by_now(each: dict[str, Any]) -> dict[str, Any]:
        return with_earned_seeds(results, with_asked(results, each))

    return bool(_fixed(by_now(then)) == _fixed(by_now(now)))


def _fixed(plan: Any) -> Any:
    """Return a plan without what changes while it runs: how many seeds its looks have decided on."""
    if not isinstance(plan, dict) or "looks" not in plan:
        return plan
    entries = [{key: value for key, value in each.items() if key != "seeds"} for each in plan["configurations"]]
    return {**plan, "configurations": entries}


class EarlierSnakemake:
    """Follows it while it holds the lock.

    Parameters
    ----------
    folder
        The driver's folder.
    plan
        The plan of the present call.
    events
        The file to which it writes its events.
    watch
        Called with its progress, and with what was done about it.
    """

    def __init__(self, folder: Path, plan: Plan, events: Path, watch: Callable[[Tally], None]) -> None:
        self._folder = folder
        self._plan = plan
        self._events = EventFile(events)
        self._watch = watch
        self.tally = Tally(total=len(plan.seed_runs))
        """What it has done."""
        self._makes_the_same: bool | None = None
        self._is_met = False

    def attend(self, holder: Holder) -> None:
        """Kill it at the first call if it was started for another plan; else report its progress."""
        if not self._is_met:
            self._is_met = True
            self._meet(holder)
        if self._makes_the_same:
            for event in self._events.new_events():
                self.tally.count(event)
        self._watch(self.tally)

    def _meet(self, holder: Holder) -> None:
        self._makes_the_same = is_plan_of_driver(self._folder, self._plan)
        name = "its Snakemake" if holder.snakemake is None else f"its Snakemake (process {holder.snakemake})"
        words = f"An earlier `mle run` was killed; {name} goes on and this command waits until it ends."
        if self._makes_the_same is False and _kill(holder.snakemake):
            words = (
                f"An earlier `mle run` was killed; {name}, which was started before the last edits, was stopped. Its "
                "jobs are continued or replaced."
            )
        self.tally.said.append((words, True))


def _kill(pid: int | None) -> bool:
    """Kill a process with SIGKILL: a signal that it handles would make it end its seed runs as well."""
    if pid is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        try:
            os.kill(pid, signal.SIGKILL)
        except PermissionError:
            return False
    return True

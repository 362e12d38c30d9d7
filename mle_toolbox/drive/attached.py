"""Follow the driver of an experiment from another process, through the files that it writes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from mle_toolbox.drive.lock import is_driven
from mle_toolbox.snakemake_side.job_events import EventFile, Tally

__all__ = ["follow_driver", "number_wanted"]

_LOOK_EVERY_SECONDS = 0.2


def number_wanted(driver: Path) -> int:
    """Return how many seed runs the driver of this folder makes or has made last; 0 where that is not known."""
    try:
        chosen = driver / "chosen.json"
        if chosen.exists():
            return len(json.loads(chosen.read_text(encoding="utf-8")))
        plan = json.loads((driver / "plan.json").read_text(encoding="utf-8"))
        return sum(len(each.get("seeds", plan["seeds"])) for each in plan["configurations"])
    except (OSError, ValueError, LookupError, TypeError):
        return 0


def follow_driver(driver: Path, watch: Callable[[Tally], None]) -> Tally:
    """Call ``watch`` with the state of a driver until it ends; return the last state.

    Parameters
    ----------
    driver
        The driver's folder.
    watch
        Called five times a second.
    """
    path = driver / "events.jsonl"
    events, tally, seen = EventFile(path), Tally(total=number_wanted(driver)), 0
    while True:
        # Before the last look, so that it reads everything that was written.
        is_over = not is_driven(driver)
        size = path.stat().st_size if path.exists() else 0
        if size < seen:  # the driver has gone on with another plan
            said = tally.said
            events, tally = EventFile(path), Tally(total=number_wanted(driver), said=said)
        seen = size
        for event in events.new_events():
            tally.count(event)
        if tally.finished_others["look"]:
            # Looks add seed runs.
            tally.total = max(tally.total, number_wanted(driver))
        watch(tally)
        if is_over:
            return tally
        time.sleep(_LOOK_EVERY_SECONDS)

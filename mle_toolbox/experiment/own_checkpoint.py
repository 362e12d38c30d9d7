"""Detects that an attempt continues from the script's own checkpoint, and which earlier ticks it keeps.

``mle.resume()`` rewinds the log. A script that loads a model file of its own instead starts its loop somewhere in the
middle, and the only visible sign is the time of its first tick. Only decides; changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.errors import ResultsError
from mle_toolbox.log.journal import read_journal
from mle_toolbox.log.journal_format import may_continue
from mle_toolbox.seed_run.identity import identity_of_log

__all__ = ["Continuation", "continuation"]

# Seconds since the process started: at its first tick, a new attempt has about as many as the previous one had.
_CLOCKS = ("time_elapsed", "elapsed", "elapsed_time", "seconds", "wall_time", "walltime", "runtime")
_HOUR = 3600.0
_UNITS = (1.0, 1e3, 1e6, 1e9)


@dataclass(frozen=True)
class Continuation:
    """What is kept of an interrupted attempt: its first ``n_ticks``. If that is 0, ``remark`` says why."""

    n_ticks: int
    remark: str
    last_step: int = -1
    elapsed: float | None = None


def continuation(
    journal: Path, identity: str, seed: int, tick: Mapping[str, Any], names: tuple[Sequence[str], Sequence[str]]
) -> Continuation | None:
    """Decide from the first tick of an attempt what happens to the ticks of an interrupted one.

    Parameters
    ----------
    journal
        The journal of the interrupted attempt, if there was one.
    identity, seed
        Of the new attempt, which can only continue from ticks of the same.
    tick
        The time of its first tick, as the script passes it.
    names
        The time variables and metrics that it tracks.

    Returns
    -------
    Continuation | None
        None if the run simply starts over: the first time variable is not later than at the first tick of the earlier
        attempt, or it is a clock, which is later in every attempt.
    """
    first = names[0][0] if names[0] else None
    if first is None or first in _CLOCKS or first not in tick:
        return None
    try:
        if journal.stat().st_size == 0:
            return None
        earlier = read_journal(journal)
        now = np.asarray(tick[first]).astype(np.float64).item()
    except (OSError, ResultsError, TypeError, ValueError):
        return None
    if earlier.n_ticks == 0 or earlier.time_names[:1] != (first,) or _is_wall_clock(now):
        return None
    times = earlier.columns[first].astype(np.float64)
    # Up to the first tick that is not earlier: the time of an episode may start again from 0.
    n_kept = int(np.argmax(np.append(~(times < now), True)))
    known = bool((times == now).any())
    if n_kept == 0 or (n_kept == 1 and len(times) > 1 and not known):
        return None  # an episode or a clock that happens to be a bit later than the first time
    span = f"{first} {_number(times[0])} to {_number(times[n_kept - 1])}"
    reason = None
    if (identity_of_log(earlier.attributes), earlier.attributes.get("seed")) != (identity, seed):
        reason = "they belong to another configuration or command line"
    elif not may_continue((earlier.time_names, earlier.metric_names), (tuple(names[0]), tuple(names[1]))):
        reason = "the tracked names have a different order"
    elif not known and not _are_whole(np.append(times, now)):
        reason = f"{first!r} may be a clock instead of counting steps"
    if reason is not None:
        return Continuation(
            0,
            f"the {len(times)} ticks of an interrupted attempt ({first} {_number(times[0])} to {_number(times[-1])}) "
            f"were dropped although this one starts at {first} {_number(now)}: {reason}. Use mle.resume() to continue "
            "log and random numbers.",
        )
    remark = (
        f"the first {n_kept} ticks ({span}) are from an interrupted attempt; this one continued at {first} "
        f"{_number(now)} without mle.resume(), from a checkpoint of the script's own."
    )
    if n_kept == len(times) > 1 and now - times[-1] > np.diff(times).max():
        remark += f" Nothing was logged between {_number(times[-1])} and {_number(now)}."
    elapsed = earlier.columns.get("time_elapsed")
    return Continuation(
        n_kept,
        remark,
        last_step=int(times[n_kept - 1]),
        elapsed=None if elapsed is None else float(elapsed[n_kept - 1]),
    )


def _is_wall_clock(value: float) -> bool:
    """Return whether a time is the current Unix time, in seconds or a smaller unit."""
    return any(abs(value / unit - time.time()) < _HOUR for unit in _UNITS)


def _are_whole(values: NDArray[np.float64]) -> bool:
    return bool((np.isfinite(values) & (values == np.rint(values))).all())


def _number(value: float) -> str:
    return f"{value:.0f}" if value == round(value) else f"{value:.6g}"

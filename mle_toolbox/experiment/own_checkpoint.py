"""Whether an attempt goes on from a checkpoint of the script's own, and which ticks of the interrupted one it keeps.

``mle.resume()`` rewinds the log. A script that loads a model file of its own instead begins its loop somewhere in the
middle, and that is all there is to be seen of it: the time of its first tick. Decides only; changes nothing.
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
from mle_toolbox.seed_run.identity import identity_of_log

__all__ = ["Continuation", "continuation"]

# Seconds since the process began, of which a new attempt has about as many at its first tick.
_CLOCKS = ("time_elapsed", "elapsed", "elapsed_time", "seconds", "wall_time", "walltime", "runtime")
_HOUR = 3600.0
_UNITS = (1.0, 1e3, 1e6, 1e9)


@dataclass(frozen=True)
class Continuation:
    """What is kept of an interrupted attempt: its first ``n_ticks``, 0 where they are lost, which ``remark`` says."""

    n_ticks: int
    remark: str
    last_step: int = -1
    elapsed: float | None = None


def continuation(
    journal: Path, identity: str, seed: int, tick: Mapping[str, Any], names: tuple[Sequence[str], Sequence[str]]
) -> Continuation | None:
    """Tell what the first tick of an attempt means for the ticks that an interrupted attempt has left.

    Parameters
    ----------
    journal
        What the interrupted attempt has left, if there was one.
    identity, seed
        Of the attempt that begins; only ticks of the same may be gone on from.
    tick
        The time of its first tick, as the script gives it.
    names
        Time variables and metrics that it tracks.

    Returns
    -------
    Continuation | None
        None where the run simply begins anew: the first time variable is not later than that of the earlier attempt's
        first tick, or it is a clock, which is later in every attempt.
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
    n_kept = int(np.argmax(np.append(~(times < now), True)))
    known = bool((times == now).any())
    if n_kept == 0 or (n_kept == 1 and len(times) > 1 and not known):
        return None  # an episode or a clock that ended a bit later than the first time
    span = f"{first} {_number(times[0])} to {_number(times[n_kept - 1])}"
    reason = None
    if (identity_of_log(earlier.attributes), earlier.attributes.get("seed")) != (identity, seed):
        reason = "they are of another configuration or command line"
    elif (earlier.time_names, earlier.metric_names) != (tuple(names[0]), tuple(names[1])):
        reason = "what is tracked has another order"
    elif not known and not _are_whole(np.append(times, now)):
        reason = f"whether {first!r} counts steps or is a clock cannot be seen"
    if reason is not None:
        return Continuation(
            0,
            f"the {len(times)} ticks of an interrupted attempt ({first} {_number(times[0])} to {_number(times[-1])}) "
            f"are gone although this one begins at {first} {_number(now)}: {reason}. mle.resume() goes on with log and "
            "random numbers.",
        )
    remark = (
        f"the first {n_kept} ticks ({span}) are those of an interrupted attempt; this one went on at {first} "
        f"{_number(now)} without mle.resume(), from a checkpoint of the script's own."
    )
    if n_kept == len(times) > 1 and now - times[-1] > np.diff(times).max():
        remark += f" Nothing is logged between {_number(times[-1])} and {_number(now)}."
    elapsed = earlier.columns.get("time_elapsed")
    return Continuation(
        n_kept,
        remark,
        last_step=int(times[n_kept - 1]),
        elapsed=None if elapsed is None else float(elapsed[n_kept - 1]),
    )


def _is_wall_clock(value: float) -> bool:
    """Tell whether a time is the clock's of just now, in seconds or a unit that is smaller."""
    return any(abs(value / unit - time.time()) < _HOUR for unit in _UNITS)


def _are_whole(values: NDArray[np.float64]) -> bool:
    return bool((np.isfinite(values) & (values == np.rint(values))).all())


def _number(value: float) -> str:
    return f"{value:.0f}" if value == round(value) else f"{value:.6g}"

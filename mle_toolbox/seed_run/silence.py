"""Whether a running seed run has been silent for long: no tick, measured by its own usual interval.

A run that hangs (a dead data loader, a lock on a shared disk, a GPU that has gone) still holds its journal, so it is
running for everybody. Only its own pace tells that something is wrong.
"""

from __future__ import annotations

__all__ = ["silent_seconds"]

# A validation, or a checkpoint on a slow disk, takes several usual intervals.
_USUAL_INTERVALS = 10
# The journal writes at the latest so long after a tick (log/journal.py), and machines' clocks differ.
_SHORTEST_SECONDS = 600.0


def silent_seconds(begin: float, last: float, n_ticks: int, now: float) -> float | None:
    """Return for how long a run has been silent, or None while that is nothing unusual.

    Parameters
    ----------
    begin
        When this attempt began, in seconds since 1970.
    last
        When it wrote its last tick.
    n_ticks
        How many this attempt has written; before the first one nothing is known of its pace.
    now
        The present.

    Returns
    -------
    float or None
        Seconds since the last tick, if they are more than ten usual intervals and more than ten minutes.

    Examples
    --------
    >>> silent_seconds(begin=0, last=1000, n_ticks=100, now=1500), silent_seconds(0, 1000, 100, now=1700)
    (None, 700)
    >>> silent_seconds(begin=0, last=1000, n_ticks=2, now=5000)  # a tick takes 500 s
    """
    silent = now - last
    if n_ticks < 1 or last <= begin or silent <= _SHORTEST_SECONDS:
        return None
    return silent if silent > _USUAL_INTERVALS * (last - begin) / n_ticks else None

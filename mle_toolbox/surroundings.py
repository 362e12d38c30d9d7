"""The user's home and name, either of which may be missing, and the cores that may be used.

In a container with a user number that has no name (``docker -u``), or in a service, there is no home, or none that can
be written to.
"""

from __future__ import annotations

import getpass
import os
from pathlib import Path

__all__ = ["available_cores", "home", "user_name"]


def available_cores() -> int:
    """Return how many cores of this machine this process may use."""
    # cpu_count() counts cores that a container or `taskset` has taken away; macOS knows no affinity.
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def home() -> Path | None:
    """Return the user's home, or None if neither HOME nor the user database names a folder."""
    try:
        place = Path.home()
    except RuntimeError:
        return None
    # An empty HOME makes it "/", which is absolute but nobody's home.
    return place if place.is_absolute() and os.environ.get("HOME") != "" else None


def user_name() -> str | None:
    """Return the name of the user, or None if neither the environment nor the user database has one."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # an OSError from Python 3.13 on, a KeyError before
        return None

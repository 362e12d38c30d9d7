"""The user's home and name, either of which may be missing.

In a container with a user number that has no name (``docker -u``), or in a service, there is no home, or none that can
be written to.
"""

from __future__ import annotations

import getpass
import os
from pathlib import Path

__all__ = ["home", "user_name"]


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

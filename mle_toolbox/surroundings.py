"""The user's home and name, either of which a machine may lack.

In a container under a number that has no name (``docker -u``), or as a service, there is no home, or none that can be
written to.
"""

from __future__ import annotations

import getpass
import os
from pathlib import Path

__all__ = ["home", "user_name"]


def home() -> Path | None:
    """Return the user's home, or None where neither HOME nor the list of users names a folder."""
    try:
        place = Path.home()
    except RuntimeError:
        return None
    return place if place.is_absolute() and os.environ.get("HOME") != "" else None


def user_name() -> str | None:
    """Return the name of the user, or None where neither a variable nor the list of users tells one."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # before Python 3.13 it is a KeyError
        return None

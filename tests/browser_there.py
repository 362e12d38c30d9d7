"""Whether a report can be opened in a real browser on this machine."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from functools import cache

__all__ = ["find_browser", "why_no_browser"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_browser() -> str | None:
    """Return the program of a Chromium, or None."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


@cache
def why_no_browser() -> str | None:
    """Return what is missing, as a sentence; None when nothing is."""
    if importlib.util.find_spec("playwright") is None:
        return "playwright is not installed."
    if find_browser() is None:
        return f"No browser: none of {', '.join(_NAMES)} is installed."
    # Its driver is a program of its own, which needs libraries that a bare system lacks (libatomic1 of Debian).
    driver = subprocess.run([sys.executable, "-m", "playwright", "--version"], capture_output=True, text=True)
    if driver.returncode != 0:
        return f"The driver of playwright does not start: {(driver.stderr.strip().splitlines() or ['?'])[-1]}"
    return None

"""What a Snakemake of ours is given where the machine lacks it: a folder for its cache, a name of the user.

In a container under a number that has no name (``docker -u``), or as a service, there is no home, or none that can be
written to. Snakemake ends there in a traceback before it has read anything.
"""

from __future__ import annotations

import getpass
import os
import sys
import tempfile
from pathlib import Path

from mle_toolbox.errors import UsageError

__all__ = ["cache_folder", "environment_for", "home", "trouble_with_cache", "user_name"]

_HOME = Path(".snakemake") / "mle_home"


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


def cache_folder() -> Path | None:
    """Return where programs of this user keep their caches; None where there is no home for it."""
    if given := os.environ.get("XDG_CACHE_HOME"):
        return Path(given)
    place = home()
    if place is None:
        return None
    return place / "Library" / "Caches" if sys.platform == "darwin" else place / ".cache"


def trouble_with_cache() -> str | None:
    """Return why Snakemake could not keep its cache of sources where it always does, or None when it can."""
    folder = cache_folder()
    if folder is None:
        return "HOME is not set, and this user has no entry in the list of users"
    try:
        (folder / "snakemake").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder / "snakemake"):
            return None
    except OSError as error:
        return f"{folder} cannot be written ({error.strerror})"


def environment_for(project: Path) -> dict[str, str]:
    """Return the environment in which Snakemake is started for a project: this one, with what it lacks.

    Nearly always it lacks nothing. What is added is handed on to the seed runs, whose libraries need the same.

    Raises
    ------
    UsageError
        When there is no folder for temporary files.
    """
    try:
        tempfile.gettempdir()
    except OSError:
        raise UsageError(
            "There is no folder for temporary files: neither TMPDIR (or TEMP, TMP) nor /tmp, /var/tmp and this folder "
            "can be written. Make room there, or set TMPDIR to a folder that you may write to."
        ) from None
    environment = dict(os.environ)
    if user_name() is None:
        environment |= {"USER": f"uid{os.getuid()}", "LOGNAME": f"uid{os.getuid()}"}
    if home() is None:
        environment["HOME"] = str(project / _HOME)
    if trouble_with_cache() is not None:
        environment["XDG_CACHE_HOME"] = str(project / _HOME / ".cache")
        environment.setdefault("MPLCONFIGDIR", str(project / _HOME / ".cache" / "matplotlib"))
    return environment

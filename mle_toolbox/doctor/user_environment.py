"""Checks of what programs take for granted: a home, a user name, temporary files, no files that hide modules."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mle_cluster.findings import Finding, fine, problem, warning
from mle_toolbox.installed_first import shadowing
from mle_toolbox.snakemake_side.assumptions import OWN_FOLDER
from mle_toolbox.snakemake_side.profile_files import unread_profile
from mle_toolbox.snakemake_side.snakemake_command import trouble_with_cache
from mle_toolbox.surroundings import home, user_name
from mle_toolbox.text import listed

__all__ = ["check_surroundings"]

_SHOWN = 6
_FEW_BYTES = 10**8
_TEMPORARY = ("TMPDIR", "TEMP", "TMP")


def check_surroundings(project: Path, script: Path | None) -> Iterator[Finding]:
    """Check the user's home and name, the folder for temporary files, and files in the project that hide modules.

    Parameters
    ----------
    project
        The project folder.
    script
        The training script, if known.
    """
    yield from _check_user()
    yield from _check_temporary_files()
    folders = dict.fromkeys([project, *([script.parent] if script is not None else [])])
    yield from _check_modules([str(each) for each in folders])
    if (unread := unread_profile(project)) is not None:
        yield fine(
            f"{unread} is not read by `mle run`: it may belong to another workflow. "
            f"`mle run -- --workflow-profile {unread}` reads it; a `snakemake` that you type does so by itself"
        )


def _check_user() -> Iterator[Finding]:
    place = home()
    if (trouble := trouble_with_cache()) is not None:
        wanted = "HOME" if place is None or "XDG_CACHE_HOME" not in os.environ else "XDG_CACHE_HOME"
        yield warning(
            f"{trouble}: `mle run` has Snakemake's cache in {OWN_FOLDER} of the project instead",
            f"a `snakemake` that you type needs it: set {wanted} to a folder that you may write to",
        )
    if user_name() is None:
        yield warning(
            f"user {os.getuid()} has no name here (no entry in the list of users): `mle run` gives Snakemake one",
            "a `snakemake` that you type needs one: set USER; a scheduler takes jobs only from users whom it knows",
        )


def _check_temporary_files() -> Iterator[Finding]:
    try:
        folder = tempfile.gettempdir()
    except OSError as error:
        yield problem(
            f"there is no folder for temporary files: {error.strerror}", "make room, or set TMPDIR to one with room"
        )
        return
    # Python passes over variables whose folder it cannot write to, without a word (tempfile.gettempdir).
    asked = next(((name, os.environ[name]) for name in _TEMPORARY if os.environ.get(name)), None)
    if asked is not None and os.path.abspath(asked[1]) != folder:  # noqa: PTH100  (links stay: compared as tempfile does)
        yield warning(
            f"{asked[0]} is {asked[1]}, which cannot be written or is full: temporary files go to {folder}",
            f"set {asked[0]} to a folder with room that you may write to",
        )
    elif asked is None and Path(folder) == Path.cwd():
        yield warning(
            "the folders for temporary files cannot be written or are full: such files go to this folder",
            "make room there, or set TMPDIR to a folder with room",
        )
    elif (free := shutil.disk_usage(folder).free) < _FEW_BYTES:
        yield warning(
            f"the folder for temporary files, {folder}, has {free // 1000} kB left",
            "make room there, or set TMPDIR to a folder with room",
        )


def _check_modules(folders: list[str]) -> Iterator[Finding]:
    names = sorted(Path(place).name for place in shadowing(folders).values())
    if names:
        one = len(names) == 1
        yield fine(
            f"{listed(names, _SHOWN)} beside the script {'has the name of an' if one else 'have names of'} "
            f"installed module{'' if one else 's'}: the script gets {'this file' if one else 'these files'}, as by "
            "hand; mle-toolbox and Snakemake get what is installed"
        )

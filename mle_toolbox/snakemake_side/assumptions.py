"""Assumptions about Snakemake that are plain values; loads only the standard library."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = [
    "ADVICE_AFTER_REASON",
    "DEFAULT_PROFILES",
    "ENDED_ORDERLY",
    "NOT_UNDERSTOOD",
    "OWN_FOLDER",
    "PROFILE_VARIABLE",
    "REQUIREMENT",
    "TEMPORARY_FOLDER_VARIABLES",
    "THREAD_VARIABLES",
    "VERSIONS_IN_WORDS",
    "is_place_in_code",
    "is_snakemake",
    "own_folder",
    "refused",
    "repeated_end",
    "trouble_with_path",
    "version_fits",
]

# Before 9.19 a workflow profile could not be named, nor refused with `none`; 10 may change everything in this room.
_OLDEST, _TOO_NEW = "9.19", "10"
REQUIREMENT = f"snakemake>={_OLDEST},<{_TOO_NEW}"
VERSIONS_IN_WORDS = f"{_OLDEST} or newer is needed, and older than {_TOO_NEW}"

OWN_FOLDER = ".snakemake"
"""Where Snakemake keeps its locks, its notes on outputs and its logs: in the folder in which it is started."""

DEFAULT_PROFILES = ("default", "profiles/default")
"""Workflow profiles that Snakemake reads unasked, in the order of its search."""
PROFILE_VARIABLE = "SNAKEMAKE_PROFILE"
"""Names a profile for a Snakemake without one on its command line, nested ones included."""

ENDED_ORDERLY = (0, 1)
"""Statuses of an orderly end, with its notes in order: all done, or something failed."""
NOT_UNDERSTOOD = 2
"""The status of argparse for an option that does not exist, be it typed or in the profile."""

# Variables that it sets for shell commands (snakemake/shell.py); tasks that run without it need the same.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "GOTO_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
TEMPORARY_FOLDER_VARIABLES = ("TMPDIR", "TMP", "TEMPDIR", "TEMP")

ADVICE_AFTER_REASON = "For further error details see"
"""The beginning of the text that it appends to a remote executor's reason for a failed job."""

# snakemake.io.PeriodicityDetector allows a wildcard value to end with a repetition of fewer than twenty times.
_REPEATED_END = re.compile(r"(.+?)\1{19}$")
# Snakemake replaces such names in paths, and offers no way to quote them.
_PATH_VARIABLE = re.compile(r"<[a-z][a-z0-9_]*>")  # snakemake.pathvars
# A frame of a Python traceback.
_PLACE_IN_CODE = re.compile(r'  File "[^"]+", line \d+, in \w+$')
# Either argparse (`snakemake: error: argument --cores: ...`) or its own `Error: ...`.
_REFUSED = re.compile(r"^(?:\S+: e|E)rror: (?:argument (?P<option>\S+): )?(?P<words>.+)$")


def version_fits(version: str) -> bool:
    """Whether this version of Snakemake is one for which the assumptions were made."""
    texts = (_OLDEST, version, _TOO_NEW)
    oldest, this, too_new = ([int(each) for each in re.findall(r"\d+", text)[:2]] for text in texts)
    return oldest <= this < too_new


def is_snakemake(command_line: str) -> bool:
    """Whether a process with this command line is a Snakemake."""
    # The launcher (scripts/train.py) has paths in its arguments that may contain the word.
    return "snakemake" in command_line and "train.py" not in command_line


def own_folder(project: Path) -> Path:
    """Return Snakemake's folder in the folder in which it is started."""
    return project / OWN_FOLDER


def trouble_with_path(path: str) -> str | None:
    """Return why Snakemake could not use this path as it is, or None."""
    if set("{}") & set(path):
        return f"{path!r} contains braces, which Snakemake reads as wildcards"
    found = _PATH_VARIABLE.search(path)
    return f"{path!r} contains {found.group()!r}, which Snakemake reads as a variable" if found else None


def repeated_end(name: str) -> str | None:
    """Return the part that a name repeats at its end so often that Snakemake suspects an endless loop, or None."""
    found = _REPEATED_END.search(name)
    return None if found is None else found.group(1)


def is_place_in_code(line: str) -> bool:
    """Whether a line of its output belongs to a traceback, which does not help its user."""
    return _PLACE_IN_CODE.match(line) is not None


def refused(line: str) -> tuple[str | None, str] | None:
    """Return the option that the last line of its output rejects, if it names one, and the reason."""
    found = _REFUSED.match(line)
    return None if found is None else (found["option"], found["words"])

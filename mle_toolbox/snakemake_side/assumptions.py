"""What we assume of Snakemake that can be written down as a value; loads nothing but the standard library."""

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

# 9.19 is the first in which a workflow profile can be named and refused; 10 may change all that is in this room.
_OLDEST, _TOO_NEW = "9.19", "10"
REQUIREMENT = f"snakemake>={_OLDEST},<{_TOO_NEW}"
VERSIONS_IN_WORDS = f"{_OLDEST} or newer is needed, and older than {_TOO_NEW}"

OWN_FOLDER = ".snakemake"
"""Where Snakemake keeps its locks, its notes on outputs and its logs: in the folder in which it is started."""

DEFAULT_PROFILES = ("default", "profiles/default")
"""Workflow profiles that are read unasked, in the order in which they are looked for."""
PROFILE_VARIABLE = "SNAKEMAKE_PROFILE"
"""Names a profile for whoever gives none on the command line, nested Snakemakes included."""

ENDED_ORDERLY = (0, 1)
"""Statuses with which it ends by itself, having brought its notes in order: all done, or something failed."""
NOT_UNDERSTOOD = 2
"""The status of argparse for an option that does not exist, be it typed or in the profile."""

# What it sets for a shell command that it starts itself (snakemake/shell.py).
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
"""Begins what is appended to whatever a remote executor says about a failed job."""

# snakemake.io.PeriodicityDetector allows a wildcard value to end with a repetition of fewer than twenty times.
_REPEATED_END = re.compile(r"(.+?)\1{19}$")
_PATH_VARIABLE = re.compile(r"<[a-z][a-z0-9_]*>")  # snakemake.pathvars
_PLACE_IN_CODE = re.compile(r'  File "[^"]+", line \d+, in \w+$')
_REFUSED = re.compile(r"^(?:\S+: e|E)rror: (?:argument (?P<option>\S+): )?(?P<words>.+)$")


def version_fits(version: str) -> bool:
    """Whether this version of Snakemake is one for which the assumptions were made."""
    texts = (_OLDEST, version, _TOO_NEW)
    oldest, this, too_new = ([int(each) for each in re.findall(r"\d+", text)[:2]] for text in texts)
    return oldest <= this < too_new


def is_snakemake(command_line: str) -> bool:
    """Whether a process with this command line is a Snakemake, and not a launcher whose paths happen to say so."""
    return "snakemake" in command_line and "train.py" not in command_line


def own_folder(project: Path) -> Path:
    """Return Snakemake's folder in the folder in which it is started."""
    return project / OWN_FOLDER


def trouble_with_path(path: str) -> str | None:
    """Say why Snakemake could not use this path as it is, or return None; it knows no way to quote what it replaces."""
    if set("{}") & set(path):
        return f"{path!r} has braces, which Snakemake takes for wildcards"
    found = _PATH_VARIABLE.search(path)
    return f"{path!r} has {found.group()!r}, which Snakemake takes for a variable" if found else None


def repeated_end(name: str) -> str | None:
    """Return what is repeated at the end of a name so often that Snakemake takes it for an endless loop, or None."""
    found = _REPEATED_END.search(name)
    return None if found is None else found.group(1)


def is_place_in_code(line: str) -> bool:
    """Whether a line of its output says where in the code an error was raised, which its user cannot change."""
    return _PLACE_IN_CODE.match(line) is not None


def refused(line: str) -> tuple[str | None, str] | None:
    """Return the option that the last line of its output complains about, where it names one, and the complaint."""
    found = _REFUSED.match(line)
    return None if found is None else (found["option"], found["words"])

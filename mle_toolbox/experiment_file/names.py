"""Which names the folders and files of results may have.

Anything that a file system accepts is allowed, including spaces and quotes. Rejected are names that would collide, and
braces and ``<word>``, which Snakemake reads as wildcards and variables in every path and offers no way to escape.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

__all__ = [
    "OWN_IN_EXPERIMENT",
    "OWN_IN_PROJECT",
    "OWN_IN_SEED_RUN",
    "collision_key",
    "trouble_with_braces",
    "trouble_with_file_name",
    "trouble_with_results_name",
    "trouble_with_stem",
]

# What we write ourselves. Paths are layout.py's, which stands above this package; a test holds the two together.
OWN_IN_EXPERIMENT = (
    *("experiment.json", "results.h5", "results.csv", "report.html", "summary.csv", "comparisons.csv"),
    *("learning_curves.svg", "final_values.svg", "collect.log", "report.log", ".driver"),
)
OWN_IN_PROJECT = ("Snakefile", "profiles", "local", "sge", ".snakemake")
OWN_IN_SEED_RUN = (
    "log.h5",
    "log.h5.ready",
    "journal.bin",
    "run.json",
    "run.json.ready",
    "config.json",
    "checkpoint.pkl",
    "models",
    "figures",
    "extra",
    "tboard",
    ".done",
)

# As in PeriodicityDetector of snakemake.io and in snakemake.pathvars.
_REPEATED_END = re.compile(r"(.+?)\1{19}$")
_PATH_VARIABLE = re.compile(r"<[a-z][a-z0-9_]*>")


def collision_key(name: str) -> str:
    """Return a key, equal for names that a file system may treat as one: macOS ignores case and Unicode forms."""
    return unicodedata.normalize("NFC", name).casefold()


def trouble_with_stem(stem: str) -> str | None:
    """Return why a configuration of this name cannot have a results folder, or None."""
    if stem.startswith(".") or not stem.strip():
        return "its results folder would be hidden or have an empty name"
    if _is_among(stem, OWN_IN_EXPERIMENT):
        return f"its results folder would be called {stem!r}, which is the name of a file that mle-toolbox writes"
    if (repeated := _REPEATED_END.search(stem)) is not None:
        return (
            f"it ends with {repeated.group(1)!r} repeated 20 times or more, which Snakemake takes for an endless loop"
        )
    return None


def trouble_with_file_name(name: str) -> str | None:
    """Return why a seed run cannot write a file of this name in its folder, or None."""
    if _is_among(name, OWN_IN_SEED_RUN):
        return f"{name!r} is the name of a file that mle-toolbox itself writes there"
    return trouble_with_braces(name)


def trouble_with_results_name(path: str) -> str | None:
    """Return why results cannot go to this path, relative to the project folder, or None."""
    first = path.partition("/")[0]
    taken = _is_among(first, OWN_IN_PROJECT)
    return f"{first!r} is a name that mle-toolbox or Snakemake uses in this folder" if taken else None


def trouble_with_braces(path: str) -> str | None:
    """Return why Snakemake cannot use this path, or None."""
    if set("{}") & set(path):
        return f"{path!r} contains braces, which Snakemake reads as wildcards"
    found = _PATH_VARIABLE.search(path)
    return f"{path!r} contains {found.group()!r}, which Snakemake reads as a variable" if found else None


def _is_among(name: str, names: Iterable[str]) -> bool:
    return collision_key(name) in {collision_key(own) for own in names}

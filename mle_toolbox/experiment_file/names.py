"""Which names may be given to the folders and files of results.

Everything that a file system takes is data, also blanks and quotes. Refused are names that would collide, and braces:
Snakemake takes them for wildcards in every path that it sees, and knows no way to write them otherwise.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

__all__ = [
    "OWN_IN_EXPERIMENT",
    "OWN_IN_SEED_RUN",
    "collision_key",
    "trouble_with_braces",
    "trouble_with_file_name",
    "trouble_with_stem",
]

# What we write ourselves. Paths are layout.py's, which stands above this package; a test holds the two together.
OWN_IN_EXPERIMENT = ("experiment.json", "results.h5", "results.csv", "report.html", "collect.log", ".driver")
OWN_IN_SEED_RUN = (
    "log.h5",
    "log.h5.ready",
    "journal.bin",
    "run.json",
    "config.json",
    "checkpoint.pkl",
    "models",
    "figures",
    "extra",
    "tboard",
    ".done",
)


def collision_key(name: str) -> str:
    """Return what two names share when a file system may take them for one: macOS ignores case and Unicode forms."""
    return unicodedata.normalize("NFC", name).casefold()


def trouble_with_stem(stem: str) -> str | None:
    """Say why a configuration of this name could have no results folder, or return None."""
    if stem.startswith(".") or not stem.strip():
        return "its results folder would be hidden or have no name"
    if _is_among(stem, OWN_IN_EXPERIMENT):
        return f"its results folder would be called {stem!r}, which is a file of mle-toolbox"
    return None


def trouble_with_file_name(name: str) -> str | None:
    """Say why a seed run could not write a file of this name in its folder, or return None."""
    if _is_among(name, OWN_IN_SEED_RUN):
        return f"{name!r} is what mle-toolbox calls a file of its own there"
    return trouble_with_braces(name)


def trouble_with_braces(path: str) -> str | None:
    """Say why Snakemake could not use this path, or return None."""
    return f"{path!r} has braces, which Snakemake takes for wildcards" if set("{}") & set(path) else None


def _is_among(name: str, names: Iterable[str]) -> bool:
    return collision_key(name) in {collision_key(own) for own in names}

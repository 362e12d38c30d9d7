"""Which names may be given to the folders and files of results.

Everything that a file system takes is data, also blanks and quotes. Refused are names that would collide, braces and
``<word>``: Snakemake takes them for wildcards and variables in every path that it sees, and knows no way to write them
otherwise.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from mle_toolbox.layout import ExperimentFolder, SeedFolder, names_in
from mle_toolbox.snakemake_side.assumptions import OWN_FOLDER, repeated_end, trouble_with_path

__all__ = [
    "OWN_IN_EXPERIMENT",
    "OWN_IN_PROJECT",
    "OWN_IN_SEED_RUN",
    "collision_key",
    "trouble_with_file_name",
    "trouble_with_results_name",
    "trouble_with_stem",
]

# The pictures of `mle plot` may lie among the seeds of a configuration that is called figures.
OWN_IN_EXPERIMENT = tuple(name for name in names_in(ExperimentFolder) if name != "figures")
OWN_IN_PROJECT = ("Snakefile", "profiles", "local", "sge", OWN_FOLDER)
OWN_IN_SEED_RUN = names_in(SeedFolder)


def collision_key(name: str) -> str:
    """Return what two names share when a file system may take them for one: macOS ignores case and Unicode forms."""
    return unicodedata.normalize("NFC", name).casefold()


def trouble_with_stem(stem: str) -> str | None:
    """Say why a configuration of this name could have no results folder, or return None."""
    if stem.startswith(".") or not stem.strip():
        return "its results folder would be hidden or have no name"
    if _is_among(stem, OWN_IN_EXPERIMENT):
        return f"its results folder would be called {stem!r}, which is a file of mle-toolbox"
    if (repeated := repeated_end(stem)) is not None:
        return f"it ends with {repeated!r} twenty times or more, which Snakemake takes for an endless loop"
    return None


def trouble_with_file_name(name: str) -> str | None:
    """Say why a seed run could not write a file of this name in its folder, or return None."""
    if _is_among(name, OWN_IN_SEED_RUN):
        return f"{name!r} is what mle-toolbox calls a file of its own there"
    return trouble_with_path(name)


def trouble_with_results_name(path: str) -> str | None:
    """Say why results cannot go to this path, as seen from the project folder, or return None."""
    first = path.partition("/")[0]
    taken = _is_among(first, OWN_IN_PROJECT)
    return f"{first!r} is what mle-toolbox or Snakemake calls a file of its own in this folder" if taken else None


def _is_among(name: str, names: Iterable[str]) -> bool:
    return collision_key(name) in {collision_key(own) for own in names}

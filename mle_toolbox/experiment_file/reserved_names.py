"""Which names the folders and files of results may have.

Anything that a file system accepts is allowed, including spaces and quotes. Rejected are names that would collide, and
braces and ``<word>``, which Snakemake reads as wildcards and variables in every path and offers no way to escape.
"""

from __future__ import annotations

import re
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
    "variable_in",
]

# The pictures of `mle plot` may lie among the seeds of a configuration that is called figures.
OWN_IN_EXPERIMENT = tuple(name for name in names_in(ExperimentFolder) if name != "figures")
OWN_IN_PROJECT = ("Snakefile", "profiles", "local", "sge", "slurm", OWN_FOLDER)
OWN_IN_SEED_RUN = names_in(SeedFolder)

_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?/")


def collision_key(name: str) -> str:
    """Return a key, equal for names that a file system may treat as one: macOS ignores case and Unicode forms."""
    return unicodedata.normalize("NFC", name).casefold()


def trouble_with_stem(stem: str) -> str | None:
    """Return why a configuration of this name cannot have a results folder, or None."""
    if stem.startswith(".") or not stem.strip():
        return "its results folder would be hidden or have an empty name"
    if _is_among(stem, OWN_IN_EXPERIMENT):
        return f"its results folder would be called {stem!r}, which is the name of a file that mle-toolbox writes"
    if (repeated := repeated_end(stem)) is not None:
        return f"it ends with {repeated!r} repeated 20 times or more, which Snakemake takes for an endless loop"
    return None


def trouble_with_file_name(name: str) -> str | None:
    """Return why a seed run cannot write a file of this name in its folder, or None."""
    if _is_among(name, OWN_IN_SEED_RUN):
        return f"{name!r} is the name of a file that mle-toolbox itself writes there"
    return trouble_with_path(name)


def trouble_with_results_name(path: str) -> str | None:
    """Return why results cannot go to this path, relative to the project folder, or None."""
    first = path.partition("/")[0]
    taken = _is_among(first, OWN_IN_PROJECT)
    return f"{first!r} is a name that mle-toolbox or Snakemake uses in this folder" if taken else None


def variable_in(path: str) -> str | None:
    """Return what is wrong with a path that begins with a variable of the environment, in words after it, or None.

    The results must not depend on who types the command, so it is not replaced.
    """
    found = _VARIABLE.match(path)
    return f"names the variable {found[1]}, which is not replaced in a path: write the path itself" if found else None


def _is_among(name: str, names: Iterable[str]) -> bool:
    return collision_key(name) in {collision_key(own) for own in names}

"""Finds the Python for the seed runs: that of the conda environment ``env_name``, or the current one.

Looks only at files and environment variables.
"""

# `conda info` takes most of a second, and every cluster job would pay for it. Snakemake's `conda:` directive is not
# used either: with the name of an environment it breaks every job at completion when conda is absent.

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mle_toolbox.surroundings import home

__all__ = ["Environment", "find_environment", "has_package"]


@dataclass(frozen=True)
class Environment:
    """The environment of seed runs, None for the current one; ``notice`` says if it is not the one asked for."""

    prefix: Path | None = None
    notice: str | None = None


def find_environment(name: str | None) -> Environment:
    """Find the conda environment ``name``; if there is none, the current Python is used.

    Parameters
    ----------
    name
        ``env_name`` of the experiment file, or None.
    """
    if name is None or _is_current(name):
        return Environment()
    for prefix in _candidates(name):
        # environments.txt still lists environments that were deleted; and one may have no Python in it.
        if (prefix / "conda-meta").is_dir() and (prefix / "bin" / "python").exists():
            return Environment(prefix=prefix)
    why = "there is no such conda environment" if _conda() else "there is no conda on this machine"
    return Environment(notice=f"env_name {name!r}: {why}, so the current Python runs ({sys.executable}).")


def has_package(name: str, prefix: Path | None = None) -> bool:
    """Return whether a package is installed for the Python of a conda environment, or for the current one."""
    if prefix is not None:
        return any(prefix.glob(f"lib/python3*/site-packages/{name}/__init__.py"))
    # Without an origin it is only a folder of this name, such as the one that the client of wandb leaves.
    found = importlib.util.find_spec(name)
    return found is not None and found.origin is not None


def _is_current(name: str) -> bool:
    # The variable is missing if the environment's Python was started by its path.
    return os.environ.get("CONDA_DEFAULT_ENV") == name or Path(sys.prefix).name == name


def _conda() -> str | None:
    return os.environ.get("CONDA_EXE") or next(filter(None, map(shutil.which, ("conda", "mamba", "micromamba"))), None)


def _candidates(name: str) -> Iterator[Path]:
    """Yield the places where conda, mamba and micromamba keep named environments, most specific first."""
    for variable in ("CONDA_ENVS_DIRS", "CONDA_ENVS_PATH"):
        for folder in filter(None, os.environ.get(variable, "").split(os.pathsep)):
            yield Path(folder) / name
    place = home()
    known = place / ".conda" / "environments.txt" if place is not None else None
    if known is not None and known.is_file():
        prefixes = (Path(line.strip()) for line in known.read_text(errors="replace").splitlines())
        yield from (prefix for prefix in prefixes if prefix.name == name)
    if conda := _conda():
        yield Path(conda).resolve().parent.parent / "envs" / name
    if root := os.environ.get("MAMBA_ROOT_PREFIX"):
        yield Path(root) / "envs" / name
    if place is not None:
        yield place / ".conda" / "envs" / name

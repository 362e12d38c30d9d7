"""Whether results can go where the experiment file says.

Looks at the disk, changes nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from mle_toolbox.experiment_file.reserved_names import trouble_with_results_name
from mle_toolbox.layout import EXPERIMENT_RECORD, ExperimentFolder
from mle_toolbox.snakemake_side.assumptions import trouble_with_path

__all__ = ["trouble_with_results_place"]


def trouble_with_results_place(
    folder: Path, written: str, experiment_file: Path, sources: Iterable[tuple[Path, str]]
) -> str | None:
    """Say why ``folder`` cannot take the results, or return None.

    Parameters
    ----------
    folder
        The results folder; need not exist.
    written
        What the experiment file calls it.
    experiment_file
        Whose results these are.
    sources
        Folders that must not lie in it or be it, each with what lies there.
    """
    name = trouble_with_path(written)
    name = name or trouble_with_results_name(os.path.relpath(folder, experiment_file.parent))
    if name is not None:
        return f"{name}. Choose another name."
    return (
        _swallows(folder, written, sources)
        or _cannot_be_written(folder, written)
        or _belongs_to_another(folder, written, experiment_file)
    )


def _swallows(folder: Path, written: str, sources: Iterable[tuple[Path, str]]) -> str | None:
    real = _real(folder)
    for source, what in sources:
        if _real(source).is_relative_to(real):
            return f"{written!r} also holds {what}. Results need a folder of their own, such as 'experiments/'."
    return None


def _cannot_be_written(folder: Path, written: str) -> str | None:
    there = next(place for place in (folder, *folder.parents) if os.path.lexists(place))
    try:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            folder.lstat()
        if not there.is_dir():
            what = repr(written) if there == folder else f"{there.name!r} in {written!r}"
            if there.is_symlink() and not there.exists():
                gone = str(there.readlink())
                return f"{what} is a link to {gone!r}, where nothing is. Name another folder or mend the link."
            return f"{what} is a file, not a folder. Name another folder or move the file away."
    except OSError as error:
        return f"{written!r} cannot be used: {error.strerror or error}."
    if not os.access(there, os.W_OK | os.X_OK):
        return f"{written!r} cannot be written: you have no permission in {str(there)!r}."
    return None


def _belongs_to_another(folder: Path, written: str, experiment_file: Path) -> str | None:
    holder = _holder(folder)
    if holder is None:
        return None
    # The record says where its experiment file is as seen from the results folder, which may be reached by a link.
    seen = [Path(os.path.normpath(base / holder)) for base in (folder, _real(folder))]
    if any(_real(path) == _real(experiment_file) for path in seen):
        return None
    if any(os.path.lexists(path) for path in seen):
        way_out = "Name another folder."
    else:
        way_out = f"That file is gone: if it is this one under an older name, remove {EXPERIMENT_RECORD} there."
    shown = os.path.relpath(seen[0], experiment_file.parent)
    return f"{written!r} holds the results of {shown!r}. {way_out}"


def _holder(folder: Path) -> str | None:
    try:
        record = json.loads(ExperimentFolder(folder).record.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    holder = record.get("experiment_file") if isinstance(record, dict) else None
    return holder if isinstance(holder, str) and "\0" not in holder else None


def _real(path: Path) -> Path:
    # Not Path.resolve: it raises where links go round in a circle.
    return Path(os.path.realpath(path))

"""Checks that results can be written to the folder that the experiment file names. Changes nothing on disk."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from mle_toolbox.experiment_file.reserved_names import trouble_with_results_name, variable_in
from mle_toolbox.layout import EXPERIMENT_RECORD, ExperimentFolder
from mle_toolbox.snakemake_side.assumptions import trouble_with_path

__all__ = ["trouble_with_results_place"]


def trouble_with_results_place(
    folder: Path,
    written: str,
    experiment_file: Path,
    sources: Iterable[tuple[Path, str]],
    project: Path | None = None,
) -> str | None:
    """Return why ``folder`` cannot hold the results, or None.

    Parameters
    ----------
    folder
        The results folder; it need not exist.
    written
        The folder as the experiment file gives it.
    experiment_file
        The experiment file to which the results belong.
    sources
        Folders of the user's sources, each with the source that is in it. The results folder must not contain them.
    project
        The folder where Snakemake runs; None: that of the experiment file.
    """
    if (variable := variable_in(written)) is not None:
        return f"{written!r} {variable}."
    name = trouble_with_path(written)
    name = name or trouble_with_results_name(os.path.relpath(folder, project or experiment_file.parent))
    if name is not None:
        return f"{name}. Choose another name."
    return (
        _contains_sources(folder, written, sources)
        or _is_not_writable(folder, written)
        or _belongs_to_another(folder, written, experiment_file, project or experiment_file.parent)
    )


def _contains_sources(folder: Path, written: str, sources: Iterable[tuple[Path, str]]) -> str | None:
    real = _real(folder)
    for source, what in sources:
        if _real(source).is_relative_to(real):
            return f"{written!r} also contains {what}. Results need a folder of their own, such as 'experiments/'."
    return None


def _is_not_writable(folder: Path, written: str) -> str | None:
    # The folder need not exist yet, so the nearest parent that does decides.
    there = next(parent for parent in (folder, *folder.parents) if os.path.lexists(parent))
    try:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            # Raises for a name that is too long, links in a loop, or a parent that may not be entered.
            folder.lstat()
        if not there.is_dir():
            what = repr(written) if there == folder else f"{there.name!r} in {written!r}"
            if there.is_symlink() and not there.exists():
                target = str(there.readlink())
                return f"{what} is a broken link: {target!r} does not exist. Name another folder or fix the link."
            return f"{what} is a file, not a folder. Name another folder or move the file away."
    except OSError as error:
        return f"{written!r} cannot be used: {error.strerror or error}."
    if not os.access(there, os.W_OK | os.X_OK):
        return f"{written!r} is not writable: you have no write permission in {str(there)!r}."
    return None


def _belongs_to_another(folder: Path, written: str, experiment_file: Path, project: Path) -> str | None:
    holder = _holder(folder)
    if holder is None:
        return None
    # The path in the record is relative to the results folder, which may itself be reached through a link.
    seen = [Path(os.path.normpath(base / holder)) for base in (folder, _real(folder))]
    if any(_real(path) == _real(experiment_file) for path in seen):
        return None
    if any(os.path.lexists(path) for path in seen):
        way_out = "Name another folder."
    else:
        way_out = f"That file no longer exists: if it is an older name of this one, remove {EXPERIMENT_RECORD} there."
    shown = os.path.relpath(seen[0], project)
    return f"{written!r} already holds the results of {shown!r}. {way_out}"


def _holder(folder: Path) -> str | None:
    try:
        record = json.loads(ExperimentFolder(folder).record.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    holder = record.get("experiment_file") if isinstance(record, dict) else None
    return holder if isinstance(holder, str) and "\0" not in holder else None


def _real(path: Path) -> Path:
    # Not Path.resolve: it raises for links that form a loop.
    return Path(os.path.realpath(path))

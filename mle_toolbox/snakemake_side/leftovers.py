"""Remove what a killed driver has left in Snakemake's folder.

Snakemake marks a directory as locked and outputs as incomplete with plain files, which survive a `kill -9`; it then
refuses to start, or repeats finished work. The holder of our driver lock knows that no Snakemake of ours is alive, and
every output of ours is complete as soon as it has its name, because a rename puts it there. The format is that of
Snakemake 9 (snakemake/persistence/file.py); files that look different are left alone.
"""

from __future__ import annotations

import binascii
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path

from mle_toolbox.snakemake_side.assumptions import own_folder

__all__ = ["clear_leftovers", "forget_outputs", "remembered_inputs"]


def clear_leftovers(project: Path, results: Path) -> None:
    """Remove stale locks, and marks of incompleteness on existing outputs, for these results only.

    Call it only while holding the driver lock, and only when an earlier driver of ours did not end by itself: else the
    lock may belong to a living Snakemake that was started by hand.

    Parameters
    ----------
    project
        The folder in which Snakemake is started.
    results
        The results folder as the rules name it, from there.
    """
    folder = own_folder(project)
    prefix = f"{results.as_posix()}/"
    for lock in (folder / "locks").glob("*.lock"):
        # A lock lists the files that it protects. Another experiment of the folder may be running now.
        if any(line.startswith(prefix) for line in lock.read_text(errors="replace").splitlines()):
            lock.unlink()
    for mark, output in _incomplete(folder / "incomplete"):
        if output.startswith(prefix) and (project / output).exists():
            mark.unlink()


def forget_outputs(project: Path, outputs: Iterable[Path]) -> None:
    """Remove Snakemake's notes on how outputs were made, after other files have taken their place.

    Without a note Snakemake only looks at the file. Outputs are named as by the rules, from the project folder.
    """
    for output in outputs:
        if (note := _note(project, output)) is not None:
            note.unlink(missing_ok=True)


def remembered_inputs(project: Path, output: Path) -> tuple[str, ...] | None:
    """Return the inputs from which Snakemake noted that an output was made, or None when it has no note.

    The output is named as by the rules.
    """
    note = _note(project, output)
    try:
        found = json.loads(note.read_bytes())["input"] if note is not None else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return tuple(map(str, found)) if isinstance(found, list) else None


def _note(project: Path, output: Path) -> Path | None:
    """Return the path of Snakemake's note on an output, or None when there are no notes at all."""
    notes = own_folder(project) / "metadata"
    try:
        longest = os.pathconf(notes, "PC_NAME_MAX") - 1
    except OSError:
        return None
    # The name of the output in base64, cut into folders where it is too long for one name, as Snakemake does it.
    name = urlsafe_b64encode(output.as_posix().encode()).decode()
    *folders, last = (name[start : start + longest] for start in range(0, len(name), longest))
    return notes.joinpath(*(f"@{each}" for each in folders), last)


def _incomplete(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield each mark and its output: the path in base64, cut into folders when it is long."""
    for mark in [each for each in folder.rglob("*") if each.is_file()]:
        parts = mark.relative_to(folder).parts
        name = "".join(part.removeprefix("@") for part in parts)
        try:
            yield mark, urlsafe_b64decode(name).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue

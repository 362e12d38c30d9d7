"""What a driver that was killed leaves behind in Snakemake's folder, and what of it can go.

Snakemake marks a directory as locked and outputs as incomplete with mere files, which outlive a `kill -9`; it then
refuses to start, or makes again what is finished. It also removes `.done` before it starts a job, and a seed run that
an earlier driver has left may have finished by then, so that only the mark is missing. Who holds our driver lock knows
that no Snakemake of ours lives, and that every output of ours is complete as soon as it has its name, because each is
put in place by a rename. Holds for Snakemake 9 (snakemake/persistence/file.py); files that look otherwise are left
alone.
"""

from __future__ import annotations

import binascii
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path

from mle_toolbox.snakemake_side.assumptions import own_folder

__all__ = ["clear_leftovers", "forget_outputs", "is_remembered"]


def clear_leftovers(project: Path, results: Path) -> None:
    """Remove stale locks, and marks of incompleteness on outputs that are there. All of that only for these results.

    Call it only while holding the driver lock, and only when an earlier driver of ours did not end by itself: a
    Snakemake that was started by hand may live.

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
        if any(line.startswith(prefix) for line in lock.read_text(errors="replace").splitlines()):
            lock.unlink()
    for mark, output in _incomplete(folder / "incomplete"):
        if output.startswith(prefix) and (project / output).exists():
            mark.unlink()


def forget_outputs(project: Path, outputs: Iterable[Path]) -> None:
    """Remove Snakemake's notes on how outputs were made, which no longer hold because others lie there now.

    Without a note only the file counts. Outputs are named as by the rules, from the project folder.
    """
    for output in outputs:
        if (note := _note(project, output)) is not None:
            note.unlink(missing_ok=True)


def is_remembered(project: Path, output: Path) -> bool:
    """Tell whether Snakemake has a note on how an output was made; the output is named as by the rules."""
    note = _note(project, output)
    return note is not None and note.exists()


def _note(project: Path, output: Path) -> Path | None:
    """Return where Snakemake's note on an output lies, or None where it has none at all."""
    notes = own_folder(project) / "metadata"
    try:
        longest = os.pathconf(notes, "PC_NAME_MAX") - 1
    except OSError:
        return None
    name = urlsafe_b64encode(output.as_posix().encode()).decode()
    *folders, last = (name[start : start + longest] for start in range(0, len(name), longest))
    return notes.joinpath(*(f"@{each}" for each in folders), last)


def _incomplete(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield each mark and the output that it is about: its path in base64, cut into folders when it is long."""
    for mark in [each for each in folder.rglob("*") if each.is_file()]:
        parts = mark.relative_to(folder).parts
        name = "".join(part.removeprefix("@") for part in parts)
        try:
            yield mark, urlsafe_b64decode(name).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue

"""Files that the experiment file names: whether they are there, and which one was meant if not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from mle_toolbox.errors import did_you_mean
from mle_toolbox.experiment_file.source_text import trouble_with_file
from mle_toolbox.snakemake_side.assumptions import trouble_with_path

__all__ = ["trouble_with_named_file"]

_ENOUGH = 1000


def trouble_with_named_file(project_dir: Path, written: Path, suffix: str) -> str | None:
    """Say what is wrong with a file that the experiment file names, or return None.

    Parameters
    ----------
    project_dir
        Folder to which ``written`` is relative.
    written
        The path as the experiment file writes it.
    suffix
        What the name must end with, such as ``".json"``; upper and lower case do not count.
    """
    name = str(written)
    if written.suffix.lower() != suffix:
        return f"{name!r} must be a {suffix} file."
    if (braces := trouble_with_path(name)) is not None:
        return f"{braces}. Choose another name."
    trouble = trouble_with_file(project_dir / written)
    if trouble is None:
        return None
    advice = did_you_mean(name, _alternatives(project_dir, written, suffix)) if "exist" in trouble else ""
    return f"{name!r} {trouble}.{advice}"


def _alternatives(project_dir: Path, written: Path, suffix: str) -> list[str]:
    folder = project_dir / written.parent
    try:
        if folder.is_dir():
            return [str(written.parent / path.name) for path in _some(folder, f"*{suffix}")]
        return [str(path.relative_to(project_dir)) for path in _some(project_dir, f"*/*{suffix}")]
    except (OSError, ValueError):
        return []


def _some(folder: Path, pattern: str) -> Iterator[Path]:
    return iter(sorted(islice(folder.glob(pattern), _ENOUGH)))

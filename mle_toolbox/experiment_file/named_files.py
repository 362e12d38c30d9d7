"""Checks that a file named in the experiment file exists, and suggests the nearest one if it does not."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from mle_toolbox.errors import did_you_mean
from mle_toolbox.experiment_file.source_text import trouble_with_file
from mle_toolbox.snakemake_side.assumptions import trouble_with_path

__all__ = ["trouble_with_named_file"]

# A folder may hold a data set of a million files, and this runs before every start.
_MAX_SUGGESTIONS = 1000


def trouble_with_named_file(project_dir: Path, written: Path, suffix: str) -> str | None:
    """Return what is wrong with a file named in the experiment file, or None.

    Parameters
    ----------
    project_dir
        Folder to which ``written`` is relative.
    written
        The path as the experiment file gives it.
    suffix
        The required suffix, such as ``".json"``; case is ignored.
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
            near = sorted(islice(folder.glob(f"*{suffix}"), _MAX_SUGGESTIONS))
            return [str(written.parent / path.name) for path in near]
        # The folder itself is misspelt, so look for the file in all of them.
        near = sorted(islice(project_dir.glob(f"*/*{suffix}"), _MAX_SUGGESTIONS))
        return [str(path.relative_to(project_dir)) for path in near]
    except (OSError, ValueError):
        return []

"""Save a figure reproducibly: the same figure gives the same bytes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from mle_toolbox.errors import UsageError, did_you_mean
from mle_toolbox.plots.style import drawing

__all__ = ["FORMATS", "check_format", "save_figure"]

# Metadata to leave out: with the date of writing, two runs would never give the same file.
_METADATA: dict[str, dict[str, Any]] = {
    "png": {},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None, "ModDate": None},
}
FORMATS = tuple(_METADATA)


def save_figure(figure: Figure, path: str | os.PathLike[str], *, style: str | None = None) -> Path:
    """Save a figure; the suffix determines the format.

    Saved twice, the files are identical to the byte: they contain no date and no random names.

    Parameters
    ----------
    figure
        Any matplotlib figure.
    path
        A name that ends in .png, .svg or .pdf. Missing folders are made.
    style
        A matplotlib style, for settings that matter when a file is written, such as the resolution.

    Raises
    ------
    UsageError
        When the suffix is none of these.
    """
    path = Path(path)
    kind = check_format(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without a fixed salt the ids in an SVG are random.
    with drawing(style), mpl.rc_context({"svg.hashsalt": "mle-toolbox"}):
        figure.savefig(path, format=kind, metadata=_METADATA[kind])
    return path


def check_format(path: Path) -> str:
    """Return ``png``, ``svg`` or ``pdf``, from the suffix of the path."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in _METADATA:
        found = f"{path.suffix!r}" if path.suffix else "no suffix"
        raise UsageError(
            f"{path}: the suffix chooses the format of a figure: .png, .svg or .pdf; found {found}."
            f"{did_you_mean(kind, FORMATS)}"
        )
    return kind

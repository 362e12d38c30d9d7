"""Write a figure so that the same figure gives the same bytes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from mle_toolbox.errors import UsageError, did_you_mean
from mle_toolbox.plots.style import drawing

__all__ = ["FORMATS", "check_format", "save_figure"]

# Metadata to leave out: the date of writing, and the version where it says nothing about the picture.
_METADATA: dict[str, dict[str, Any]] = {
    "png": {},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None, "ModDate": None},
}
FORMATS = tuple(_METADATA)


def save_figure(figure: Figure, path: str | os.PathLike[str], *, style: str | None = None) -> Path:
    """Write a figure; the suffix says the format.

    Written twice, the files are the same to the byte: they carry no date and no random names.

    Parameters
    ----------
    figure
        Any matplotlib figure.
    path
        A name that ends in .png, .svg or .pdf. Missing folders are made.
    style
        A matplotlib style, for what is decided when a file is written, such as the resolution.

    Raises
    ------
    UsageError
        When the suffix is another one.
    """
    path = Path(path)
    kind = check_format(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with drawing(style), mpl.rc_context({"svg.hashsalt": "mle-toolbox"}):
        figure.savefig(path, format=kind, metadata=_METADATA[kind])
    return path


def check_format(path: Path) -> str:
    """Return ``png``, ``svg`` or ``pdf``, whichever the name asks for."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in _METADATA:
        found = f"{path.suffix!r}" if path.suffix else "no suffix"
        raise UsageError(
            f"{path}: the suffix chooses the format of a figure: .png, .svg or .pdf; found {found}."
            f"{did_you_mean(kind, FORMATS)}"
        )
    return kind

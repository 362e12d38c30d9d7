"""One finding of `mle doctor`: what was found, how bad it is, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "fine", "problem", "warning"]


@dataclass(frozen=True)
class Finding:
    """A sentence and, unless all is well, its mend."""

    mark: Literal["ok", "warning", "problem"]
    text: str
    mend: str | None = None


def fine(text: str) -> Finding:
    """Return a finding that needs nothing."""
    return Finding("ok", text)


def warning(text: str, mend: str) -> Finding:
    """Return a finding that may hurt later."""
    return Finding("warning", text, mend)


def problem(text: str, mend: str) -> Finding:
    """Return a finding with which seed runs will not work."""
    return Finding("problem", text, mend)

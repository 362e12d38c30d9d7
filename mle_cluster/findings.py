"""One finding of `mle doctor`: a sentence, its severity and the fix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "fine", "problem", "warning"]


@dataclass(frozen=True)
class Finding:
    """A sentence and, unless all is well, the fix."""

    mark: Literal["ok", "warning", "problem"]
    text: str
    fix: str | None = None


def fine(text: str) -> Finding:
    """Return a finding that needs no action."""
    return Finding("ok", text)


def warning(text: str, fix: str) -> Finding:
    """Return a finding that may cause trouble later."""
    return Finding("warning", text, fix)


def problem(text: str, fix: str) -> Finding:
    """Return a finding with which seed runs will not work."""
    return Finding("problem", text, fix)

"""Which sections a script itself passes to ``MLExperiment``, so that its configurations need not have them."""

from __future__ import annotations

import ast
from pathlib import Path

from mle_toolbox.experiment_file.sections import SECTIONS

__all__ = ["sections_given"]


def sections_given(script: Path | None) -> frozenset[str]:
    """Return the sections that a script passes to ``MLExperiment`` by name; all of them if it cannot be read."""
    if script is None or script.suffix != ".py":
        return frozenset()
    try:
        tree = ast.parse(script.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        # Reported elsewhere.
        return frozenset(SECTIONS)
    given: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) == "MLExperiment":
            for keyword in node.keywords:
                # **sections may contain any of them.
                given |= set(SECTIONS) if keyword.arg is None else {keyword.arg} & set(SECTIONS)
    return frozenset(given)


def _name(function: ast.expr) -> str:
    return str(getattr(function, "attr", getattr(function, "id", "")))

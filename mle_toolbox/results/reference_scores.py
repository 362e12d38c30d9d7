"""Reference scores of tasks, such as those of a random and of an expert policy, from a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from mle_toolbox.errors import ResultsError
from mle_toolbox.text import listed

__all__ = ["REFERENCES", "References", "read_references"]

References = Mapping[str, tuple[float, float]]
"""Task -> (low, high)."""

REFERENCES = "reference_scores.csv"
"""The file of reference scores, in the results folder or beside the experiment file."""


def read_references(path: Path) -> References:
    """Read the reference scores of a CSV file with the columns ``task``, ``low`` and ``high``.

    Raises
    ------
    ResultsError
        When the file cannot be read, or a line is not a task and two different numbers.
    """
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ResultsError(f"{path}: the reference scores cannot be read: {error}.") from None
    wanted = ("task", "low", "high")
    there: Sequence[str] = list(rows[0]) if rows else []
    if any(name not in there for name in wanted):
        found = f"found {listed(map(repr, there))}" if there else "it is empty"
        raise ResultsError(f"{path}:1: reference scores need the columns task, low and high; {found}.")
    references: dict[str, tuple[float, float]] = {}
    for line, row in enumerate(rows, start=2):
        task = (row["task"] or "").strip()
        try:
            low, high = float(row["low"]), float(row["high"])
        except (TypeError, ValueError):
            raise ResultsError(
                f"{path}:{line}: expected a task and two numbers, found {', '.join(map(repr, row.values()))}."
            ) from None
        if task in references:
            raise ResultsError(f"{path}:{line}: task {task!r} is there twice.")
        references[task] = low, high
    return references

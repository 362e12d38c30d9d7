"""What each look has decided, as it is kept in the results folder: ``.looks/DIGEST/look_1.json`` and so on.

A look that has a file has been held: it is never decided again, whatever happens to the seed runs or to the times of
files. The digest covers what is compared (configurations, metric, direction, the first look and the step). So after an
edit the looks begin anew in a folder of their own, and undoing the edit brings the earlier ones back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mle_toolbox.layout import ExperimentFolder

__all__ = ["FORMAT", "Look", "digest_of", "earlier_looks", "read_look", "read_looks"]

FORMAT = 1


@dataclass(frozen=True)
class Look:
    """One look that has been held."""

    number: int
    """From 1."""
    n_seeds: int
    """How many seeds of each configuration it compares."""
    share: float
    """The part of the error rate that it has used."""
    compared: tuple[str, ...]
    """The configurations that it compares: those that were undecided before."""
    worse: Mapping[str, str]
    """Those that it has found to be worse, each with the better one."""
    undecided: tuple[str, ...]
    """Those that get more seeds, as long as there may be more."""
    failed: frozenset[tuple[str, int]] = field(default_factory=frozenset)
    """Seed runs that had failed, and for which it has not waited."""

    def renamed(self, names: Mapping[str, str]) -> Look:
        """Return the same with other names for some of the configurations."""
        return replace(
            self,
            compared=tuple(names.get(name, name) for name in self.compared),
            worse={names.get(name, name): names.get(better, better) for name, better in self.worse.items()},
            undecided=tuple(names.get(name, name) for name in self.undecided),
            failed=frozenset((names.get(name, name), seed) for name, seed in self.failed),
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "format": FORMAT,
            "look": self.number,
            "n_seeds": self.n_seeds,
            "share": self.share,
            "compared": list(self.compared),
            "worse": dict(self.worse),
            "undecided": list(self.undecided),
            "failed": [list(run) for run in sorted(self.failed)],
        }


def digest_of(content: Any) -> str:
    """Return a short digest of plain data."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def read_look(path: Path) -> Look | None:
    """Return the look in a file, None where there is none; one that is damaged counts as missing."""
    try:
        content = json.loads(path.read_bytes())
        return Look(
            int(content["look"]),
            int(content["n_seeds"]),
            float(content["share"]),
            tuple(map(str, content["compared"])),
            {str(name): str(better) for name, better in content["worse"].items()},
            tuple(map(str, content["undecided"])),
            frozenset((str(name), int(seed)) for name, seed in content["failed"]),
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def read_looks(folder: ExperimentFolder, digest: str) -> tuple[Look, ...]:
    """Return the looks that have been held, in their order, up to the first that is missing."""
    held: list[Look] = []
    while (look := read_look(folder.look(digest, len(held) + 1))) is not None and look.number == len(held) + 1:
        held.append(look)
    return tuple(held)


def earlier_looks(folder: ExperimentFolder, digest: str) -> int:
    """Return how many looks were held at something else: other configurations, another metric, other sizes."""
    return sum(1 for path in folder.looks.glob("*/look_*.json") if path.parent.name != digest)

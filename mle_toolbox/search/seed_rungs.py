"""More seeds for better trials: halving over seeds, and what has been decided of it in a results folder.

Every trial runs with the first seeds. The best half of them (or third, …) run with some more, the best half of those
with more again. Each decision is made once, from the whole rung below, and kept in a file: after that it is a source,
like the file of a trial. Nothing here writes (``scripts/rung.py`` does), and nothing here knows how trials are scored.

Halving by rank, because tests hardly ever separate trials with three to five seeds, and ranks cost no seeds. It makes
no claim: the better trials only get the more precise scores. Karnin et al. 2013, with seeds as the budget.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.search.rungs import best_first

__all__ = ["DecidedRungs", "SeedRungs", "decided_rungs", "decision", "seeds_by_rung"]


@dataclass(frozen=True)
class SeedRungs:
    """Which seeds a trial runs with, by how far it has climbed."""

    seeds: tuple[tuple[int, ...], ...]
    """The seeds that each rung adds; the first ones are those of every trial."""
    coefficient: int
    """One in so many trials of a rung climbs to the next."""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data for ``experiment.json``."""
        return {"seeds": [list(each) for each in self.seeds], "coefficient": self.coefficient}

    @classmethod
    def from_json(cls, noted: Mapping[str, Any]) -> SeedRungs:
        """Return what ``to_json`` has described."""
        return cls(tuple(map(tuple, noted["seeds"])), noted["coefficient"])

    @property
    def upper(self) -> range:
        """The numbers of the rungs that are decided: all but that of every trial, which is 0."""
        return range(1, len(self.seeds))

    def size(self, below: int) -> int:
        """Return how many of so many trials climb."""
        return max(1, below // self.coefficient) if below else 0

    def further(self, rung: int) -> tuple[int, ...]:
        """Return the seeds of a trial on this rung on top of those of every trial."""
        return self.up_to(rung)[len(self.seeds[0]) :]

    def up_to(self, rung: int) -> tuple[int, ...]:
        """Return all seeds of a trial on this rung."""
        return tuple(seed for seeds in self.seeds[: rung + 1] for seed in seeds)


@dataclass(frozen=True)
class DecidedRungs:
    """What the files of a results folder say about the trials that are due now."""

    climbed: Mapping[str, int]
    """The rung of each trial that has climbed, by name."""
    to_decide: tuple[int, ...]
    """The rungs of which nothing is decided, or something of other trials."""


def seeds_by_rung(seeds: Sequence[int], most: int, coefficient: int) -> tuple[tuple[int, ...], ...]:
    """Return the seeds that each rung adds.

    Parameters
    ----------
    seeds
        All seeds that the best trials run with, in order.
    most
        How many of them every trial runs with.
    coefficient
        From each rung to the next, the number of seeds is multiplied by it; the last one has all.

    >>> seeds_by_rung(range(9), 1, 3)
    ((0,), (1, 2), (3, 4, 5, 6, 7, 8))
    """
    rungs = [tuple(seeds[:most])]
    while most < len(seeds):
        rungs.append(tuple(seeds[most : most * coefficient]))
        most *= coefficient
    return tuple(rungs)


def decided_rungs(folder: ExperimentFolder, rungs: SeedRungs, digests: Mapping[str, str]) -> DecidedRungs:
    """Return what is decided of the trials that are due.

    Parameters
    ----------
    folder
        The results folder.
    rungs
        The seeds of the rungs.
    digests
        The digest of each trial that is due, by its name. A decision about other settings of a trial is void, and one
        that was made among other trials has to be made again: then trials that have climbed stay where they are.
    """
    climbed = dict.fromkeys(digests, 0)
    to_decide: list[int] = []
    for rung in rungs.upper:
        below = {name for name, reached in climbed.items() if reached == rung - 1}
        noted = _read(folder, rung)
        same = {name for name, digest in noted.get("trials", {}).items() if digests.get(name) == digest}
        is_current = same == below and noted.get("trials", {}).keys() == below and _is_of(noted, rungs, rung)
        if to_decide or not is_current:
            to_decide.append(rung)
        climbed |= {name: rung for name in noted.get("climb", ()) if name in below & same}
    return DecidedRungs({name: rung for name, rung in climbed.items() if rung}, tuple(to_decide))


def decision(
    rungs: SeedRungs,
    rung: int,
    digests: Mapping[str, str],
    scores: Mapping[str, float | None],
    *,
    maximize: bool,
    stay: Collection[str] = (),
) -> dict[str, Any]:
    """Return what is decided of a rung, as plain data for its file.

    Parameters
    ----------
    rungs, rung
        The seeds of the rungs, and the number of this one.
    digests
        Those of exactly the trials of the rung below, in the order of their numbers.
    scores
        Their scores with all seeds of the rung below; None: a seed failed or diverged, which is the worst.
    maximize
        Whether higher is better.
    stay
        Trials that have climbed before, when there were fewer trials: what they have is not taken from them.
    """
    names = list(digests)
    ranked = [
        names[place] for place in best_first(range(len(names)), [scores[each] for each in names], maximize=maximize)
    ]
    climb = ranked[: rungs.size(len(ranked))]
    climb += [name for name in ranked if name in stay and name not in climb]
    return {
        "format": 1,
        "rung": rung,
        "seeds_below": list(rungs.up_to(rung - 1)),
        "seeds": list(rungs.seeds[rung]),
        "coefficient": rungs.coefficient,
        "climb": climb,
        "scores": {name: scores[name] for name in ranked},
        "trials": dict(digests),
    }


def _is_of(noted: Mapping[str, Any], rungs: SeedRungs, rung: int) -> bool:
    # Not the seeds that it adds: more of them for the same trials are no other decision.
    return (noted.get("seeds_below"), noted.get("coefficient")) == (list(rungs.up_to(rung - 1)), rungs.coefficient)


def _read(folder: ExperimentFolder, rung: int) -> Mapping[str, Any]:
    try:
        noted = json.loads(folder.rung(rung).read_bytes())
        whole = isinstance(noted["trials"], dict) and all(isinstance(name, str) for name in noted["climb"])
        return noted if whole and noted["rung"] == rung else {}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}  # missing or damaged: it is decided again, from the same results

"""On how many tasks one method is significantly better than another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from mle_toolbox.statistics.all_pairs import AllPairs
from mle_toolbox.statistics.over_tasks.scores import Floats, Scores, cells_of

__all__ = ["Wins", "wins_over_tasks"]


@dataclass(frozen=True)
class Wins:
    """Tasks on which a is significantly better than b, neither is, b is, and those on which no test was possible."""

    won: tuple[str, ...]
    tied: tuple[str, ...]
    lost: tuple[str, ...]
    untested: tuple[str, ...]


def wins_over_tasks(
    scores: Scores, *, lower_is_better: bool = False, confidence: float = 0.95
) -> Mapping[tuple[str, str], Wins]:
    """Return, for each pair of methods, on which tasks one is significantly better.

    Parameters
    ----------
    scores
        Method -> task -> shape (seeds of that cell,); no common scale is needed, and cells may lack.
    lower_is_better
        The direction of the scores.
    confidence
        1 - the level of the tests: Welch's t tests, corrected over all pairs of methods within each task (Holm, see
        `AllPairs`). They are not corrected over tasks, so of many tasks some are won by chance.
    """
    cells = {method: cells_of(each) for method, each in scores.items()}
    pairs = list(combinations(cells, 2))
    found: dict[tuple[str, str], dict[str, list[str]]] = {
        pair: {"won": [], "tied": [], "lost": [], "untested": []} for pair in pairs
    }
    for task in dict.fromkeys(task for each in cells.values() for task in each):
        there = {method: each[task] for method, each in cells.items() if task in each}
        # Unpaired: which runs belong together is not known here.
        tests = AllPairs(there, None, False)
        for a, b in pairs:
            found[a, b][_outcome(tests, there, a, b, 1 - confidence, lower_is_better=lower_is_better)].append(task)
    return {pair: Wins(**{kind: tuple(tasks) for kind, tasks in each.items()}) for pair, each in found.items()}


def _outcome(
    tests: AllPairs, there: Mapping[str, Floats], a: str, b: str, level: float, *, lower_is_better: bool
) -> str:
    if a not in tests.tested or b not in tests.tested:
        return "untested"
    # Not ">=": p is NaN where no seed differs from another, and then nothing is significant.
    if not tests.adjusted_p(a, b) < level:
        return "tied"
    return "won" if (there[a].mean() < there[b].mean()) == lower_is_better else "lost"

"""What ``search_final`` says: how the winner of a search is confirmed with seeds that the search has not seen.

Two steps of fresh seeds, because the best of several finalists was also chosen by luck: the first seeds choose the
winner, and only the second ones are reported. ``benchmarks/search_winner.py`` measures what that is worth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mle_toolbox.search.mistakes import Mistake, at, is_whole, must_be, suggestion
from mle_toolbox.text import listed

__all__ = ["FINAL", "FINAL_KEYS", "FIRST_FRESH_SEED", "FinalSettings", "read_final", "seeds_of_the_final"]

FINAL = "search_final"

FIRST_FRESH_SEED = 1000
"""Seeds of a search are below it."""
_FIRST_FINAL_SEED = 2000
_MOST_SEEDS = 1000

# A grid or random search asks for nothing that it does not name: files from before the final must not suddenly run
# sixty jobs more. A search that learns has chosen its trials by their luck as well, so its best value is worth less.
# Where trials go on from others, fresh seeds would have nothing to go on from.
_WITHOUT_A_FINAL_BY_DEFAULT = ("grid", "random", "halving", "hyperband", "pbt")

_KEYS = {"num_finalists": 1, "num_finalist_seeds": 1, "num_final_seeds": 2}
FINAL_KEYS = tuple(_KEYS)


@dataclass(frozen=True)
class FinalSettings:
    """How many trials and seeds the final has."""

    num_finalists: int = 5
    num_finalist_seeds: int = 5
    num_final_seeds: int = 20

    @property
    def finalist_seeds(self) -> tuple[int, ...]:
        """The seeds by which the winner is chosen among the finalists."""
        return tuple(range(FIRST_FRESH_SEED, FIRST_FRESH_SEED + self.num_finalist_seeds))

    @property
    def final_seeds(self) -> tuple[int, ...]:
        """The seeds of the winner and of the base configuration that are reported; they choose nothing."""
        return tuple(range(_FIRST_FINAL_SEED, _FIRST_FINAL_SEED + self.num_final_seeds))

    @property
    def number_of_runs(self) -> int:
        """How many seed runs it has, if there are as many trials as finalists."""
        return self.num_finalists * self.num_finalist_seeds + 2 * self.num_final_seeds

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data for ``experiment.json``."""
        return {
            "num_finalists": self.num_finalists,
            "finalist_seeds": list(self.finalist_seeds),
            "final_seeds": list(self.final_seeds),
        }


def read_final(given: Any, search_type: str | None) -> tuple[FinalSettings | None, list[Mistake]]:
    """Read ``search_final``: numbers, True for the usual ones, False for no final.

    Returns
    -------
    settings, mistakes
        None where there is no final. A mistake is a path in ``param_search_args`` and a sentence.
    """
    if given is None:
        given = search_type is not None and search_type not in _WITHOUT_A_FINAL_BY_DEFAULT
    if given is not False and search_type == "pbt":
        why = "its members change their values while they train, so no configuration reproduces the best one"
        return None, [((FINAL,), f"a search of type PBT has no {FINAL}: {why}. Leave {FINAL} out.")]
    if isinstance(given, bool):
        return (FinalSettings() if given else None), []
    if not isinstance(given, Mapping):
        example = " For example: {num_finalists: 5, num_finalist_seeds: 5, num_final_seeds: 20}"
        return None, [must_be((FINAL,), "a section with keys, True or False", given, example)]
    mistakes = list(_mistakes(given))
    numbers = {key: value for key, value in given.items() if value is not None}
    return (None if mistakes else FinalSettings(**numbers)), mistakes


def seeds_of_the_final(seeds: Sequence[int]) -> str:
    """Say why a search with a final cannot have these seeds, an empty string if it can.

    They stay apart for good, also when the search gets more seeds: a seed that has chosen a trial must not confirm it.
    """
    taken = [seed for seed in seeds if seed >= FIRST_FRESH_SEED]
    if not taken:
        return ""
    are = "is" if len(taken) == 1 else "are"
    return (
        f"the seeds of a search with a final are below {FIRST_FRESH_SEED}, and {listed(map(str, taken), 3)} {are} not: "
        f"those from {FIRST_FRESH_SEED} on confirm its winner. Use others, or write {FINAL}: False."
    )


def _mistakes(given: Mapping[Any, Any]) -> Iterator[Mistake]:
    for key, value in given.items():
        here = (FINAL, key)
        if key not in _KEYS:
            yield here, f"unknown key {key!r} in {at((FINAL,))}.{suggestion(key, _KEYS)}"
        elif value is not None and not is_whole(value, _KEYS[key], _MOST_SEEDS):
            yield must_be(here, f"a whole number from {_KEYS[key]} to {_MOST_SEEDS}", value)

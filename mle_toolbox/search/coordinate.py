"""Coordinate search: one variable after the other runs through its grid, and its best value is kept for the next ones.

Needs no library and no randomness: the order of the variables is given, and their values before their turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mle_toolbox.search.placement import plain, value_at
from mle_toolbox.search.schedule import Earlier, History, Learning, Proposal
from mle_toolbox.search.space import Space, Variable, same_value

__all__ = ["Coordinate"]


class Coordinate:
    """Proposes the values of one variable at a time.

    Parameters
    ----------
    learning
        ``options`` may hold ``order``, the names of the variables (default: by name), and ``defaults``, the value of
        each before its turn (default: that of the base configuration, else its first one).
    """

    def __init__(self, learning: Learning, space: Space, base: Mapping[str, Any]) -> None:
        self._learning = learning
        by_name = {each.name: each for each in space.variables}
        order = learning.options.get("order") or list(by_name)
        self._variables = [by_name[name] for name in order]
        given = learning.options.get("defaults") or {}
        self._defaults = {each.name: _default(each, given, base) for each in self._variables}
        self._turns = [self._values_of_turn(turn) for turn in range(len(self._variables))]

    def size(self) -> int:
        """Return how many trials there are."""
        return min(self._learning.budget, sum(map(len, self._turns)))

    def fits(self, t: int, extra: Mapping[str, Any], note: Mapping[str, Any]) -> bool:
        """Return True: a trial is as good wherever it was proposed."""
        return True

    def known(self, t: int) -> int:
        """Return how many trials ended before the turn of this variable."""
        return self._turn(t)[1]

    def propose(self, t: int, history: History) -> Proposal:
        """Return the best point so far, with the next value of the variable whose turn it is."""
        turn, first = self._turn(t)
        best = self._best(history)
        values = {**self._defaults, **(best.values if best is not None else {})}
        variable = self._variables[turn]
        # Those whose turn has not come keep their defaults, also where a trial of an earlier search is better.
        values |= {each.name: self._defaults[each.name] for each in self._variables[turn + 1 :]}
        values[variable.name] = self._turns[turn][t - first]
        note = {"varied": variable.name, "best_so_far": None if best is None else best.number}
        return Proposal({name: plain(values[name]) for name in sorted(values)}, note=note)

    def _values_of_turn(self, turn: int) -> list[Any]:
        variable = self._variables[turn]
        choices = variable.choices or ()
        # From the second variable on, its default has run already, with the best values of those before it.
        return [each for each in choices if turn == 0 or not same_value(each, self._defaults[variable.name])]

    def _turn(self, t: int) -> tuple[int, int]:
        """Return whose turn it is at trial t, and the first trial of this turn."""
        first = 0
        for turn, values in enumerate(self._turns):
            if t < first + len(values):
                return turn, first
            first += len(values)
        raise ValueError(f"There is no trial {t}.")

    def _best(self, history: History) -> Earlier | None:
        sign = 1 if self._learning.lower_is_better else -1
        scored = [(sign * each.value, each.index, each) for each in history.told if each.value is not None]
        return min(scored, key=lambda each: each[:2])[2] if scored else None


def _default(variable: Variable, given: Mapping[str, Any], base: Mapping[str, Any]) -> Any:
    choices = variable.choices or ()
    missing = object()
    value = given.get(variable.name, value_at(base, variable.place, missing))
    # A value that is not in the grid was never compared with those that are.
    return value if any(same_value(value, each) for each in choices if value is not missing) else choices[0]

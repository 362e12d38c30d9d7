"""Successive halving and Hyperband over training steps: the best trials of a rung train on in the next one."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from mle_toolbox.search.placement import plain
from mle_toolbox.search.proposals import random_points
from mle_toolbox.search.rungs import Rung, best_first, rungs_of
from mle_toolbox.search.schedule import History, Learning, Proposal, going_on_from
from mle_toolbox.search.space import Space

__all__ = ["Halving"]


class Halving:
    """Proposes random points for the lowest rungs, and for every other the best of the rung below.

    Parameters
    ----------
    learning
        ``options`` as read by ``step_settings.py``.
    """

    def __init__(self, learning: Learning, space: Space) -> None:
        self._learning = learning
        self._space = space
        self._rungs = rungs_of(learning.options)

    def size(self) -> int:
        """Return how many trials there are, in all rungs."""
        return sum(rung.size for rung in self._rungs)

    def fits(self, t: int, extra: Mapping[str, Any], note: Mapping[str, Any]) -> bool:
        """Return whether trial t was asked for this place of this rung, with as many steps."""
        if t >= self.size():
            return False
        rung = self._rung(t)
        return (
            (note.get("bracket"), note.get("rung")) == (rung.bracket, rung.level)
            and note.get("place", t - rung.first + 1) == t - rung.first + 1
            and extra.get(self._learning.options["step_key"]) == rung.steps
        )

    def known(self, t: int) -> int:
        """Return how many trials ended before this rung is filled: all up to the end of the rung below."""
        below = self._below(self._rung(t))
        return 0 if below is None else below.indices.stop

    def propose(self, t: int, history: History) -> Proposal:
        """Return a new point, or the trial of the rung below that goes on at this place."""
        rung = self._rung(t)
        below = self._below(rung)
        note: dict[str, Any] = {"bracket": rung.bracket, "rung": rung.level, "steps": rung.steps}
        extra = {self._learning.options["step_key"]: rung.steps}
        told = {each.index: each for each in history.told}
        there = [] if below is None else [told[index] for index in below.indices if index in told]
        scores = [each.value for each in there]
        ranked = best_first((each.index for each in there), scores, maximize=not self._learning.lower_is_better)
        place = t - rung.first
        if place >= len(ranked):  # the lowest rung; or the space has changed, and too few are left of the one below
            return Proposal(self._new_point(t), extra, note)
        parent = told[ranked[place]]
        note["place"] = place + 1
        if parent.has_left_nothing:  # fewer are left than this rung has places
            return Proposal(plain(parent.values), extra, note | {"restarted": parent.number})
        note["parent"] = parent.number
        return Proposal(plain(parent.values), {**extra, **going_on_from(parent)}, note)

    def _new_point(self, t: int) -> Mapping[str, Any]:
        # The lowest rungs come first, so that these are the first points of a random search.
        return next(islice(random_points(self._space, self._learning.seed), t, None))

    def _rung(self, t: int) -> Rung:
        return next(rung for rung in self._rungs if t in rung.indices)

    def _below(self, rung: Rung) -> Rung | None:
        same = (each for each in self._rungs if (each.bracket, each.level) == (rung.bracket, rung.level - 1))
        return next(same, None)

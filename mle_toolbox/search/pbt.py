"""Population-based training as a search: every member of every generation is a trial.

A member goes on from the checkpoint of a member of the generation before, mostly itself, with the values of that member
or with changed ones. What it becomes depends on exactly the generation before, as a whole, and on the seed of the
search.

Jaderberg et al. 2017, arXiv:1711.09846, with the settings of the original mle-toolbox.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from mle_toolbox.search.placement import plain
from mle_toolbox.search.population import Population, population_of
from mle_toolbox.search.proposals import hashed_fraction, random_point, random_points
from mle_toolbox.search.rungs import best_first
from mle_toolbox.search.schedule import Earlier, History, Learning, Proposal, going_on_from
from mle_toolbox.search.space import Space, Variable

__all__ = ["PBT", "Member", "next_member"]

_DIGITS = 12


class PBT:
    """Proposes random points for the first generation, and for every other what the members become.

    Parameters
    ----------
    learning
        ``options`` as read by ``step_settings.py``.
    """

    def __init__(self, learning: Learning, space: Space) -> None:
        self._learning = learning
        self._space = space
        self._population = population_of(learning.options)

    def size(self) -> int:
        """Return how many trials there are, in all generations."""
        return self._population.size

    def fits(self, t: int, extra: Mapping[str, Any], note: Mapping[str, Any]) -> bool:
        """Return whether trial t was asked as this member of this generation, with as many steps."""
        generation, member = self._population.place(t)
        steps = (generation + 1) * self._population.steps_until_ready
        return (note.get("generation"), note.get("member")) == (generation, member) and (
            extra.get(self._learning.options["step_key"]) == steps
        )

    def known(self, t: int) -> int:
        """Return how many trials ended before this generation: all of those before it."""
        generation, _ = self._population.place(t)
        return generation * self._population.num_workers

    def propose(self, t: int, history: History) -> Proposal:
        """Return what the member at this place trains with, and from which checkpoint it goes on."""
        generation, member = self._population.place(t)
        steps = (generation + 1) * self._population.steps_until_ready
        extra = {self._learning.options["step_key"]: steps}
        note: dict[str, Any] = {"generation": generation, "member": member, "steps": steps}
        if generation == 0:
            return Proposal(self._new_point(t), extra, note)
        before = self._before(generation, history)
        if not before:  # the space has changed since: there is nothing to go on from
            return Proposal(self._new_point(t), extra, note)
        told = [(each.values, each.value) for each in before]
        found = next_member(
            self._population,
            self._space,
            told,
            t,
            seed=self._learning.seed,
            maximize=not self._learning.lower_is_better,
        )
        parent = before[found.parent]
        note |= {"copied": found.copied}
        if parent.has_left_nothing:  # no member of its generation has a score, or it would be another one
            return Proposal(found.values, extra, note | {"restarted": parent.number})
        note["parent"] = parent.number
        return Proposal(found.values, {**extra, **going_on_from(parent)}, note)

    def _before(self, generation: int, history: History) -> list[Earlier]:
        """Return the members of the generation before; in the place of one outside the present space, the best one."""
        first = (generation - 1) * self._population.num_workers
        told = {each.index: each for each in history.told}
        there = [told[index] for index in range(first, first + self._population.num_workers) if index in told]
        if not there:
            return []
        sign = 1.0 if self._learning.lower_is_better else -1.0
        best = min(there, key=lambda each: (each.value is None, sign * (each.value or 0.0), each.index))
        return [told.get(index, best) for index in range(first, first + self._population.num_workers)]

    def _new_point(self, t: int) -> Mapping[str, Any]:
        return next(islice(random_points(self._space, self._learning.seed), t % self._population.num_workers, None))


@dataclass(frozen=True)
class Member:
    """What a member becomes."""

    values: Mapping[str, Any]
    parent: int
    """The member of the generation before from whose checkpoint it goes on."""
    copied: bool
    """Whether that is another member, because this one was among the worst; then its values are changed."""


def next_member(
    population: Population,
    space: Space,
    before: Sequence[tuple[Mapping[str, Any], float | None]],
    index: int,
    *,
    seed: int,
    maximize: bool,
) -> Member:
    """Return what the trial at an index trains with.

    Parameters
    ----------
    population, space
        The settings, and the variables.
    before
        Values and score of every member of the generation before; None: it failed or diverged, which is the worst.
    index
        Among all trials of a base configuration.
    seed
        Of the search.
    maximize
        Whether higher scores are better.
    """
    _, member = population.place(index)
    other = _copied_from(population, [score for _, score in before], member, index, seed, maximize=maximize)
    if other is None:
        return Member(plain(before[member][0]), member, copied=False)
    return Member(_explored(population, space, before[other][0], seed, index), other, copied=True)


def _copied_from(
    population: Population, scores: Sequence[float | None], member: int, index: int, seed: int, *, maximize: bool
) -> int | None:
    """Return the member that replaces this one; None if it stays itself."""
    ranks = best_first(range(len(scores)), scores, maximize=maximize)
    number = max(1, round(len(scores) * population.selection_percent))
    best = [each for each in ranks[:number] if scores[each] is not None]
    if scores[member] is None:
        # It is not worth going on from, whatever the rule of exploitation is.
        return _choice(best, seed, "exploit", index) if best else None
    if population.exploit == "truncation":
        return _choice(best, seed, "exploit", index) if member in ranks[-number:] else None
    others = [each for each in range(len(scores)) if each != member]
    rival = _choice(others, seed, "exploit", index)
    if scores[rival] is None or scores[rival] == scores[member]:
        return None
    # The original drew a second time and copied that one, which may be worse than the member that it replaced.
    return rival if ranks.index(rival) < ranks.index(member) else None


def _explored(population: Population, space: Space, values: Mapping[str, Any], seed: int, index: int) -> dict[str, Any]:
    anew = random_point(space, seed, index)
    if population.explore == "resampling":
        return anew
    changed: dict[str, Any] = {}
    for variable in space.variables:
        value = values.get(variable.name)
        if variable.kind == "categorical" or variable.choices is not None or value is None:
            changed[variable.name] = anew[variable.name]
        elif population.explore == "perturbation":
            coefficient = _choice(population.perturb_coeffs, seed, f"explore {variable.name}", index)
            changed[variable.name] = _inside(variable, value * coefficient)
        else:
            noise = _normal(seed, f"explore {variable.name}", index) * population.noise_scale
            changed[variable.name] = _inside(variable, value + noise)
    return changed


def _inside(variable: Variable, value: float) -> Any:
    """Return a number of this variable: the nearest one between its begin and its end."""
    begin, end = variable.bounds
    number = round(value) if variable.kind == "integer" else float(value)
    return min(max(number, begin), end)


def _choice(among: Sequence[Any], seed: int, what: str, index: int) -> Any:
    return among[int(hashed_fraction(seed, what, index) * len(among))]


def _normal(seed: int, what: str, index: int) -> float:
    """Return a number with the standard normal distribution (Box and Muller 1958)."""
    radius = math.sqrt(-2.0 * math.log(1.0 - hashed_fraction(seed, what, index)))
    value = radius * math.cos(2.0 * math.pi * hashed_fraction(seed, f"{what} angle", index))
    # These functions differ in their last digits between C libraries.
    return float(f"{value:.{_DIGITS}g}")

"""The settings of population-based training: how many members train for how long, and how they change in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Population", "population_of"]


@dataclass(frozen=True)
class Population:
    """The settings of a population."""

    num_workers: int
    """Members of each generation."""
    generations: int
    steps_until_ready: int
    """Training steps of a generation."""
    exploit: str = "truncation"
    """Which members are replaced: "truncation" or "binary_tournament"."""
    selection_percent: float = 0.2
    """For "truncation": which share of the population is replaced, by as many of the best."""
    explore: str = "perturbation"
    """How the values of a copied member change: "perturbation", "resampling" or "additive-noise"."""
    perturb_coeffs: tuple[float, ...] = (0.8, 1.2)
    """For "perturbation": a number is multiplied by one of these."""
    noise_scale: float = 0.2
    """For "additive-noise": the standard deviation of what is added to a number."""

    @property
    def size(self) -> int:
        """All members of all generations."""
        return self.num_workers * self.generations

    def place(self, index: int) -> tuple[int, int]:
        """Return the generation and the member at an index among all trials, both from 0."""
        return divmod(index, self.num_workers)


def population_of(options: Mapping[str, Any]) -> Population:
    """Return the population that the settings of the strategy describe."""
    settings = {key: value for key, value in options.items() if key not in ("step_key", "exploit", "explore")}
    exploit, explore = dict(options["exploit"]), dict(options["explore"])
    settings |= {"exploit": exploit.pop("strategy"), "explore": explore.pop("strategy")}
    if "perturb_coeffs" in explore:
        explore["perturb_coeffs"] = tuple(explore["perturb_coeffs"])
    return Population(**settings, **exploit, **explore)

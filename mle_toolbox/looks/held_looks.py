"""The looks of one experiment: which were held, which may come, and how many seeds every configuration has by now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.looks.look_files import Look, earlier_looks, read_looks
from mle_toolbox.looks.look_schedule import Schedule, shares_of, sizes_of

__all__ = ["HeldLooks", "looks_of"]


@dataclass(frozen=True)
class HeldLooks:
    """The looks that were held, and those that may come."""

    metric: str
    """The metric that decides; of each run the last value."""
    lower_is_better: bool
    schedule: Schedule
    digest: str
    """Of what is looked at; names the folder of the looks."""
    seeds: tuple[int, ...]
    """All seeds that there may be, in their order."""
    held: tuple[Look, ...] = ()
    before: int = 0
    """How many looks were held at other configurations, another metric or other numbers of seeds."""

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """At how many seeds there is a look, for all looks."""
        return sizes_of(self.schedule, [each.n_seeds for each in self.held])

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """The part of the error rate that each look may use."""
        return shares_of(self.schedule, self.sizes, [each.share for each in self.held])

    @property
    def undecided(self) -> tuple[str, ...]:
        """The configurations that the last look could not distinguish."""
        return self.held[-1].undecided if self.held else ()

    @property
    def is_over(self) -> bool:
        """Whether no configuration gets more seeds."""
        return bool(self.held) and (not self.undecided or len(self.held) >= len(self.sizes))

    @property
    def worse(self) -> Mapping[str, tuple[Look, str]]:
        """The configurations that were found to be worse: at which look, and than which one."""
        return {name: (look, better) for look in self.held for name, better in look.worse.items()}

    @property
    def failed(self) -> frozenset[tuple[str, int]]:
        """Seed runs for which no look waits any more, because they had failed."""
        return frozenset(run for look in self.held for run in look.failed)

    def last(self, name: str) -> int:
        """Return the number of the last look at a configuration; 0 before the first."""
        return max((look.number for look in self.held if name in look.compared), default=0)

    def number_of_seeds(self, name: str) -> int:
        """Return how many seeds a configuration has after the looks that were held."""
        number = self.sizes[0]
        for look in self.held:
            if name in look.undecided and look.number < len(self.sizes):
                number = self.sizes[look.number]
        return number

    def may_get_more(self, name: str) -> bool:
        """Tell whether a configuration may still get more seeds than it has."""
        return not self.is_over and (not self.held or name in self.undecided)

    def with_look(self, look: Look) -> HeldLooks:
        """Return the same after one more look."""
        return replace(self, held=(*self.held, look))

    def renamed(self, names: Mapping[str, str]) -> HeldLooks:
        """Return the same with other names for some of the configurations, which ``names`` gives by their own."""
        return replace(self, held=tuple(look.renamed(names) for look in self.held))

    def as_of_now(self, folder: ExperimentFolder) -> HeldLooks:
        """Return the same with the looks that were held by now."""
        return replace(self, held=read_looks(folder, self.digest), before=earlier_looks(folder, self.digest))

    def to_json(self) -> dict[str, Any]:
        """Return what does not change while seeds run as plain data, for ``experiment.json``."""
        return {
            "metric": self.metric,
            "better": "lower" if self.lower_is_better else "higher",
            **asdict(self.schedule),
            "digest": self.digest,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data, for readers."""
        return {
            "metric": self.metric,
            "min": self.schedule.minimum,
            "max": self.schedule.maximum,
            "step": self.schedule.step,
            "sizes": list(self.sizes),
            "shares": list(self.shares),
            "over": self.is_over,
            "undecided": list(self.undecided),
            "held": [each.to_json() for each in self.held],
            "held_before_the_last_edit": self.before,
        }


def looks_of(folder: ExperimentFolder, record: Mapping[str, Any]) -> HeldLooks | None:
    """Return the looks of a results folder; None where the number of seeds is fixed, or the record is damaged."""
    given = record.get("looks")
    if not isinstance(given, Mapping):
        return None
    try:
        schedule = Schedule(int(given["minimum"]), int(given["maximum"]), int(given["step"]))
        metric, digest = str(given["metric"]), str(given["digest"])
        looks = HeldLooks(metric, given["better"] == "lower", schedule, digest, tuple(record["seeds"]))
    except (LookupError, TypeError, ValueError):
        return None
    return looks.as_of_now(folder)

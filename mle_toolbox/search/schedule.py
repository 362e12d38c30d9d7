"""How a search learns: with how many earlier results each trial is asked, and what it then is.

Every trial has its place from the start. What trial t is gets decided when it is asked, by two functions of a `Search`:
``known(t)``, how many earlier trials must have ended, and ``propose(t, history)``, which sees the scores of exactly
those. Nothing depends on which seed run happens to end first, so a parallel search has the same trials wherever it runs
and however often it is killed. Another strategy is another pair of these functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from mle_toolbox.search.placement import CONTINUES
from mle_toolbox.search.search_settings import SearchSettings
from mle_toolbox.search.space import Space
from mle_toolbox.search.trials import trial_name

__all__ = [
    "Earlier",
    "History",
    "Learning",
    "Proposal",
    "Search",
    "blocks",
    "going_on_from",
    "known_earlier",
    "learning_of",
]


@dataclass(frozen=True)
class Earlier:
    """A trial that was asked before the one that is proposed."""

    index: int
    """Its place in the search, from 0."""
    number: int
    """The number in its name."""
    values: Mapping[str, Any]
    """Its point in the present space."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """As in its `Proposal`."""
    value: float | None = None
    """Its score. None: the worst there is, because seed runs failed or diverged; or it has not ended (``pending``)."""
    seeds: Mapping[int, float | None] = field(default_factory=dict)
    """The score of each seed; None: failed or diverged."""

    @property
    def has_left_nothing(self) -> bool:
        """Whether no seed run of it has ended with anything that is worth going on from."""
        return self.value is None and all(each is None for each in self.seeds.values())


@dataclass(frozen=True)
class History:
    """What a trial may depend on."""

    space: Space
    """The present one."""
    base: Mapping[str, Any]
    """The base configuration."""
    told: tuple[Earlier, ...]
    """Those of the trials 0 … known(t)-1 that have the present base and lie in the present space, by index."""
    pending: tuple[Earlier, ...]
    """The same of the trials known(t) … t-1: asked, and without a score whether they have ended or not."""
    outside: tuple[int, ...] = ()
    """The numbers of the earlier trials that are left out of the model."""


@dataclass(frozen=True)
class Proposal:
    """What a trial is."""

    values: Mapping[str, Any]
    """A point of the space."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further values of its configuration, named like variables: the steps of a rung, say. They are no part of its
    point."""
    note: Mapping[str, Any] = field(default_factory=dict)
    """How it was made, as JSON: kept in ``trial.json`` below ``asked``."""


def going_on_from(parent: Earlier) -> dict[str, str]:
    """Return what makes the runs of a trial go on from the checkpoints of an earlier one, for ``extra``."""
    return {f"/{CONTINUES}": trial_name(parent.number)}


@dataclass(frozen=True)
class Learning:
    """What a strategy is made from; kept in ``experiment.json``, so that a job needs no experiment file."""

    search_type: str
    budget: int
    """Trials of each base configuration."""
    batch: int | None
    """Trials are asked in batches of this size, each with the results of all earlier ones; None: in a window."""
    window: int
    """How many trials may be under way at a time: each is asked when all but the last ``window - 1`` have ended."""
    seed: int
    lower_is_better: bool
    options: Mapping[str, Any] = field(default_factory=dict)
    """The settings of the strategy."""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


class Search(Protocol):
    """A strategy. All of it is determined by its settings, the space and the base configuration."""

    def size(self) -> int:
        """Return how many trials there are: at most the budget."""
        ...

    def fits(self, t: int, extra: Mapping[str, Any], note: Mapping[str, Any]) -> bool:
        """Return whether trial t, asked earlier with this ``extra`` and ``note``, has its place in the present search.

        Not so where the settings have changed since and trial t has other steps now, say.
        """
        ...

    def known(self, t: int) -> int:
        """Return with the results of how many trials trial t is asked; it never falls as t grows, and is at most t."""
        ...

    def propose(self, t: int, history: History) -> Proposal:
        """Return what trial t is."""
        ...


def known_earlier(t: int, *, batch: int | None, window: int) -> int:
    """Return how many trials have ended for sure when trial t is asked.

    >>> [known_earlier(t, batch=3, window=1) for t in range(7)]
    [0, 0, 0, 3, 3, 3, 6]
    >>> [known_earlier(t, batch=None, window=4) for t in range(7)]
    [0, 0, 0, 0, 1, 2, 3]
    """
    return t // batch * batch if batch is not None else max(0, t - window + 1)


def learning_of(settings: SearchSettings) -> Learning | None:
    """Return what the strategy of a search is made from; None for grid and random search, which learn nothing."""
    if not settings.learns:
        return None
    return Learning(
        settings.search_type,
        settings.budget,
        settings.batch_size if settings.schedule == "sync" else None,
        settings.window,
        settings.seed,
        not settings.maximize,
        dict(settings.options),
    )


def blocks(search: Search, missing: Sequence[int]) -> list[tuple[int, ...]]:
    """Return the trials that are to be asked, those with the same ``known`` together: each block is one job.

    >>> from types import SimpleNamespace
    >>> blocks(SimpleNamespace(known=lambda t: max(0, t - 2)), [0, 1, 2, 3, 5])
    [(0, 1, 2), (3,), (5,)]
    """
    found: dict[int, list[int]] = {}
    for t in missing:
        found.setdefault(search.known(t), []).append(t)
    return [tuple(each) for each in found.values()]

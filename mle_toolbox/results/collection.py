"""Several experiments as one set of configurations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mle_toolbox.results.analysis import Configurations
from mle_toolbox.results.code_states import CodePlace, CodeState
from mle_toolbox.results.configuration import ConfigurationResults, renamed
from mle_toolbox.results.differences import differing
from mle_toolbox.results.experiment import ExperimentResults
from mle_toolbox.results.lookup import known_names, unknown_name
from mle_toolbox.results.metric_roles import MetricRole, common_roles
from mle_toolbox.results.reference_scores import References
from mle_toolbox.text import count, listed

__all__ = ["ExperimentCollection"]

_EXPERIMENT = "experiment"


class ExperimentCollection(Configurations):
    """The configurations of several experiments.

    A configuration keeps its name if no other experiment has one of that name, else it is called
    ``experiment/configuration``.

    Parameters
    ----------
    experiments
        In the order in which they are shown.
    """

    def __init__(self, experiments: Sequence[ExperimentResults]) -> None:
        titles = _short_paths([each.path for each in experiments])
        self.experiments: Mapping[str, ExperimentResults] = dict(zip(titles, experiments, strict=True))
        often = Counter(name for each in experiments for name in each.names)
        self._places = {
            f"{title}/{name}" if often[name] > 1 else name: (title, name)
            for title, each in self.experiments.items()
            for name in each.names
        }
        # Read when first asked for, as in the experiments themselves.
        self._known: dict[str, ConfigurationResults] = {}
        # Where the experiments agree on the task.
        given = {each.task_keys for each in experiments}
        self._task_keys = given.pop() if len(given) == 1 else None

    @property
    def names(self) -> tuple[str, ...]:
        """The configurations, experiment by experiment."""
        return tuple(self._places)

    @property
    def title(self) -> str:
        """The number of experiments."""
        return count(len(self.experiments), "experiment")

    @property
    def searched(self) -> int:
        """How many trials the searches have to which these configurations belong."""
        return sum(each.searched for each in self.experiments.values())

    @property
    def contents(self) -> Mapping[str, Mapping[str, Any]]:
        """The content of each configuration's file, as far as it is known."""
        of = {title: each.contents for title, each in self.experiments.items()}
        return {name: of[title][own] for name, (title, own) in self._places.items()}

    @property
    def metric_roles(self) -> Mapping[str, MetricRole]:
        """What the experiment files say of their metrics, where they do not contradict each other."""
        return common_roles(each.metric_roles for each in self.experiments.values())

    def references(self) -> References:
        """Return the reference scores of all experiments; of a task that several have, those of the last one."""
        return {task: ends for each in self.experiments.values() for task, ends in each.references().items()}

    def differences(self) -> Mapping[str, Mapping[str, Any]]:
        """Return what differs between the configurations, beginning with the experiment that each belongs to."""
        differences = differing(self.contents)
        if len({title for title, _ in self._places.values()}) < 2:
            return differences
        return {name: {_EXPERIMENT: self._places[name][0], **differences[name]} for name in self._places}

    def select(self, names: Sequence[str]) -> ExperimentCollection:
        """Return the same with these configurations only, one name or several, in this order.

        Raises
        ------
        ResultsError
            When there is no such configuration.
        """
        # All experiments stay, so that titles and names do not depend on the selection.
        chosen = ExperimentCollection(list(self.experiments.values()))
        chosen._places = {name: self._places[name] for name in known_names(names, self.names, self.title)}
        chosen._known = self._known
        chosen._own_names = self._own_names
        chosen._task_keys = self._task_keys
        return chosen

    @property
    def display_names(self) -> Mapping[str, str]:
        """What the experiment files call some of the configurations; none that two of them would have."""
        names = {
            name: self.experiments[title].display_names.get(own, name) for name, (title, own) in self._places.items()
        }
        often = Counter(names.values())
        return {name: shown for name, shown in names.items() if shown != name and often[shown] == 1}

    def displayed(self) -> ExperimentCollection:
        """Return the same, each configuration under its name for display."""
        shown = self.display_names
        found = ExperimentCollection(list(self.experiments.values()))
        found._places = {shown.get(name, name): place for name, place in self._places.items()}
        found._task_keys = self._task_keys
        found._own_names = {**self._own_names, **{new: name for name, new in shown.items()}}
        return found

    def only_current(self) -> ExperimentCollection:
        """Return the same without the runs of older code: their status is ``older code``, and they do not count."""
        # Decided over all configurations that are shown, not by each experiment for itself.
        code = self.code()
        names = {place: name for name, place in self._places.items()}
        current = [
            each.without_older({own: code[names[title, own]] for own in each.names if (title, own) in names})
            for title, each in self.experiments.items()
        ]
        found = ExperimentCollection(current)
        found._task_keys = self._task_keys
        return found.select(self.names)

    def _first_cautions(self, code: Mapping[str, CodeState] | None = None) -> list[str]:
        looked = [title for title, each in self.experiments.items() if each.looks is not None]
        words = "seeds were added look by look. Read together with others, numbers are not corrected for that."
        return [*super()._first_cautions(code), *([f"{listed(looked, 3)}: {words}"] if looked else [])]

    def _code_places(self) -> Mapping[str, CodePlace]:
        return {name: self.experiments[title].code_place() for name, (title, _) in self._places.items()}

    def __getitem__(self, name: str) -> ConfigurationResults:
        if name not in self._places:
            raise unknown_name(name, self._places, self.title)
        if name not in self._known:
            title, own = self._places[name]
            self._known[name] = renamed(self.experiments[title][own], name)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __repr__(self) -> str:
        return self._in_lines(f"<ExperimentCollection: {self.title}, {len(self)} configurations>")


def _short_paths(paths: Sequence[Path]) -> list[str]:
    """Return the shortest path endings that are unique, without the last folders that all paths share.

    ``a/experiments`` and ``b/experiments`` are ``a`` and ``b``.
    """
    parts = [path.resolve().parts for path in paths]
    while len(parts) > 1 and all(len(each) > 1 for each in parts) and len({each[-1] for each in parts}) == 1:
        parts = [each[:-1] for each in parts]
    for length in range(1, max(map(len, parts), default=0) + 1):
        names = ["/".join(each[-length:]) for each in parts]
        if len(set(names)) == len(names):
            return names
    return [f"{'/'.join(each[-1:])} ({place})" for place, each in enumerate(parts, start=1)]

"""Several configurations, and what is known of them besides their numbers: tasks, roles of metrics, code, cautions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mle_toolbox.errors import ResultsError
from mle_toolbox.looks.held_looks import HeldLooks
from mle_toolbox.results.cautions import code_cautions, length_cautions, outdated_cautions
from mle_toolbox.results.code_states import CodePlace, CodeState, code_states, recorded
from mle_toolbox.results.configuration import ConfigurationResults, seeds_words
from mle_toolbox.results.differences import differing
from mle_toolbox.results.lookup import UnknownNameError, unknown_name
from mle_toolbox.results.metric_roles import MetricRole
from mle_toolbox.results.reference_scores import References
from mle_toolbox.results.samples import counts, lower_is_better_of
from mle_toolbox.results.series import array_words, scalar_metrics
from mle_toolbox.results.task_role import TaskRole, task_role

if TYPE_CHECKING:
    pass

__all__ = ["ConfigurationSet"]


class ConfigurationSet(Mapping[str, ConfigurationResults]):
    """Configurations by name, of one experiment or of many."""

    @property
    @abstractmethod
    def title(self) -> str:
        """A short name for the title of a table."""

    @property
    @abstractmethod
    def contents(self) -> Mapping[str, Mapping[str, Any]]:
        """The content of each configuration's file, as far as it is known."""

    @property
    def searched(self) -> int:
        """How many trials the searches have to which these configurations belong; 0 where they are no trials."""
        return 0

    @property
    def looks(self) -> HeldLooks | None:
        """The looks, where the number of seeds was open; None where it was fixed."""
        return None

    def direction(self, metric: str, lower_is_better: bool | None = None) -> tuple[bool, bool]:
        """Return whether lower is better, and whether that is only guessed from the name of the metric."""
        role = self.metric_roles.get(metric)
        if lower_is_better is None and role is not None and role.lower_is_better is not None:
            return role.lower_is_better, False
        return lower_is_better_of(metric, lower_is_better), lower_is_better is None

    @property
    def metric_roles(self) -> Mapping[str, MetricRole]:
        """What is said of the metrics that matter, the most important one first."""
        return {}

    @property
    def labels(self) -> Mapping[str, str]:
        """What tables and figures call some of the metrics."""
        return {name: role.label for name, role in self.metric_roles.items() if role.label is not None}

    @property
    def display_names(self) -> Mapping[str, str]:
        """What tables, figures and the report call some of the configurations (``display_names``)."""
        return {}

    def name_here(self, given: str) -> str:
        """Return what a configuration is called here that is given by its own name or by that for display."""
        if given in self:
            return given
        others = {shown: own for own, shown in self.display_names.items()}
        others |= {own: shown for shown, own in self._own_names.items()}
        return others.get(given, given)

    _own_names: Mapping[str, str] = MappingProxyType({})

    @property
    def task_keys(self) -> tuple[str, ...] | None:
        """The keys that are the task, as given; None where they are to be guessed."""
        return self._task_keys

    _task_keys: tuple[str, ...] | None = None

    @cached_property
    def tasks(self) -> TaskRole | None:
        """The tasks of the configurations (environments, data sets) and their methods; None where there is one task.

        Configurations of unlike tasks are never compared with each other.
        """
        return task_role(self.contents, self.differences(), self.task_keys)

    def tasks_or_error(self) -> TaskRole:
        """Return the tasks.

        Raises
        ------
        ResultsError
            When there are not two of them.
        """
        if self.tasks is None:
            raise self._no_tasks()
        return self.tasks

    def references(self) -> References:
        """Return the reference scores that lie with the results, by task; empty where there are none."""
        return {}

    @property
    def ranked_by(self) -> tuple[str, ...]:
        """The metrics by which a search ranks its trials; none where there is no search."""
        return ()

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics with one number per tick: those that matter first, the others in the order they are tracked."""
        there = scalar_metrics(self)
        first = [name for name in (*self.metric_roles, *self.ranked_by) if name in there]
        return tuple(dict.fromkeys((*first, *there)))

    def differences(self) -> Mapping[str, Mapping[str, Any]]:
        """Return what differs between the configurations: for each its own values by dotted key."""
        return differing(self.contents)

    @property
    def cautions(self) -> tuple[str, ...]:
        """Reasons to distrust the numbers.

        Sentences on finished runs of an earlier configuration or of older code than others, and on runs that are
        shorter than their siblings.
        """
        return (*self._first_cautions(), *self._length_cautions())

    def figure_cautions(self, *, include_unfinished: bool = False, over_tasks: bool = False) -> tuple[str, ...]:
        """Return the caption of a figure: ``cautions`` about the runs in it, without commands to type.

        ``over_tasks``: the figure does not show values of unlike tasks on one axis.
        """
        # Readers of a paper cannot run the commands.
        code = self.code(include_unfinished=include_unfinished)
        role = None if over_tasks else self.tasks
        unlike = [f"Several tasks ({role.key_words}), whose values are not comparable."] if role is not None else []
        return (*unlike, *code_cautions(code, way_out=False), *self._length_cautions())

    def code(self, *, include_unfinished: bool = False) -> Mapping[str, CodeState]:
        """Return, for each configuration, which of the runs that count are of older code than the newest ones."""
        return code_states(
            {
                name: {run.seed: recorded(run) for run in each.runs if counts(run, include_unfinished)}
                for name, each in self.items()
            },
            self._code_places(),
        )

    def _in_lines(self, first: str) -> str:
        """Return what ``repr`` shows: this line, one for each configuration, and the cautions."""
        lines = [f"  {name!r}: {seeds_words(each.statuses, each.missing)}" for name, each in self.items()]
        return "\n".join([first, *lines, *(f"  caution  {caution}" for caution in self.cautions)])

    def _code_places(self) -> Mapping[str, CodePlace]:
        """Return the project and script of each configuration, where they are known."""
        return {}

    def _first_cautions(self, code: Mapping[str, CodeState] | None = None) -> list[str]:
        """Return the cautions that come before the numbers; ``code`` is that of the runs that count."""
        role = self.tasks
        tasks = [role.sentence] if role is not None and role.guessed else []
        return [*tasks, *outdated_cautions(self), *code_cautions(self.code() if code is None else code)]

    def _length_cautions(self) -> list[str]:
        return length_cautions(self, self.contents)

    def _no_tasks(self) -> ResultsError:
        return ResultsError(
            f"{self.title}: there are not two tasks. Say which setting is the task: --task env_name, "
            'load(..., task="env_name"), or `task: env_name` in the experiment file.'
        )

    def metric_here(self, given: str) -> str:
        """Return the own name of a metric that is given by it or by its label."""
        own = {label: name for name, label in self.labels.items()}
        return given if given in self.metrics else own.get(given, given)

    def _metric(self, metric: str | None) -> str:
        there = self.metrics
        metric = None if metric is None else self.metric_here(metric)
        if metric is None and not there:
            raise ResultsError(f"{self.title}: no configuration has logged a metric that is one number a tick.")
        if metric is not None and metric not in there:
            error = unknown_name(metric, there, self.title)
            raise UnknownNameError(f"{error}{array_words(self, metric)}")
        return there[0] if metric is None else metric

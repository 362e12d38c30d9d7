"""The analyses of several configurations, of one experiment or of many."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from mle_toolbox.errors import ResultsError
from mle_toolbox.installed_first import with_installed_modules
from mle_toolbox.results.answer import Answer
from mle_toolbox.results.configuration_set import ConfigurationSet
from mle_toolbox.results.curves import Curves, curve_of
from mle_toolbox.results.differences import differing_keys
from mle_toolbox.results.groups import groups_by, unlike_settings
from mle_toolbox.results.lookup import unknown_name
from mle_toolbox.results.over_tasks import OverTasks, over_tasks
from mle_toolbox.results.reference_scores import References
from mle_toolbox.results.samples import SeedSample, seed_sample
from mle_toolbox.results.task_answers import AnswerOfTasks, answer_within_tasks
from mle_toolbox.results.task_role import known_keys

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from mle_toolbox.results.shown import (
        Comparisons,
        GroupTable,
        MethodComparisons,
        NumberForm,
        Summary,
        TaskTable,
    )
    from mle_toolbox.statistics import Comparison

__all__ = ["Configurations"]


class Configurations(ConfigurationSet):
    """Configurations by name, with methods that analyse them.

    In every method: ``metric`` is a metric with one number per tick, by default the first one. ``at`` says which
    number represents a run: its ``last`` value, the ``best``, ``auc`` (area under the curve, divided by its length) or
    ``mean-last-K``. With ``lower_is_better`` None the direction is that of the experiment file, else guessed from the
    name of the metric, and every table says so. Only finished seed runs count, unless ``include_unfinished`` is given;
    the number of others is shown.
    """

    @abstractmethod
    def displayed(self) -> Configurations:
        """Return the same, each configuration under its name for display."""

    def with_task(self, task: str | Sequence[str] | None) -> Self:
        """Return the same with these settings as the task.

        Parameters
        ----------
        task
            One key or several, dotted or as their last parts (``env_name``); ``"none"``: all configurations are of one
            task. None: as the experiment file says, else guessed from the names of the settings that differ.

        Raises
        ------
        ResultsError
            When no configuration has such a key.
        """
        # By name, which also reads nothing again.
        same = self.select(list(self))
        if task is not None:
            given = (task,) if isinstance(task, str) else tuple(task)
            # A wrong key is refused here and not in the first table.
            same._task_keys = known_keys(self.contents, self.differences(), given, self.title)
        return same  # type: ignore[return-value]

    @abstractmethod
    def only_current(self) -> Configurations:
        """Return the same without the runs of older code: their status is ``older code``, and they do not count."""

    @abstractmethod
    def select(self, names: Sequence[str]) -> Configurations:
        """Return the same with these configurations only, in this order."""

    def samples(
        self,
        metric: str | None = None,
        at: str = "last",
        *,
        lower_is_better: bool | None = None,
        include_unfinished: bool = False,
    ) -> Mapping[str, SeedSample]:
        """Return one number a seed for each configuration.

        ``lower_is_better`` is needed for ``at="best"`` only.
        """
        metric = self._metric(metric)
        lower, _ = self.direction(metric, lower_is_better)
        return {
            name: seed_sample(each, metric, at, lower_is_better=lower, include_unfinished=include_unfinished)
            for name, each in self.items()
        }

    @with_installed_modules
    def answer(
        self,
        metric: str | None = None,
        at: str = "last",
        statistic: str = "mean",
        *,
        lower_is_better: bool | None = None,
        confidence: float = 0.95,
        paired: bool | None = None,
        include_unfinished: bool = False,
    ) -> Answer:
        """Return which configuration is best, and how sure that is; arguments as for ``summary`` and ``compare``.

        ``summary``, ``compare``, ``mle results``, the report and its files show parts of it.

        Examples
        --------
        >>> load("experiments").answer("accuracy").best  # doctest: +SKIP
        ('net', 'wide net')
        """
        metric = self._metric(metric)
        lower, assumed = self.direction(metric, lower_is_better)
        return answer_within_tasks(
            self.tasks,
            metric,
            self.samples(metric, at, lower_is_better=lower, include_unfinished=include_unfinished),
            statistic,
            lower_is_better=lower,
            assumed=assumed,
            confidence=confidence,
            paired=paired,
            searched=self.searched,
            looks=self.looks,
        )

    @with_installed_modules
    def summary(
        self,
        metric: str | Sequence[str] | None = None,
        at: str = "last",
        statistic: str = "mean",
        *,
        lower_is_better: bool | None = None,
        confidence: float = 0.95,
        include_unfinished: bool = False,
        sort: bool = False,
        top: int | None = None,
    ) -> Summary:
        """Summarise metrics over the seeds: a table of one row a configuration.

        Parameters
        ----------
        metric
            One or several.
        at
            See the class.
        statistic
            ``mean``, ``median`` or ``iqm`` (interquartile mean).
        lower_is_better
            See the class.
        confidence
            Of the intervals.
        include_unfinished
            Also count seed runs that failed or are still running, with what they have logged so far.
        sort
            The best in the first metric first, those without a number last.
        top
            Only so many, the best; all of them are tested, so that the marks mean what they mean in the whole table.

        Returns
        -------
        Summary
            With ``to_dataframe``, ``to_csv``, ``to_markdown``, ``to_latex`` and ``to_json``.

        Examples
        --------
        >>> load("experiments").summary("accuracy", at="best").to_latex()  # doctest: +SKIP
        """
        # render/ imports results/; see shown.py.
        from mle_toolbox.results.shown import Summary, SummaryRow

        names = list(metric) if isinstance(metric, Sequence) and not isinstance(metric, str) else [metric]
        # dict.fromkeys: a metric that is named twice is one column.
        metrics = [
            self.answer(
                name,
                at,
                statistic,
                lower_is_better=lower_is_better,
                confidence=confidence,
                include_unfinished=include_unfinished,
            )
            for name in dict.fromkeys(map(self._metric, names))
        ]
        differences = self.differences()
        rows = []
        for name, each in self.items():
            others = each.others()
            done = each.statuses.count("done")
            estimates = {found.metric: found.estimates[name] for found in metrics}
            planned = done + sum(others.values())
            rows.append(SummaryRow(name, differences.get(name, {}), done, planned, others, estimates))
        if sort or top is not None:
            if self.tasks is not None:
                raise ResultsError(
                    f"{self.title}: configurations of unlike tasks have no order. Leave out sort and top."
                )
            places = {name: place for place, name in enumerate(metrics[0].ranking)}
            rows = sorted(rows, key=lambda row: places.get(row.configuration, len(places)))[:top]
        code = self.code(include_unfinished=include_unfinished)
        first, remarks = tuple(self._first_cautions(code)), tuple(self._length_cautions())
        return Summary(self.title, tuple(metrics), tuple(rows), remarks, include_unfinished, first, code, self._form)

    @with_installed_modules
    def grouped(
        self,
        key: str,
        metric: str | Sequence[str] | None = None,
        at: str = "last",
        *,
        lower_is_better: bool | None = None,
        confidence: float = 0.95,
        include_unfinished: bool = False,
    ) -> GroupTable:
        """Summarise the configurations by the value of one setting, averaged over their other settings.

        Parameters
        ----------
        key
            The setting, as a dotted key or its last parts: ``hidden_units``.
        metric, at, lower_is_better, confidence, include_unfinished
            As for ``summary``.

        Raises
        ------
        ResultsError
            When no configuration has such a key.
        """
        from mle_toolbox.results.shown import GroupTable

        names = list(metric) if isinstance(metric, Sequence) and not isinstance(metric, str) else [metric]
        answers = tuple(
            self.answer(
                name,
                at,
                lower_is_better=lower_is_better,
                confidence=confidence,
                include_unfinished=include_unfinished,
            )
            for name in dict.fromkeys(map(self._metric, names))
        )
        contents = self.contents
        differing = differing_keys(self.differences())
        found, groups = groups_by(key, self, contents, differing, answers, confidence)
        unlike = unlike_settings(groups, contents, [each for each in differing if each != found])
        first = tuple(self._first_cautions(self.code(include_unfinished=include_unfinished)))
        return GroupTable(self.title, found, answers, groups, unlike, first, self._form)

    @with_installed_modules
    def over_tasks(
        self,
        metric: str | None = None,
        at: str = "last",
        statistic: str = "mean",
        *,
        scores: str | None = None,
        references: References | None = None,
        common_tasks: bool = False,
        lower_is_better: bool | None = None,
        confidence: float = 0.95,
        paired: bool | None = None,
        include_unfinished: bool = False,
    ) -> OverTasks:
        """Return which method is better over several tasks.

        Parameters
        ----------
        metric, at, statistic, lower_is_better, confidence, include_unfinished
            As for ``summary``; ``statistic`` is that over the seeds of each task.
        paired
            As for ``compare``, on each task.
        scores
            How the scores of tasks are made comparable: ``as-is``, ``references``, ``range`` or ``ranks``. None:
            between the references if there are any, as they are where all lie between 0 and 1, else by the range seen.
        references
            Task -> (low, high), such as the scores of a random and of an expert policy. None: those of
            ``reference_scores.csv`` in the results folder or beside the experiment file.
        common_tasks
            Compare all methods over the tasks that all have, instead of those methods that have all tasks.

        Raises
        ------
        ResultsError
            When there are no tasks; ``with_task`` says what the task is.
        """
        found = self.answer(
            metric,
            at,
            statistic,
            lower_is_better=lower_is_better,
            confidence=confidence,
            paired=paired,
            include_unfinished=include_unfinished,
        )
        if not isinstance(found, AnswerOfTasks):
            raise self._no_tasks()
        known = self.references() if references is None else references
        return over_tasks(found, scores, references=known, common_tasks=common_tasks)

    @with_installed_modules
    def task_table(
        self,
        metric: str | None = None,
        at: str = "last",
        statistic: str = "mean",
        *,
        scores: str | None = None,
        references: References | None = None,
        common_tasks: bool = False,
        lower_is_better: bool | None = None,
        confidence: float = 0.95,
        include_unfinished: bool = False,
    ) -> TaskTable:
        """Return a table of methods, tasks and aggregates over tasks; arguments as for ``over_tasks``.

        Examples
        --------
        >>> load("experiments", task="env_name").task_table("return").to_latex()  # doctest: +SKIP
        """
        from mle_toolbox.results.shown import TaskTable

        found = self.over_tasks(
            metric,
            at,
            statistic,
            scores=scores,
            references=references,
            common_tasks=common_tasks,
            lower_is_better=lower_is_better,
            confidence=confidence,
            include_unfinished=include_unfinished,
        )
        first = self._first_cautions(self.code(include_unfinished=include_unfinished))
        return TaskTable(self.title, found, tuple(first), tuple(self._length_cautions()), self._form)

    @with_installed_modules
    def compare_methods(
        self,
        metric: str | None = None,
        at: str = "last",
        *,
        baseline: str | None = None,
        scores: str | None = None,
        references: References | None = None,
        common_tasks: bool = False,
        lower_is_better: bool | None = None,
        confidence: float = 0.95,
        include_unfinished: bool = False,
    ) -> MethodComparisons:
        """Compare methods by their mean over all tasks; arguments as for ``over_tasks``.

        Parameters
        ----------
        baseline
            The method with which the others are compared, or ``"best"``: the one with the best mean. None: all pairs.
            The p-values are those of all pairs in any case.

        Raises
        ------
        ResultsError
            When there is no such method.
        """
        from mle_toolbox.results.shown import MethodComparisons

        found = self.over_tasks(
            metric,
            at,
            scores=scores,
            references=references,
            common_tasks=common_tasks,
            lower_is_better=lower_is_better,
            confidence=confidence,
            include_unfinished=include_unfinished,
        )
        if baseline is not None and baseline not in ("best", *found.role.names):
            raise unknown_name(baseline, found.role.names, self.title)
        return MethodComparisons(self.title, found, found.pairs_with(baseline), self._form)

    @with_installed_modules
    def compare(
        self,
        a: str | None = None,
        b: str | None = None,
        metric: str | None = None,
        at: str = "last",
        *,
        baseline: str | None = None,
        lower_is_better: bool | None = None,
        confidence: float = 0.95,
        paired: bool | None = None,
        include_unfinished: bool = False,
    ) -> Comparisons:
        """Compare two configurations, all others with a baseline, or all pairs.

        For comparisons with the best one, and for all pairs, the p-values are those of ``answer``: corrected for all
        pairs. With any other baseline they are corrected for the comparisons with it; for two configurations alone they
        are not corrected.

        Parameters
        ----------
        a, b
            Two configurations; with ``a`` alone, it is compared with all others.
        metric, at, lower_is_better, confidence, include_unfinished
            As for ``summary``.
        baseline
            The configuration with which all others are compared, or ``"best"``: the one with the best mean. Where there
            are tasks also a method, which is compared with the others on each task.
        paired
            Whether the same seed of two configurations belongs together. None: where both have the same seeds.

        Raises
        ------
        ResultsError
            When there is no such configuration, or fewer than two.
        """
        from mle_toolbox.results.shown import Comparisons

        if a is not None and b is None and baseline is None:
            a, baseline = None, a
        methods = self.tasks.names if self.tasks is not None else ()
        for name in (a, b, baseline):
            if name is not None and name not in self and not (name is baseline and name in ("best", *methods)):
                raise unknown_name(name, self, self.title)
        if len(self) < 2:
            raise ResultsError(f"{self.title}: there is only one configuration, so there is nothing to compare.")
        # Only these two, so that cautions about other configurations do not appear.
        compared = self.select(list(dict.fromkeys((a, b)))) if a is not None and b is not None else self
        found = compared.answer(
            self._metric(metric),
            at,
            lower_is_better=lower_is_better,
            confidence=confidence,
            paired=paired,
            include_unfinished=include_unfinished,
        )
        code = compared.code(include_unfinished=include_unfinished)
        words, comparisons = _compared(found, a, b, baseline)
        return Comparisons(
            f"{self.title}: {words}",
            found.metric,
            at,
            found.lower_is_better,
            found.assumed,
            found.samples,
            comparisons,
            tuple(compared._first_cautions(code)),
            tuple(compared._length_cautions()),
            code,
            # Two that were named beforehand were not chosen by these numbers.
            found.searched if a is None or b is None else 0,
            found if found.looks is not None else None,
            self._form,
        )

    @with_installed_modules
    def curve(self, metric: str | None = None, time: str | None = None, *, include_unfinished: bool = False) -> Curves:
        """Return a metric over time for each configuration, against a time variable (by default the first one).

        Examples
        --------
        >>> load("experiments").curve("loss").plot()  # doctest: +SKIP
        """
        # The seeds of a curve are those of the samples, so figures and tables count the same runs.
        metric = self._metric(metric)
        samples = self.samples(metric, include_unfinished=include_unfinished)
        curves = {name: curve_of(self[name], metric, time, samples[name], self.looks) for name in self}
        there = {name: curve for name, curve in curves.items() if curve is not None}
        lower, _ = self.direction(metric)
        left_out = {name: each.left_out for name, each in samples.items()}
        cautions = self.figure_cautions(include_unfinished=include_unfinished)
        return Curves(metric, there, left_out, lower, cautions, self.labels.get(metric))

    def to_xarray(self) -> xr.DataTree:
        """Return a tree with one dataset per configuration, as xarray reads it from ``results.h5``.

        Raises
        ------
        MissingExtraError
            When xarray is not installed.
        """
        # xarray and pandas are extras.
        from mle_toolbox.results.conversion import tree

        return tree({name: each.to_xarray() for name, each in self.items()})

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per configuration, seed and tick.

        Columns: ``configuration``, ``seed``, ``status``, ``tick`` (the number of the tick), then time variables and
        metrics. A metric that is an array has one column for each entry, ``m[0,1]``. Where a variable is named like one
        of the first four, it keeps its name and ours has a ``_`` behind it. NaN where a metric was not measured.

        Raises
        ------
        MissingExtraError
            When pandas is not installed.
        """
        from mle_toolbox.results.conversion import long_table

        return long_table([run for each in self.values() for run in each.runs])

    @property
    def _form(self) -> NumberForm:
        """How tables show metrics: under the names of the experiment file."""
        from mle_toolbox.results.shown import NumberForm

        return NumberForm(labels=self.labels)

    def _repr_html_(self) -> str:
        from mle_toolbox.results.shown import html_of

        return html_of(self)


def _compared(
    found: Answer, a: str | None, b: str | None, baseline: str | None
) -> tuple[str, Mapping[tuple[str, str], Comparison]]:
    """Return a description of what is compared, and the comparisons that were requested."""
    if a is not None and b is not None:
        # The caller named both, so they were not chosen by their numbers as far as we know: one test, no correction.
        return f"{a} compared with {b}", {(a, b): replace(found.compare([(a, b)])[a, b], adjusted_p=None)}
    if baseline is None:
        return "comparisons", found.compare(found.pairs)
    # A configuration may be called "best"; then that one is meant.
    if baseline != "best" or baseline in found.samples:
        # Named beforehand, so only the comparisons with it form the family (docs/statistics.md).
        return f"comparisons with {baseline}", found.compare_with(baseline)
    if not found.leaders:
        raise ResultsError("No configuration has a finished seed run with a finite value, so there is no best one.")
    # The best one is chosen by the numbers that are tested, so these p stay corrected for all pairs.
    whom = found.leader if found.leader is not None else "the best on each task"
    return f"comparisons with {whom}", found.compare(found.pairs_with_leaders)

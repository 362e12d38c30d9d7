"""Which method is better over several tasks: scores on one scale, aggregates with intervals, comparisons, ranks.

Tests on single tasks are those of `AnswerOfTasks`; this adds what holds for all tasks together. An aggregate always
says over which tasks it goes, and methods are compared only over the same ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.errors import ResultsError
from mle_toolbox.results.reference_scores import References
from mle_toolbox.results.samples import SeedSample
from mle_toolbox.results.task_answers import AnswerOfTasks
from mle_toolbox.results.task_role import TaskRole
from mle_toolbox.text import listed, p_text

if TYPE_CHECKING:
    from mle_toolbox.statistics import Estimate
    from mle_toolbox.statistics.over_tasks import Comparable, Improvement, Ranks, SeedsOverTasks, TaskDifference, Wins

__all__ = ["MethodComparison", "OverTasks", "over_tasks"]

_SURELY_ALIKE = 0.01
# Of the variance: intervals that should be a tenth wider.
_WORTH_SAYING = 1.2


@dataclass(frozen=True)
class MethodComparison:
    """Two methods over the same tasks, named as in a ``Comparison``.

    Attributes
    ----------
    probability_of_improvement, poi_low, poi_high
        That a run of the first is better, averaged over the tasks.
    p
        Of the difference of the means over the tasks, corrected for all pairs of methods; NaN where it was not tested.
    confidence
        Of the interval.
    correction
        How p was corrected, in words.
    """

    probability_of_improvement: float
    poi_low: float
    poi_high: float
    p: float
    confidence: float
    correction: str | None


@dataclass(frozen=True, eq=False)
class OverTasks:
    """Methods over tasks, in one metric.

    Attributes
    ----------
    within
        The answer on each task.
    scale
        The scores on one scale, of every method on every task where it has a finite one.
    tasks
        The tasks that aggregates go over.
    methods
        The methods that have a score on all of these, which can be compared over tasks.
    lacking
        The other methods, and the tasks on which they have no score.
    """

    within: AnswerOfTasks
    scale: Comparable
    tasks: tuple[str, ...]
    methods: tuple[str, ...]
    lacking: Mapping[str, tuple[str, ...]]

    @property
    def role(self) -> TaskRole:
        """Which configuration is which method on which task."""
        return self.within.role

    @property
    def tasks_words(self) -> str:
        """Which tasks aggregates go over: ``all 6 tasks``."""
        n, all_tasks = len(self.tasks), len(self.role.tasks)
        return f"all {n} tasks" if n == all_tasks else f"{n} of {all_tasks} tasks ({listed(self.tasks)})"

    @cached_property
    def samples(self) -> Mapping[tuple[str, str], SeedSample]:
        """The numbers of the seeds by method and task, as they were logged; absent where there is no configuration."""
        return {(self.role.methods[name], self.role.of[name]): each for name, each in self.within.samples.items()}

    @cached_property
    def configurations(self) -> Mapping[tuple[str, str], str]:
        """The configuration of each method and task."""
        return {(self.role.methods[name], self.role.of[name]): name for name in self.within.samples}

    @cached_property
    def cells(self) -> Mapping[str, Mapping[str, NDArray[np.float64]]]:
        """The comparable scores of ``methods`` on ``tasks``."""
        return {method: {task: self.scale.scores[method][task] for task in self.tasks} for method in self.methods}

    @property
    def statistics(self) -> tuple[str, ...]:
        """The aggregates that have a meaning on this scale."""
        # Only references say which score leaves nothing to be desired.
        gap = ("optimality gap",) if self.scale.how == "references" else ()
        return ("mean", "median", "iqm", *gap)

    def estimates(self, statistic: str = "mean", *, resample_tasks: bool = False) -> Mapping[str, Estimate]:
        """Return the aggregate of each method over the tasks."""
        from mle_toolbox.statistics.over_tasks import estimate_over_tasks

        if (known := self._known_estimates.get((statistic, resample_tasks))) is not None:
            return known
        found = self._known_estimates[statistic, resample_tasks] = {
            method: estimate_over_tasks(
                each,
                statistic,
                self.within.confidence,
                resample_tasks=resample_tasks,
                missing=sum(self.samples[method, task].missing for task in self.tasks),
                diverged=sum(self.samples[method, task].diverged for task in self.tasks),
            )
            for method, each in self.cells.items()
        }
        return found

    @cached_property
    def cautions(self) -> tuple[str, ...]:
        """Why the intervals of the aggregates say less than they seem: each sentence once, with its methods if some."""
        from mle_toolbox.statistics.over_tasks.estimates import cautions_over_tasks

        methods: dict[str, dict[str, None]] = {}
        for statistic in self.statistics:
            for method, cells in self.cells.items():
                for sentence in cautions_over_tasks(cells, statistic, self.within.confidence):
                    methods.setdefault(sentence, {})[method] = None
        return (
            *self.seed_cautions,
            *(
                sentence if len(some) == len(self.methods) else f"{listed(some)}: {sentence}"
                for sentence, some in methods.items()
            ),
        )

    @cached_property
    def seed_cautions(self) -> tuple[str, ...]:
        """That runs of one seed resemble each other over the tasks, where they do: a sentence, or nothing."""
        from mle_toolbox.statistics.over_tasks import resemblance

        samples = {(method, task): self.samples[method, task] for method in self.methods for task in self.tasks}
        if not samples or any(each.numbered for each in samples.values()):
            return ()
        cells = {cell: each.by_seed for cell, each in samples.items()}
        common = sorted(frozenset.intersection(*map(frozenset, cells.values())))
        found = resemblance(
            [[[cells[method, task][seed] for seed in common] for task in self.tasks] for method in self.methods]
        )
        if found is None or found.p >= _SURELY_ALIKE or found.factor < _WORTH_SAYING:
            return ()
        return (
            f"Runs with the same seed are alike across tasks ({p_text(found.p)}). Intervals and tests over tasks treat "
            f"them as independent; these intervals should be about {math.sqrt(found.factor):.1f} x as wide.",
        )

    def difference(self, a: str, b: str, statistic: str = "mean") -> TaskDifference:
        """Return the aggregate of a minus that of b, seed by seed where both have the same seeds on every task."""
        from mle_toolbox.statistics.over_tasks import difference_over_tasks

        return difference_over_tasks(
            self.cells[a],
            self.cells[b],
            statistic,
            self.within.confidence,
            # The median of task means has no values of single runs that could be paired.
            paired=statistic != "median" and self._may_be_paired(a, b),
            lower_is_better=self.scale.lower_is_better,
        )

    def adjusted_p(self, statistic: str = "mean") -> Mapping[frozenset[str], float]:
        """Return p of pairs of methods, corrected for all of them (Holm).

        With many methods only the pairs with the leader are there, corrected for all pairs after Bonferroni.
        """
        from mle_toolbox.statistics import holm
        from mle_toolbox.statistics.all_pairs import HOLM_UP_TO

        if (known := self._known_p.get(statistic)) is not None:
            return known
        pairs = list(combinations(self.methods, 2))
        few = len(self.methods) <= HOLM_UP_TO
        tested = pairs if few else [pair for pair in pairs if self.leader(statistic) in pair]
        p = np.asarray([self.difference(a, b, statistic).p for a, b in tested])
        adjusted = holm(p) if few else np.minimum(p * len(pairs), 1.0)
        self._known_p[statistic] = dict(zip(map(frozenset, tested), map(float, adjusted), strict=True))
        return self._known_p[statistic]

    @property
    def correction(self) -> str:
        """The correction of `adjusted_p`; empty for a single pair."""
        from mle_toolbox.statistics.all_pairs import HOLM_UP_TO

        n = len(self.methods)
        return "" if n < 3 else "Holm" if n <= HOLM_UP_TO else "Bonferroni"

    @cached_property
    def _known_estimates(self) -> dict[tuple[str, bool], Mapping[str, Estimate]]:
        return {}

    @cached_property
    def _known_p(self) -> dict[str, Mapping[frozenset[str], float]]:
        return {}

    def leader(self, statistic: str = "mean") -> str | None:
        """Return the method with the best aggregate; None where none can be compared."""
        values = {method: each.value for method, each in self.estimates(statistic).items()}
        lower = statistic == "optimality gap" or self.scale.lower_is_better
        return (min if lower else max)(values, key=values.__getitem__) if values else None

    def best(self, statistic: str = "mean") -> tuple[str, ...]:
        """Return the leader and the methods that are not significantly worse; empty for fewer than two methods.

        Empty also for the trials of a search, which are never called best, see `Answer.best`.
        """
        leader = self.leader(statistic)
        if leader is None or len(self.methods) < 2 or self.within.searched:
            return ()
        p, level = self.adjusted_p(statistic), 1 - self.within.confidence
        return tuple(name for name in self.methods if name == leader or not p[frozenset((name, leader))] < level)

    @cached_property
    def ranks(self) -> Ranks | None:
        """Average ranks over the tasks; None for fewer than two methods."""
        from mle_toolbox.statistics.over_tasks import ranks_over_tasks

        if len(self.methods) < 2:
            return None
        scores = {method: {task: self.samples[method, task].finite for task in self.tasks} for method in self.methods}
        return ranks_over_tasks(scores, lower_is_better=self.within.lower_is_better, confidence=self.within.confidence)

    def improvement(self, a: str, b: str) -> Improvement:
        """Return the probability that a run of a beats one of b, averaged over the tasks."""
        from mle_toolbox.statistics.over_tasks import improvement_over_tasks

        return improvement_over_tasks(
            self.cells[a], self.cells[b], self.within.confidence, lower_is_better=self.scale.lower_is_better
        )

    @cached_property
    def comparisons(self) -> Mapping[tuple[str, str], MethodComparison]:
        """All pairs of methods that can be compared over tasks."""
        p, correction = self.adjusted_p(), self.correction
        found = {}
        for a, b in combinations(self.methods, 2):
            improvement = self.improvement(a, b)
            found[a, b] = MethodComparison(
                improvement.value,
                improvement.low,
                improvement.high,
                p.get(frozenset((a, b)), math.nan),
                self.within.confidence,
                f"{correction} over all pairs of methods" if correction else None,
            )
        return found

    def pairs_with(self, baseline: str | None = None) -> tuple[tuple[str, str], ...]:
        """Return the pairs of methods that can be compared and of which p is known: all, or those with one of them.

        ``"best"`` is the leader. With very many methods only the pairs with the leader have a p.
        """
        one = self.leader() if baseline == "best" else baseline
        known = self.adjusted_p()
        if one is not None:
            pairs = [(name, one) for name in self.methods if name != one and one in self.methods]
        else:
            pairs = list(combinations(self.methods, 2))
        return tuple(pair for pair in pairs if frozenset(pair) in known)

    def profile(self, method: str, thresholds: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Return the share of runs above each threshold, with its interval."""
        from mle_toolbox.statistics.over_tasks import profile_over_tasks

        return profile_over_tasks(self.cells[method], thresholds, self.within.confidence)

    @cached_property
    def wins(self) -> Mapping[tuple[str, str], Wins]:
        """For each pair of methods the tasks on which one is significantly better, by the tests of each task."""
        from mle_toolbox.statistics.over_tasks import Wins

        found = {}
        for a, b in combinations(self.role.names, 2):
            kinds: dict[str, list[str]] = {"won": [], "tied": [], "lost": [], "untested": []}
            for task in self.role.tasks:
                kinds[self._outcome(a, b, task)].append(task)
            found[a, b] = Wins(**{kind: tuple(tasks) for kind, tasks in kinds.items()})
        return found

    def seeds_needed(self, a: str, b: str) -> SeedsOverTasks:
        """Return the seeds with which the test of their means, corrected for all pairs, tells two methods apart."""
        from mle_toolbox.statistics.over_tasks import seeds_needed_over_tasks

        return seeds_needed_over_tasks(
            self.cells[a],
            self.cells[b],
            confidence=self.within.confidence,
            paired=self._may_be_paired(a, b),
            n_tests=math.comb(len(self.methods), 2),
        )

    def _may_be_paired(self, a: str, b: str) -> bool:
        both = [(self.samples[a, task], self.samples[b, task]) for task in self.tasks]
        return all(
            x.seeds == y.seeds and not x.diverged and not y.diverged and not x.numbered and not y.numbered
            for x, y in both
        )

    def _outcome(self, a: str, b: str, task: str) -> str:
        names = [self.configurations.get((method, task)) for method in (a, b)]
        part = self.within.parts.get(task)
        if None in names or part is None or not set(names) <= set(part.tests.tested):
            return "untested"
        first, second = (str(name) for name in names)
        if not part.tests.adjusted_p(first, second) < 1 - part.confidence:
            return "tied"
        means = [part.samples[name].finite.mean() for name in (first, second)]
        return "won" if (means[0] < means[1]) == part.lower_is_better else "lost"


def over_tasks(
    within: AnswerOfTasks,
    scale: str | None = None,
    *,
    references: References | None = None,
    common_tasks: bool = False,
) -> OverTasks:
    """Return the methods over tasks.

    Parameters
    ----------
    within
        The answer on each task.
    scale
        How scores are made comparable, one of ``SCALES``. None: between the references if there are any, as they are
        where all lie between 0 and 1, else by the range seen.
    references
        Task -> (low, high).
    common_tasks
        Compare all methods over the tasks that all have, instead of those methods that have all tasks.
    """
    from mle_toolbox.statistics.over_tasks import comparable

    role = within.role
    scores: dict[str, dict[str, NDArray[np.float64]]] = {method: {} for method in role.names}
    for name, sample in within.samples.items():
        if sample.n:
            scores[role.methods[name]][role.of[name]] = sample.finite
    scored = {method: each for method, each in scores.items() if each}
    everything = [values for each in scored.values() for values in each.values()]
    if scale is None:
        between = all(((values >= 0) & (values <= 1)).all() for values in everything)
        scale = "references" if references else "as-is" if between else "range"
    found = comparable(scored, scale, references=references, lower_is_better=within.lower_is_better)
    tasks = tuple(task for task in role.tasks if any(task in each for each in scored.values()))
    if common_tasks:
        tasks = tuple(task for task in tasks if all(task in each for each in scored.values()))
        if not tasks:
            raise ResultsError("There is no task on which every method has a finished seed run with a finite value.")
    lacking = {
        method: missing
        for method in role.names
        if (missing := tuple(task for task in tasks if task not in scores[method]))
    }
    methods = tuple(method for method in role.names if method not in lacking and tasks)
    return OverTasks(within, found, tasks, methods, lacking)

"""Every number of the report, read once from the answers of the results.

Knows nothing of text or HTML. All tables and charts take their numbers from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mle_toolbox.render.sentences import better_words
from mle_toolbox.results.analysis import Configurations
from mle_toolbox.results.answer import Answer
from mle_toolbox.results.samples import SeedSample
from mle_toolbox.results.series import TICK
from mle_toolbox.results.task_answers import answer_within_tasks
from mle_toolbox.results.task_role import TaskRole
from mle_toolbox.statistics.estimate import STATISTICS

__all__ = ["AT", "STATISTICS", "Metric", "Numbers", "read_numbers"]

AT = {"last": "last value", "best": "best value", "auc": "area under the curve"}


@dataclass(frozen=True)
class Metric:
    """A metric, what people read instead of its name, and whether lower is better.

    ``assumed`` when its name alone says so.
    """

    name: str
    label: str
    lower_is_better: bool
    assumed: bool

    @property
    def direction(self) -> str:
        """In words."""
        return better_words(self.lower_is_better, self.assumed)


@dataclass(frozen=True, eq=False)
class Numbers:
    """The numbers of an experiment; the answers by metric, value of a run (a key of `AT`) and statistic."""

    configurations: tuple[str, ...]
    metrics: tuple[Metric, ...]
    times: tuple[str, ...]
    answers: Mapping[tuple[str, str, str], Answer]
    confidence: float
    tasks: TaskRole | None = None

    def shown(self, name: str) -> str:
        """Return what sentences call a configuration: its name, or ``ppo on CartPole`` of several tasks.

        Any other name stays as it is.
        """
        if self.tasks is None or name not in self.tasks.of:
            return name
        return f"{self.tasks.methods[name]} on {self.tasks.of[name]}"

    def shown_on_task(self, name: str) -> str:
        """Return what a configuration is called where its task is named already."""
        return name if self.tasks is None else self.tasks.methods[name]

    def answer(self, metric: Metric, at: str = "last", statistic: str = "mean") -> Answer:
        """Return the answer for a metric: which configuration is best, with its numbers."""
        return self.answers[metric.name, at, statistic]

    def sample(self, metric: Metric, at: str, name: str) -> SeedSample | None:
        """Return the numbers of the seeds of a configuration, None if it has no seeds at all."""
        sample = self.answer(metric, at).samples[name]
        return sample if len(sample.values) or sample.missing else None


def read_numbers(
    results: Configurations, directions: Mapping[str, bool] | None = None, confidence: float = 0.95
) -> Numbers:
    """Read the numbers of an experiment.

    Parameters
    ----------
    results
        The experiment, or several.
    directions
        For some metrics, whether lower is better; for the others it is guessed from the name.
    confidence
        Of all intervals.
    """
    given = directions or {}
    metrics = tuple(
        Metric(name, results.labels.get(name, name), *results.direction(name, given.get(name)))
        for name in results.metrics
    )
    # Configurations may have different time variables; without any, the index of the tick takes their place.
    times = tuple(dict.fromkeys(name for each in results.values() for name in each.time_names)) or (TICK,)
    answers: dict[tuple[str, str, str], Answer] = {}
    for metric in metrics:
        for at in AT:
            samples = results.samples(metric.name, at, lower_is_better=metric.lower_is_better)
            by_mean = answer_within_tasks(
                results.tasks,
                metric.name,
                samples,
                lower_is_better=metric.lower_is_better,
                assumed=metric.assumed,
                confidence=confidence,
                searched=results.searched,
                looks=results.looks,
            )
            # by(): the tests are of means and shared by all statistics; they are the costly part.
            answers |= {(metric.name, at, statistic): by_mean.by(statistic) for statistic in STATISTICS}
    return Numbers(tuple(results), metrics, times, answers, confidence, results.tasks)

"""Figures of methods over tasks: what `mle plot` draws where configurations are of several tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mle_toolbox.cli.figure_request import FigureRequest
from mle_toolbox.errors import ResultsError
from mle_toolbox.render.task_table import AGGREGATE_TITLES
from mle_toolbox.results import Configurations
from mle_toolbox.results.over_tasks import OverTasks
from mle_toolbox.text import count, listed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["INSTEAD", "KINDS"]


# matplotlib is imported inside the functions: it takes most of a second, and mistakes are found before it is needed.
def curves(results: Configurations, request: FigureRequest) -> Figure:
    """Draw learning curves, a panel for each task."""
    from mle_toolbox.plots import task_curves

    role = results.tasks_or_error()
    found = results.curve(request.metric, request.time, include_unfinished=request.include_unfinished)
    return task_curves(
        {
            task: {role.methods[name]: found[name] for name in names if name in found}
            for task, names in role.groups.items()
        },
        statistic=request.statistic,
        confidence=request.confidence,
        references=request.references,
        log_x=request.log_time,
        log_y=request.log_metric,
        **request.look(results, found.left_out, over_tasks=True),
    )


def profile(results: Configurations, request: FigureRequest) -> Figure:
    """Draw the performance profiles of methods over tasks."""
    from mle_toolbox.plots import task_profiles

    found, look = _over_tasks(results, request, scaled=True)
    return task_profiles(
        found.cells,
        label=request.label,
        confidence=request.confidence,
        lower_is_better=found.scale.lower_is_better,
        **look,
    )


def aggregates(results: Configurations, request: FigureRequest) -> Figure:
    """Draw aggregates over tasks with their intervals."""
    from mle_toolbox.plots import aggregate_intervals

    found, look = _over_tasks(results, request, scaled=True)
    return aggregate_intervals(
        {AGGREGATE_TITLES[name]: found.estimates(name) for name in found.statistics},
        methods=found.methods,
        label=request.label,
        **look,
    )


def ranks(results: Configurations, request: FigureRequest) -> Figure:
    """Draw average ranks with their critical difference; they need no common scale."""
    from mle_toolbox.plots import critical_difference_diagram

    found, look = _over_tasks(results, request)
    if found.ranks is None:
        raise ResultsError(f"{results.title}: ranks need at least two methods that have a score on all tasks.")
    return critical_difference_diagram(found.ranks, **look)


def improvement(results: Configurations, request: FigureRequest) -> Figure:
    """Draw the probability of improvement of each pair of methods, averaged over tasks."""
    from mle_toolbox.plots import probability_of_improvement_matrix

    # The probability needs no common scale, the test of the means does.
    found, look = _over_tasks(results, request, scaled=True)
    look["note"] = f"{request.label}, averaged over {count(len(found.tasks), 'task')}. {look['note']}"
    return probability_of_improvement_matrix(found.comparisons, names=found.methods, **look)


KINDS = {"aggregate": aggregates, "tasks": curves, "ranks": ranks}
"""The kinds that need tasks."""
INSTEAD = {"curve": curves, "profile": profile, "improvement": improvement}
"""What is drawn for other kinds where there are tasks, whose values must not be compared with each other."""


def _over_tasks(
    results: Configurations, request: FigureRequest, *, scaled: bool = False
) -> tuple[OverTasks, dict[str, Any]]:
    """Return the methods over tasks, and the arguments that all kinds share.

    Their note names the methods that are left out and, for ``scaled`` scores, how they were made comparable.
    """
    found = results.over_tasks(
        request.metric,
        request.at,
        request.statistic,
        scores=request.scores,
        references=request.references,
        common_tasks=request.common_tasks,
        lower_is_better=request.lower_is_better,
        confidence=request.confidence,
        include_unfinished=request.include_unfinished,
    )
    left_out = {name: each.left_out for name, each in found.within.samples.items()}
    look = request.look(results, left_out, over_tasks=True)
    lacking = [f"{method} is left out: it has no score on {listed(tasks)}." for method, tasks in found.lacking.items()]
    scale = [f"Over {count(len(found.tasks), 'task')}: {found.scale.sentence}."] if scaled else []
    # Ranks are tested against their variation over tasks, not over seeds.
    alike = found.seed_cautions if scaled else ()
    look["note"] = " ".join([*scale, *lacking, *alike, look["note"]])
    return found, look

"""Figures of results by their kind: what `mle plot` draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from mle_toolbox.errors import ResultsError, UsageError, did_you_mean
from mle_toolbox.render.sentences import at_words, better_words, meaning_of_best
from mle_toolbox.render.task_table import AGGREGATE_TITLES
from mle_toolbox.results import Configurations, ExperimentResults, SeedSample
from mle_toolbox.results.differences import short_names
from mle_toolbox.results.over_tasks import OverTasks, References
from mle_toolbox.results.samples import lower_is_better_of
from mle_toolbox.text import count, counted, listed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["KINDS", "OVER_SETTINGS", "OVER_TASKS", "FigureRequest", "draw"]


@dataclass(frozen=True)
class FigureRequest:
    """Everything but the kind of the figure.

    ``metric`` to ``include_unfinished`` mean what they mean in `mle results`. ``log_time`` and ``log_metric`` make the
    axis of the time and that of the metric logarithmic; ``settings`` are those of a heat map or of slices; ``scores``,
    ``references`` and ``common_tasks`` say how methods are compared over tasks; the others are those of the functions
    in ``mle_toolbox.plots``.
    """

    metric: str
    time: str | None = None
    at: str = "last"
    statistic: str = "mean"
    confidence: float = 0.95
    lower_is_better: bool | None = None
    include_unfinished: bool = False
    log_time: bool = False
    log_metric: bool = False
    settings: tuple[str, ...] | None = None
    seeds: bool | None = None
    size: tuple[float, float] | None = None
    caption: bool = True
    style: str | None = None
    note: str = ""
    scores: str | None = None
    references: References | None = None
    common_tasks: bool = False

    @property
    def lower(self) -> bool:
        """Whether a lower value is better, as requested or as the name of the metric suggests."""
        return lower_is_better_of(self.metric, self.lower_is_better)

    @property
    def label(self) -> str:
        """The metric, and which number of a run counts."""
        return f"{self.metric}, {at_words(self.at)}"

    def look(self, results: Configurations, left_out: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
        """Return the arguments that all kinds share; ``left_out`` are the seeds without a value."""
        total = sum((Counter(each) for each in left_out.values()), Counter[str]())
        note = better_words(*results.direction(self.metric, self.lower_is_better)).capitalize() + "."
        note = " ".join(filter(None, [note, self.note]))
        if total:
            note += f" Seed runs not shown: {counted(total)}."
        note = " ".join([note, *results.figure_cautions(include_unfinished=self.include_unfinished)])
        return {"note": note, "size": self.size, "caption": self.caption, "style": self.style}


def draw(kind: str, results: Configurations, request: FigureRequest) -> Figure:
    """Draw a figure of one of ``KINDS``.

    Raises
    ------
    MLEToolboxError
        When the results have nothing to draw in this kind.
    """
    return KINDS[kind](results, request)


# matplotlib is imported inside the functions: it takes most of a second, and mistakes are found before it is needed.
def _curve(results: Configurations, request: FigureRequest) -> Figure:
    if results.tasks is not None:
        return _tasks(results, request)
    from mle_toolbox.plots import learning_curves

    curves = results.curve(request.metric, request.time, include_unfinished=request.include_unfinished)
    return learning_curves(
        curves,
        statistic=request.statistic,
        confidence=request.confidence,
        log_x=request.log_time,
        log_y=request.log_metric,
        seeds=request.seeds,
        **request.look(results, curves.left_out),
    )


def _final(results: Configurations, request: FigureRequest) -> Figure:
    from mle_toolbox.plots import final_values

    samples = _samples(results, request)
    return final_values(
        samples,
        metric=request.label,
        statistic=request.statistic,
        confidence=request.confidence,
        log_x=request.log_metric,
        **request.look(results, {name: each.left_out for name, each in samples.items()}),
    )


def _profile(results: Configurations, request: FigureRequest) -> Figure:
    if results.tasks is not None:
        return _task_profile(results, request)
    from mle_toolbox.plots import performance_profiles

    samples = _samples(results, request)
    return performance_profiles(
        samples,
        metric=request.label,
        lower_is_better=request.lower,
        confidence=request.confidence,
        log_x=request.log_metric,
        **request.look(results, {name: each.left_out for name, each in samples.items()}),
    )


def _improvement(results: Configurations, request: FigureRequest) -> Figure:
    from mle_toolbox.plots import probability_of_improvement_matrix

    found = results.compare(
        metric=request.metric,
        at=request.at,
        lower_is_better=request.lower_is_better,
        confidence=request.confidence,
        include_unfinished=request.include_unfinished,
    )
    look = request.look(results, {name: each.left_out for name, each in found.samples.items()})
    look["note"] = f"{request.label}: {look['note'][0].lower()}{look['note'][1:]}"
    return probability_of_improvement_matrix(found, names=list(results), **look)


def _heatmap(results: Configurations, request: FigureRequest) -> Figure:
    from mle_toolbox.plots import heat_map

    differences = results.differences()
    chosen = request.settings or _two_settings(differences, _variables(results))
    if len(chosen) != 2:
        raise UsageError(f"--settings {' '.join(chosen)}: a heat map needs two settings.")
    x, y = chosen
    full = {_setting(name, differences) for name in (x, y)}
    if len(full) < 2:
        raise UsageError(f"--settings {x} {y}: a heat map needs two different settings.")
    samples, statistic, label = _scores(results, request)
    found = results.answer(
        request.metric,
        request.at,
        request.statistic,
        lower_is_better=request.lower_is_better,
        confidence=request.confidence,
        include_unfinished=request.include_unfinished,
    )
    return heat_map(
        samples,
        differences,
        _setting(x, differences),
        _setting(y, differences),
        metric=label,
        statistic=statistic,
        best=found.best,
        best_words=meaning_of_best([found]),
        log_colour=request.log_metric,
        **request.look(results, {name: each.left_out for name, each in samples.items()}),
    )


def _slices(results: Configurations, request: FigureRequest) -> Figure:
    from mle_toolbox.plots import slices

    differences = results.differences()
    there = dict.fromkeys(key for each in differences.values() for key in each)
    if not there:
        raise ResultsError("Slices need a setting, and these configurations differ in nothing.")
    wanted = [_setting(each, differences) for each in request.settings or ()]
    names = wanted or [key for key in _variables(results) if key in there] or list(there)[:_MOST_SLICES]
    samples, statistic, label = _scores(results, request)
    return slices(
        samples,
        differences,
        list(dict.fromkeys(names)),
        metric=label,
        statistic=statistic,
        confidence=request.confidence,
        log_y=request.log_metric,
        **request.look(results, {name: each.left_out for name, each in samples.items()}),
    )


def _tasks(results: Configurations, request: FigureRequest) -> Figure:
    from mle_toolbox.plots import task_curves

    role = results.tasks_or_error()
    curves = results.curve(request.metric, request.time, include_unfinished=request.include_unfinished)
    return task_curves(
        {
            task: {role.methods[name]: curves[name] for name in names if name in curves}
            for task, names in role.groups.items()
        },
        statistic=request.statistic,
        confidence=request.confidence,
        references=request.references,
        log_x=request.log_time,
        log_y=request.log_metric,
        **request.look(results, curves.left_out),
    )


def _task_profile(results: Configurations, request: FigureRequest) -> Figure:
    from mle_toolbox.plots import task_profiles

    found, look = _over_tasks(results, request)
    look["note"] = f"{_scale_words(found)} {look['note']}"
    return task_profiles(
        found.cells,
        label=request.label,
        confidence=request.confidence,
        lower_is_better=found.scale.lower_is_better,
        **look,
    )


def _aggregate(results: Configurations, request: FigureRequest) -> Figure:
    from mle_toolbox.plots import aggregate_intervals

    found, look = _over_tasks(results, request)
    look["note"] = f"{_scale_words(found)} {look['note']}"
    return aggregate_intervals(
        {AGGREGATE_TITLES[name]: found.estimates(name) for name in found.statistics},
        methods=found.methods,
        label=request.label,
        **look,
    )


def _ranks(results: Configurations, request: FigureRequest) -> Figure:
    from mle_toolbox.plots import critical_difference_diagram

    found, look = _over_tasks(results, request)
    if found.ranks is None:
        raise ResultsError(f"{results.title}: ranks need at least two methods that have a score on all tasks.")
    # Ranks need no common scale.
    return critical_difference_diagram(found.ranks, **look)


def _over_tasks(results: Configurations, request: FigureRequest) -> tuple[OverTasks, dict[str, Any]]:
    """Return the methods over tasks, and the arguments that all kinds share; their note names methods left out."""
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
    look = request.look(results, {name: each.left_out for name, each in found.within.samples.items()})
    lacking = [f"{method} is left out: it has no score on {listed(tasks)}." for method, tasks in found.lacking.items()]
    look["note"] = " ".join([*lacking, look["note"]])
    return found, look


def _scale_words(found: OverTasks) -> str:
    return f"Over {count(len(found.tasks), 'task')}: {found.scale.sentence}."


KINDS: Mapping[str, Callable[[Configurations, FigureRequest], Figure]] = {
    "curve": _curve,
    "final": _final,
    "profile": _profile,
    "improvement": _improvement,
    "heatmap": _heatmap,
    "slices": _slices,
    "aggregate": _aggregate,
    "tasks": _tasks,
    "ranks": _ranks,
}
OVER_TASKS = ("aggregate", "tasks", "ranks")
"""The kinds that need tasks."""
OVER_SETTINGS = ("heatmap", "slices")
"""The kinds that need all configurations; of a search, the others show the first trials."""
_MOST_SLICES = 9


def _scores(results: Configurations, request: FigureRequest) -> tuple[Mapping[str, SeedSample], str, str]:
    """Return one number a seed, the statistic over them, and its name: of a search those behind the scores."""
    search = results.search if isinstance(results, ExperimentResults) else None
    if search is None or not isinstance(results, ExperimentResults) or request.at != "last":
        return _samples(results, request), request.statistic, request.label
    found = results.ranking(
        request.metric,
        lower_is_better=request.lower_is_better,
        confidence=request.confidence,
        include_unfinished=request.include_unfinished,
    )
    scores = {each.name: each.scores[request.metric].sample for each in found}
    # In the order of the trials, which is that of the values in the experiment file.
    samples = {name: scores[name] for name in results}
    # The other percentiles are drawn as means, and the caption says "mean".
    statistic = "median" if search.aggregate_seeds == "p50" else request.statistic
    return samples, statistic, f"{request.metric}, score ({search.problem_type})"


def _variables(results: Configurations) -> tuple[str, ...]:
    """Return the dotted keys of the variables of a search, none where it is no search."""
    search = results.search if isinstance(results, ExperimentResults) else None
    return tuple(each.key for each in search.variables) if search is not None else ()


def _samples(results: Configurations, request: FigureRequest) -> Mapping[str, SeedSample]:
    return results.samples(
        request.metric,
        request.at,
        lower_is_better=request.lower_is_better,
        include_unfinished=request.include_unfinished,
    )


def _setting(given: str, differences: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the full dotted key of a setting, which may be given by its last part."""
    keys = list(dict.fromkeys(key for each in differences.values() for key in each))
    short = {end: key for key, end in short_names(keys).items()}
    if given in keys or given in short:
        return given if given in keys else short[given]
    there = f"the configurations differ in {', '.join(map(repr, keys))}" if keys else "the configurations do not differ"
    raise UsageError(f"--settings {given}: {there}.{did_you_mean(given, [*keys, *short])}")


def _two_settings(differences: Mapping[str, Mapping[str, Any]], variables: Sequence[str]) -> tuple[str, str]:
    """Return the two settings whose pairs of values separate most configurations; the first two on a tie.

    In a search, two of its ``variables`` if at least two of them differ.
    """
    keys = list(dict.fromkeys(key for each in differences.values() for key in each))
    if len(keys) < 2:
        known = f"in {keys[0]!r} only" if keys else "in nothing"
        hint = " `mle plot --kind slices` draws one setting." if keys else ""
        raise ResultsError(f"A heat map needs two settings, and these configurations differ {known}.{hint}")
    searched = [key for key in variables if key in keys]
    keys = searched if len(searched) > 1 else keys

    def told_apart(pair: tuple[str, str]) -> int:
        return len({tuple(repr(each[key]) for key in pair) for each in differences.values() if set(pair) <= set(each)})

    return max(combinations(keys, 2), key=told_apart)

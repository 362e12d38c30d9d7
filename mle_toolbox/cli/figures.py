"""Figures of results by their kind: what `mle plot` draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

from mle_toolbox.cli import task_figures
from mle_toolbox.cli.figure_request import FigureRequest
from mle_toolbox.errors import ResultsError, UsageError, did_you_mean
from mle_toolbox.render.sentences import meaning_of_best
from mle_toolbox.results import Configurations, ExperimentResults, SeedSample
from mle_toolbox.results.differences import short_names

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["KINDS", "OVER_SETTINGS", "draw"]


def draw(kind: str, results: Configurations, request: FigureRequest) -> Figure:
    """Draw a figure of one of ``KINDS``.

    Raises
    ------
    MLEToolboxError
        When the results have nothing to draw in this kind.
    """
    # Within one task all kinds are as they are; several must not share an axis that invites comparison.
    instead = task_figures.INSTEAD if results.tasks is not None else {}
    return {**KINDS, **instead}[kind](results, request)


# matplotlib is imported inside the functions: it takes most of a second, and mistakes are found before it is needed.
def _curve(results: Configurations, request: FigureRequest) -> Figure:
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


KINDS: Mapping[str, Callable[[Configurations, FigureRequest], Figure]] = {
    "curve": _curve,
    "final": _final,
    "profile": _profile,
    "improvement": _improvement,
    "heatmap": _heatmap,
    "slices": _slices,
    **task_figures.KINDS,
}
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

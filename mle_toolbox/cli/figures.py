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
from mle_toolbox.results.answer import estimates_of
from mle_toolbox.results.differences import differing_keys, short_names
from mle_toolbox.text import listed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mle_toolbox.results.importance import Importance

__all__ = ["KINDS", "OVER_SETTINGS", "draw", "in_words"]


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


def in_words(kind: str, results: Configurations, request: FigureRequest) -> str:
    """Return what a figure says as text, where a terminal can show it; empty for most kinds."""
    return str(_importance_of(results, request)) if kind == "importance" else ""


# matplotlib is imported inside the functions: it takes most of a second, and mistakes are found before it is needed.
def _curve(results: Configurations, request: FigureRequest) -> Figure:
    from mle_toolbox.plots import learning_curves

    curves = results.curve(request.metric, request.time, include_unfinished=request.include_unfinished)
    return learning_curves(
        curves,
        metric=curves.label,
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
        # Corrected for the looks, where the number of seeds was open.
        estimates=None
        if results.looks is None
        else estimates_of(samples, request.statistic, request.confidence, results.looks),
        **request.look(results, {name: each.left_out for name, each in samples.items()}),
    )


def _profile(results: Configurations, request: FigureRequest) -> Figure:
    from mle_toolbox.plots import performance_profiles

    samples = _samples(results, request)
    return performance_profiles(
        samples,
        metric=request.label,
        lower_is_better=request.lower(results),
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
    x, y = _pair(results, request, "a heat map")
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
        x,
        y,
        metric=label,
        statistic=statistic,
        best=found.best,
        best_words=meaning_of_best([found]),
        log_colour=request.log_metric,
        **request.look(results, {name: each.left_out for name, each in samples.items()}),
    )


def _contour(results: Configurations, request: FigureRequest) -> Figure:
    from mle_toolbox.plots import contours

    differences = results.differences()
    x, y = _pair(results, request, "a contour", numbers=True)
    samples, statistic, label = _scores(results, request)
    marked, words = _best_trial(results, request)
    return contours(
        samples,
        differences,
        x,
        y,
        metric=label,
        statistic=statistic,
        log_x=_is_logarithmic(x, results),
        log_y=_is_logarithmic(y, results),
        log_colour=request.log_metric,
        marked=marked,
        marked_words=words,
        **request.look(results, {name: each.left_out for name, each in samples.items()}),
    )


def _slices(results: Configurations, request: FigureRequest) -> Figure:
    from mle_toolbox.plots import slices

    differences = results.differences()
    there = differing_keys(differences)
    if not there:
        raise ResultsError("Slices need a setting, and these configurations differ in nothing.")
    wanted = [_setting(each, differences) for each in request.settings or ()]
    names = wanted or [key for key in _variables(results) if key in there] or there[:_MOST_SLICES]
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


def _history(results: Configurations, request: FigureRequest) -> Figure:
    from mle_toolbox.plots import search_history

    if not isinstance(results, ExperimentResults) or results.search is None:
        raise ResultsError("Only a search has a history of trials. Give the results folder of one.")
    found = results.ranking(
        request.metric,
        lower_is_better=request.lower_is_better,
        confidence=request.confidence,
        include_unfinished=request.include_unfinished,
    )
    trials = sorted((each for each in found if each.record.inside), key=lambda each: each.record.number)
    answer = results.winner(request.confidence)
    names = [each.name for each in trials]
    of_final = {} if answer is None else {"confirmed": answer.winner, "base": answer.base}
    known: dict[str, Any] = {
        what: each.scores[request.metric].estimate
        for what, each in of_final.items()
        if each is not None and request.metric in each.scores
    }
    return search_history(
        [each.scores[request.metric].estimate.value for each in trials],
        lower_is_better=request.lower(results),
        winner=names.index(answer.stage.winner) if answer is not None and answer.stage.winner in names else None,
        metric=f"{request.name}, score ({results.search.problem_type})",
        log_y=request.log_metric,
        **known,
        **request.look(results, {each.name: each.scores[request.metric].sample.left_out for each in trials}),
    )


def _importance(results: Configurations, request: FigureRequest) -> Figure:
    from mle_toolbox.plots import importance_bars

    found = _importance_of(results, request)
    look = request.look(results, {})
    look["note"] = " ".join([*found.notes, look["note"]])
    # Also where the caption is left out.
    metric = f"{request.name} (trials chosen by results)" if found.is_steered else request.name
    return importance_bars(found.variables, metric=metric, **look)


def _importance_of(results: Configurations, request: FigureRequest) -> Importance:
    if not isinstance(results, ExperimentResults) or results.search is None:
        raise ResultsError("Only a search has variables with an importance. Give the results folder of one.")
    return results.importance(
        request.metric, lower_is_better=request.lower_is_better, include_unfinished=request.include_unfinished
    )


KINDS: Mapping[str, Callable[[Configurations, FigureRequest], Figure]] = {
    "curve": _curve,
    "final": _final,
    "profile": _profile,
    "improvement": _improvement,
    "heatmap": _heatmap,
    "contour": _contour,
    "slices": _slices,
    "history": _history,
    "importance": _importance,
    **task_figures.KINDS,
}
OVER_SETTINGS = ("heatmap", "contour", "slices", "history", "importance")
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
    return samples, statistic, f"{request.name}, score ({search.problem_type})"


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
    keys = differing_keys(differences)
    short = {end: key for key, end in short_names(keys).items()}
    if given in keys or given in short:
        return given if given in keys else short[given]
    there = f"the configurations differ in {', '.join(map(repr, keys))}" if keys else "the configurations do not differ"
    raise UsageError(f"--settings {given}: {there}.{did_you_mean(given, [*keys, *short])}")


def _pair(results: Configurations, request: FigureRequest, figure: str, *, numbers: bool = False) -> tuple[str, str]:
    """Return the full keys of the two settings that were asked for, else of two that separate most configurations."""
    differences = results.differences()
    chosen = request.settings or _two_settings(differences, _variables(results), figure, numbers=numbers)
    if len(chosen) != 2:
        raise UsageError(f"--settings {' '.join(chosen)}: {figure} needs two settings.")
    x, y = (_setting(name, differences) for name in chosen)
    if x == y:
        raise UsageError(f"--settings {' '.join(chosen)}: {figure} needs two different settings.")
    return x, y


def _two_settings(
    differences: Mapping[str, Mapping[str, Any]], variables: Sequence[str], figure: str, *, numbers: bool
) -> tuple[str, str]:
    """Return the two settings whose pairs of values separate most configurations; the first two on a tie.

    In a search, two of its ``variables`` if at least two of them differ. With ``numbers``, only settings that have no
    other values.
    """
    keys = differing_keys(differences)
    instead = " `mle plot --kind slices` draws one setting."
    if len(keys) < 2:
        known = f"in {keys[0]!r} only" if keys else "in nothing"
        hint = instead if keys else ""
        raise ResultsError(f"{figure.capitalize()} needs two settings, and these configurations differ {known}.{hint}")
    searched = [key for key in variables if key in keys]
    keys = searched if len(searched) > 1 else keys
    if numbers:
        others = [key for key in keys if not _is_number(key, differences)]
        keys = [key for key in keys if key not in others]
        if len(keys) < 2:
            of_these = f"{listed(map(repr, others))} {'is none' if len(others) == 1 else 'are none'}"
            hint = "`mle plot --kind heatmap` or `--kind slices` draws them."
            raise ResultsError(f"{figure.capitalize()} needs two settings that are numbers, and {of_these}. {hint}")

    def told_apart(pair: tuple[str, str]) -> int:
        return len({tuple(repr(each[key]) for key in pair) for each in differences.values() if set(pair) <= set(each)})

    return max(combinations(keys, 2), key=told_apart)


def _is_number(key: str, differences: Mapping[str, Mapping[str, Any]]) -> bool:
    """Tell whether all values of a setting are numbers."""
    # type() and not isinstance(): bool is an int.
    return all(type(each[key]) in (int, float) for each in differences.values() if key in each)


def _is_logarithmic(key: str, results: Configurations) -> bool | None:
    """Tell whether values of a setting were drawn from a logarithmic range; None where it says nothing."""
    search = results.search if isinstance(results, ExperimentResults) else None
    prior = next((each.prior for each in search.variables if each.key == key), None) if search is not None else None
    return None if prior is None else prior == "log-uniform"


def _best_trial(results: Configurations, request: FigureRequest) -> tuple[str | None, str]:
    """Return the trial that won, and by which seeds; None outside of a search and where nothing is ranked."""
    if not isinstance(results, ExperimentResults) or results.search is None:
        return None, ""
    answer = results.winner(request.confidence)
    if answer is not None and answer.stage.winner is not None:
        return answer.stage.winner, f"{answer.stage.winner}, the winner by fresh seeds."
    best = results.ranking(request.metric, lower_is_better=request.lower_is_better).best
    return (None, "") if best is None else (best.name, f"{best.name}, the best score; the same seeds chose it.")

"""The sentences beside the numbers of an answer: which value was taken, what "best" means, cautions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mle_toolbox.text import count, listed

if TYPE_CHECKING:
    from mle_toolbox.results.answer import Answer
    from mle_toolbox.results.ranking import RankedTrials
    from mle_toolbox.results.samples import SeedSample
    from mle_toolbox.results.search_record import SearchRecord
    from mle_toolbox.statistics import Comparison

__all__ = [
    "SEE_RESULTS",
    "at_words",
    "best_cautions",
    "best_of_many",
    "better_words",
    "cautions_about",
    "ends_words",
    "estimate_cautions",
    "left_out_words",
    "meaning_of_best",
    "pair_cautions",
    "search_caution",
    "search_test_words",
]

# For where it is not known whether the search has a final already, or may have one.
SEE_RESULTS = "`mle results` begins with the number to report, or with how to get one."

_PAIRS = 3


def at_words(at: str) -> str:
    """Return ``last value`` for ``last``, and so on.

    >>> at_words("mean-last-5")
    'mean of the last 5 values'
    """
    known = {"last": "last value", "best": "best value", "auc": "area under the curve divided by its length"}
    return known.get(at) or f"mean of the last {at.rpartition('-')[2]} values"


def better_words(lower_is_better: bool, assumed: bool) -> str:
    """Return ``lower is better (assumed)``, without "(assumed)" where the user chose it."""
    return f"{'lower' if lower_is_better else 'higher'} is better{' (assumed)' if assumed else ''}"


def meaning_of_best(answers: Sequence[Answer]) -> str:
    """Explain the mark of the best configurations; empty where none is marked."""
    # Metrics may differ in it, because some configurations lack seeds in one of them.
    tests = dict.fromkeys(each.test for each in answers if each.test and not each.searched)
    return f"best, or not significantly different from the best ({'; '.join(tests)})." if tests else ""


def ends_words(sample: SeedSample) -> str:
    """Return ``1 of its 5 seeds diverged, 2 failed``, an empty string where none has ended badly."""
    # Runs of older code were left out on request and ended well.
    ends = {"diverged": sample.diverged, **sample.left_out, "older code": 0}
    first = f" of its {sample.n + sum(ends.values())} seeds"
    # Those that are still to end are missing by their turn, not by what they did.
    bad = {why: count for why, count in ends.items() if count and why not in ("running", "not started")}
    return ", ".join(f"{n}{'' if place else first} {why}" for place, (why, n) in enumerate(bad.items()))


def best_cautions(answers: Sequence[Answer], shown: Callable[[str], str] = str) -> Iterator[str]:
    """Yield which of the best lost seeds: they may be best because of that.

    Each sentence once; ``shown`` formats a name of the user.
    """
    metrics: dict[str, list[str]] = {}
    for each in answers:
        ends = {name: ends_words(each.samples[name]) for name in each.best}
        if marked := [f"{shown(name)} ({words})" for name, words in ends.items() if words]:
            metrics.setdefault(listed(marked, 3), []).append(shown(each.metric))
    among = max((each.searched for each in answers), default=0)
    if among > 1:
        yield f"{search_caution(among)} {SEE_RESULTS}"
    for named, those in metrics.items():
        of = "" if len(those) == len(answers) else f" in {listed(those)}"
        yield f"Among the best{of} only by the seeds that ended well: {named}."


def search_caution(among: int, best: str = "") -> str:
    """Say why the best of a search's trials, ``best`` if it is named, is not as good as its number."""
    named = f" ({best})" if best else ""
    return f"The best of {among:,} trials{named} was chosen by these same seeds, so it looks better than it is."


def _number_to_report(search: SearchRecord) -> str:
    if search.type == "pbt":
        # Its members have changed their values while they trained: no configuration does that again.
        return "For a number to report, run the search again with other seeds (random_seeds)."
    return (
        "For a number to report, write `search_final: True` in param_search_args and run again: fresh seeds then "
        "confirm it."
    )


def best_of_many(found: RankedTrials, shown: Callable[[str], str] = str, *, has_final: bool = False) -> Iterator[str]:
    """Yield what to know about the best trial before its number is read; ``shown`` formats a name of the user.

    ``has_final``: whether fresh seeds confirm the winner, which is said elsewhere.
    """
    best = found.best
    if best is None:
        return
    if len(found.ranked) > 1 and not has_final:
        yield f"{search_caution(len(found.ranked), shown(best.name))} {_number_to_report(found.search)}"
    ends = ends_words(best.scores[found.metrics[0]].sample)
    if ends and not best.complete:
        yield f"The best trial is best only by the seeds that ended well: {shown(best.name)} ({ends})."


def left_out_words(search: SearchRecord) -> str:
    """Say how much of the grid was not searched."""
    points = count(search.grid_size, "point") if search.grid_size is not None else "more points"
    budget = f" of {search.budget:,}" if search.budget is not None else ""
    return f"The grid has {points}; the budget{budget} leaves out {search.left_out:,}."


def search_test_words(found: RankedTrials) -> str:
    """Say how many trials are not significantly different from the best one."""
    if found.answer is None:
        return ""
    others = len(found.answer.tests.tested) - 1
    number, test = len(found.tied) - 1, found.answer.test
    if not found.separates:
        return (
            f"None of the {others:,} others that can be tested is significantly different from the best trial ({test})."
        )
    of = f"{number:,} of the {others:,} others that can be tested"
    return f"Not significantly different from the best trial: {of} ({test})."


def estimate_cautions(answers: Sequence[Answer], shown: Callable[[str], str] = str) -> Iterator[str]:
    """Yield the cautions about the estimates, each sentence once; ``shown`` formats a name of the user."""
    return cautions_about(
        {each.metric: {name: estimate.caution for name, estimate in each.estimates.items()} for each in answers}, shown
    )


def cautions_about(
    cautions: Mapping[str, Mapping[str, str | None]], shown: Callable[[str], str] = str
) -> Iterator[str]:
    """Yield each caution once, with the metrics and configurations it applies to unless it applies to all.

    ``cautions`` by metric and configuration; ``shown`` formats a name of the user.
    """
    places: dict[str, dict[str, list[str]]] = {}
    for metric, by_configuration in cautions.items():
        for name, sentence in by_configuration.items():
            if sentence:
                places.setdefault(sentence, {}).setdefault(metric, []).append(name)
    for sentence, by_metric in places.items():
        alike = set(map(tuple, by_metric.values()))
        everywhere = all(len(by_metric.get(metric, ())) == len(each) for metric, each in cautions.items())
        # "With fewer than 25 seeds …" says itself what it is about.
        if everywhere or sentence.startswith("With fewer than"):
            yield sentence
            continue
        if len(by_metric) == len(cautions) and len(alike) == 1:
            yield f"{listed(map(shown, alike.pop()))}: {sentence}"
            continue
        of = []
        for metric, names in by_metric.items():
            some = listed(map(shown, names))
            if len(names) == len(cautions[metric]):
                of.append(shown(metric))
            else:
                of.append(f"{shown(metric)} of {some}")
        yield f"{'; '.join(of)}: {sentence}"


def pair_cautions(
    comparisons: Mapping[tuple[str, str], Comparison], shown: Callable[[str], str] = str
) -> Iterator[str]:
    """Yield each caution once, with the pairs that it is about; ``shown`` formats a name of the user."""
    about: dict[str, list[str]] = {}
    for (a, b), each in comparisons.items():
        if each.caution:
            about.setdefault(each.caution, []).append(f"{shown(a)} and {shown(b)}")
    for caution, pairs in about.items():
        # Not listed(): each pair contains an "and" already.
        more = len(pairs) - _PAIRS
        some = "; ".join(pairs[:_PAIRS]) + (f" and {more} more pairs" if more > 0 else "")
        yield f"{'All pairs' if len(pairs) == len(comparisons) > 1 else some}: {caution}"

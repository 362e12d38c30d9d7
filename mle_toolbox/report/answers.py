"""Which configuration is better, as sentences and tables of the page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mle_toolbox.report.numbers import AT, Final, Metric, Numbers, Pairs
from mle_toolbox.report.wording import MINUS, NOTHING, isolated, listed, p_value, short
from mle_toolbox.results.wording import ends_words
from mle_toolbox.statistics import Comparison
from mle_toolbox.statistics.wording import interval_text, percent

__all__ = ["answers", "comparison_data", "comparison_tables"]

_ALL_PAIRS_IN_TABLE_UP_TO = 6
_NUMBERS = (
    *("n_a", "n_b", "mean_a", "mean_b", "difference", "difference_low", "difference_high"),
    *("ratio", "ratio_low", "ratio_high", "t_test_p", "adjusted_p", "permutation_p"),
    *("probability_of_improvement", "poi_low", "poi_high", "effect_size", "detectable", "seeds_needed"),
)


def answers(numbers: Numbers) -> list[dict[str, Any]]:
    """Return which configuration is best and how sure that is, for each metric and place."""
    found = []
    for i, metric in enumerate(numbers.metrics):
        for at, words in AT.items():
            final = numbers.finals[metric.name, at]
            found.append(
                {"key": f"{i}|{at}", "sentences": _answer(metric, words, final, numbers.pairs[metric.name, at])}
            )
    return found


def comparison_tables(numbers: Numbers) -> list[dict[str, Any]]:
    """Return the comparisons of each metric and place; of many configurations only those with the best one."""
    tables = []
    for i, metric in enumerate(numbers.metrics):
        for at, words in AT.items():
            pairs = numbers.pairs[metric.name, at]
            shown = _in_table(pairs, len(numbers.configurations))
            if not shown:
                continue
            methods = dict.fromkeys(each.method for each in pairs.comparisons.values())
            tables.append(
                {
                    "key": f"{i}|{at}",
                    "metric": metric.name,
                    "at": words,
                    "confidence": percent(numbers.confidence),
                    "rows": [_comparison_row(a, b, each) for (a, b), each in shown.items()],
                    "caption": f"Mean {words} over seeds, {metric.direction}. " + _which_pairs(pairs, shown),
                    "notes": [*_sentences(methods), *_pair_cautions(shown)],
                }
            )
    return tables


def comparison_data(numbers: Numbers) -> dict[str, dict[str, Any]]:
    """Return for each ``metric|at`` all pairs for the matrix and the CSV file."""
    places = {name: index for index, name in enumerate(numbers.configurations)}
    found = {}
    for i, metric in enumerate(numbers.metrics):
        for at in AT:
            pairs = numbers.pairs[metric.name, at]
            if not pairs.comparisons:
                continue
            found[f"{i}|{at}"] = {
                "columns": list(_NUMBERS),
                "complete": pairs.baseline is None,
                "pairs": [
                    {
                        "a": places[a],
                        "b": places[b],
                        "improvement": each.probability_of_improvement,
                        "text": f"difference of the means {_difference(each)}, p (Holm) {p_value(each.adjusted_p)}",
                        "numbers": [getattr(each, name) for name in _NUMBERS],
                    }
                    for (a, b), each in pairs.comparisons.items()
                ],
            }
    return found


def _answer(metric: Metric, at: str, finals: Mapping[str, Final], pairs: Pairs) -> list[str]:
    if pairs.best is None:
        return [f"No seed run has a finite {at} of {isolated(metric.name)} yet."]
    best = finals[pairs.best].estimates["mean"]
    numbers = f"{isolated(metric.name)} {best}, mean {at}"
    ends = ends_words(finals[pairs.best].sample)
    if not pairs.comparisons:
        some = f" of the seeds that ended well ({ends})" if ends else ""
        return [f"{isolated(pairs.best)}{some}: {numbers}. There is nothing to compare it with."]
    leader = f"{isolated(pairs.best)} is ahead: {numbers}; {metric.direction}."
    if ends:
        some = f"{isolated(pairs.best)} is ahead among the seeds that ended well ({ends})"
        leader = f"{some}: {numbers}; {metric.direction}."
    cautions = dict.fromkeys(each.caution for each in pairs.with_best.values() if each.caution)
    return [leader, *_verdict(pairs), *cautions]


def _verdict(pairs: Pairs) -> list[str]:
    """Say how the best one compares with those with which a test has a meaning."""
    rivals = {name: each for name, each in pairs.with_best.items() if _is_tested(each)}
    if not rivals:
        return []
    ties = pairs.ties
    if not ties:
        largest = max(each.p for each in rivals.values())
        whom = "the other" if len(rivals) == 1 else f"each of the {len(rivals)} others"
        if len(rivals) < len(pairs.with_best):
            whom = listed(list(rivals))
        return [f"It is better than {whom} beyond chance: p {_relation(largest)}{_holm(rivals)}."]
    others = [name for name in rivals if name not in ties]
    told = f" It is better than {listed(others)}." if others else ""
    return [f"The seeds do not tell it from {listed(ties)}.{told}", *_power(ties, rivals)]


def _power(ties: Sequence[str], rivals: Mapping[str, Comparison]) -> Iterator[str]:
    """Say how many seeds the nearest needs; equal results, as of a setting without effect, need none."""
    known = [name for name in ties if math.isfinite(rivals[name].detectable)]
    if known:
        # Holm's correction makes many p equal, so the nearest is that of the smallest difference.
        nearest = min(known, key=lambda name: abs(rivals[name].difference))
        whom = "" if len(ties) == 1 else f"The nearest is {isolated(nearest)}. "
        yield whom + rivals[nearest].power_words()


def _relation(p: float) -> str:
    return p_value(p) if p < 0.001 else f"= {p_value(p)}"


def _holm(rivals: Mapping[str, Comparison]) -> str:
    return " after Holm's correction" if len(rivals) > 1 else ""


def _in_table(pairs: Pairs, n_configurations: int) -> Mapping[tuple[str, str], Comparison]:
    if n_configurations <= _ALL_PAIRS_IN_TABLE_UP_TO:
        return pairs.comparisons
    return {pair: each for pair, each in pairs.comparisons.items() if pairs.best in pair}


def _which_pairs(pairs: Pairs, shown: Mapping[tuple[str, str], Comparison]) -> str:
    if pairs.baseline is not None:
        return "All others are compared with the best one, which was chosen from the same numbers."
    if len(shown) < len(pairs.comparisons):
        return f"Shown are those with the best one; the CSV file has all {len(pairs.comparisons)} pairs."
    return "All pairs."


def _comparison_row(a: str, b: str, each: Comparison) -> dict[str, str]:
    improvement = interval_text(each.probability_of_improvement, each.poi_low, each.poi_high)
    return {
        "a": a,
        "b": b,
        "difference": _difference(each),
        "ratio": interval_text(each.ratio, each.ratio_low, each.ratio_high),
        "p": p_value(each.adjusted_p),
        "improvement": improvement,
        "effect": short(each.effect_size, 3),
        "verdict": {"a": "yes, better", "b": "yes, worse", None: "no"}[each.better()] if _is_tested(each) else NOTHING,
        "needed": NOTHING if each.better() or each.seeds_needed is None else f"{each.seeds_needed:,}",
    }


def _is_tested(each: Comparison) -> bool:
    """Tell whether a test has a meaning: not with one seed, and not when all seeds have the same value."""
    return not math.isnan(each.p)


def _pair_cautions(pairs: Mapping[tuple[str, str], Comparison]) -> Iterator[str]:
    """Yield each caution once, with the pairs that it is about."""
    about: dict[str, list[str]] = {}
    for (a, b), each in pairs.items():
        if each.caution:
            about.setdefault(each.caution, []).append(f"{isolated(a)} and {isolated(b)}")
    for caution, named in about.items():
        whom = "All pairs" if len(named) == len(pairs) > 1 else "; ".join(named[:3])
        more = f" and {len(named) - 3} more pairs" if whom != "All pairs" and len(named) > 3 else ""
        yield f"{whom}{more}: {caution}"


def _difference(each: Comparison) -> str:
    return interval_text(each.difference, each.difference_low, each.difference_high).replace("-", MINUS)


def _sentences(methods: Iterable[str]) -> Sequence[str]:
    return [f"{method[0].upper()}{method[1:]}." for method in methods]

"""How every number was computed, in words, for the page."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from mle_toolbox import __distribution__
from mle_toolbox.render.number_form import NumberForm
from mle_toolbox.report.numbers import STATISTICS, Numbers
from mle_toolbox.statistics.all_pairs import HOLM_UP_TO
from mle_toolbox.text import isolated, percent

__all__ = ["how_made"]


def how_made(numbers: Numbers, mixed_code: Sequence[str] = ()) -> list[dict[str, str]]:
    """Return the terms of the page and their meaning; ``mixed_code`` says which runs are of older code."""
    sure = percent(numbers.confidence)
    lines = [
        (
            "Seeds that count",
            "Seed runs that ended well. Failed, running and missing ones are counted and named, never replaced. A seed "
            "whose value is not finite has diverged: it is left out of the average and counted beside it.",
        ),
        *([("Code of the seed runs", " ".join(mixed_code))] if mixed_code else []),
        (
            "Value of a seed run",
            "Last: the last tick. Best: the best tick, in the direction of the metric. Area under the curve: over the "
            "first time variable, divided by its range, so that it has the unit of the metric.",
        ),
        ("Better", _directions(numbers)),
        *_methods(numbers),
        (
            "Comparison",
            "Difference, ratio (Fieller's interval) and p of a t test on the values of the seed runs: paired by seed "
            "if both configurations have the same seeds, by Welch's test otherwise. Corrected for all pairs, because "
            f"the best is chosen by the same numbers: by Holm's method, above {HOLM_UP_TO} configurations by "
            f"Bonferroni's. “Significant” means that the corrected p is below {1 - numbers.confidence:.2g}.",
        ),
        (
            "Probability of improvement",
            "The probability that a run of one configuration ends better than a run of the other, over all pairs of "
            "seeds; a tie counts one half.",
        ),
        (
            "Effect size",
            "Hedges' g: the difference in standard deviations, corrected for few seeds.",
        ),
        (
            "Seeds needed",
            "For each configuration, to detect a true difference as large as the observed one with 80 % power, in this "
            "comparison alone; with a correction for several, more are needed.",
        ),
        (
            "Curves",
            f"Aggregate and {sure} interval at each point of the time variable, from the seeds that have reached it. "
            "The interval is valid at each point, not for the whole curve at once.",
        ),
        ("Made with", ", ".join(_version(name) for name in (__distribution__, "numpy", "scipy"))),
    ]
    return [{"name": name, "value": value} for name, value in lines]


def _directions(numbers: Numbers) -> str:
    form = NumberForm(labels={metric.name: metric.label for metric in numbers.metrics})
    said = "; ".join(f"{isolated(form.named(metric.name))}: {metric.direction}" for metric in numbers.metrics)
    if not any(metric.assumed for metric in numbers.metrics):
        return f"{said}."
    override = "`mle report --lower-is-better NAME` or `--higher-is-better NAME` overrides that"
    return f"{said}. An assumed direction comes from the name; {override}."


def _methods(numbers: Numbers) -> list[tuple[str, str]]:
    """Return how the estimates were computed, in their own words."""
    # Configurations differ in n, and therefore in how intervals of median and IQM are computed.
    methods = dict.fromkeys(
        estimate.method
        for statistic in STATISTICS
        for (_, _, by), each in numbers.answers.items()
        if by == statistic
        for name, estimate in each.estimates.items()
        if len(each.samples[name].values) or each.samples[name].missing
    )
    words = [f"{method[0].upper()}{method[1:]}." for method in methods]
    return [("Intervals", " ".join(words))] if words else []


def _version(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        # Run from a clone that was never installed.
        return package

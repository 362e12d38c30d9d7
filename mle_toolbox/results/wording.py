"""How results are put into words: what was taken of a run, which direction is better, what is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from mle_toolbox.errors import ResultsError

__all__ = [
    "WAY_OUT",
    "at_words",
    "best_by_ends",
    "better_words",
    "cautions_about",
    "counts_words",
    "ends_words",
    "listed",
    "lower_is_better_of",
]


WAY_OUT = " `mle run --rerun older-code` reruns them, --only-current leaves them out."
"""What can be done about runs of older code; behind the last sentence on them."""


class Ends(Protocol):
    """How the seeds of a configuration ended; ``SeedSample`` is one."""

    @property
    def n(self) -> int:
        """Seeds with a finite value."""

    @property
    def diverged(self) -> int:
        """Seeds whose value is not finite."""

    @property
    def left_out(self) -> Mapping[str, int]:
        """How many seeds have no value, by reason."""


def at_words(at: str) -> str:
    """Return ``last value`` for ``last``, and so on.

    >>> at_words("mean-last-5")
    'mean of the last 5 values'
    """
    known = {"last": "last value", "best": "best value", "auc": "area under the curve divided by its length"}
    return known.get(at) or f"mean of the last {at.rpartition('-')[2]} values"


def lower_is_better_of(metric: str, lower_is_better: bool | None) -> bool:
    """Return what was said, or what the metric's name suggests."""
    if isinstance(lower_is_better, bool):
        return lower_is_better
    if lower_is_better is not None:
        raise ResultsError(
            f"lower_is_better is True, False or None, for all metrics that are asked for; found {lower_is_better!r}."
        )
    from mle_toolbox.statistics import direction

    return direction(metric) == "lower"


def better_words(lower_is_better: bool, assumed: bool) -> str:
    """Return ``lower is better (assumed)``, without the end where somebody said so."""
    return f"{'lower' if lower_is_better else 'higher'} is better{' (assumed)' if assumed else ''}"


def counts_words(counts: Mapping[str, int]) -> str:
    """Return ``2 failed, 1 running``."""
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def ends_words(sample: Ends) -> str:
    """Return ``1 of its 5 seeds diverged, 2 failed``, nothing where all seeds ended well.

    Runs of older code that were asked to be left out ended as well as the others.
    """
    left_out = {why: count for why, count in sample.left_out.items() if why != "older code"}
    bad = {why: count for why, count in {"diverged": sample.diverged, **left_out}.items() if count}
    first = f" of its {sample.n + sum(bad.values())} seeds"
    return ", ".join(f"{n}{'' if place else first} {why}" for place, (why, n) in enumerate(bad.items()))


def best_by_ends(best: Mapping[str, Mapping[str, Ends]], shown: Callable[[str], str] = str) -> Iterator[str]:
    """Yield, of what is set off as best, where that rests on some of the seeds only; each sentence once.

    ``best`` by metric and configuration; ``shown`` is how a name of the user is written.
    """
    metrics: dict[str, list[str]] = {}
    for metric, ends in best.items():
        marked = [f"{shown(name)} ({words})" for name, each in ends.items() if (words := ends_words(each))]
        if marked:
            metrics.setdefault(listed(marked, 3), []).append(metric)
    for named, those in metrics.items():
        of = "" if len(those) == len(best) else f" in {listed([shown(each) for each in those])}"
        yield f"Among the best{of} only by the seeds that ended well: {named}."


def listed(names: Sequence[str], limit: int = 6) -> str:
    """Return the names with commas, the first ones where there are many."""
    shown = ", ".join(names[:limit])
    return shown + (f" and {len(names) - limit} more" if len(names) > limit else "")


def cautions_about(
    cautions: Mapping[str, Mapping[str, str | None]], shown: Callable[[str], str] = str
) -> Iterator[str]:
    """Yield each caution once, and what it is true of where that is not everything.

    ``cautions`` by metric and configuration; ``shown`` is how a name of the user is written.
    """
    places: dict[str, dict[str, list[str]]] = {}
    for metric, by_configuration in cautions.items():
        for name, sentence in by_configuration.items():
            if sentence:
                places.setdefault(sentence, {}).setdefault(metric, []).append(name)
    for sentence, by_metric in places.items():
        if all(len(by_metric.get(metric, ())) == len(each) for metric, each in cautions.items()):
            yield sentence
            continue
        of = [
            shown(metric) if len(names) == len(cautions[metric]) else _of_some(metric, names, cautions, shown)
            for metric, names in by_metric.items()
        ]
        yield f"{'; '.join(of)}: {sentence}"


def _of_some(metric: str, names: Sequence[str], cautions: Mapping[str, object], shown: Callable[[str], str]) -> str:
    some = listed([shown(name) for name in names])
    return some if len(cautions) == 1 else f"{shown(metric)} of {some}"

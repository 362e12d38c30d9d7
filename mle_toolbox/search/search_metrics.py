"""Which metrics rank the trials of a search: ``eval_metrics`` of the block ``search_logging``."""

from __future__ import annotations

from mle_toolbox.errors import did_you_mean
from mle_toolbox.search.given_keys import GivenKeys
from mle_toolbox.search.mistakes import is_missing
from mle_toolbox.search.search_keys import SEARCH_TYPES

__all__ = ["learned_first", "read_metrics"]


def read_metrics(given: GivenKeys, *, unscored: bool) -> tuple[str, ...] | None:
    """Return the metrics that are scored, first the one that ranks the trials; None where there is a mistake."""
    named = given.values.get("eval_metrics", [])
    is_list = isinstance(named, list | tuple)
    # The original's default of the newer form is the empty list; in the older form the key is required.
    if (not is_list and not isinstance(named, str)) or (given.flat and not named and "eval_metrics" in given.values):
        given.must_be("eval_metrics", "a metric or a list of metrics")
        return None
    if named and is_list:
        expected = {"x-expected": "the name of a metric"}
        return given.different("eval_metrics", lambda name: isinstance(name, str) and bool(name), expected)
    if not named and not unscored:
        if not given.flat:
            given.notes.append("Without eval_metrics in search_logging no trial is scored, and nothing is ranked.")
        elif not any("eval_metrics" in sentence for _, sentence in given.mistakes):
            given.mistakes.append(is_missing(("eval_metrics",), "the metrics that rank the trials"))
    return (named,) if isinstance(named, str) and named else ()


def learned_first(
    given: GivenKeys, search_type: str, metrics: tuple[str, ...] | None, modelled: str | None, *, unscored: bool
) -> tuple[str, ...] | None:
    """Return the metrics of a search that learns, the one from which it learns first.

    Parameters
    ----------
    given, search_type
        What the file says.
    metrics
        As read.
    modelled
        What ``metric_to_model`` says, if anything.
    unscored
        Whether the file wants no trial to be scored.
    """
    what = f"search_type {SEARCH_TYPES[search_type]!r}"
    path = given.paths.get("eval_metrics", ("search_logging",))
    if unscored:
        given.mistake(given.paths["no_results_logging"], f"{what} learns from results. Remove no_results_logging.")
    elif metrics == () and not given.flat:
        _, sentence = is_missing(("search_logging", "eval_metrics"), f"{what} learns from a metric")
        given.mistake(path, sentence)
    if not metrics or len(metrics) == 1 or given.flat:
        return metrics
    if modelled in metrics:
        return (modelled, *(each for each in metrics if each != modelled))
    way_out = "List one of them, or name it in metric_to_model of search_config."
    if modelled is not None:
        way_out = f"metric_to_model, {modelled!r}, is none of them.{did_you_mean(modelled, metrics)}"
    given.mistake(path, f"{what} learns from one metric, and eval_metrics lists {len(metrics)}. {way_out}")
    return None

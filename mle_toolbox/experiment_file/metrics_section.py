"""The section ``metrics`` of an experiment file: which metrics matter, which way is better, and their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mle_toolbox.errors import did_you_mean
from mle_toolbox.experiment_file.json_locate import JsonPath
from mle_toolbox.text import listed
from mle_toolbox.wording import found, location

__all__ = ["METRICS", "MetricEntry", "read_metrics", "tracked_metrics"]

METRICS = "metrics"

MetricEntry = Mapping[str, str]
"""``better``: "higher" or "lower"; ``name``: what tables and figures call it. Both may be missing."""

_BETTER = ("higher", "lower")
_KEYS = ("better", "name")
_FORM = "higher, lower, or {better: higher, name: accuracy}"

_Mistake = tuple[JsonPath, str]


def read_metrics(
    section: Any, tracked: Sequence[str] | None, searched: Mapping[str, str]
) -> tuple[dict[str, MetricEntry], list[_Mistake]]:
    """Return the entry of each metric, in the order of the file, and the mistakes.

    Parameters
    ----------
    section
        The content of the section; what is no mapping counts as left out, since the schema reports it.
    tracked
        The names that the configurations track, None where a script may track others too.
    searched
        Of the metrics by which a search ranks its trials: "higher" or "lower", as ``max_objective`` says.
    """
    entries: dict[str, MetricEntry] = {}
    mistakes: list[_Mistake] = []
    for metric, given in section.items() if isinstance(section, Mapping) else ():
        at: JsonPath = (METRICS, metric)
        if tracked is not None and metric not in tracked:
            there = f"what_to_track lists {listed(map(repr, tracked), 12)}"
            mistakes.append((at, f"the metric {metric!r} is not tracked: {there}.{did_you_mean(metric, tracked)}"))
            continue
        # `test_acc:` alone says that it matters.
        entry = {"better": given} if isinstance(given, str) else {} if given is None else given
        if not isinstance(entry, Mapping):
            mistakes.append((at, f"{location(at)} must be {_FORM}, found {found(given)}."))
            continue
        wrong = list(_wrong_values(entry, at, short=isinstance(given, str)))
        if not wrong and entry.get("better") not in (None, searched.get(metric, entry.get("better"))):
            ranks = f"the search ranks by {searched[metric]} {metric}"
            maximizes = str(searched[metric] != "higher").lower()
            wrong.append((at, f"{location(at)} is {entry['better']!r}, but {ranks}. Set max_objective: {maximizes}."))
        label = entry.get("name")
        if not wrong and label is not None:
            same = next((other for other, each in entries.items() if each.get("name") == label), None)
            if same is None and label != metric and label in (*(tracked or ()), *section):
                same = label
            if same is not None:
                words = f"is {label!r}, as is that of {same!r}. Every name must be different."
                wrong.append(((*at, "name"), f"{location((*at, 'name'))} {words}"))
        mistakes += wrong
        if not wrong:
            entries[metric] = {key: value for key, value in entry.items() if value is not None}
    return entries, mistakes


def _wrong_values(entry: Mapping[str, Any], at: JsonPath, *, short: bool) -> Iterable[_Mistake]:
    for key, value in entry.items():
        here = at if short else (*at, key)
        if key not in _KEYS:
            advice = did_you_mean(key, _KEYS).strip() or f"Valid keys are {listed(_KEYS)}."
            yield here, f"unknown key {key!r} in {'.'.join(map(str, at))}. {advice}"
        elif value is None:
            continue
        elif key == "better" and value not in _BETTER:
            near = did_you_mean(value, _BETTER) if isinstance(value, str) else ""
            yield here, f"{location(here)} must be higher or lower, found {found(value)}.{near}"
        elif key == "name" and not (isinstance(value, str) and value.strip() and value.isprintable()):
            yield here, f"{location(here)} must be text on one line, found {found(value)}."


def tracked_metrics(contents: Iterable[Mapping[str, Any]]) -> tuple[str, ...] | None:
    """Return the names that any of the configurations tracks; None if one of them does not say."""
    names: dict[str, None] = {}
    for content in contents:
        log = content.get("log_config")
        tracked = log.get("what_to_track") if isinstance(log, Mapping) else None
        if not isinstance(tracked, list | tuple):
            return None
        names.update(dict.fromkeys(map(str, tracked)))
    return tuple(names)

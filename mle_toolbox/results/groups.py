"""Configurations grouped by the value of one setting, each group averaged over its other settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment_file.dotted_keys import flatten, key_named
from mle_toolbox.text import value_key

if TYPE_CHECKING:
    from mle_toolbox.results.answer import Answer
    from mle_toolbox.results.configuration import ConfigurationResults
    from mle_toolbox.statistics import Estimate

__all__ = ["Group", "groups_by", "unlike_settings"]


@dataclass(frozen=True)
class Group:
    """The configurations with one value of the setting.

    ``estimates`` by metric: the mean of the configurations' means, each of which counts the same; None where one of
    them has no number.
    """

    value: Any
    configurations: tuple[str, ...]
    done: int
    planned: int
    estimates: Mapping[str, Estimate | None]


def groups_by(
    wanted: str,
    results: Mapping[str, ConfigurationResults],
    settings: Mapping[str, Mapping[str, Any]],
    differing: Sequence[str],
    answers: Sequence[Answer],
    confidence: float,
) -> tuple[str, tuple[Group, ...]]:
    """Return the dotted key that is meant, and a group for each of its values, in the order of their values.

    Parameters
    ----------
    wanted
        The key, or its last parts.
    results
        The configurations.
    settings
        The content of each configuration, nested.
    differing
        The dotted keys whose values differ.
    answers
        For each metric that is wanted.
    confidence
        Of the intervals.

    Raises
    ------
    ResultsError
        When no configuration has such a key.
    """
    contents = {name: flatten(content) for name, content in settings.items()}
    key, trouble = key_named(wanted, (key for each in contents.values() for key in each), differing)
    if key is None:
        raise ResultsError(f"--group-by {wanted}: {trouble}")
    members: dict[Any, list[str]] = {}
    values: dict[Any, Any] = {}
    for name, content in contents.items():
        same = value_key(content.get(key))
        values.setdefault(same, content.get(key))
        members.setdefault(same, []).append(name)
    found = [_group(results, values[same], names, answers, confidence) for same, names in members.items()]
    numbers = all(isinstance(each.value, int | float) and not isinstance(each.value, bool) for each in found)
    return key, tuple(sorted(found, key=lambda each: each.value) if numbers else found)


def unlike_settings(
    groups: Sequence[Group], settings: Mapping[str, Mapping[str, Any]], others: Sequence[str]
) -> tuple[str, ...]:
    """Return which of the other settings have not the same values in all groups: a difference may be due to them."""
    contents = {name: flatten(content) for name, content in settings.items()}

    def values(group: Group, other: str) -> list[str]:
        return sorted(repr(value_key(contents[name].get(other))) for name in group.configurations)

    return tuple(other for other in others if any(values(each, other) != values(groups[0], other) for each in groups))


def _group(
    results: Mapping[str, ConfigurationResults],
    value: Any,
    names: Sequence[str],
    answers: Sequence[Answer],
    confidence: float,
) -> Group:
    runs = [results[name] for name in names]
    done = sum(each.statuses.count("done") for each in runs)
    planned = done + sum(sum(each.others().values()) for each in runs)
    return Group(value, tuple(names), done, planned, {each.metric: _mean(each, names, confidence) for each in answers})


def _mean(answer: Answer, names: Sequence[str], confidence: float) -> Estimate | None:
    # scipy is loaded where it is needed.
    from mle_toolbox.statistics.group_mean import estimate_of_group

    samples = [answer.samples[name] for name in names]
    values = {each.configuration: each.by_seed for each in samples}
    if not all(values.values()):
        return None
    return estimate_of_group(
        values,
        confidence,
        independent=any(each.numbered for each in samples),
        missing=sum(each.missing for each in samples),
        diverged=sum(each.diverged for each in samples),
    )

"""What the record of an experiment says of its metrics: which matter, which way is better, what readers call them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["MetricRole", "common_roles", "metric_roles"]


@dataclass(frozen=True)
class MetricRole:
    """What is said of one metric; None: nothing."""

    lower_is_better: bool | None = None
    label: str | None = None


def metric_roles(record: Mapping[str, Any]) -> Mapping[str, MetricRole]:
    """Return the roles in ``experiment.json``, the most important metric first; what cannot be read is left out."""
    found = record.get("metrics")
    entries = found.items() if isinstance(found, Mapping) else ()
    return {metric: _role(entry) for metric, entry in entries if isinstance(entry, Mapping)}


def common_roles(several: Iterable[Mapping[str, MetricRole]]) -> Mapping[str, MetricRole]:
    """Return the roles on which several experiments do not disagree; those of the first come first."""
    found: dict[str, MetricRole] = {}
    contested: set[str] = set()
    for roles in several:
        for metric, role in roles.items():
            if found.setdefault(metric, role) != role:
                contested.add(metric)
    return {metric: role for metric, role in found.items() if metric not in contested}


def _role(entry: Mapping[str, Any]) -> MetricRole:
    better, label = entry.get("better"), entry.get("name")
    lower = {"lower": True, "higher": False}.get(better) if isinstance(better, str) else None
    return MetricRole(lower, label if isinstance(label, str) else None)

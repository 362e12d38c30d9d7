"""The state of a search: how many trials are done, and a line for each that needs a look or is running now."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from mle_toolbox.drive.status import ExperimentStatus, SeedRunStatus
from mle_toolbox.render.statuses import kind_of, legend_of, seeds_ok, signs_of
from mle_toolbox.results.differences import value_text
from mle_toolbox.seed_ranges import format_seeds
from mle_toolbox.text import count, counted, listed, short

__all__ = ["is_search", "search_grid"]

# Of each kind.
_MOST_ROWS = 20
_MOST_BEST = 3
_FAILED = "with failed seeds"
_RUNNING = "running"
_STOPPED = "stopped"
_BEGUN = "begun"
_DONE = "done"
_OUTDATED = "outdated"
_WAITING = "not started"
_KINDS = (_DONE, _FAILED, _RUNNING, _STOPPED, _BEGUN, _OUTDATED, _WAITING)
# Kinds with a line for each trial; of the others only the numbers are given.
_SHOWN = (_FAILED, _RUNNING, _STOPPED)


def is_search(status: ExperimentStatus) -> bool:
    """Return whether the experiment is a search."""
    return isinstance(status.record.get("search"), Mapping)


def search_grid(status: ExperimentStatus) -> RenderableType:
    """Return the state of a search, whose trials are far too many for a line each."""
    values = {
        each["name"]: each["trial"]
        for each in status.record["configurations"]
        if isinstance(each.get("trial"), Mapping)
    }
    kinds: dict[str, list[str]] = {kind: [] for kind in _KINDS}
    runs: dict[str, list[SeedRunStatus]] = {}
    for run in status.runs:
        runs.setdefault(run.configuration, []).append(run)
    for name, members in runs.items():
        kinds[_kind_of_trial(members)].append(name)
    parts: list[RenderableType] = [Text(_headline(status, kinds))]
    shown = [(kind, kinds[kind]) for kind in _SHOWN if kinds[kind]]
    if shown:
        parts += [Text(), _table(shown, runs, values)]
        parts += [
            Text(f"and {len(names) - _MOST_ROWS:,} more {kind}") for kind, names in shown if len(names) > _MOST_ROWS
        ]
        signs = legend_of(kind_of(run) for _, names in shown for name in names[:_MOST_ROWS] for run in runs[name])
        parts += [
            Text(),
            Text.from_markup("   ".join(f"[{each.style}]{each.sign}[/] {escape(each.words)}" for each in signs)),
        ]
    parts += [Text(line) for line in _rest(kinds, values)]
    if best := _best(status):
        parts.append(Text(best))
    if outside := status.record.get("outside"):
        parts.append(Text(f"kept, but not due: {count(len(outside), 'trial')} outside the space or beyond the budget"))
    return Group(*parts)


def _headline(status: ExperimentStatus, kinds: Mapping[str, list[str]]) -> str:
    search: Mapping[str, Any] = status.record["search"]
    names = listed([each["name"] for each in search.get("variables", ())])
    total = sum(map(len, kinds.values()))
    rest = counted({kind: len(kinds[kind]) for kind in _KINDS if kind != _DONE})
    done = f"{len(kinds[_DONE]):,} of {count(total, 'trial')} done"
    return f"{search.get('type')} search over {names}: {', '.join(filter(None, [done, rest]))}"


def _table(
    shown: Iterable[tuple[str, list[str]]],
    runs: Mapping[str, list[SeedRunStatus]],
    trials: Mapping[str, Mapping[str, Any]],
) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for justify in ("left", "right", "left", "left"):
        table.add_column(justify=justify, overflow="fold")
    for _, names in shown:
        for name in names[:_MOST_ROWS]:
            values = trials.get(name, {}).get("values", {})
            words = ", ".join(f"{key} {value_text(value)}" for key, value in values.items())
            table.add_row(
                Text(name), seeds_ok(runs[name]), signs_of(map(kind_of, runs[name])), Text(words, style="dim")
            )
    return table


def _rest(kinds: Mapping[str, list[str]], trials: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for kind in (_DONE, _BEGUN, _OUTDATED, _WAITING):
        if kinds[kind]:
            numbers = [trials[name]["number"] for name in kinds[kind] if name in trials]
            yield f"{kind}: {count(len(kinds[kind]), 'trial')} ({format_seeds(numbers)})"


def _best(status: ExperimentStatus) -> str | None:
    """Return the first trials of the table; to rank what has finished since would take seconds for hundreds of them."""
    metrics: Sequence[str] = status.record["search"].get("metrics") or ()
    try:
        with status.folder.trials.open(encoding="utf-8", newline="") as file:
            rows = [row for row in islice(csv.DictReader(file), _MOST_BEST) if row.get("rank")]
        named = [f"{row['trial']} ({metrics[0]} {short(float(row[metrics[0]]))})" for row in rows]
    except (OSError, ValueError, LookupError, csv.Error):
        return None  # nothing has been ranked yet
    return f"best in {status.folder.trials.name}: {', '.join(named)}" if named else None


def _kind_of_trial(runs: Iterable[SeedRunStatus]) -> str:
    statuses = [run.status for run in runs]
    # A trial with a failed seed needs the user, whatever its other seeds do.
    for kind, words in ((_FAILED, ("failed", "died")), (_RUNNING, ("running",)), (_STOPPED, ("stopped",))):
        if any(status in words for status in statuses):
            return kind
    if all(status == "done" for status in statuses):
        return _DONE
    if "outdated" in statuses:
        return _OUTDATED
    return _WAITING if all(status == "waiting" for status in statuses) else _BEGUN

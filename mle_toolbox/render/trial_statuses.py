"""The state of many configurations: how many are done, and a line for each that needs a look or is running now.

For searches, whose configurations are trials, and for experiments of many configurations.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mle_toolbox.asking import read_score
from mle_toolbox.drive.status import ExperimentStatus, SeedRunStatus
from mle_toolbox.render.statuses import Legend, kind_of, look_lines, seeds_ok, signs_of
from mle_toolbox.search.choose import Candidate, in_order, standing
from mle_toolbox.search.search_keys import search_name
from mle_toolbox.search_final import final_of_record
from mle_toolbox.seed_ranges import format_seeds
from mle_toolbox.text import count, counted, listed, short, value_text

__all__ = ["is_search", "many_grid", "search_grid", "values_of_trial"]

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
    return status.is_search


def search_grid(status: ExperimentStatus) -> RenderableType:
    """Return the state of a search, whose trials are far too many for a line each."""
    values = {
        each["name"]: each["trial"]
        for each in status.record["configurations"]
        if isinstance(each.get("trial"), Mapping)
    }
    status, final = _apart(status)
    kinds = _kinds(status)
    names = listed([each["name"] for each in status.record["search"].get("variables", ())])
    counts = _learned_counts(status, kinds) if status.learns else _counts(kinds, "trial")
    parts: list[RenderableType] = [
        Text(f"{search_name(str(status.record['search'].get('type')))} over {names}: {counts}"),
        *_shown_kinds(status, kinds, values),
        *(Text(line) for line in _rest(kinds, values)),
    ]
    if best := None if status.learns else _best(status):
        parts.append(Text(best))
    parts += _final(status, final)
    if outside := status.record.get("outside"):
        parts.append(Text(f"kept, but not due: {count(len(outside), 'trial')} outside the space or beyond the budget"))
    return Group(*parts)


def values_of_trial(status: ExperimentStatus, name: str) -> str:
    """Return the values of a trial, ``lr 0.1, batch_size 32``; empty for a configuration that is none."""
    for each in status.record.get("configurations", ()):
        if each["name"] == name and isinstance(each.get("trial"), Mapping):
            return _in_words(each["trial"])
    return ""


def _in_words(trial: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value_text(value)}" for key, value in trial.get("values", {}).items())


def _apart(status: ExperimentStatus) -> tuple[ExperimentStatus, tuple[SeedRunStatus, ...]]:
    """Return the status of the search alone, and the seed runs of its final."""
    if "final" not in status.record["search"]:
        return status, ()
    seeds = {*status.record["seeds"]}
    trials = {each["name"] for each in status.record["configurations"]}
    own = tuple(run for run in status.runs if run.configuration in trials and run.seed in seeds)
    others = tuple(run for run in status.runs if run.configuration not in trials or run.seed not in seeds)
    return replace(status, runs=own), others


def _final(status: ExperimentStatus, runs: Sequence[SeedRunStatus]) -> Iterator[RenderableType]:
    """Yield how far the final of a search is, with a line for each of its configurations."""
    settings = status.record["search"].get("final")
    if not isinstance(settings, Mapping):
        return
    stage = final_of_record(status.folder, status.record)
    if stage is None or stage.finalists is None:
        begun = f" ({sum(run.status == 'done' for run in runs)} of the base's seed runs done)" if runs else ""
        yield Text(f"final: begins when all trials have ended{begun}")
        return
    yield Text("final, with fresh seeds:")
    table = Table(box=None, padding=(0, 2, 0, 2), show_header=False)
    for _ in range(4):
        table.add_column(overflow="fold")
    rows = [("finalist", name, stage.finalist_seeds) for name in stage.finalists]
    if stage.winner is not None:
        rows += [("winner", stage.winner, stage.final_seeds)]
    rows += [
        ("base", name, stage.final_seeds)
        for name in dict.fromkeys(each[0] for each in stage.final_runs)
        if name != stage.winner
    ]
    for what, name, seeds in rows:
        its = [run for run in runs if run.configuration == name and run.seed in seeds]
        table.add_row(Text(what), Text(name), seeds_ok(its), signs_of(map(kind_of, its)))
    yield table


def many_grid(status: ExperimentStatus) -> RenderableType:
    """Return the state of an experiment of so many configurations that a line each would fill the screen."""
    kinds = _kinds(status)
    rest = [
        Text(f"{kind}: {count(len(kinds[kind]), 'configuration')} ({_ends(kinds[kind])})")
        for kind in (_DONE, _BEGUN, _OUTDATED, _WAITING)
        if kinds[kind]
    ]
    shown = _shown_kinds(status, kinds, {})
    return Group(Text(_counts(kinds, "configuration")), *shown, *rest, *look_lines(status))


def _kinds(status: ExperimentStatus) -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = {kind: [] for kind in _KINDS}
    for name in status.configurations:
        kinds[_kind_of_trial(status.of(name))].append(name)
    return kinds


def _ends(names: Sequence[str]) -> str:
    return listed(names) if len(names) < 4 else f"{names[0]}, {names[1]}, … {names[-1]}"


def _shown_kinds(
    status: ExperimentStatus, kinds: Mapping[str, list[str]], trials: Mapping[str, Mapping[str, Any]]
) -> Iterator[RenderableType]:
    shown = [(kind, kinds[kind]) for kind in _SHOWN if kinds[kind]]
    if not shown:
        return
    yield Text()
    yield _table(shown, status, trials)
    yield from (
        Text(f"and {len(names) - _MOST_ROWS:,} more {kind}") for kind, names in shown if len(names) > _MOST_ROWS
    )
    yield Text()
    yield Legend(kind_of(run) for _, names in shown for name in names[:_MOST_ROWS] for run in status.of(name))


def _counts(kinds: Mapping[str, list[str]], noun: str) -> str:
    total = sum(map(len, kinds.values()))
    rest = counted({kind: len(kinds[kind]) for kind in _KINDS if kind != _DONE})
    done = f"{len(kinds[_DONE]):,} of {count(total, noun)} done"
    return ", ".join(filter(None, [done, rest]))


def _learned_counts(status: ExperimentStatus, kinds: Mapping[str, list[str]]) -> str:
    """Return how many trials have ended, also those that failed, and the best score so far."""
    ended = [name for name in status.configurations if all(_has_ended(run) for run in status.of(name))]
    failed = len([name for name in kinds[_FAILED] if name in set(ended)])
    rest = {
        "failed": failed,
        "with a failed seed so far": len(kinds[_FAILED]) - failed,
        **{kind: len(kinds[kind]) for kind in (_RUNNING, _STOPPED, _OUTDATED)},
    }
    said = f"{len(ended):,} of {count(len(status.configurations), 'trial')}"
    said = ", ".join(filter(None, [said, counted(rest)]))
    best = _best_score(status, ended)
    # Chosen among many by these same seeds, so it looks better than it is.
    # With a winner, its lines below say what fresh seeds have confirmed.
    stage = final_of_record(status.folder, status.record) if "final" in status.record["search"] else None
    word = "not confirmed" if stage is None or stage.winner is None else "optimistic"
    return said if best is None else f"{said}; best so far {best}, {word}"


def _has_ended(run: SeedRunStatus) -> bool:
    return run.status == "done" or run.is_learned_from


def _best_score(status: ExperimentStatus, names: Iterable[str]) -> str | None:
    """Return ``loss 0.131 (trial_0012)``, the first one in the order of the results; None before there is a score."""
    scores = {name: score for name in names if (score := read_score(status.folder.configuration(name).score))}
    trials = {each["name"]: each["trial"] for each in status.record["configurations"] if each["name"] in scores}
    order = in_order(
        (
            Candidate(
                name,
                trials[name]["number"],
                score["value"],
                bad=None in score["seeds"].values(),
                standing=standing((trials[name].get("asked") or {}).get("steps"), len(status.of(name))),
            )
            for name, score in scores.items()
        ),
        lower_is_better=not status.record["search"].get("maximize"),
    )
    if not order or order[0].score is None:
        return None
    return f"{scores[order[0].name]['metric']} {short(order[0].score)} ({order[0].name})"


def _table(
    shown: Iterable[tuple[str, list[str]]],
    status: ExperimentStatus,
    trials: Mapping[str, Mapping[str, Any]],
) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for _ in range(4):
        table.add_column(overflow="fold")
    for _, names in shown:
        for name in names[:_MOST_ROWS]:
            signs = signs_of(map(kind_of, status.of(name)))
            table.add_row(Text(name), seeds_ok(status.of(name)), signs, Text(_in_words(trials.get(name, {})), "dim"))
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

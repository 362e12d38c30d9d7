"""The status of seed runs: a sign for each, and its meaning, in a terminal and on the page."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from mle_toolbox.drive.causes import runs_in_words
from mle_toolbox.drive.pace import Going, Look, started_at
from mle_toolbox.drive.processing import ProcessingStatus
from mle_toolbox.drive.status import ExperimentStatus, SeedRunStatus
from mle_toolbox.excerpts import readable
from mle_toolbox.render.look_words import seed_words, sentences_on_looks
from mle_toolbox.text import AS_WIDE_AS_NEEDED, count, counted, duration, listed, rough_duration

__all__ = [
    "SIGNS",
    "Legend",
    "Sign",
    "changed_code",
    "clock",
    "driver_line",
    "due_line",
    "failure_lines",
    "in_lines",
    "kind_of",
    "legend_of",
    "look_lines",
    "processing_line",
    "running_table",
    "seeds_ok",
    "signs_of",
    "status_grid",
    "status_line",
    "tick_text",
]


class Sign(NamedTuple):
    """The sign of a status, its colour in a terminal, and its meaning."""

    sign: str
    style: str
    words: str


SIGNS = {
    "done": Sign("✓", "green", "done"),
    "older code": Sign("≈", "yellow", "done, by older code"),
    "outdated": Sign("≠", "yellow", "outdated: done with an earlier configuration, not counted; runs again"),
    "running": Sign("▸", "cyan", "running"),
    "stopped": Sign("‖", "yellow", "stopped on request before its end; the next `mle run` goes on with it"),
    "failed": Sign("✗", "red", "failed"),
    "died": Sign("†", "red", "died (killed, or its machine failed)"),
    "waiting": Sign("·", "dim", "not started"),
}
_SEEDS_A_GROUP = 10
# With more seeds their signs are counted: a line has 80 columns.
_MOST_SIGNS = 40
_MOST_RUNNING = 12
_MOST_FAILURES = 5
_MOST_LINES = 5
_WIDTH = 300
_DUE = {
    "waiting": "not started",
    "outdated": "outdated",
    "stopped": "stopped",
    "failed": "failed",
    "died": "died",
    "older code": "of older code",
}


def legend_of(kinds: Iterable[str]) -> list[Sign]:
    """Return the signs that occur, in the order of `SIGNS`."""
    there = set(kinds)
    return [sign for kind, sign in SIGNS.items() if kind in there]


def in_lines(entries: Sequence[Text], width: int, between: str = "  ") -> Text:
    """Return the entries of a legend, as many in a line as fit; none is broken between its sign and its name."""
    lines: list[Text] = []
    for each in entries:
        if lines and lines[-1].cell_len + len(between) + each.cell_len <= width:
            lines[-1] = Text(between).join([lines[-1], each])
        else:
            lines.append(each)
    return Text("\n").join(lines)


class Legend:
    """The signs that occur with their meanings, in as few lines as the terminal allows."""

    def __init__(self, kinds: Iterable[str]) -> None:
        self._entries = [Text(each.sign, each.style).append(f" {each.words}", "default") for each in legend_of(kinds)]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        yield in_lines(self._entries, options.max_width, "   ")


def status_line(status: ExperimentStatus) -> str:
    """Return one line such as ``18 of 20 seed runs done, 2 failed``."""
    counts = status.counts
    # "waiting" is what is left to the total and needs no words.
    rest = {name: counts[name] for name in ("outdated", "running", "stopped", "failed", "died")}
    rest["made by older code"] = sum(each.stale for each in status.runs)
    done = f"{counts['done']:,} of {len(status.runs):,} seed runs done"
    return ", ".join(filter(None, [done, counted(rest)]))


def processing_line(processing: ProcessingStatus) -> Text:
    """Return one line such as ``✗ pre-processing failed: ended with exit status 1``."""
    sign, style, words = SIGNS[processing.status]
    reason = processing.record.reason if processing.record is not None else None
    kept = words if processing.status in ("done", "running", "died", "waiting") else processing.status
    text = Text(f"{sign} ", style=style).append(f"{processing.name}: ", style="default").append(kept)
    return text.append(f", {reason}", style="default") if reason and processing.status == "failed" else text


def changed_code(status: ExperimentStatus) -> list[str]:
    """Say for each configuration which files have changed since its runs; one line for all with the same change."""
    alike: dict[tuple[int, str], list[str]] = {}
    for name in status.configurations:
        stale = [run for run in status.of(name) if run.stale]
        if stale:
            files = listed(sorted({file for run in stale for file in run.changed}))
            alike.setdefault((len(stale), files), []).append(name)
    lines = []
    for (number, files), names in list(alike.items())[:_MOST_LINES]:
        each = " each" if len(names) > 1 else ""
        runs = count(number, f"seed run{each} was", f"seed runs{each} were")
        lines.append(f"≈ {listed(names, 3)}: {runs} made before {files} changed.")
    if len(alike) > _MOST_LINES:
        lines.append(f"≈ and {sum(map(len, list(alike.values())[_MOST_LINES:]))} more configurations.")
    return lines


def status_grid(status: ExperimentStatus) -> RenderableType:
    """Return configurations x seeds, one sign each, with a legend of the signs that occur."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(overflow="fold")
    table.add_column()
    table.add_column(overflow="fold")
    for name in status.configurations:
        kinds = [kind_of(run) for run in status.of(name)]
        seeds = seeds_ok(status.of(name))
        if status.looks is not None:
            seeds = Text(seed_words(status.looks, name, sum(run.status == "done" for run in status.of(name))))
        table.add_row(Text(name), seeds, signs_of(kinds))
    return Group(table, Text(), Legend(map(kind_of, status.runs)), *look_lines(status))


def look_lines(status: ExperimentStatus) -> Iterator[Text]:
    """Yield what the looks have decided so far; nothing where the number of seeds is fixed."""
    if status.looks is not None:
        yield from map(Text, sentences_on_looks(status.looks, status.configurations))


def running_table(status: ExperimentStatus, look: Look) -> RenderableType | None:
    """Return a line for each seed run that is running: tick, time left, machine, since when; None if there is none."""
    running = [run for run in status.runs if run.status == "running"]
    if not running:
        return None
    rows = []
    for run in running[:_MOST_RUNNING]:
        going = look.going.get((run.configuration, run.seed))
        record, began = run.record, started_at(run.record)
        silent = f"no tick for {duration(going.silent)}" if going is not None and going.silent is not None else None
        left = f"{rough_duration(going.left)} left" if going is not None and going.left is not None else ""
        rows.append(
            (
                Text(f"▸ {run.configuration} seed {run.seed}", SIGNS["running"].style),
                Text(tick_text(going)),
                Text(silent, "yellow") if silent else Text(left),
                Text(record.host or "" if record is not None else ""),
                Text(f"since {clock(began)}" if began is not None else ""),
            )
        )
    more = len(running) - _MOST_RUNNING
    table = _FirstColumns(rows)
    return Group(table, Text(f"and {more:,} more running", "dim")) if more > 0 else table


class _FirstColumns:
    """As many of the columns, from the first on, as fit into the terminal in one line a row; at least two."""

    def __init__(self, rows: Sequence[tuple[Text, ...]]) -> None:
        self._rows = rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        number = len(self._rows[0])
        # In its own width the table would be measured as one that is folded.
        unfolded = options.update(max_width=AS_WIDE_AS_NEEDED)
        while number > 2 and Measurement.get(console, unfolded, self._table(number)).maximum > options.max_width:
            number -= 1
        yield self._table(number)

    def _table(self, number: int) -> Table:
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
        for _ in range(number):
            table.add_column(overflow="fold")
        for row in self._rows:
            table.add_row(*row[:number])
        return table


def tick_text(going: Going | None) -> str:
    """Return ``tick 420 of 1,000``, or ``of about 1,000`` where other seed runs had different numbers."""
    if going is None or not going.n_ticks:
        return "no tick yet"
    about = "" if going.is_sure else "about "
    return f"tick {going.n_ticks:,}" + (f" of {about}{going.expected:,}" if going.expected else "")


def failure_lines(status: ExperimentStatus) -> Iterator[Text]:
    """Yield each failure that differs from the others, headed by its cause, and below it which seed runs it ended."""
    groups = status.failures
    every = [(run.configuration, run.seed) for run in status.runs]
    for group in groups[:_MOST_FAILURES]:
        failure = group.failure
        place = f" at {failure.place}" if failure.place is not None and failure.place not in failure.words else ""
        yield Text(f"{SIGNS['failed'].sign} {readable(failure.words, _WIDTH)}{place}", SIGNS["failed"].style)
        number = f"{count(len(group.runs), 'seed run')}: " if len(group.runs) > 1 else ""
        yield Text(f"  {number}{runs_in_words(group.runs, every)}")
    if len(groups) > _MOST_FAILURES:
        rest = sum(len(group.runs) for group in groups[_MOST_FAILURES:])
        yield Text(f"  and {count(rest, 'seed run')} that failed otherwise", "dim")


def due_line(status: ExperimentStatus) -> str | None:
    """Return what is left to run, such as ``due: 8 seed runs (4 new, 4 failed)``; None when nothing is."""
    due = [run for run in status.runs if run.is_due]
    if not due:
        return None
    kinds = Counter("new" if run.is_new and run.status == "waiting" else _DUE[run.status] for run in due)
    reasons = counted({kind: kinds[kind] for kind in dict.fromkeys(("new", *_DUE.values()))})
    before = status.restorable
    have = "has" if before == 1 else "have"
    rest = f"; {before:,} of these {have} finished before and will be restored" if before else ""
    return f"due: {count(len(due), 'seed run')} ({reasons}){rest}"


def driver_line(status: ExperimentStatus) -> str:
    """Return who runs the experiment, where and since when, or that nobody does."""
    holder = status.holder
    if holder is None:
        rest = "; the next one starts what is due" if any(run.is_due for run in status.runs) else ""
        return f"no `mle run` is going on{rest}"
    if holder.is_orphaned:
        return f"`mle run` was killed on {holder.host}; its Snakemake (process {holder.snakemake}) goes on"
    return f"`mle run` is going on: process {holder.pid} on {holder.host}, since {clock(_seconds(holder.since))}"


def clock(seconds: float | None) -> str:
    """Return a time of day of this machine, with the date if it was not today."""
    if seconds is None:
        return "an unknown time"
    then, now = time.localtime(seconds), time.localtime()
    return time.strftime("%H:%M" if then[:3] == now[:3] else "%Y-%m-%d %H:%M", then)


def _seconds(iso: str) -> float | None:
    try:
        return datetime.fromisoformat(iso).timestamp()
    except ValueError:
        return None


def seeds_ok(runs: Iterable[SeedRunStatus]) -> Text:
    """Return how many seed runs are done, and how many have failed."""
    statuses = Counter(each.status for each in runs)
    total = str(statuses.total())
    # Padded here: a column to the right would move the numbers away from those without failures.
    text = Text(f"{statuses['done']:>{len(total)}}/{total}")
    if bad := statuses["failed"] + statuses["died"]:
        text.append(f"  {bad} failed", style="red")
    return text


def signs_of(kinds: Iterable[str]) -> Text:
    """Return a sign for each seed run, in groups; of very many how often each sign occurs."""
    kinds = list(kinds)
    text = Text()
    if len(kinds) > _MOST_SIGNS:
        counts = Counter(kinds)
        return Text("  ").join(
            Text(f"{sign.sign} {counts[kind]:,}", sign.style) for kind, sign in SIGNS.items() if counts[kind]
        )
    for position, kind in enumerate(kinds):
        if position and position % _SEEDS_A_GROUP == 0:
            text.append(" ")
        text.append(SIGNS[kind].sign, style=SIGNS[kind].style)
    return text


def kind_of(run: SeedRunStatus) -> str:
    """Return the key of a seed run's sign in `SIGNS`."""
    return "older code" if run.stale else run.status

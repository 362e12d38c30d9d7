"""The status of seed runs: a sign for each, and its meaning, in a terminal and on the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from mle_toolbox.drive.processing import ProcessingStatus
from mle_toolbox.drive.status import ExperimentStatus, SeedRunStatus
from mle_toolbox.text import count, counted, listed

__all__ = [
    "SIGNS",
    "Sign",
    "changed_code",
    "kind_of",
    "legend_of",
    "processing_line",
    "seeds_ok",
    "signs_of",
    "status_grid",
    "status_line",
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
_MOST_LINES = 5


def legend_of(kinds: Iterable[str]) -> list[Sign]:
    """Return the signs that occur, in the order of `SIGNS`."""
    there = set(kinds)
    return [sign for kind, sign in SIGNS.items() if kind in there]


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
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    for name in status.configurations:
        kinds = [kind_of(run) for run in status.of(name)]
        table.add_row(Text(name), seeds_ok(status.of(name)), signs_of(kinds))
    # escape(): texts with brackets are not markup.
    shown = [f"[{style}]{sign}[/] {escape(words)}" for sign, style, words in legend_of(map(kind_of, status.runs))]
    return Group(table, Text(), Text.from_markup("   ".join(shown)))


def seeds_ok(runs: Iterable[SeedRunStatus]) -> Text:
    """Return how many seed runs are done, and how many have failed."""
    statuses = Counter(each.status for each in runs)
    text = Text(f"{statuses['done']}/{statuses.total()}")
    if bad := statuses["failed"] + statuses["died"]:
        text.append(f"  {bad} failed", style="red")
    return text


def signs_of(kinds: Iterable[str]) -> Text:
    """Return a sign for each seed run, in groups."""
    text = Text()
    for position, kind in enumerate(kinds):
        if position and position % _SEEDS_A_GROUP == 0:
            text.append(" ")
        text.append(SIGNS[kind].sign, style=SIGNS[kind].style)
    return text


def kind_of(run: SeedRunStatus) -> str:
    """Return the key of a seed run's sign in `SIGNS`."""
    return "older code" if run.stale else run.status

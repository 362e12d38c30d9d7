"""Tables, grids and progress bars, made with rich; what is in them comes from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from mle_toolbox.drive.status import ExperimentStatus, SeedRunStatus
from mle_toolbox.results import Configurations
from mle_toolbox.results.renderings import AS_WIDE_AS_NEEDED

__all__ = [
    "MAX_METRICS",
    "error_console",
    "output_console",
    "results_table",
    "status_grid",
    "status_line",
    "too_many_metrics",
]

MAX_METRICS = 4
"""As many metrics as a table in a terminal has, unless others are asked for."""

# Status, its sign in the grid, its colour, and what it means.
_SIGNS = {
    "done": ("✓", "green", "done"),
    "stale": ("≈", "yellow", "done, with an older script"),
    "outdated": ("≠", "yellow", "made with an earlier configuration; runs again"),
    "running": ("▸", "cyan", "running"),
    "stopped": ("‖", "yellow", "stopped before its end, as asked; the next call goes on with it"),
    "failed": ("✗", "red", "failed"),
    "died": ("†", "red", "died (killed, or its machine went down)"),
    "waiting": ("·", "dim", "not started"),
}
_SEEDS_A_GROUP = 10


def output_console() -> Console:
    """Return the console for results; as wide as needed when it is no terminal."""
    console = Console(highlight=False, soft_wrap=True)
    return console if console.is_terminal else Console(highlight=False, width=AS_WIDE_AS_NEEDED)


def error_console() -> Console:
    """Return the console for everything that is no result."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def results_table(results: Configurations) -> RenderableType:
    """Return the final value of each metric for each configuration, with what it rests on."""
    if not results.metrics:
        return Text("No configuration has logged a metric that is one number a tick, so there is no table.")
    table = results.summary(results.metrics[:MAX_METRICS]).table()
    if len(results.metrics) > MAX_METRICS:
        table = replace(table, cautions=(*table.cautions, too_many_metrics(results.metrics)))
    return table.to_rich()


def too_many_metrics(names: Sequence[str]) -> str:
    """Say which metrics are not in a table of the first ones."""
    left = names[MAX_METRICS:]
    more = f" and {len(left) - 6} more" if len(left) > 6 else ""
    return f"Not shown: {', '.join(left[:6])}{more}. `mle results --metric NAME` shows them."


def status_line(status: ExperimentStatus) -> str:
    """Return one line such as ``18 of 20 seed runs done, 2 failed``."""
    counts = status.counts
    parts = [f"{counts['done']} of {len(status.runs)} seed runs done"]
    parts += [f"{counts[name]} {name}" for name in ("outdated", "running", "stopped", "failed", "died") if counts[name]]
    stale = sum(each.stale for each in status.runs)
    if stale:
        parts.append(f"{stale} made by an older script")
    return ", ".join(parts)


def status_grid(status: ExperimentStatus) -> RenderableType:
    """Return configurations x seeds, one sign each, with a legend of the signs that occur."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(overflow="fold")
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    for name in status.configurations:
        runs = status.of(name)
        table.add_row(Text(name), _seeds_ok(runs), _signs(runs))
    return Group(table, Text(), _legend(status.runs))


def _seeds_ok(runs: Iterable[SeedRunStatus]) -> Text:
    statuses = [each.status for each in runs]
    done, bad = statuses.count("done"), statuses.count("failed") + statuses.count("died")
    text = Text(f"{done}/{len(statuses)}")
    if bad:
        text.append(f"  {bad} failed", style="red")
    return text


def _signs(runs: tuple[SeedRunStatus, ...]) -> Text:
    text = Text()
    for position, run in enumerate(runs):
        if position and position % _SEEDS_A_GROUP == 0:
            text.append(" ")
        sign, style, _ = _SIGNS[_kind(run)]
        text.append(sign, style=style)
    return text


def _legend(runs: tuple[SeedRunStatus, ...]) -> Text:
    kinds = {_kind(run) for run in runs}
    shown = [f"[{style}]{sign}[/] {escape(words)}" for kind, (sign, style, words) in _SIGNS.items() if kind in kinds]
    return Text.from_markup("   ".join(shown))


def _kind(run: SeedRunStatus) -> str:
    return "stale" if run.stale else run.status

"""Tables, grids and progress bars, made with rich; what is in them comes from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from mle_toolbox.drive.status import ExperimentStatus, SeedRunStatus
from mle_toolbox.results import ExperimentResults
from mle_toolbox.summary import final_values, scalar_metrics

__all__ = ["error_console", "output_console", "results_table", "status_grid", "status_line"]

# Status, its sign in the grid, its colour, and what it means.
_SIGNS = {
    "done": ("✓", "green", "done"),
    "stale": ("≈", "yellow", "done, with an older script"),
    "running": ("▸", "cyan", "running"),
    "failed": ("✗", "red", "failed"),
    "died": ("†", "red", "died (killed, or its machine went down)"),
    "waiting": ("·", "dim", "not started"),
}
_SEEDS_A_GROUP = 10


def output_console() -> Console:
    """Return the console for results; as wide as needed when it is no terminal."""
    console = Console(highlight=False, soft_wrap=True)
    return console if console.is_terminal else Console(highlight=False, width=200)


def error_console() -> Console:
    """Return the console for everything that is no result."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def results_table(status: ExperimentStatus, results: ExperimentResults) -> RenderableType:
    """Return the final value of each metric for each configuration, with what it rests on."""
    metrics = list(dict.fromkeys(name for each in results.values() for name in scalar_metrics(each)))
    table = Table(title="Final values", title_justify="left", title_style="bold")
    table.add_column("configuration", overflow="fold")
    table.add_column("seeds ok", justify="right")
    for name in metrics:
        table.add_column(Text(name), justify="right")
    for name in status.configurations:
        runs = status.of(name)
        values = [str(final_values(results[name], metric)) for metric in metrics] if name in results else []
        table.add_row(Text(name), _seeds_ok(runs), *map(Text, values))
    return Group(table, Text("mean over seeds ± half of the 95 % Student t interval; n seeds", style="dim"))


def status_line(status: ExperimentStatus) -> str:
    """Return one line such as ``18 of 20 seed runs done, 2 failed``."""
    counts = status.counts
    parts = [f"{counts['done']} of {len(status.runs)} seed runs done"]
    parts += [f"{counts[name]} {name}" for name in ("running", "failed", "died") if counts[name]]
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

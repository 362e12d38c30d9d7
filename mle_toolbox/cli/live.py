"""The progress of `mle run`: a bar on a terminal, elsewhere a line every few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from mle_toolbox.excerpts import readable
from mle_toolbox.experiment_file.processing_section import STAGES
from mle_toolbox.snakemake_side.job_events import Tally
from mle_toolbox.text import counted

__all__ = ["watching"]

# Without a terminal the output is usually a log file, which a line for each seed run would fill.
_SECONDS_BETWEEN_LINES = 10.0
_WIDTH = 2000  # the executor's messages may name many tasks


@contextmanager
def watching(
    console: Console,
    total: int,
    running: str = "running",
    is_stopped: Callable[[tuple[str, int]], bool] = lambda _: False,
) -> Iterator[Callable[[Tally], None]]:
    """Show the progress of a run, and above it the executor's messages.

    Parameters
    ----------
    console
        Where to print.
    total
        Number of seed runs.
    running
        How to call seed runs that were started: on a cluster they may be queued.
    is_stopped
        Whether a seed run that ended without a log was asked to stop; Snakemake calls that a failure too.

    Yields
    ------
    Callable
        Takes each new state.
    """
    speaker, detail = _Speaker(console), _Detail(running, is_stopped)
    if console.is_terminal:
        with _bar(console) as progress:
            yield _both(speaker, _on_bar(progress, total, detail))
    else:
        yield _both(speaker, _Lines(console, detail))


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("seed runs"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[detail]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        # An estimate from the last 30 s only (rich): rough where seed runs take longer than that.
        TimeRemainingColumn(),
        console=console,
    )


class _Speaker:
    """Prints the executor's messages, each once."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._spoken = 0

    def __call__(self, tally: Tally) -> None:
        for text, is_warning in tally.said[self._spoken :]:
            self._console.print(escape(readable(text, _WIDTH)), style="yellow" if is_warning else "dim")
        self._spoken = len(tally.said)


def _both(first: Callable[[Tally], None], second: Callable[[Tally], None]) -> Callable[[Tally], None]:
    def call(tally: Tally) -> None:
        first(tally)
        second(tally)

    return call


def _on_bar(progress: Progress, total: int, detail: _Detail) -> Callable[[Tally], None]:
    task = progress.add_task("seed runs", total=total, detail="")

    def update(tally: Tally) -> None:
        progress.update(task, completed=tally.ended, detail=detail.of(tally))

    return update


class _Lines:
    """Prints a line when seed runs have ended, at most every few seconds."""

    def __init__(self, console: Console, detail: _Detail) -> None:
        self._console = console
        self._detail = detail
        self._shown = (-1, "")
        self._last = -_SECONDS_BETWEEN_LINES

    def __call__(self, tally: Tally) -> None:
        now = time.monotonic()
        # The last line always appears, however soon after the one before.
        finished = tally.ended == tally.total
        processing = _processing(tally)
        if (tally.ended, processing) == self._shown or tally.to_run is None:
            return
        if not finished and processing == self._shown[1] and now - self._last < _SECONDS_BETWEEN_LINES:
            return
        self._shown, self._last = (tally.ended, processing), now
        self._console.print(
            f"{tally.done} of {tally.total} seed runs done; {self._detail.of(tally) or 'nothing failed'}"
        )


class _Detail:
    """Counts the seed runs that are running, stopped and failed; reads each record once."""

    def __init__(self, running: str, is_stopped: Callable[[tuple[str, int]], bool]) -> None:
        self._running = running
        self._is_stopped = is_stopped
        self._known: dict[tuple[str, int], bool] = {}

    def of(self, tally: Tally) -> str:
        # Rebuilt each time: a seed run that is retried leaves the failed for a while, and may then end differently.
        self._known = {
            run: self._known[run] if run in self._known else self._is_stopped(run) for run in sorted(tally.failed)
        }
        stopped = sum(self._known.values())
        counts = {self._running: len(tally.running), "stopped": stopped, "failed": len(tally.failed) - stopped}
        processing = _processing(tally)
        return ", ".join(filter(None, [processing and f"{processing} {self._running}", counted(counts)]))


def _processing(tally: Tally) -> str:
    """Return what runs before the first seed run or after the last, now."""
    return ", ".join(sorted({rule.replace("_", "-") for rule in tally.running_others.values() if rule in STAGES}))

"""The screen of `mle run` while it runs: a bar, what runs and what failed; elsewhere a line now and then.

On a terminal the screen is redrawn in place, and what happens once (a failure, a message of the executor) is printed
above it. A log file gets plain lines, ever fewer the longer it takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mle_toolbox.cli.consoles import print_words
from mle_toolbox.cli.failures import show_new_failure
from mle_toolbox.cli.running import running_rows
from mle_toolbox.drive.causes import FailuresSoFar, runs_in_words
from mle_toolbox.drive.progress import Progress, ProgressReader
from mle_toolbox.excerpts import readable
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_file.processing_section import STAGES
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.snakemake_side.job_events import Tally
from mle_toolbox.text import broken, counted, duration, rough_duration

__all__ = ["watching"]

# Without a terminal the output is usually a log file, which a line for each seed run would fill: at most one in ten
# seconds, and after a day one in ten minutes.
_SECONDS_BETWEEN_LINES = 10.0
_MOST_SECONDS_BETWEEN_LINES = 600.0
_SHARE_OF_TIME = 1 / 20
_REDRAWN_EVERY_SECONDS = 0.25
_WIDTH = 2000  # the executor's messages may name many tasks
_FAILURES_SHOWN = 3
# Lines of the screen that are no seed runs: bar, counts, failures, pause, and some above it.
_OTHER_LINES = 12
_FEWEST_ROWS = 3
_STEPS = {"merge": "merging", "collect": "collecting the results", "report": "writing the report"}


@contextmanager
def watching(
    console: Console, plan: Plan, failures: FailuresSoFar, *, is_local: bool, pausing: Callable[[], str | None]
) -> Iterator[Callable[[Tally], None]]:
    """Show the progress of a run.

    Parameters
    ----------
    console
        Where to print.
    plan
        The experiment.
    failures
        Finds the failures.
    is_local
        Whether a seed run that was started is running: on a cluster it may be queued.
    pausing
        Returns why no more seed runs are started, or None.

    Yields
    ------
    Callable
        Takes each new state.
    """
    reader = ProgressReader(ExperimentFolder(plan.experiment_path), is_local=is_local)
    state = _State(console, plan, reader, failures, pausing)
    if not console.is_terminal:
        yield _Lines(console, state)
        return
    # Not redrawn by a thread of its own: what is printed above at the same moment would be overwritten.
    with Live(console=console, auto_refresh=False, get_renderable=state.screen) as live:
        yield _Redrawn(live, state)
        # The last picture stays on the screen, above the results.
        state.is_over = True
        live.refresh()


class _State:
    """What is known at the last look."""

    def __init__(
        self,
        console: Console,
        plan: Plan,
        reader: ProgressReader,
        failures: FailuresSoFar,
        pausing: Callable[[], str | None],
    ) -> None:
        self._console = console
        self._plan = plan
        self._reader = reader
        self._spoken = 0
        self._shown_failures: set[tuple[str, str | None]] = set()
        self._begin = time.monotonic()
        self.failures = failures
        self.pausing = pausing
        self.tally = Tally(total=len(plan.seed_runs))
        self.progress = Progress()
        self.is_over = False

    def look(self, tally: Tally) -> None:
        """Take a new state, and print what happened since the last."""
        self.tally = tally
        for text, is_warning in tally.said[self._spoken :]:
            print_words(self._console, readable(text, _WIDTH), "yellow" if is_warning else "dim")
        self._spoken = len(tally.said)
        progress = self._reader.look(tally)
        # Read once a second, and some have ended since.
        now = set(tally.running.values())
        running = tuple(each for each in progress.running if (each.configuration, each.seed) in now)
        self.progress = replace(progress, running=running, queued=min(progress.queued, len(now) - len(running)))
        self.failures.look(tally)
        for run, failure in self.failures.failures.items():
            if failure.key not in self._shown_failures:
                self._shown_failures.add(failure.key)
                show_new_failure(run, failure, self._plan.project_dir, self._console)

    @property
    def seconds(self) -> float:
        """Seconds since the command was started."""
        return time.monotonic() - self._begin

    @property
    def counts(self) -> dict[str, int]:
        """How many seed runs are in which state, apart from those that are done."""
        tally, n_stopped = self.tally, self.failures.n_stopped
        waiting = tally.total - tally.ended - len(tally.running) if tally.to_run is not None else 0
        return {
            "running": len(tally.running) - self.progress.queued,
            "queued": self.progress.queued,
            "waiting": max(waiting, 0),
            "stopped": n_stopped,
            "failed": len(tally.failed) - n_stopped,
            "failed before": tally.failed_before,
        }

    @property
    def stage(self) -> str | None:
        """The pre-processing or post-processing, if it runs now."""
        stages = sorted({*self.tally.running_others.values()} & {*STAGES})
        return ", ".join(stage.replace("_", "-") for stage in stages) or None

    @property
    def step(self) -> str | None:
        """What runs now that is no seed run."""
        if (stage := self.stage) is not None:
            return stage
        tally = self.tally
        rules = set(tally.running_others.values())
        # While seed runs are running, merging what is complete takes no time of its own.
        if tally.running or tally.to_run is None or tally.ended < tally.total:
            return None
        step = next((rule for rule in _STEPS if rule in rules), None)
        planned = tally.planned.get("merge", 0)
        if step == "merge" and planned > 1:
            return f"merging {min(tally.finished_others['merge'] + 1, planned)} of {planned}"
        return _STEPS.get(step or "")

    def time_in_words(self) -> str:
        """Return how long it has taken, and what is left."""
        passed = duration(self.seconds)
        if self.is_over:
            return passed
        if (step := self.step) is not None:
            return f"{passed}, {step}"
        left = self.left_in_words()
        return f"{passed}, {left}" if left else passed

    def left_in_words(self) -> str | None:
        """Return the time left, if it is known and there is any."""
        left = self.progress.left
        if not left or not (self.tally.running or self.counts["waiting"]) or self.pausing() is not None:
            return None
        return f"about {rough_duration(left)} left"

    def screen(self) -> RenderableType:
        """Return the picture of a terminal."""
        tally, width = self.tally, self._console.width
        bar = Table.grid(padding=(0, 1), expand=True)
        bar.add_column(no_wrap=True)
        bar.add_column(ratio=1)
        bar.add_column(no_wrap=True, justify="right")
        bar.add_column(no_wrap=True, min_width=len("59 min 59 s, about 59 min left"))
        bar.add_row(
            "seed runs",
            ProgressBar(total=max(tally.total, 1), completed=tally.ended),
            f"{tally.ended}/{tally.total}",
            self.time_in_words(),
        )
        parts: list[RenderableType] = [bar]
        if counts := counted(self.counts):
            parts.append(Text(f"  {counts}", style="dim", overflow="ellipsis", no_wrap=True))
        if not self.is_over:
            most = max(self._console.height - _OTHER_LINES, _FEWEST_ROWS)
            parts += running_rows(self.progress.running, self._plan, most, width)
        parts += self._failures(width)
        if not self.is_over and (why := self.pausing()) is not None:
            # The console leaves long lines to the terminal, which knows nothing of the height of this picture.
            parts += [Text(line, style="yellow") for line in broken(why, width).split("\n")]
        return Group(*parts)

    def _failures(self, width: int) -> Sequence[RenderableType]:
        groups = self.failures.groups
        lines = [
            Text(
                readable(
                    f"  {len(group.runs)} failed: {group.failure.headline}, "
                    f"{runs_in_words(group.runs, self._plan.seed_runs)}",
                    width,
                ),
                style="red",
                no_wrap=True,
                overflow="ellipsis",
            )
            for group in groups[:_FAILURES_SHOWN]
        ]
        if len(groups) > _FAILURES_SHOWN:
            rest = sum(len(group.runs) for group in groups[_FAILURES_SHOWN:])
            lines.append(Text(f"  {rest} failed for other reasons", style="red"))
        return lines


class _Redrawn:
    """Draws the screen of a terminal again, a few times a second."""

    def __init__(self, live: Live, state: _State) -> None:
        self._live = live
        self._state = state
        self._next = 0.0

    def __call__(self, tally: Tally) -> None:
        self._state.look(tally)
        if (now := time.monotonic()) >= self._next:
            self._next = now + _REDRAWN_EVERY_SECONDS
            self._live.refresh()


class _Lines:
    """Prints a line when something has changed, the less often the longer it takes."""

    def __init__(self, console: Console, state: _State) -> None:
        self._console = console
        self._state = state
        self._shown: tuple[int, str | None, bool] = (-1, None, False)
        self._stage: str | None = None
        self._last = -_MOST_SECONDS_BETWEEN_LINES

    def __call__(self, tally: Tally) -> None:
        state = self._state
        state.look(tally)
        why = state.pausing()
        now = (tally.ended, state.step, why is not None)
        if now == self._shown or tally.to_run is None:
            return
        between = min(max(_SECONDS_BETWEEN_LINES, _SHARE_OF_TIME * state.seconds), _MOST_SECONDS_BETWEEN_LINES)
        # At once: the end of the last seed run, a pause, and what the user has asked for before and after seed runs.
        is_news = tally.ended == tally.total != self._shown[0] or now[2] != self._shown[2] or state.stage != self._stage
        if not is_news and time.monotonic() - self._last < between:
            return
        if why is not None and not self._shown[2]:
            print_words(self._console, why, "yellow")
        self._shown, self._stage, self._last = now, state.stage, time.monotonic()
        counts = state.counts
        # Who reads this knows the total; what waits is named where there is nothing else to name.
        waiting = counted({"waiting": counts.pop("waiting")})
        words = [counted(counts) or waiting or "nothing failed", state.step, state.left_in_words()]
        print_words(self._console, f"{tally.done} of {tally.total} seed runs done; {', '.join(filter(None, words))}")

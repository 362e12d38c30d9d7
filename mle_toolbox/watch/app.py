"""The screen of `mle watch`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import Resize
from textual.widgets import Footer, Input, Static

from mle_toolbox.colours import COLOURS_ON_DARK
from mle_toolbox.drive.status import SeedRunStatus, output_name
from mle_toolbox.errors import MLEToolboxError
from mle_toolbox.render.statuses import SIGNS, driver_line, failure_lines, status_line
from mle_toolbox.render.trial_statuses import values_of_trial
from mle_toolbox.text import count, rough_duration
from mle_toolbox.watch.curve_plot import MOST_CURVES, CurvePlot
from mle_toolbox.watch.run_table import RunTable
from mle_toolbox.watch.screens import OutputScreen, StopQuestion
from mle_toolbox.watch.view import ORDERS, View

__all__ = ["WatchApp"]

# A look may take a fifth of the time: on a slow disk there are fewer.
_EVERY_SECONDS = 1.0
_SHARE = 5
_WIDE = 110
# With blanks between them the keys of the footer need 68 columns.
_NARROW = 68


class WatchApp(App[None]):
    """Table of seed runs, curves, failures.

    Parameters
    ----------
    view
        What is shown.
    stop
        Stops one seed run; returns a sentence about how that went.
    title
        What the experiment is called.
    """

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #head { height: auto; max-height: 6; padding: 0 1; background: $panel; }
    #body { height: 1fr; layout: vertical; }
    #body.wide { layout: horizontal; }
    #body.wide RunTable { width: 64%; max-width: 90; height: 100%; }
    #body.wide #right { width: 1fr; height: 100%; }
    #right { height: 3fr; }
    RunTable { height: 2fr; }
    #failures { display: none; height: 1fr; padding: 0 1; }
    #failure-text { height: auto; }
    #filter { display: none; height: 3; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        # First, so that a narrow terminal does not cut it off.
        Binding("q,ctrl+c", "quit", "Quit"),
        Binding("m", "metric(1)", "Metric"),
        Binding("M", "metric(-1)", "Metric before", show=False),
        Binding("s", "sort", "Sort"),
        Binding("slash", "filter", "Filter"),
        Binding("escape", "clear", "Clear filter", show=False),
        Binding("o,enter", "output", "Output"),
        Binding("f", "failures", "Failures"),
        Binding("x", "stop", "Stop"),
    ]

    def __init__(self, view: View, stop: Callable[[SeedRunStatus], str], title: str) -> None:
        super().__init__()
        self._view = view
        self._stop = stop
        self._experiment = title
        self._metric: str | None = None
        self._order = ORDERS[0]
        self._wanted = ""
        self._colours: dict[str, str] = {}
        self._drawn: tuple[object, ...] = ()
        self.looks = 0
        """How many looks have been drawn."""

    def compose(self) -> ComposeResult:
        """Make the parts."""
        yield Static(Text(f"{self._experiment}: reading …"), id="head")
        with Horizontal(id="body"):
            yield RunTable()
            with Vertical(id="right"):
                yield CurvePlot()
                with VerticalScroll(id="failures"):
                    yield Static("", id="failure-text")
        yield Input(placeholder="name, state or machine; Enter keeps, Escape clears", id="filter")
        yield Footer()

    def on_mount(self) -> None:
        """Begin to look."""
        self.query_one(RunTable).focus()
        self._look_on()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys of this screen out while another is over it."""
        return len(self.screen_stack) == 1 or action == "quit" or not hasattr(WatchApp, f"action_{action}")

    def on_resize(self, event: Resize) -> None:
        """Put the curves beside the table where there is room."""
        self.query_one("#body").set_class(event.size.width >= _WIDE, "wide")
        self.query_one(Footer).compact = event.size.width < _NARROW
        self._drawn = ()
        if self.looks:
            self.call_after_refresh(self._show)

    @work(thread=True, exclusive=True)
    def _look_on(self) -> None:
        """Look again and again, in a thread, because a shared disk may take its time."""
        while self.is_running:
            began = time.monotonic()
            try:
                self._view.look()
            except (MLEToolboxError, OSError) as error:
                # An experiment file that is being edited: the next look may find it whole.
                self.call_from_thread(self._show_trouble, str(error))
            else:
                self.call_from_thread(self._show)
            took = time.monotonic() - began
            time.sleep(max(_EVERY_SECONDS, _SHARE * took) if not self.is_behind else 0.05)

    @property
    def is_behind(self) -> bool:
        """Whether there are logs still to be read."""
        return self.looks > 0 and self._view.unread > 0

    def _show_trouble(self, words: str) -> None:
        self.query_one("#head", Static).update(Text(words, "yellow"))

    def _show(self) -> None:
        """Draw the present state."""
        view = self._view
        if self._metric not in view.metrics:
            self._metric = view.metrics[0] if view.metrics else None
        rows = view.rows(self._metric, self._order, self._wanted)
        self.query_one(RunTable).show_rows(rows, self._metric)
        self.query_one("#head", Static).update(self._head())
        if self.query_one("#failures").display:
            lines = list(failure_lines(view.status)) or [Text("Nothing has failed.")]
            self.query_one("#failure-text", Static).update(Text("\n").join(lines))
        else:
            self._show_curves()
        self.looks += 1

    def _show_curves(self) -> None:
        names = self._shown_configurations()
        curves = self._view.curves(self._metric, names) if self._metric is not None else []
        drawn = (self._metric, self.size, *map(id, curves))
        if drawn != self._drawn:
            self._drawn = drawn
            self.query_one(CurvePlot).show_curves(self._metric, curves, self._colours)

    def _shown_configurations(self) -> list[str]:
        """Return the configurations of which the curve is drawn: of the rows that are shown, the first ones.

        That of the cursor comes first, so that it is never missing.
        """
        table = self.query_one(RunTable)
        names = dict.fromkeys([table.row.run.configuration] if table.row is not None else [])
        rows = self._view.rows(None, ORDERS[0], self._wanted)
        for row in rows:
            names.setdefault(row.run.configuration)
            if len(names) == MOST_CURVES:
                break
        for name in names:
            if name not in self._colours:
                taken = {self._colours.get(each) for each in names}
                free = [each for each in COLOURS_ON_DARK if each not in taken]
                self._colours[name] = free[0]
        every = self._view.status.configurations
        return sorted(names, key=every.index) if len(every) < 1000 else list(names)

    def _head(self) -> Text:
        status, look = self._view.status, self._view.now
        head = Text(f"{self._experiment}  ", "bold")
        head.append(status_line(status), "not bold")
        if look.left is not None:
            head.append(f"; about {rough_duration(look.left)} left", "not bold")
        if status.failed():
            head.append(f"  {SIGNS['failed'].sign} f shows why", "red not bold")
        head.append(f"\n{driver_line(status)}", "dim not bold")
        shown = []
        if self._order != ORDERS[0]:
            shown.append(f"sorted by {self._order}")
        if self._wanted:
            shown.append(f"only {self._wanted!r}")
        if self._view.unread:
            shown.append(f"reading {count(self._view.unread, 'log')} …")
        if shown:
            head.append(f"   {', '.join(shown)}", "yellow not bold")
        table = self.query_one(RunTable)
        if cut := table.cut_words():
            head.append(f"\n{cut}", "not bold")
        row = table.row
        if row is not None and (values := values_of_trial(status, row.run.configuration)):
            head.append(f"\n{row.run.configuration}: {values}", "not bold")
        return head

    def on_run_table_moved(self) -> None:
        """Draw the curve of the configuration under the cursor, and the values of a trial."""
        self.query_one("#head", Static).update(self._head())
        if not self.query_one("#failures").display:
            self._show_curves()

    def action_metric(self, step: int) -> None:
        """Show the next metric."""
        metrics = self._view.metrics
        if metrics:
            at = metrics.index(self._metric) if self._metric in metrics else -1
            self._metric = metrics[(at + step) % len(metrics)]
            self._show()

    def action_sort(self) -> None:
        """Sort by the next of the orders."""
        self._order = ORDERS[(ORDERS.index(self._order) + 1) % len(ORDERS)]
        self._show()

    def action_filter(self) -> None:
        """Ask for a text that the rows must contain."""
        field = self.query_one("#filter", Input)
        field.display = True
        field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is typed."""
        self._wanted = event.value
        if self.looks:
            self._show()

    def on_input_submitted(self) -> None:
        """Keep the filter."""
        self._close_filter()

    def action_clear(self) -> None:
        """Show all rows again."""
        self.query_one("#filter", Input).value = ""
        self._close_filter()

    def _close_filter(self) -> None:
        self.query_one("#filter").display = False
        self.query_one(RunTable).focus()

    def action_failures(self) -> None:
        """Show the failures in place of the curves, or these again."""
        failures, plot = self.query_one("#failures"), self.query_one(CurvePlot)
        failures.display = not failures.display
        plot.display = not failures.display
        self._drawn = ()
        if self.looks:
            self._show()

    def action_output(self) -> None:
        """Show what the seed run under the cursor writes."""
        row = self.query_one(RunTable).row
        if row is None:
            return
        try:
            names = [output_name(self._view.status, key) for key in ("log_file", "err_file")]
        except MLEToolboxError as error:
            self.notify(str(error), markup=False)
            return
        run = row.run
        reason = f": {run.record.reason}" if run.record is not None and run.record.reason else ""
        host = f" on {run.record.host}" if run.record is not None and run.record.host else ""
        title = f"{run.configuration} seed {run.seed} {run.status}{host}{reason}"
        self.push_screen(OutputScreen(title, tuple(run.folder.path / name for name in names)))

    def action_stop(self) -> None:
        """Stop the seed run under the cursor, after a question."""
        row = self.query_one(RunTable).row
        if row is None or row.run.status != "running":
            self.notify("This seed run is not running.", markup=False)
            return
        run = row.run

        def answered(answer: bool | None) -> None:
            if answer:
                self._stop_in_thread(run)

        self.push_screen(StopQuestion(f"{run.configuration} seed {run.seed}"), answered)

    @work(thread=True)
    def _stop_in_thread(self, run: SeedRunStatus) -> None:
        said = self._stop(run)
        self.call_from_thread(self.notify, said, markup=False)

"""The screen of `mle watch` where names are long or the terminal is narrow."""

from __future__ import annotations

import io

from rich.console import Console
from rich.text import Text

from mle_toolbox.render.statuses import Legend, in_lines
from mle_toolbox.watch.app import WatchApp


def test_the_sign_of_a_curve_stays_in_the_line_of_its_name() -> None:
    legend = [Text("loss, mean over seeds"), Text("━ adam 0.1 (n=2)"), Text("━ sgd 0.2 (n=2)")]

    assert in_lines(legend, 80).plain.count("\n") == 0
    assert in_lines(legend, 32).plain.split("\n") == ["loss, mean over seeds", "━ adam 0.1 (n=2)", "━ sgd 0.2 (n=2)"]
    assert in_lines(legend, 33).plain.split("\n")[1] == "━ adam 0.1 (n=2)  ━ sgd 0.2 (n=2)"


def test_a_sign_and_its_meaning_share_a_line_of_mle_status() -> None:
    narrow = Console(width=80, file=io.StringIO(), color_system=None)

    narrow.print(Legend(["done", "stopped", "running", "waiting"]))

    assert isinstance(narrow.file, io.StringIO)
    assert narrow.file.getvalue().splitlines() == [
        "✓ done   ▸ running",
        "‖ stopped on request before its end; the next `mle run` goes on with it",
        "· not started",
    ]


def test_a_narrow_terminal_shows_how_to_quit() -> None:
    assert next(iter(WatchApp.BINDINGS)).action == "quit"  # type: ignore[union-attr]

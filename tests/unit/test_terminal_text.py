"""What a terminal would show of a text with progress bars."""

from __future__ import annotations

import fcntl
import io
import os
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from mle_toolbox.cli.consoles import print_words
from mle_toolbox.excerpts import last_lines, lines_of
from mle_toolbox.terminal_text import TerminalText, as_on_terminal
from mle_toolbox.text import broken

TQDM = "".join(f"\repoch {epoch}: {step:3}%|{'#' * (step // 10):10}|" for epoch in (1,) for step in range(101))
NESTED = (
    "outer:   0%|   | 0/2\n\rinner: 50%\x1b[A\n\rinner: 100%\x1b[A"
    "\router:  50%|█  | 1/2\n\rinner: 50%\x1b[A\n\rinner: 100%\x1b[A\router: 100%|███| 2/2\n\n"
)
RICH = (
    "one 10%\ntwo  5%\r\x1b[2K\x1b[1A\x1b[2Kone 90%\ntwo 45%\r\x1b[2K\x1b[1A\x1b[2Kone \x1b[35m100%\x1b[0m\n"
    "two 100%\n\x1b[?25h"
)
KERAS = "1/3 [=>.....]" + "\b" * 13 + "2/3 [===>...]" + "\b" * 13 + "3/3 [=======] - loss: 0.1\n"


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (TQDM, ["epoch 1: 100%|##########|"]),
        (NESTED, ["outer: 100%|███| 2/2", "inner: 100%"]),
        (RICH, ["one 100%", "two 100%"]),
        (KERAS, ["3/3 [=======] - loss: 0.1"]),
        ("long line\rnew", ["new" + "g line"]),
        ("long line\r\x1b[Knew", ["new"]),
        ("a\tb\r\nc", ["a\tb", "c"]),
        ("\x1b]8;;https://x.y\x1b\\link\x1b]8;;\x1b\\", ["link"]),
        ("", []),
    ],
    ids=["tqdm", "tqdm in tqdm", "rich", "keras", "overwritten", "erased", "windows", "hyperlink", "nothing"],
)
def test_what_stays_on_the_screen_is_shown(tmp_path: Path, text: str, rows: list[str]) -> None:
    path = tmp_path / "err.txt"
    path.write_text(text, newline="")

    assert [row for row in as_on_terminal(text, 100) if row] == rows
    assert [row for row in lines_of(path, 100) if row] == rows
    assert last_lines(path, 5) == rows
    assert last_lines(path, 1) == rows[-1:]


@given(st.text(st.sampled_from("ab\n\r\x08\x1b[12AK"), max_size=200), st.lists(st.integers(1, 20)))
def test_pieces_show_the_same_as_the_whole(text: str, sizes: list[int]) -> None:
    terminal, rows, start = TerminalText(50), [], 0
    for size in [*sizes, len(text)]:
        rows += terminal.feed(text[start : start + size])
        start += size

    assert [*rows, *terminal.close()] == as_on_terminal(text, 50)


def test_each_row_is_there_as_soon_as_it_ends_if_nothing_goes_up() -> None:
    terminal = TerminalText(80, keep=None)

    assert list(terminal.feed("one\ntwo\nth")) == ["one", "two"]
    assert terminal.shown() == ["th"]


def test_a_bar_of_thousands_of_refreshes_in_several_lines_is_its_last_state(tmp_path: Path) -> None:
    path = tmp_path / "err.txt"
    path.write_text("start\n" + "".join(f"a {n}\nb {n}\x1b[1A\r" for n in range(100_000)), newline="")

    assert last_lines(path, 3)[-2:] == ["a 99999", "b 99999"]
    assert list(lines_of(path, 80)) == ["start", "a 99999", "b 99999"]


def test_a_message_is_broken_between_words_and_a_command_or_a_long_path_stays_whole() -> None:
    text = "There is no experiment in /a/very/long/path/of/results here. Next:\n  mle run exp.yaml --profile local"

    assert broken(text, 24).split("\n") == [
        "There is no experiment",
        "in",
        "/a/very/long/path/of/results",
        "here. Next:",
        "  mle run exp.yaml --profile local",
    ]
    assert broken("two\n\nlines", 80) == "two\n\nlines"
    assert broken("its 95 % interval", 7).split("\n") == ["its", "95 %", "interval"]
    assert broken("実験一 と 実験二 are due", 12).split("\n") == ["実験一 と", "実験二 are", "due"]


def test_sentences_with_a_command_below_them_are_broken_in_the_same_way_by_rich() -> None:
    text = "\n3 of 20 seed runs done, 2 failed. To go on:\n  mle run --experiment_dir results/of/monday"
    terminal = Console(file=io.StringIO(), width=24, force_terminal=True, color_system=None, soft_wrap=True)

    print_words(terminal, text, indent=2)

    assert isinstance(terminal.file, io.StringIO)
    assert terminal.file.getvalue().split("\n") == [
        "",
        "  3 of 20 seed runs",
        "  done, 2 failed. To go",
        "  on:",
        "    mle run --experiment_dir results/of/monday",
        "",
    ]


def test_a_terminal_gets_errors_broken_between_words(tmp_path: Path) -> None:
    this_end, other_end = os.openpty()
    fcntl.ioctl(other_end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))

    command = [sys.executable, "-m", "mle_toolbox", "status"]
    ended = subprocess.run(command, cwd=tmp_path, stderr=other_end, stdout=subprocess.DEVNULL, check=False)
    lines = os.read(this_end, 10_000).decode().splitlines()
    os.close(other_end)
    os.close(this_end)

    assert ended.returncode == 2
    assert lines == ["There is no exp.yaml in this folder.", "Name the experiment file or the results", "folder."]


def test_the_findings_of_mle_doctor_are_broken_between_words(tmp_path: Path) -> None:
    this_end, other_end = os.openpty()
    fcntl.ioctl(other_end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    command = [sys.executable, "-m", "mle_toolbox", "doctor", "--no-job", "no.yaml"]
    (tmp_path / "no.yaml").write_text("one: [")
    # pytest sets COLUMNS for its workers, which comes before the width of the terminal.
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    environment |= {"PATH": "/nonexistent", "TERM": "xterm", "NO_COLOR": "1"}

    def typed(stdout: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=tmp_path, stdout=stdout, env=environment, text=True, check=False)

    typed(other_end)
    lines = as_on_terminal(os.read(this_end, 100_000).decode(), 500)
    os.close(other_end)
    os.close(this_end)
    elsewhere = typed(subprocess.PIPE).stdout

    # Other tests use the disk meanwhile.
    said, on_terminal = (re.sub(r"\d+ GB", "N GB", " ".join(text.split())) for text in (elsewhere, " ".join(lines)))
    assert on_terminal == said
    assert [line for line in lines if len(line) > 60 and len(max(line.split(), key=len)) < 50] == []

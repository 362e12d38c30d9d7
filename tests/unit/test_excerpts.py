"""Readable pieces of texts and files of any length."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mle_toolbox.excerpts import WIDTH, last_lines, lines_of, one_line, readable

MEGABYTE = 1 << 20
PROGRAM = """
import resource, sys
from pathlib import Path
from mle_toolbox.excerpts import last_lines, lines_of
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert last_lines(Path(sys.argv[1]), 12) == list(lines_of(Path(sys.argv[1]), 500)), "one line"
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=WIDTH)),
    st.integers(1, 9),
)
def test_the_last_lines_are_those_of_the_whole_text(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], count: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "some.txt"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")
    text = path.read_bytes().rstrip(b" \t\r\n").decode()

    assert last_lines(path, count) == (text.split("\n")[-count:] if text else [])


@pytest.mark.parametrize("before", [0, 1, 65_535, 65_536, 65_537])
def test_lines_are_found_across_the_blocks_in_which_a_file_is_read(tmp_path: Path, before: int) -> None:
    path = tmp_path / "err.txt"
    path.write_text("x" * before + "\nlast but one\nlast\n" + "\n" * 70_000)

    assert last_lines(path, 2) == ["last but one", "last"]


def test_a_long_line_is_cut_and_its_length_said(tmp_path: Path) -> None:
    path = tmp_path / "err.txt"
    path.write_text("Traceback\n" + "ä" * 200_123 + "\n" + "y" * (2 * MEGABYTE) + "\n")

    first, second, third = last_lines(path, 3)

    assert first == "Traceback"
    assert second == "ä" * WIDTH + " … (200,123 characters)"
    assert third == "y" * WIDTH + " … (2,097,152 characters)"
    assert list(lines_of(path, WIDTH)) == [first, second, third]


def test_what_is_on_record_is_not_cut_again_when_it_is_shown() -> None:
    reason = "RuntimeError: " + one_line("Missing key(s): " + "weight,\n" * 30_000)

    assert reason.endswith(" … (240,016 characters)")
    assert readable(reason) == reason


def test_a_progress_bar_is_shown_as_it_was_last(tmp_path: Path) -> None:
    path = tmp_path / "err.txt"
    path.write_text("".join(f"\r\x1b[32m{number:3}%\x1b[0m |####|" for number in range(101)) + "\n")
    (tmp_path / "long.txt").write_text("\r10% |####|" * 200_000 + "\r100% |####|")

    assert last_lines(path, 3) == ["100% |####|"]
    assert last_lines(tmp_path / "long.txt", 3) == ["100% |####|"]


def test_nothing_that_a_terminal_would_obey_is_left() -> None:
    assert readable("a\x1b]0;title\x07b\x08\x9b31m\x00c\td") == "a31mc\td"


def test_a_line_of_any_length_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "err.txt"
    with path.open("w") as file:
        for _ in range(100):
            file.write("x" * MEGABYTE)

    done = subprocess.run([sys.executable, "-c", PROGRAM, str(path)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 20_000  # kB

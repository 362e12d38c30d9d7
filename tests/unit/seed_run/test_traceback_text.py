"""The last error in what a program has written, from tracebacks that Python really writes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mle_toolbox.seed_run.traceback_text import WrittenError, last_error


def written_by(script: str, folder: Path) -> WrittenError | None:
    (folder / "train.py").write_text(script)
    done = subprocess.run([sys.executable, "train.py"], cwd=folder, capture_output=True, text=True, check=False)
    return last_error(done.stderr.splitlines())


def places(error: WrittenError | None, folder: Path) -> list[str]:
    assert error is not None
    return [frame.place(str(folder)) for frame in error.own_frames]


def test_the_users_own_calls_come_without_those_of_libraries_the_innermost_first(tmp_path: Path) -> None:
    error = written_by("import json\ndef load():\n    return json.loads('{')\n\nload()\n", tmp_path)

    assert error is not None
    assert error.kind == "json.decoder.JSONDecodeError"
    assert places(error, tmp_path) == ["train.py:3", "train.py:5"]
    assert [frame.source for frame in error.own_frames] == ["return json.loads('{')", "load()"]
    assert not error.frames[-1].is_own


def test_of_chained_errors_the_last_is_the_one(tmp_path: Path) -> None:
    script = "try:\n    {}['a']\nexcept KeyError as error:\n    raise ValueError('no a') from error\n"

    error = written_by(script, tmp_path)

    assert error is not None
    assert error.words == "ValueError: no a"
    assert places(error, tmp_path) == ["train.py:4"]


def test_a_mistake_of_syntax_has_a_place_although_it_has_no_traceback(tmp_path: Path) -> None:
    error = written_by("x = (1,\ny = 2\n", tmp_path)

    assert error is not None
    assert error.kind == "SyntaxError"
    assert places(error, tmp_path) == ["train.py:1"]


@pytest.mark.parametrize("kind", ["class Stopped(Exception): pass", "from queue import Empty as Stopped"])
def test_an_error_whose_name_does_not_end_in_error_is_one(kind: str, tmp_path: Path) -> None:
    error = written_by(f"{kind}\nraise Stopped('full')\n", tmp_path)

    assert error is not None
    assert error.message == "full"


def test_ranks_in_front_of_lines_are_left_out() -> None:
    lines = [
        "[rank0]: Traceback (most recent call last):",
        '[rank0]:   File "/home/u/train.py", line 3, in <module>',
        "[rank0]:     step()",
        "[rank0]: RuntimeError: NCCL error",
    ]

    error = last_error(lines)

    assert error is not None
    assert (error.words, places(error, Path("/home/u"))) == ("RuntimeError: NCCL error", ["train.py:3"])


def test_a_message_that_looks_like_an_error_is_none_without_a_traceback() -> None:
    assert last_error(["ValueError: seen and ignored", "Epoch: 3"]) is None


def test_what_is_printed_after_an_error_does_not_replace_it(tmp_path: Path) -> None:
    error = written_by(
        "import atexit\natexit.register(print, 'Note: bye', file=__import__('sys').stderr)\n1/0\n", tmp_path
    )

    assert error is not None
    assert error.words == "ZeroDivisionError: division by zero"

"""Temporary files of processes that were killed do not pile up, and their names are told to nobody."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from mle_toolbox.log.atomic import replace_file


def write(path: Path) -> None:
    path.write_bytes(b"whole")


def test_temporary_files_of_killed_writers_are_removed_once_they_are_old(tmp_path: Path) -> None:
    old, of_another_file, fresh = (tmp_path / name for name in (".a.bin.123", ".b.bin.123", ".a.bin.124"))
    for path in (old, of_another_file, fresh):
        path.write_bytes(b"half")
        if path != fresh:
            os.utime(path, (0, time.time() - 7200))

    replace_file(tmp_path / "a.bin", write)

    assert {path.name for path in tmp_path.iterdir()} == {"a.bin", of_another_file.name, fresh.name}


def test_what_cannot_be_written_is_told_under_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "x").touch()
    for path in (tmp_path / "nowhere" / "a.bin", tmp_path / "taken" / "x" / "a.bin", tmp_path / "taken"):
        with pytest.raises(OSError, match=r"^\[Errno \d+\] [\w ]+: ") as caught:
            replace_file(path, write)

        assert (caught.value.filename, caught.value.filename2) == (str(path), None)


def test_errors_about_another_file_stay_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        replace_file(tmp_path / "a.bin", lambda _: (tmp_path / "other").unlink())

    assert caught.value.filename == str(tmp_path / "other")

"""Temporary files of processes that were killed do not pile up."""

from __future__ import annotations

import os
import time
from pathlib import Path

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

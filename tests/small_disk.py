"""A folder with little room: a small file system of its own, where this process may mount one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

__all__ = ["MAY_MOUNT", "assert_goes_on_with_room", "finished_logs", "remount", "small_disk"]


def _may_mount() -> bool:
    """Tell whether this process may mount file systems; root in a container may not."""
    if os.geteuid() != 0 or not sys.platform.startswith("linux"):
        return False
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


# Nothing is skipped where it is not allowed: a limit of the size of each file shows nearly the same.
MAY_MOUNT = _may_mount()


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """Mount a file system of this size (``"300k"``) on a folder, for the length of a block."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def remount(folder: Path, option: str) -> None:
    """Change a file system that is mounted: ``"size=50m"``, ``"ro"``, ``"rw"``."""
    subprocess.run(["mount", "-o", f"remount,{option}", str(folder)], check=True)


def finished_logs(results: Path) -> dict[Path, bytes]:
    """Return the content of the log of every seed run that is done."""
    return {path: path.read_bytes() for path in results.glob("*/seed_*/log.h5")}


def assert_goes_on_with_room(
    full: subprocess.CompletedProcess[str], again: subprocess.CompletedProcess[str], finished: Mapping[Path, bytes]
) -> None:
    """Assert that a run has told that the disk is full, and that the same command did the rest and nothing twice."""
    assert full.returncode == 1
    assert "Traceback" not in full.stderr
    assert ("The disk is full: " if MAY_MOUNT else "File too large") in full.stderr
    assert again.returncode == 0, again.stderr
    assert all(path.read_bytes() == content for path, content in finished.items())

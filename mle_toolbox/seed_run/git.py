"""Asks git about a project: its files, the commit, uncommitted changes. Changes nothing."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from typing import NamedTuple

__all__ = ["Repository", "read_repository"]

# Seconds. On a slow network file system the code is stored without git's answer rather than late.
_PATIENCE = 10.0
_LARGEST_DIFFERENCE = 10 << 20


class Repository(NamedTuple):
    """A repository as it is now."""

    root: Path
    """As git prints it, with links resolved."""
    commit: str | None
    """None before the first commit."""
    tracked: tuple[str, ...]
    """Tracked files, relative to the root; some may have been deleted."""
    untracked: tuple[str, ...]
    """Files that are neither tracked nor ignored, relative to the root."""
    difference: bytes | None
    """``git diff HEAD``; None if git did not answer, or it is too large to store."""
    links: tuple[str, ...]
    """Tracked symbolic links; git stores only where they point."""


def read_repository(folder: Path) -> Repository | None:
    """Return the repository that contains a folder, or None: no repository, no git, or no answer from it.

    Repositories inside it (submodules, clones) are read as well.
    """
    # All three processes run at the same time, as every start waits for them.
    listing = ["ls-files", "-z", "--stage", "-t", "--cached", "--exclude-standard", "--full-name"]
    difference = ["diff", "HEAD", "--binary", "--no-ext-diff", "--no-textconv", "--no-color", "--no-relative"]
    place, listed, compared = (
        _start(command, folder)
        for command in (["rev-parse", "--show-toplevel", "HEAD"], [*listing, "--others", "--", ":/"], difference)
    )
    root, _, commit = os.fsdecode(_answer(place, any_status=True) or b"").strip().partition("\n")
    # A home folder under version control contains far too much that is not part of the project.
    is_home = root in (os.path.expanduser("~"), "/")  # noqa: PTH111 (never fails)
    files = _answer(listed, patience=0 if is_home or not root.startswith("/") else _PATIENCE)
    changes = _answer(compared, limit=_LARGEST_DIFFERENCE)
    if not root.startswith("/"):
        return None
    where = "." if is_home else ":/"
    # From here on, less and less: the folder instead of the whole home, then tracked files only.
    if files is None and is_home:
        files = _answer(_start([*listing, "--others", "--", where], folder))
    if files is None:
        files = _answer(_start([*listing, "--", where], folder)) or b""
    tracked, untracked, repositories, links = _parsed(files)
    for inner in repositories:
        below = read_repository(Path(root) / inner)
        if below is not None and below.root == Path(root) / inner:
            tracked += [f"{inner}/{each}" for each in below.tracked]
            untracked += [f"{inner}/{each}" for each in below.untracked]
            links += [f"{inner}/{each}" for each in below.links]
    known = commit if len(commit) in (40, 64) and commit.isalnum() else None
    return Repository(Path(root), known, tuple(tracked), tuple(untracked), changes, tuple(links))


def _parsed(listing: bytes) -> tuple[list[str], list[str], list[str], list[str]]:
    """Return the tracked files, the untracked ones, the repositories in this one, and the tracked links."""
    # The modes are those of git's index: 160000 is a submodule, 120000 a symbolic link.
    tracked: dict[str, None] = {}
    untracked: list[str] = []
    repositories: list[str] = []
    links: list[str] = []
    for each in os.fsdecode(listing).split("\0"):
        state, is_tracked, path = each.partition("\t")
        if each.startswith("? "):
            path = each[2:]
            (repositories if path.endswith("/") else untracked).append(path.rstrip("/"))
        elif is_tracked and " 160000 " in f"{state} ":
            repositories.append(path)
        elif is_tracked:
            tracked[path] = None  # once each: a file with a merge conflict is listed up to three times
            links += [path] if " 120000 " in f"{state} " else []
    return list(tracked), untracked, repositories, links


def _start(command: list[str], folder: Path) -> subprocess.Popen[bytes] | None:
    # Without optional locks, so that a git command which the user types meanwhile does not fail.
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    with contextlib.suppress(OSError):
        return subprocess.Popen(
            ["git", "-C", str(folder), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
    return None


def _answer(
    process: subprocess.Popen[bytes] | None,
    *,
    any_status: bool = False,
    limit: int | None = None,
    patience: float = _PATIENCE,
) -> bytes | None:
    """Return the output of a command, or None if it fails, takes too long or prints too much."""
    if process is None:
        return None
    with process:
        try:
            said, _ = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return None
    if limit is not None and len(said) > limit:
        return None
    return said if any_status or process.returncode == 0 else None

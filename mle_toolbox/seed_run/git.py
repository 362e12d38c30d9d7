"""What git knows of a project: its files, the commit, and what is not committed. Asked, never changed."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from typing import NamedTuple

__all__ = ["Repository", "read_repository"]

_PATIENCE = 10.0
_LARGEST_DIFFERENCE = 10 << 20


class Repository(NamedTuple):
    """A repository as it stands in a folder."""

    root: Path
    """Without links, as git says it."""
    commit: str | None
    """None before the first commit."""
    tracked: tuple[str, ...]
    """Files that git tracks, from the root; some of them may be gone."""
    untracked: tuple[str, ...]
    """Files that are neither tracked nor ignored, from the root."""
    difference: bytes | None
    """``git diff HEAD``; None when it cannot be had or is too large to be kept."""
    links: tuple[str, ...]
    """Those of the tracked files that are links, of which git stores no more than where they point."""


def read_repository(folder: Path) -> Repository | None:
    """Return the repository in which a folder lies, or None: no repository, no git, or one that does not answer.

    Below the repository's root, repositories in it (submodules, clones) are read as well.
    """
    listing = ["ls-files", "-z", "--stage", "-t", "--cached", "--exclude-standard", "--full-name"]
    difference = ["diff", "HEAD", "--binary", "--no-ext-diff", "--no-textconv", "--no-color", "--no-relative"]
    place, listed, compared = (
        _start(command, folder)
        for command in (["rev-parse", "--show-toplevel", "HEAD"], [*listing, "--others", "--", ":/"], difference)
    )
    root, _, commit = os.fsdecode(_answer(place, any_status=True) or b"").strip().partition("\n")
    # A home folder that is under version control has too much in it that is no part of the project.
    is_home = root in (os.path.expanduser("~"), "/")  # noqa: PTH111 (never fails)
    files = _answer(listed, patience=0 if is_home or not root.startswith("/") else _PATIENCE)
    changes = _answer(compared, limit=_LARGEST_DIFFERENCE)
    if not root.startswith("/"):
        return None
    where = "." if is_home else ":/"
    if files is None and is_home:
        files = _answer(_start([*listing, "--others", "--", where], folder))
    if files is None:
        files = _answer(_start([*listing, "--", where], folder)) or b""
    tracked, untracked, repositories, links = _sorted_out(files)
    for inner in repositories:
        below = read_repository(Path(root) / inner)
        if below is not None and below.root == Path(root) / inner:
            tracked += [f"{inner}/{each}" for each in below.tracked]
            untracked += [f"{inner}/{each}" for each in below.untracked]
            links += [f"{inner}/{each}" for each in below.links]
    known = commit if len(commit) in (40, 64) and commit.isalnum() else None
    return Repository(Path(root), known, tuple(tracked), tuple(untracked), changes, tuple(links))


def _sorted_out(listing: bytes) -> tuple[list[str], list[str], list[str], list[str]]:
    """Return the files that are tracked, those that are not, the repositories in this one, and the tracked links."""
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
            tracked[path] = None  # of a merge with conflicts, each file is there up to three times
            links += [path] if " 120000 " in f"{state} " else []
    return list(tracked), untracked, repositories, links


def _start(command: list[str], folder: Path) -> subprocess.Popen[bytes] | None:
    # Without optional locks: we must not get into the way of a git command that the user types.
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
    """Return what a command prints, or None when it fails, takes too long or says too much."""
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

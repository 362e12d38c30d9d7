"""Stores the code of each start in the results folder: each content once, complete or not at all.

``.code/objects/ab/<sha256>`` holds one file, compressed; ``.code/snapshots/<digest>`` lists the files of one start.
The digest covers paths and contents, so a hundred starts of unchanged code take the room of one. An object is complete
as soon as it has its name, and its hash is checked whenever it is read. code_snapshot.py selects the files.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from mle_toolbox.errors import ResultsError
from mle_toolbox.log.atomic import replace_file
from mle_toolbox.log.publish import sync_folder

__all__ = [
    "Entry",
    "Snapshot",
    "latest_snapshot",
    "manifest_path",
    "object_path",
    "read_object",
    "read_snapshot",
    "stored_objects",
    "write_objects",
    "write_snapshot",
]

_FORMAT = "mle-code 1"
# From this many files on, one syncfs is faster than an fsync for each.
_SYNC_ALL_FROM = 20
# Seconds; as in log/atomic.py.
_LEFT_OVER_AFTER = 3600.0


class Entry(NamedTuple):
    """A stored file: its hash, and the fields of its stat by which it is recognised as unchanged."""

    digest: str
    modified: int
    size: int
    changed: int
    inode: int


class Snapshot(NamedTuple):
    """The code of one start."""

    manifest: Path
    """The file that lists it, absolute; its name is the digest."""
    taken: int
    """When, in nanoseconds since 1970."""
    project: str
    """The folder of the experiment file, relative to the root of the stored files."""
    files: Mapping[str, Entry]
    """By path relative to the root, or absolute for files outside it."""
    commit: str | None
    is_changed: bool
    """Whether a tracked file differs from the commit, or git did not answer."""
    difference: str | None
    """SHA-256 of the stored ``git diff HEAD``; None if there is none, or it is too large."""
    untracked: tuple[str, ...]
    """Those of ``files`` that were in no commit."""
    left_out: tuple[str, ...]
    """Files that were too large, each with its size, or too many."""

    @property
    def digest(self) -> str:
        """SHA-256 of paths and contents."""
        return self.manifest.name

    def from_project(self, path: str) -> str:
        """Return the path of a stored file relative to the project folder."""
        return path if path.startswith("/") else os.path.relpath(path, self.project)

    def content(self, path: str) -> bytes:
        """Return the stored content of a file; ResultsError if it is damaged or missing."""
        return read_object(self.manifest.parent.parent, self.files[path].digest)


def read_snapshot(manifest: Path) -> Snapshot | None:
    """Return the snapshot that a manifest lists, or None if it is missing or unreadable."""
    try:
        # Bytes by way of fsdecode, because names of files need not be UTF-8.
        head, _, body = os.fsdecode(manifest.read_bytes()).partition("\n\n")
        lines = head.split("\n")
        if lines[0] != _FORMAT:
            return None
        fields: dict[str, list[str]] = {}
        for line in lines[1:]:
            name, _, value = line.partition(" ")
            fields.setdefault(name, []).append(value)
        files = {}
        for line in body.split("\n")[:-1]:
            digest, *numbers, path = line.split(" ", 5)
            files[path] = Entry(digest, *map(int, numbers))
        return Snapshot(
            manifest=manifest,
            taken=int(fields["taken"][0]),
            project=fields["project"][0],
            files=files,
            commit=fields.get("commit", [None])[0],
            is_changed="changed" in fields,
            difference=fields.get("difference", [None])[0],
            untracked=tuple(fields.get("untracked", ())),
            left_out=tuple(fields.get("left-out", ())),
        )
    except (OSError, ValueError, LookupError, TypeError):
        return None


def latest_snapshot(store: Path) -> Snapshot | None:
    """Return the snapshot that was last taken or found unchanged."""
    try:
        name = (store / "latest").read_text()
    except (OSError, ValueError):
        return None
    return read_snapshot(manifest_path(store, name)) if name.isalnum() else None  # else: damaged


def write_snapshot(snapshot: Snapshot) -> None:
    """Write the list of a snapshot whose objects are stored, and make it the latest one."""
    head = [_FORMAT, f"taken {snapshot.taken}", f"project {snapshot.project}"]
    for name, value in (("commit", snapshot.commit), ("difference", snapshot.difference)):
        head += [f"{name} {value}"] if value is not None else []
    head += ["changed yes"] if snapshot.is_changed else []
    head += [f"untracked {each}" for each in snapshot.untracked]
    head += [f"left-out {each}" for each in snapshot.left_out]
    body = (f"{' '.join(map(str, each))} {path}" for path, each in snapshot.files.items())
    text = "".join(f"{line}\n" for line in (*head, "", *body))
    _write_file(snapshot.manifest, os.fsencode(text))
    _write_file(snapshot.manifest.parent.parent / "latest", snapshot.digest.encode())


def _write_file(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)

    def write(new: Path) -> None:
        new.write_bytes(content)

    replace_file(path, write)


def read_object(store: Path, digest: str) -> bytes:
    """Return the content with a SHA-256.

    Raises
    ------
    ResultsError
        When it is damaged or missing.
    """
    path = object_path(store, digest)
    try:
        content = zlib.decompress(path.read_bytes())
    except FileNotFoundError:
        raise ResultsError(f"{path} does not exist: this code was not stored, or was removed.") from None
    except (OSError, zlib.error) as error:
        raise ResultsError(f"{path} cannot be read: {error}.") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise ResultsError(f"{path} is damaged.")
    return content


def object_path(store: Path, digest: str) -> Path:
    """Return where a file with this SHA-256 is stored."""
    return store / "objects" / digest[:2] / digest


def manifest_path(store: Path, digest: str) -> Path:
    """Return the file that lists the snapshot of this digest."""
    return store / "snapshots" / digest


def stored_objects(store: Path) -> set[str]:
    """Return the hashes of all objects."""
    # One listing is faster than asking for each of thousands. Names with a dot are being written.
    stored: set[str] = set()
    with contextlib.suppress(OSError):
        for folder in os.listdir(store / "objects"):
            if len(folder) == 2:
                stored.update(os.listdir(f"{store}/objects/{folder}"))
    return stored


def write_objects(store: Path, contents: Mapping[str, bytes]) -> None:
    """Write objects so that each is complete and on the disk before it gets its name."""
    if not contents:
        return
    (store / "objects").mkdir(parents=True, exist_ok=True)
    _remove_leftovers(store / "objects")
    at_once = len(contents) >= _SYNC_ALL_FROM
    written: dict[Path, Path] = {}
    try:
        for digest, content in contents.items():
            temporary = store / "objects" / f".{digest}.{os.getpid()}"
            written[temporary] = object_path(store, digest)
            with temporary.open("wb") as file:
                # zlib, because the reader is the import hook, in whatever Python, without a package.
                file.write(zlib.compress(content, 6))
                if not at_once:
                    file.flush()
                    os.fsync(file.fileno())
        if at_once:
            _sync_file_system(store)
        for temporary, path in written.items():
            path.parent.mkdir(exist_ok=True)
            temporary.replace(path)
    except BaseException:
        for temporary in written:
            temporary.unlink(missing_ok=True)
        raise
    if at_once:
        _sync_file_system(store)
    else:
        for folder in {path.parent for path in written.values()} | {store / "objects"}:
            sync_folder(folder)


def _sync_file_system(folder: Path) -> None:
    """Make everything on the file system of a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        # Python has os.sync, which waits for all file systems of the machine, but no syncfs.
        if ctypes.CDLL(None).syncfs(descriptor) == 0:
            return
    except (OSError, AttributeError):
        pass  # not Linux
    finally:
        os.close(descriptor)
    os.sync()


def _remove_leftovers(folder: Path) -> None:
    """Remove temporary files of processes that were killed long ago."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") and time.time() - entry.stat().st_mtime > _LEFT_OVER_AFTER:
                Path(entry.path).unlink(missing_ok=True)

"""The code of each start, stored once per content in the results folder.

``.code/objects/ab/<sha256>`` holds one file, compressed; ``.code/snapshots/<digest>`` lists the files of one start.
The digest is that of paths and contents, so a hundred starts of unchanged code cost one. An object is complete as soon
as it has its name; whoever reads it compares its hash as well.

What is stored: in a git repository every tracked file, and of those that are neither tracked nor ignored sources and
settings, all of them up to 1 MB. Without git the script with the modules that it imports, and those that earlier runs
had imported. In any case the experiment file, its configurations and the script. Never results, environments, caches.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import stat
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.file_names import CODE, SNAPSHOT_VARIABLE
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.atomic import replace_file
from mle_toolbox.log.in_place import sync_folder
from mle_toolbox.log.run_record import read_run_record
from mle_toolbox.seed_run.code import is_own
from mle_toolbox.seed_run.git import Repository, read_repository
from mle_toolbox.seed_run.imports import imported_files
from mle_toolbox.snakemake_side.assumptions import OWN_FOLDER

__all__ = ["Entry", "Snapshot", "read_object", "read_snapshot", "snapshot_variables", "take_snapshot"]

_FORMAT = "mle-code 1"
_LARGEST_FILE = 1 << 20
_MOST_FILES = 20_000
_MOST_BYTES = 200 << 20
_RUNS_LOOKED_AT = 20
# As in mle_frozen_code.py: so long after its time of change a file may have been changed again in the same moment.
_RACY_NANOSECONDS = 2_000_000_000
_SYNC_ALL_FROM = 20
_LEFT_OVER_AFTER = 3600.0

_SOURCES = (
    *(".py", ".pyi", ".pyx", ".pxd", ".c", ".h", ".cc", ".cpp", ".hpp", ".cu", ".cuh", ".jl", ".r", ".rs", ".sh"),
    *(".yaml", ".yml", ".toml", ".cfg", ".ini", ".smk"),
)
_NEVER = frozenset({".git", OWN_FOLDER, "__pycache__", "node_modules", ".ipynb_checkpoints", CODE})
_ENVIRONMENT_MARKS = ("pyvenv.cfg", "conda-meta")


class Entry(NamedTuple):
    """A stored file: its hash, and what its folder said of it, by which it is known to be unchanged."""

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
    """The folder of the experiment file, from the root of what is stored."""
    files: Mapping[str, Entry]
    """By path from the root, or absolute where a file lies outside of it."""
    commit: str | None
    is_changed: bool
    """Whether a tracked file differs from the commit, or git does not tell."""
    difference: str | None
    """SHA-256 of the stored ``git diff HEAD``; None where there is none, or it is too large."""
    untracked: tuple[str, ...]
    """Those of ``files`` that were in no commit."""
    left_out: tuple[str, ...]
    """Files that were too large, each with its size, or too many."""

    @property
    def digest(self) -> str:
        """What decides the name: paths and contents."""
        return self.manifest.name

    def from_project(self, path: str) -> str:
        """Return the name of a stored file as seen from the project folder."""
        return path if path.startswith("/") else os.path.relpath(path, self.project)

    def content(self, path: str) -> bytes:
        """Return the stored content of a file; ResultsError when it is damaged or gone."""
        return read_object(self.manifest.parent.parent, self.files[path].digest)


def snapshot_variables(plan: Plan, warn: Callable[[str], None]) -> dict[str, str]:
    """Store the code as it is now and return the variables by which seed runs find it.

    What keeps it from being stored (a full disk, say) keeps nothing from running: ``warn`` is told, and the seed runs
    take the files as they find them.
    """
    try:
        snapshot = take_snapshot(plan)
    except (OSError, ValueError) as error:
        warn(f"The code of this start cannot be stored ({error}). Seed runs will run the files as they find them.")
        snapshot = None
    return {SNAPSHOT_VARIABLE: str(snapshot.manifest) if snapshot is not None else ""}


def take_snapshot(plan: Plan) -> Snapshot | None:
    """Store the code of a project as it is now.

    Returns
    -------
    Snapshot or None
        None when the experiment file says ``frozen_code: false``.

    Raises
    ------
    OSError, ValueError
        When it cannot be stored.
    """
    if not plan.frozen_code:
        return None
    taken = time.time_ns()
    store = Path(os.path.realpath(plan.experiment_path)) / CODE
    project = os.path.realpath(plan.project_dir)
    repository = read_repository(Path(project))
    if repository is not None and not _is_in(project, str(repository.root)):
        repository = None
    root = str(repository.root) if repository is not None else project
    paths = _paths(plan, repository, root, project)
    earlier = _latest(store)
    files, left_out, is_racy = _store_files(store, root, paths, earlier, _always(plan, root))
    difference = None
    if repository is not None and repository.difference:
        difference = hashlib.sha256(repository.difference).hexdigest()
        if not _object(store, difference).exists():
            _write_objects(store, {difference: repository.difference})
    digest = hashlib.sha256(
        "".join(f"{each.digest} {path}\n" for path, each in files.items()).encode(errors="surrogateescape")
    )
    tracked = set(repository.tracked) if repository is not None else set(files)
    snapshot = Snapshot(
        manifest=store / "snapshots" / digest.hexdigest(),
        taken=taken,
        project=os.path.relpath(project, root),
        files=files,
        commit=repository.commit if repository is not None else None,
        is_changed=repository is not None and repository.difference != b"",
        difference=difference,
        untracked=tuple(each for each in files if each not in tracked),
        left_out=left_out,
    )
    if is_racy or earlier is None or snapshot._replace(taken=earlier.taken) != earlier:
        _write_manifest(snapshot)
    return snapshot


def read_snapshot(manifest: Path) -> Snapshot | None:
    """Return what a manifest lists, or None when there is none that can be read."""
    try:
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


def read_object(store: Path, digest: str) -> bytes:
    """Return what is stored under a SHA-256.

    Raises
    ------
    ResultsError
        When it is damaged or not there.
    """
    path = _object(store, digest)
    try:
        content = zlib.decompress(path.read_bytes())
    except FileNotFoundError:
        raise ResultsError(f"{path} is not there: this code was not stored, or has been removed.") from None
    except (OSError, zlib.error) as error:
        raise ResultsError(f"{path} cannot be read: {error}.") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise ResultsError(f"{path} is damaged.")
    return content


def _paths(plan: Plan, repository: Repository | None, root: str, project: str) -> list[str]:
    """Return what may be stored besides what always is: paths from the root, or absolute."""
    paths: list[str] = []
    script = _named(plan.script_path, root)
    if repository is not None:
        paths = [*repository.tracked, *(each for each in repository.untracked if _is_source(each))]
    if script not in paths:  # without git, or a script that git ignores
        places = [Path(os.path.realpath(plan.script_path)).parent, Path(project), Path(project) / "src"]
        places += [Path(each) for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each.startswith("/")]
        paths += [_named(each, root) for each in imported_files([plan.script_path], places)]
    paths += [_named(Path(project) / each, root) for each in _imported_before(plan)]
    results = os.path.relpath(os.path.realpath(plan.experiment_path), root)
    is_left_out = _Places(root, results).is_left_out
    return [path for path in dict.fromkeys(paths) if not is_left_out(path) and "\n" not in path]


def _always(plan: Plan, root: str) -> list[str]:
    named = [plan.experiment_file, plan.script_path]
    named += [plan.project_dir / each.path for each in plan.configurations]
    return list(dict.fromkeys(_named(each, root) for each in named))


def _imported_before(plan: Plan) -> Iterator[str]:
    """Yield the modules that earlier runs had imported: also those that no text tells, or that git ignores."""
    folder = ExperimentFolder(plan.experiment_path)
    for each in plan.configurations[:_RUNS_LOOKED_AT]:
        record = read_run_record(folder.seed_run(each.name, plan.seeds[0]))
        if record is not None:
            yield from (name for name in record.code if is_own(str(plan.project_dir / name)))


class _Places:
    """Which folders are no part of the code: results, environments, caches."""

    def __init__(self, root: str, results: str) -> None:
        self._root = root
        self._known = {"": False, "/": False, results: True}

    def is_left_out(self, path: str) -> bool:
        folder = path.rpartition("/")[0]
        known = self._known.get(folder)
        if known is None:
            known = self.is_left_out(folder) or self._is_of_no_use(folder)
            self._known[folder] = known
        return known

    def _is_of_no_use(self, folder: str) -> bool:
        if folder.rpartition("/")[2] in _NEVER:
            return True
        place = os.path.join(self._root, folder)
        return any(os.path.lexists(f"{place}/{mark}") for mark in _ENVIRONMENT_MARKS) or _holds_results(place)


def _holds_results(folder: str) -> bool:
    try:
        with open(f"{folder}/experiment.json", "rb") as file:
            start = file.read(1 << 12)
    except OSError:
        return False
    return b'"mle_toolbox"' in start and b'"format"' in start  # and not a configuration of that name


def _named(path: Path, root: str) -> str:
    """Return what a file is called in a snapshot: from the root where it lies in it; links in its folder resolved."""
    full = os.path.join(os.path.realpath(path.parent), path.name)
    return full[len(root) + 1 :] if full.startswith(f"{root}/") else full


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")


def _is_source(path: str) -> bool:
    return os.path.splitext(path)[1].lower() in _SOURCES


def _store_files(
    store: Path, root: str, paths: Sequence[str], earlier: Snapshot | None, always: Sequence[str]
) -> tuple[dict[str, Entry], tuple[str, ...], bool]:
    """Store what is not stored yet; return all files, what was left out, and whether times of files told too little."""
    found: dict[str, os.stat_result] = {}
    left_out: list[str] = []
    needed = set(always)
    for path in (*always, *(each for each in paths if each not in needed)):
        with contextlib.suppress(OSError):
            state = os.stat(f"{root}/{path}" if path[0] != "/" else path)
            if not stat.S_ISREG(state.st_mode):
                continue
            if state.st_size > _LARGEST_FILE and path not in needed:
                left_out.append(f"{path} ({state.st_size / 1e6:,.1f} MB)")
            else:
                found[path] = state
    found, dropped = _within_bounds(found)
    left_out += dropped
    files: dict[str, Entry] = {}
    new: dict[str, bytes] = {}
    is_racy = False
    stored = _stored(store)
    for path, state in sorted(found.items()):
        marks = state.st_mtime_ns, state.st_size, state.st_ctime_ns, state.st_ino
        before = earlier.files.get(path) if earlier is not None else None
        if before is not None and before[1:] == marks and earlier is not None:
            is_settled = earlier.taken - max(marks[0], marks[2]) > _RACY_NANOSECONDS
            if is_settled and before.digest in stored:
                files[path] = before
                continue
            is_racy = True
        with contextlib.suppress(FileNotFoundError):
            content = Path(root, path).read_bytes()
            files[path] = Entry(hashlib.sha256(content).hexdigest(), *marks)
            if files[path].digest not in stored:
                new[files[path].digest] = content
    _write_objects(store, new)
    return files, tuple(left_out), is_racy


def _within_bounds(found: dict[str, os.stat_result]) -> tuple[dict[str, os.stat_result], list[str]]:
    if len(found) <= _MOST_FILES and sum(each.st_size for each in found.values()) <= _MOST_BYTES:
        return found, []
    kept: dict[str, os.stat_result] = {}
    size = 0
    for path in sorted(found, key=lambda each: (not _is_source(each), found[each].st_size)):
        if len(kept) < _MOST_FILES and size + found[path].st_size <= _MOST_BYTES:
            kept[path] = found[path]
            size += found[path].st_size
    return kept, [f"{len(found) - len(kept)} files more than fit: the largest, sources last"]


def _object(store: Path, digest: str) -> Path:
    return store / "objects" / digest[:2] / digest


def _stored(store: Path) -> set[str]:
    """Return the hashes of all objects; asking for each of thousands would take longer."""
    stored: set[str] = set()
    with contextlib.suppress(OSError):
        for folder in os.listdir(store / "objects"):
            if len(folder) == 2:
                stored.update(os.listdir(f"{store}/objects/{folder}"))
    return stored


def _write_objects(store: Path, contents: Mapping[str, bytes]) -> None:
    """Write objects so that each is complete, and on the disk, before it has its name."""
    if not contents:
        return
    (store / "objects").mkdir(parents=True, exist_ok=True)
    _remove_leftovers(store / "objects")
    at_once = len(contents) >= _SYNC_ALL_FROM
    written: dict[Path, Path] = {}
    try:
        for digest, content in contents.items():
            temporary = store / "objects" / f".{digest}.{os.getpid()}"
            written[temporary] = _object(store, digest)
            with temporary.open("wb") as file:
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
    """Make everything on the file system of a folder durable: quicker than file by file when there are many."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if ctypes.CDLL(None).syncfs(descriptor) == 0:
            return
    except (OSError, AttributeError):
        pass  # not Linux
    finally:
        os.close(descriptor)
    os.sync()


def _remove_leftovers(folder: Path) -> None:
    """Remove what processes that were killed long ago have left."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") and time.time() - entry.stat().st_mtime > _LEFT_OVER_AFTER:
                Path(entry.path).unlink(missing_ok=True)


def _latest(store: Path) -> Snapshot | None:
    """Return the snapshot that was taken or found unchanged last."""
    try:
        name = (store / "latest").read_text()
    except (OSError, ValueError):
        return None
    return read_snapshot(store / "snapshots" / name) if name.isalnum() else None


def _write_manifest(snapshot: Snapshot) -> None:
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

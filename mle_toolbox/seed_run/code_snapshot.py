"""Which files are the code of a start.

In a git repository every tracked file, and of those that are neither tracked nor ignored sources and settings, all of
them up to 1 MB. Without git the script with the modules that it imports, and those that earlier runs had imported. In
any case the experiment file, its configurations and the script. Never results, environments, caches.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.layout import CODE, EXPERIMENT_RECORD, SNAPSHOT_VARIABLE, ExperimentFolder
from mle_toolbox.log.run_record import read_run_record
from mle_toolbox.seed_run.code_store import (
    Entry,
    Snapshot,
    latest_snapshot,
    manifest_path,
    object_path,
    stored_objects,
    write_objects,
    write_snapshot,
)
from mle_toolbox.seed_run.git import Repository, read_repository
from mle_toolbox.seed_run.imports import imported_files
from mle_toolbox.seed_run.own_code import is_own
from mle_toolbox.snakemake_side.assumptions import OWN_FOLDER

__all__ = ["snapshot_variables", "take_snapshot"]

_LARGEST_FILE = 1 << 20
_MOST_FILES = 20_000
_MOST_BYTES = 200 << 20
_RUNS_LOOKED_AT = 20
# As in mle_frozen_code.py: so long after its time of change a file may have been changed again in the same moment.
_RACY_NANOSECONDS = 2_000_000_000

_SOURCES = (
    *(".py", ".pyi", ".pyx", ".pxd", ".c", ".h", ".cc", ".cpp", ".hpp", ".cu", ".cuh", ".jl", ".r", ".rs", ".sh"),
    *(".yaml", ".yml", ".toml", ".cfg", ".ini", ".smk"),
)
_NEVER = frozenset({".git", OWN_FOLDER, "__pycache__", "node_modules", ".ipynb_checkpoints", CODE})
_ENVIRONMENT_MARKS = ("pyvenv.cfg", "conda-meta")


def snapshot_variables(plan: Plan, warn: Callable[[str], None]) -> dict[str, str]:
    """Store the code as it is now and return the variables by which seed runs find it.

    What keeps it from being stored (a full disk, say) keeps nothing from running: ``warn`` is told, and the seed runs
    take the files as they find them.
    """
    try:
        snapshot = take_snapshot(plan)
    except (OSError, ValueError) as error:
        warn(f"The code cannot be stored ({error}). Seed runs will use the files as they are when they start.")
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
    store = ExperimentFolder(Path(os.path.realpath(plan.experiment_path))).code
    project = os.path.realpath(plan.project_dir)
    repository = read_repository(Path(project))
    if repository is not None and not _is_in(project, str(repository.root)):
        repository = None
    root = str(repository.root) if repository is not None else project
    paths = _paths(plan, repository, root, project)
    earlier = latest_snapshot(store)
    files, left_out, is_racy = _store_files(store, root, paths, earlier, _always(plan, root))
    difference = None
    if repository is not None and repository.difference:
        difference = hashlib.sha256(repository.difference).hexdigest()
        if not object_path(store, difference).exists():
            write_objects(store, {difference: repository.difference})
    digest = hashlib.sha256(
        "".join(f"{each.digest} {path}\n" for path, each in files.items()).encode(errors="surrogateescape")
    )
    tracked = set(repository.tracked) if repository is not None else set(files)
    snapshot = Snapshot(
        manifest=manifest_path(store, digest.hexdigest()),
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
        write_snapshot(snapshot)
    return snapshot


def _paths(plan: Plan, repository: Repository | None, root: str, project: str) -> list[str]:
    """Return what may be stored besides what always is: paths from the root, or absolute."""
    paths: list[str] = []
    script = _named(plan.script_path, root)
    if repository is not None:
        paths = [*repository.tracked, *(each for each in repository.untracked if _is_source(each))]
    # Without git, or where git has only a part: the script is ignored, a folder is a link.
    links = repository.links if repository is not None else ()
    if script not in paths or any(os.path.isdir(f"{root}/{each}") for each in links):
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
        with open(f"{folder}/{EXPERIMENT_RECORD}", "rb") as file:
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
    stored = stored_objects(store)
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
    write_objects(store, new)
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

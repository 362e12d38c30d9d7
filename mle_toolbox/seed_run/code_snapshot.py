"""Selects the files that are stored as the code of a start.

In a git repository: every tracked file, and sources and settings that are neither tracked nor ignored, up to 1 MB each.
Without git: the script, the modules that it imports, and those that earlier runs imported. Always the experiment file,
its configurations and the script. Never results, environments or caches.
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
from mle_toolbox.experiment_file.shell_text import is_shell_script, named_files, possible_folders
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

__all__ = ["code_of_script", "snapshot_variables", "take_snapshot"]

# Data sets and checkpoints that are under version control are not code; sources are smaller than this.
_LARGEST_FILE = 1 << 20
# Every start pays for looking at the files, so a folder that is far too large costs no more than this.
_MOST_FILES = 20_000
_MOST_BYTES = 200 << 20
_RUNS_LOOKED_AT = 20
# As in mle_frozen_code.py. A file may change twice within the resolution of its time, so, as with git's index, times
# this close to the snapshot prove nothing: the next snapshot and the import hook read the file again.
_RACY_NANOSECONDS = 2_000_000_000

_SOURCES = (
    *(".py", ".pyi", ".pyx", ".pxd", ".c", ".h", ".cc", ".cpp", ".hpp", ".cu", ".cuh", ".jl", ".r", ".rs", ".sh"),
    *(".yaml", ".yml", ".toml", ".cfg", ".ini", ".smk"),
)
_NEVER = frozenset({".git", OWN_FOLDER, "__pycache__", "node_modules", ".ipynb_checkpoints", CODE})
_ENVIRONMENT_MARKS = ("pyvenv.cfg", "conda-meta")


def snapshot_variables(plan: Plan, warn: Callable[[str], None]) -> dict[str, str]:
    """Store the code as it is now and return the environment variables that tell seed runs where it is.

    If it cannot be stored (a full disk, say), ``warn`` gets a sentence and the seed runs use the files on disk.
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
        None if the experiment file says ``frozen_code: false``.

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
    if repository is not None and not f"{project}/".startswith(f"{str(repository.root).rstrip('/')}/"):
        repository = None
    root = str(repository.root) if repository is not None else project
    paths = _paths(plan, repository, root, project)
    earlier = latest_snapshot(store)
    # The files of trials are results: a waiting job has them anyway, and they may be written only after this.
    named = [each for each in plan.configurations if each.trial is None]
    named += plan.search.bases if plan.search is not None else ()
    always = [plan.experiment_file, *_scripts(plan), *(plan.project_dir / each.path for each in named)]
    always_named = list(dict.fromkeys(_named(each, root) for each in always))
    files, left_out, is_racy = _store_files(store, root, paths, earlier, always_named)
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
    # An unchanged snapshot is written again only if it settles a file whose time proved too little before.
    if is_racy or earlier is None or snapshot._replace(taken=earlier.taken) != earlier:
        write_snapshot(snapshot)
    return snapshot


def _paths(plan: Plan, repository: Repository | None, root: str, project: str) -> list[str]:
    """Return the files to store besides those that always are: paths from the root, or absolute."""
    paths: list[str] = []
    scripts = [_named(each, root) for each in _scripts(plan)]
    if repository is not None:
        paths = [*repository.tracked, *(each for each in repository.untracked if _is_source(each))]
    # Without git, or if git has only part of the code: the script is ignored, or a folder is a link.
    links = repository.links if repository is not None else ()
    if not set(scripts) <= set(paths) or any(os.path.isdir(f"{root}/{each}") for each in links):
        for script in _scripts(plan):
            paths += [_named(each, root) for each in code_of_script(script, Path(project))]
    paths += [_named(Path(project) / each, root) for each in _imported_before(plan)]
    results = os.path.relpath(os.path.realpath(plan.experiment_path), root)
    is_left_out = _Places(root, results).is_left_out
    # The manifest has a file a line, so a name with a line break cannot be in it.
    return [path for path in dict.fromkeys(paths) if not is_left_out(path) and "\n" not in path]


def _scripts(plan: Plan) -> list[Path]:
    return [plan.script_path, *(plan.project_dir / each.script for each in plan.processing)]


def code_of_script(script: Path, project: Path) -> list[Path]:
    """Return a script and the files of the project that it imports or, in shell, names."""
    places = [Path(os.path.realpath(script)).parent, project, project / "src"]
    places += [Path(each) for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each.startswith("/")]
    others = _started_by_shell(script, project) if is_shell_script(script) else ()
    return imported_files([script, *others], places)


def _started_by_shell(script: Path, project: Path) -> Iterator[Path]:
    """Yield the files that a script in shell names, as seen from its folder, the project's, or one that it names."""
    due, seen = [script], set[Path]()
    while due:
        try:
            text = due.pop().read_bytes()
        except OSError:
            continue
        above = [project, script.parent]
        below = [folder / name for name in possible_folders(text) for folder in above]
        places = list(dict.fromkeys([*above, *(each for each in below if each.is_dir())]))
        for file in (place / name for name in named_files(text) for place in places):
            if file not in seen and file.is_file():
                seen.add(file)
                yield file
                if is_shell_script(file):
                    due.append(file)


def _imported_before(plan: Plan) -> Iterator[str]:
    """Yield the modules that earlier runs imported, including those imported by computed names or ignored by git."""
    folder = ExperimentFolder(plan.experiment_path)
    for each in plan.configurations[:_RUNS_LOOKED_AT]:
        record = read_run_record(folder.seed_run(each.name, plan.seeds[0]))
        if record is not None:
            yield from (name for name in record.code if is_own(str(plan.project_dir / name)))


class _Places:
    """Knows the folders that are not code: results, environments, caches."""

    def __init__(self, root: str, results: str) -> None:
        self._root = root
        self._known = {"": False, "/": False, results: True}

    def is_left_out(self, path: str) -> bool:
        # Each folder is looked at once, however many files it has.
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
    return b'"mle_toolbox"' in start and b'"format"' in start  # a configuration may be called experiment.json too


def _named(path: Path, root: str) -> str:
    """Return the name of a file in a snapshot: relative to the root if it lies there, links in its folder resolved."""
    # Not the file's own link: its name is what is imported.
    full = os.path.join(os.path.realpath(path.parent), path.name)
    return full[len(root) + 1 :] if full.startswith(f"{root}/") else full


def _is_source(path: str) -> bool:
    return os.path.splitext(path)[1].lower() in _SOURCES


def _store_files(
    store: Path, root: str, paths: Sequence[str], earlier: Snapshot | None, always: Sequence[str]
) -> tuple[dict[str, Entry], tuple[str, ...], bool]:
    """Store new content; return all files, those left out, and whether the time of some file proved too little."""
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
        # A tracked file may be gone, and an editor may be replacing one right now.
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

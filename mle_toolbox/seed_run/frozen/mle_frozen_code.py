"""Imports project modules as they were when the experiment was started, where the files on disk are no longer that.

All paths stay the same: a stored module has the ``__file__`` of the file on disk, and data is read from where it lies.
As long as no file is edited, the only cost is one stat for each imported file, for its time and size. Works in every
Python from 3.11 on, without our package, and imports only what is built in: each import costs time.
"""

# Why a hook and not a copy of the project: in a copy ``__file__`` is a different one, so data beside the script is not
# found and results go elsewhere, and editable installs import the original all the same. With the hook the same loaders
# read the same bytecode until a file is edited.

from __future__ import annotations

import _imp
import _io
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# importlib.machinery re-exports this module, which Python itself has already imported.
machinery: Any = sys.modules["_frozen_importlib_external"]

SNAPSHOT_VARIABLE, PROJECT_VARIABLE = "MLE_CODE_SNAPSHOT", "MLE_PROJECT_DIR"
# A file may change twice within the resolution of its time. So, as with git's index, a time this close to the snapshot
# proves nothing, and the content is compared.
RACY_NANOSECONDS = 2_000_000_000
# Packages in an environment inside the project folder are not part of the project.
INSTALLED = ("/site-packages", "/dist-packages")

code: Any = None
"""The stored code that this process runs."""


class StoredCode:
    """The files of one snapshot, and the ones that this process has run.

    Parameters
    ----------
    manifest
        The file that lists them (code_store.py writes it).
    project
        The folder of the experiment file on this machine.
    """

    def __init__(self, manifest: str, project: str) -> None:
        # This parses what code_store.read_snapshot parses too; that one needs the package.
        with _io.open(manifest, "rb") as file:
            head, _, body = file.read().partition(b"\n\n")
        self._head = [line.partition(b" ") for line in head.split(b"\n")]
        fields = dict(line[::2] for line in self._head)
        self.manifest = manifest
        self.taken = int(fields[b"taken"])
        # The manifest has the path from the root to the project folder, and not the root, so that a project which was
        # moved, or has another path on this machine, finds its files.
        below = os.fsdecode(fields[b"project"])
        self.root = os.path.realpath(project)
        for _ in [] if below == "." else below.split("/"):
            self.root = os.path.dirname(self.root)
        self.files: dict[str, str] = {}
        """The line of each file, by its path: SHA-256, time of change, size, …"""
        for line in os.fsdecode(body).split("\n")[:-1]:
            path = line.split(" ", 5)[5]
            self.files[path if path[0] == "/" else f"{self.root}/{path}"] = line
        self.run: dict[str, str] = {}
        """SHA-256 of each stored file that this process has run, by its path."""
        self._folders: set[str] | None = None
        self._real: dict[str, str] = {}
        self._same: dict[str, tuple[tuple[int, int], bool]] = {}

    def key(self, path: str) -> str:
        """Return the name of a file in the snapshot."""
        # Its folder may be reached through links. Paths without any, nearly all, take no look at the disk.
        if path in self.files:
            return path
        folder, _, name = path.rpartition("/")
        return f"{self.real_folder(folder)}/{name}"

    def real_folder(self, folder: str) -> str:
        """Return a folder with links resolved; folders of the environment are returned unchanged."""
        real = self._real.get(folder)
        if real is None:
            is_installed = any(part in folder for part in INSTALLED) or folder.startswith(_STANDARD_LIBRARY)
            real = self._real[folder] = folder if is_installed else os.path.realpath(folder)
        return real

    def holds_modules(self, folder: str) -> bool:
        """Return whether a folder contained modules, directly or below, when the snapshot was taken."""
        if self._folders is None:
            self._folders = set()
            for path in self.files:
                above = path.rpartition("/")[0] if path.endswith(".py") else ""
                while above and above not in self._folders:
                    self._folders.add(above)
                    above = "" if above == self.root else above.rpartition("/")[0]
        return folder in self._folders

    def changed(self, path: str) -> bytes | None:
        """Return the stored content of a file that has changed or disappeared since; None for all others."""
        key = self.key(path)
        found = self.files.get(key)
        if found is None:
            return None
        digest = found[:64]
        try:
            content = None if self._is_as_stored(key, found) else self.content(digest)
        except (OSError, ValueError, ImportError, AttributeError):  # the last two: a zlib.py of the user's
            # Failures stop nothing: the file on disk runs, and `not_frozen` of the record names it.
            return None
        self.run[key] = digest
        return content

    def content(self, digest: str) -> bytes:
        """Return the content with a SHA-256; ValueError if it is damaged."""
        import zlib

        folder = os.path.dirname(os.path.dirname(self.manifest))
        with _io.open(f"{folder}/objects/{digest[:2]}/{digest}", "rb") as file:
            packed = file.read()
        try:
            content = zlib.decompress(packed)
        except zlib.error as error:
            raise ValueError(f"{digest} is damaged") from error
        if _sha256(content) != digest:
            raise ValueError(f"{digest} is damaged")
        return content

    def digest_run(self, path: str) -> str | None:
        """Return the SHA-256 of the code that this process ran for a file, or None if it was not stored code."""
        return self.run.get(self.key(path))

    def stored_digest(self, path: str) -> str | None:
        """Return the SHA-256 of a file when the snapshot was taken, or None if it is not in the snapshot."""
        found = self.files.get(self.key(path))
        return found[:64] if found is not None else None

    def git_state(self) -> tuple[str | None, bool, Any]:
        """Return the commit, whether tracked files differed from it, and a function that says if a file is tracked."""
        # From the manifest: git was asked once for all seed runs, which spares each of them two processes.
        values = {name: [os.fsdecode(v) for n, _, v in self._head if n == name] for name, _, _ in self._head}
        untracked = {path if path[0] == "/" else f"{self.root}/{path}" for path in values.get(b"untracked", ())}

        def is_tracked(path: str) -> bool:
            key = self.key(path)
            return key in self.files and key not in untracked

        return next(iter(values.get(b"commit", ())), None), b"changed" in values, is_tracked

    def _is_as_stored(self, path: str, line: str) -> bool:
        digest, changed, size, _ = line.split(" ", 3)
        try:
            now = os.stat(path)
        except OSError:
            return False
        if now.st_size != int(size):
            return False
        if now.st_mtime_ns == int(changed) and self.taken - now.st_mtime_ns > RACY_NANOSECONDS:
            return True
        # Hashed once for each state of the file.
        mark = now.st_mtime_ns, now.st_ino
        known = self._same.get(path)
        if known is None or known[0] != mark:
            with _io.open(path, "rb") as file:
                known = self._same[path] = mark, _sha256(file.read()) == digest
        return known[1]


def begin() -> None:
    """Make this process run the stored code that its environment variables name, if any."""
    global code
    manifest, project = os.environ.get(SNAPSHOT_VARIABLE), os.environ.get(PROJECT_VARIABLE)
    if not manifest or not project:
        return
    code = StoredCode(manifest, project)
    _run_stored_script(code)
    _read_stored_sources(code)
    sys.path_hooks.insert(0, _path_hook(code))
    # Finders that were made before the hook was there would keep finding the files on disk.
    for folder in list(sys.path_importer_cache):
        if code.real_folder(folder).startswith(code.root):
            del sys.path_importer_cache[folder]
    sys.meta_path.append(_NewFiles)


def show_source(path: str, content: bytes) -> None:
    """Let tracebacks and ``inspect`` show the lines that run, not those on disk now."""
    try:
        # No time of change: linecache then never compares this entry with the file.
        import linecache

        text = machinery.decode_source(content)
        lines = (text if text.endswith("\n") else f"{text}\n").splitlines(True)
        linecache.cache[path] = len(content), None, lines, path
    except Exception:  # noqa: S110
        # A file of the user's may have the name of a module that linecache imports. That must not stop the run.
        pass
    if sys.excepthook is sys.__excepthook__:
        # Python's own prints the lines of the file on disk.
        sys.excepthook = _print_error


def _print_error(kind: Any, error: Any, traceback: Any) -> None:
    import traceback as printer

    # Without the frames of frozen_main.py, which the user has not written.
    own = __file__.rpartition("/")[0]
    while traceback is not None and traceback.tb_next and traceback.tb_frame.f_code.co_filename.startswith(own):
        traceback = traceback.tb_next
    printer.print_exception(kind, error, traceback)


def _run_stored_script(stored: StoredCode) -> None:
    """Restart Python with the stored script if the file on disk is a different one."""
    # At the start of Python, before it reads the script, for every Python that a script starts, and without the
    # launcher having to read the manifest.
    script = sys.argv[0] if sys.argv else ""
    if not script or script in ("-c", "-m") or not sys.executable:
        return
    if stored.changed(os.path.abspath(script)) is None:
        return
    options = sys.orig_argv[: len(sys.orig_argv) - len(sys.argv)]
    runner = f"{__file__.rpartition('/')[0]}/frozen_main.py"
    os.execv(sys.executable, [*options, runner, *sys.argv])  # noqa: S606


def _read_stored_sources(stored: StoredCode) -> None:
    """Make every way of reading a source file return the stored one, whichever finder found the file."""
    loader = machinery.SourceFileLoader
    get_code, get_data, open_code = loader.get_code, loader.get_data, _io.open_code

    def get_stored_code(self: Any, fullname: str) -> Any:
        path = self.get_filename(fullname)
        content = stored.changed(path)
        if content is None:
            return get_code(self, fullname)
        show_source(path, content)
        # Not cached as bytecode, which would be taken for the bytecode of the file on disk.
        return self.source_to_code(content, path)

    def get_stored_data(self: Any, path: Any) -> bytes:
        content = stored.changed(path) if isinstance(path, str) and path.endswith(".py") else None
        return get_data(self, path) if content is None else content

    def open_stored_code(path: str) -> Any:
        # runpy reads the script of a spawned worker (multiprocessing) by this function.
        content = stored.changed(os.path.abspath(path)) if path.endswith(".py") else None
        if content is None:
            return open_code(path)
        show_source(path, content)
        return _io.BytesIO(content)

    loader.get_code, loader.get_data = get_stored_code, get_stored_data
    for module in (_io, sys.modules["io"]):
        setattr(module, "open_code", open_stored_code)  # noqa: B010 (type checkers)


def _path_hook(stored: StoredCode) -> Any:
    """Return the path hook for folders that had modules when the snapshot was taken."""
    # The patched loader returns stored sources for files that a finder has found; this finds those that were deleted.
    loaders = (
        (machinery.ExtensionFileLoader, _imp.extension_suffixes()),
        (machinery.SourceFileLoader, machinery.SOURCE_SUFFIXES),
        (machinery.SourcelessFileLoader, machinery.BYTECODE_SUFFIXES),
    )

    class StoredFolder(machinery.FileFinder):  # type: ignore[misc]  # Any
        """Finds the modules that a folder had when the snapshot was taken, then those that it has now."""

        def __init__(self, path: str, real: str) -> None:
            super().__init__(path, *loaders)
            self.real = real

        def find_spec(self, fullname: str, target: Any = None) -> Any:
            found = super().find_spec(fullname, target)
            name = fullname.rpartition(".")[2]
            if found is not None and isinstance(found.loader, machinery.ExtensionFileLoader):
                return found
            for file, is_package in ((f"{name}/__init__.py", True), (f"{name}.py", False)):
                if f"{self.real}/{file}" not in stored.files:
                    continue
                path = f"{self.path}/{file}"
                if found is not None and found.origin == path:
                    return found
                return machinery.spec_from_file_location(
                    fullname,
                    path,
                    loader=machinery.SourceFileLoader(fullname, path),
                    submodule_search_locations=[f"{self.path}/{name}"] if is_package else None,
                )
            # What is left are namespace packages, whose folders have no __init__.py, and new modules.
            is_new = _is_new(found, stored)
            if (found is None or is_new) and stored.holds_modules(f"{self.real}/{name}"):
                found, is_new = machinery._bootstrap.ModuleSpec(fullname, None), False
                found.submodule_search_locations = [f"{self.path}/{name}"]
            return None if is_new and not _NewFiles.are_taken else found

    def hook(path: str) -> Any:
        real = stored.real_folder(os.path.abspath(path))
        if not stored.holds_modules(real):
            in_project = f"{real}/".startswith(f"{stored.root}/") and not any(part in real for part in INSTALLED)
            if not in_project or not os.path.isdir(real):  # Python also asks the hooks whether its script is a folder
                raise ImportError("no folder of the stored code", path=path)
        return StoredFolder(path, real)

    return hook


def _is_new(found: Any, stored: StoredCode) -> bool:
    """Return whether a module's file is newer than the snapshot."""
    # A new queue.py must not hide the module that the stored code imported under this name.
    if found is None or not found.has_location:
        return False
    try:
        return os.stat(found.origin).st_ctime_ns > stored.taken
    except OSError:
        return False


class _NewFiles:
    """The last finder: it allows new files, so that modules which a run writes itself can be imported."""

    are_taken = False

    @classmethod
    def find_spec(cls, fullname: str, path: Any = None, target: Any = None) -> Any:
        if cls.are_taken:
            return None
        cls.are_taken = True
        try:
            return machinery.PathFinder.find_spec(fullname, path, target)
        finally:
            cls.are_taken = False


def _sha256(content: bytes) -> str:
    # hashlib imports OpenSSL; these are built in, and were renamed in 3.12.
    try:
        from _sha2 import sha256  # type: ignore[import-not-found]  # 3.12 and newer
    except ImportError:
        try:
            from _sha256 import sha256  # type: ignore[import-not-found]
        except ImportError:
            from hashlib import sha256
    return str(sha256(content).hexdigest())


_STANDARD_LIBRARY = os.path.dirname(os.__file__)

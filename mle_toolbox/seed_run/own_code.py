"""The user's own code of a seed run, and which of its files have changed since.

That is the script and every imported module with a file outside the environment. The standard library, installed
packages and this one are recorded by their versions instead. A module is a source file, an extension module or a
notebook. Standard library only: training scripts use it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from pathlib import Path
from typing import Any

from mle_toolbox.layout import PROJECT_VARIABLE
from mle_toolbox.log.run_record import RunRecord
from mle_toolbox.seed_run.frozen_code import frozen_code, stored_code
from mle_toolbox.text import listed

__all__ = [
    "Hashes",
    "OwnCode",
    "code_digest",
    "files_that_differ",
    "git_in_words",
    "is_own",
    "not_frozen_in_words",
]

Hashes = MutableMapping[Path, str | None]
"""SHA-256 of files on disk, None for missing ones; shared when many runs are compared."""

_PACKAGE = f"{os.path.dirname(os.path.dirname(os.path.abspath(__file__)))}/"
_STANDARD_LIBRARY = f"{os.path.dirname(os.__file__)}/"
_NAMED = 5
_MODULES = (".py", ".so", ".ipynb")
# Extension modules above this size are not hashed: every seed run would read them.
_LARGEST = 64 << 20
# Installed packages, and modules that libraries generate: torch.compile, for one, writes them to a temporary folder.
_NOT_OWN = ("/site-packages/", "/dist-packages/", "/.cache/", "/torchinductor_", "/.triton/")


def is_own(file: str) -> bool:
    """Return whether the file of a module is the user's, and not the environment's."""
    return (
        file.endswith(_MODULES)
        and file.startswith("/")
        and not file.startswith((_PACKAGE, _STANDARD_LIBRARY))
        and not any(part in file for part in _NOT_OWN)
    )


class OwnCode:
    """The code of this process, as it ran: each file is hashed once, when it is first seen.

    Parameters
    ----------
    script
        The running script, if there is one.
    """

    def __init__(self, script: Path | None) -> None:
        self._script = str(script) if script is not None else None
        self._seen: dict[str, str] = {}
        folder = os.environ.get(PROJECT_VARIABLE) or _STARTED_IN
        self._bases = tuple(dict.fromkeys(f"{each.rstrip('/')}/" for each in (folder, os.path.realpath(folder))))

    def add(self, file: Path, digest: str) -> None:
        """Count a file as code of this run that is no module: what has started this process."""
        self._seen[os.path.normpath(file)] = digest

    def collect(self) -> dict[str, str]:
        """Return the SHA-256 of each file, by its path, relative to the project folder if it lies there.

        For a file that changed after this process started it is the hash of the code that this process ran, if that
        was frozen or seen by an earlier call.
        """
        frozen = frozen_code()
        for file in _files_of_modules(self._script):
            if file in self._seen:
                continue
            digest = frozen.digest_run(file) if frozen is not None else None
            digest = digest or _sha256(Path(file))
            if digest is not None:
                self._seen[file] = digest
        return dict(sorted((self._key(file), digest) for file, digest in self._seen.items()))

    def digest_of(self, file: Path | None) -> str | None:
        """Return the SHA-256 of one of the collected files, or None if it was not collected."""
        return self._seen.get(os.path.normpath(file)) if file is not None else None

    def names(self) -> dict[str, str]:
        """Return the recorded name of each collected file, by its path."""
        return {file: self._key(file) for file in self._seen}

    def not_frozen(self) -> list[str]:
        """Return the files that differ from the code stored at the start; none if nothing was stored."""
        stored = stored_code()
        if stored is None:
            return []
        return sorted(self._key(file) for file, digest in self._seen.items() if not _is_as_stored(file, digest, stored))

    def _key(self, file: str) -> str:
        base = next((each for each in self._bases if file.startswith(each)), "")
        # A name that is not UTF-8 cannot be written to a JSON file otherwise.
        return file[len(base) :].encode(errors="surrogateescape").decode(errors="backslashreplace")


def code_digest(code: dict[str, str]) -> str:
    """Return one SHA-256 for all files of a run."""
    # For HDF5, whose attributes are limited to 64 kB.
    lines = "".join(f"{digest} {file}\n" for file, digest in sorted(code.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def not_frozen_in_words(files: Sequence[str]) -> str:
    """Return a clause about files that were imported although they were not stored at the start."""
    return f"not the code stored at the start, but the files found on disk: {listed(files, _NAMED)}."


def git_in_words(record: RunRecord) -> str:
    """Return the recorded git state of the code of a run, in words."""
    if not record.git_commit:
        return "no git commit recorded"
    if record.script_sha256 and any(record.code.get(name) == record.script_sha256 for name in record.git_untracked):
        return "the script is not in any commit"
    # Such records are of version 0.1, whose git_dirty did not cover files that are in no commit.
    if not record.code and not record.git_dirty:
        return f"{record.git_commit}; whether it contains all of the code was not recorded"
    if record.git_dirty:
        return f"{record.git_commit} with uncommitted changes"
    return record.git_commit


def files_that_differ(record: RunRecord, project_dir: Path, cache: Hashes) -> tuple[str, ...]:
    """Return the files of a run that have changed since.

    Parameters
    ----------
    record
        Of the run. A record from before 0.2 has only the script.
    project_dir
        The folder of the experiment file now.
    cache
        Filled with the hashes of the files on disk. One for all runs that are compared: a file is read once.

    Returns
    -------
    tuple
        Names as in ``record.code``. A missing file counts as changed, unless it lay outside the project folder: on
        another machine it may be somewhere else.
    """
    changed = []
    for name, digest in _code_of(record):
        path = project_dir / name
        if path not in cache:
            cache[path] = _sha256(path)
        now = cache[path]
        if now != digest and (now is not None or not os.path.isabs(name)):
            changed.append(name)
    return tuple(changed)


def _code_of(record: RunRecord) -> Iterable[tuple[str, str]]:
    if record.code or record.script_sha256 is None:
        return record.code.items()
    command = record.command or []
    script = command[command.index("-config") - 1] if "-config" in command[1:] else None
    return [(script, record.script_sha256)] if script is not None else []


def _is_as_stored(file: str, digest: str, stored: Any) -> bool:
    was = stored.stored_digest(file)
    if was is not None or file.endswith(".py"):
        return bool(was == digest)
    try:  # an extension module, which is not stored until a run has imported it: has it changed since the snapshot?
        return bool(os.stat(file).st_ctime_ns <= stored.taken)
    except OSError:
        return False


def _files_of_modules(script: str | None) -> Iterator[str]:
    if script is not None:
        yield os.path.normpath(script)
    for module in list(sys.modules.values()):
        try:
            # Neither getattr nor vars: they would load a module that is waiting to be loaded on first use.
            file = object.__getattribute__(module, "__dict__").get("__file__")
        except AttributeError:
            continue
        if not isinstance(file, str):
            continue
        if file.endswith(".ipynb"):  # importers of notebooks often set a relative path
            file = os.path.join(_STARTED_IN, file)
        if is_own(file):
            yield os.path.normpath(file) if "/." in file else file


def _sha256(path: Path) -> str | None:
    try:
        if path.suffix == ".so" and path.stat().st_size > _LARGEST:
            return None
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, ValueError):
        return None


# On import, because scripts change their folder.
_STARTED_IN = "/"
with contextlib.suppress(OSError):  # the folder may have been deleted
    _STARTED_IN = os.getcwd()

"""The stored code of a past seed run: its files, how they compare to those on disk, and extracting them."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mle_toolbox.errors import MLEToolboxError, ResultsError, UsageError
from mle_toolbox.experiment_record import project_in, read_experiment_record
from mle_toolbox.layout import CODE, RUN_RECORD, ExperimentFolder, SeedFolder
from mle_toolbox.log.run_record import RunRecord, read_run_record
from mle_toolbox.seed_run.code_store import Snapshot, manifest_path, object_path, read_object, read_snapshot

__all__ = ["ELSEWHERE", "CodeFile", "StoredRun", "extract_code"]

ELSEWHERE = "_elsewhere"
"""Folder, below the extracted one, for files that lay outside the project's repository."""

# From .earlier/IDENTITY/CODE/seed_N up to the results folder, and a little further.
_FURTHEST_UP = 6


@dataclass(frozen=True)
class CodeFile:
    """A file that a run used, and its state now."""

    name: str
    """Relative to the project folder, or absolute."""
    digest: str
    state: Literal["as now", "changed since", "gone"]
    stored: bool


class StoredRun:
    """A seed run with a record.

    Parameters
    ----------
    folder
        Of the seed run.

    Raises
    ------
    ResultsError
        When the record is missing or unreadable.
    """

    def __init__(self, folder: SeedFolder) -> None:
        record = read_run_record(folder)
        if record is None:
            raise ResultsError(f"{folder.path}: there is no record of a seed run (no {RUN_RECORD} that can be read).")
        self.folder = folder
        self.record: RunRecord = record
        above = [self.folder.path.absolute(), *self.folder.path.absolute().parents][:_FURTHEST_UP]
        self.store = next((each / CODE for each in above if (each / CODE).is_dir()), None)

    @property
    def name(self) -> str:
        """A short name of the run: configuration/seed."""
        return f"{self.record.configuration or self.folder.path.parent.name}/{self.record.seed}"

    @property
    def project_dir(self) -> Path:
        """The present project folder; the current folder if that is not on record."""
        project = project_in(self._experiment_record())
        return self._from_results(project) if project is not None else Path.cwd()

    @property
    def experiment_file(self) -> Path | None:
        """The experiment file of the results folder that contains the run; None if it is not on record."""
        name = self._experiment_record().get("experiment_file")
        return self._from_results(name) if isinstance(name, str) else None

    def _experiment_record(self) -> dict[str, Any]:
        if self.store is None:
            return {}
        try:
            return read_experiment_record(ExperimentFolder(self.store.parent)) or {}
        except ResultsError:
            return {}

    def _from_results(self, name: str) -> Path:
        above = self.store.parent if self.store is not None else Path()
        return Path(os.path.normpath(above.absolute() / name))

    def snapshot(self) -> Snapshot:
        """Return the code that was stored at the start of the run.

        Raises
        ------
        ResultsError
            When none was stored, or it was deleted.
        """
        if self.record.snapshot is None:
            raise ResultsError(
                f"{self.name}: no code was stored for this run. Code is stored for seed runs that `mle run` starts, "
                "unless the experiment file says `frozen_code: false`."
            )
        found = read_snapshot(manifest_path(self.store, self.record.snapshot)) if self.store is not None else None
        if found is None:
            raise ResultsError(
                f"{self.name}: its stored code is not there ({CODE}/snapshots/{self.record.snapshot} in the results "
                "folder). Copies that leave out hidden files lose it."
            )
        return found

    def files(self) -> list[CodeFile]:
        """Return the files that the run imported, with their state now."""
        return [self._file(name, digest) for name, digest in self.record.code.items()]

    def content(self, name: str) -> bytes | None:
        """Return the content that a file of the run had, or None if it no longer exists anywhere."""
        digest = self.record.code[name]
        if self.store is not None:
            try:
                return read_object(self.store, digest)
            except MLEToolboxError:
                pass
        # Nothing was stored, but the file on disk may still be the same.
        now = _read(self.project_dir / name)
        return now if now is not None and hashlib.sha256(now).hexdigest() == digest else None

    def _file(self, name: str, digest: str) -> CodeFile:
        now = _read(self.project_dir / name)
        is_same = now is not None and hashlib.sha256(now).hexdigest() == digest
        is_stored = self.store is not None and object_path(self.store, digest).exists()
        return CodeFile(name, digest, "gone" if now is None else "as now" if is_same else "changed since", is_stored)


def extract_code(run: StoredRun, into: Path) -> Path:
    """Write the stored code of a run, with configurations and experiment file, as it was when the run was started.

    Parameters
    ----------
    run
        The run.
    into
        An empty or new folder. It becomes the root of the repository, or the project folder if there is no git.

    Returns
    -------
    Path
        The project folder inside it.

    Raises
    ------
    UsageError
        When the folder is not empty.
    ResultsError
        When the code was not stored, was deleted or is damaged. Nothing is written then.
    """
    snapshot = run.snapshot()
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise UsageError(f"--extract {into}: this folder is not empty. Name an empty or a new one.")
    # All of it is read before the first file is written, so that a damaged store leaves no half of a project.
    contents = {path: snapshot.content(path) for path in snapshot.files}
    for path, content in contents.items():
        place = into / (f"{ELSEWHERE}{path}" if path.startswith("/") else path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return into / snapshot.project


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (OSError, ValueError):
        return None

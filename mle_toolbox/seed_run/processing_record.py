"""How the pre-processing or post-processing of an experiment ended, and from what it was made.

It is due again when its script, its arguments, or a file of the project that the script imports has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mle_toolbox.layout import ProcessingFolder
from mle_toolbox.log.atomic import replace_json
from mle_toolbox.log.held_file import is_locked
from mle_toolbox.log.run_record import RunStatus
from mle_toolbox.seed_run.code_snapshot import code_of_script
from mle_toolbox.seed_run.frozen_code import frozen_bytes

__all__ = [
    "ProcessingRecord",
    "digest_of",
    "processing_code",
    "processing_status",
    "read_processing_record",
    "write_processing_record",
]


class ProcessingRecord(NamedTuple):
    """The content of ``run.json`` of a processing."""

    status: str
    """``running``, ``done``, ``failed`` or ``stopped``."""
    digest: str
    """``digest_of`` its code and arguments."""
    code: dict[str, str]
    """SHA-256 of each file, by its path, relative to the project folder if it lies there."""
    command: list[str]
    start: str
    host: str
    launcher: int
    """The process that started the script."""
    reason: str | None = None
    """Why it is not done."""
    exit_status: int | None = None
    end: str | None = None


def processing_code(script: Path, project: Path) -> dict[str, str]:
    """Return the SHA-256 of a script and of the files of the project that it imports, by name.

    In a job these are the files as they were when the experiment was started, if they were stored.
    """
    base, found = f"{os.path.realpath(project)}/", {}
    for file in code_of_script(project / script, project):
        content = frozen_bytes(file)
        try:
            content = file.read_bytes() if content is None else content
        except OSError:
            continue
        name = f"{os.path.realpath(file.parent)}/{file.name}".removeprefix(base)
        found[name.encode(errors="surrogateescape").decode(errors="backslashreplace")] = hashlib.sha256(content)
    return {name: found[name].hexdigest() for name in sorted(found)}


def digest_of(code: Mapping[str, str], arguments: Sequence[str]) -> str:
    """Return what changes when a processing is due again."""
    return hashlib.sha256(json.dumps([sorted(code.items()), list(arguments)]).encode()).hexdigest()


def read_processing_record(folder: ProcessingFolder) -> ProcessingRecord | None:
    """Return the record, or None if there is none that can be read."""
    try:
        content: Any = json.loads(folder.run_record.read_bytes())
        return ProcessingRecord(**content)
    except (OSError, ValueError, TypeError):
        return None


def write_processing_record(folder: ProcessingFolder, record: ProcessingRecord) -> None:
    """Write the record, whole or not at all."""
    replace_json(folder.run_record, record._asdict())


def processing_status(folder: ProcessingFolder, record: ProcessingRecord | None) -> RunStatus:
    """Return the status, given the record."""
    if record is None:
        return "waiting"
    if record.status == "running":
        return "running" if is_locked(folder.lock) else "died"
    if record.status == "done":
        # Without its mark it is due again, whatever removed that.
        return "done" if folder.done.exists() else "waiting"
    return "stopped" if record.status == "stopped" else "failed"

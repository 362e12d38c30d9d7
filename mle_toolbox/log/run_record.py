"""``run.json``: status and provenance of a seed run.

Standard library only.
"""

from __future__ import annotations

import json
import operator
import os
from pathlib import Path
from typing import Any, Literal, NamedTuple

from mle_toolbox.layout import JOURNAL, LOG, RUN_RECORD, SeedFolder
from mle_toolbox.log.atomic import replace_text
from mle_toolbox.log.held_file import is_locked

__all__ = [
    "RECORD_FORMAT",
    "RunRecord",
    "RunStatus",
    "bad_end",
    "read_record",
    "read_run_record",
    "run_status",
    "write_record",
    "write_run_record",
]

RECORD_FORMAT = 1

_PIECE = 1 << 16

RunStatus = Literal["waiting", "running", "done", "stopped", "failed", "died", "outdated", "older code"]
"""``outdated``: ended, with an earlier configuration; ``older code``: done, and left out by ``only_current``."""


class RunRecord(NamedTuple):
    """The content of ``run.json``. Every field has a default, so that a record of any version can be read.

    Times are UTC in ISO 8601. ``status`` is ``running``, ``done``, ``failed`` or ``stopped`` (ended early on request,
    to be continued); only an observer can tell that a run has died, see ``run_status``. ``identity`` is a digest of
    everything but seed and code that decides its numbers (``experiment_file/configuration_identity.py``). ``code``
    holds the SHA-256 of each of the user's files that it ran (the script, imported modules), by its path, relative to
    the project folder if it lies there; ``snapshot`` names the stored code that it ran, and ``not_frozen`` the files of
    ``code`` that came from elsewhere. ``own_handlers`` names the early warnings of a scheduler that the script itself
    handles. ``git_dirty`` is true if a tracked file differed from the commit, or a file of ``code`` was not tracked:
    ``git_untracked`` names those. ``extra`` holds fields that this version does not know; they are written back
    unchanged.
    """

    format: int = RECORD_FORMAT
    status: str = "running"
    configuration: str | None = None
    seed: int | None = None
    host: str | None = None
    pid: int | None = None
    launcher: int | None = None
    scheduler: dict[str, Any] | None = None
    command: list[str] | None = None
    start: str | None = None
    end: str | None = None
    attempt: int = 1
    exit_status: int | None = None
    signal: str | None = None
    reason: str | None = None
    script_sha256: str | None = None
    config_sha256: str | None = None
    identity: str | None = None
    code: dict[str, str] = {}  # noqa: RUF012 (nobody changes it)
    snapshot: str | None = None
    not_frozen: list[str] = []  # noqa: RUF012
    git_commit: str | None = None
    git_dirty: bool | None = None
    git_untracked: list[str] = []  # noqa: RUF012
    python: str | None = None
    packages: dict[str, str] = {}  # noqa: RUF012 (nobody changes it)
    ticks: int | None = None
    own_handlers: list[str] = []  # noqa: RUF012
    resumed_from_tick: int | None = None
    max_rss_mb: float | None = None
    cpu_seconds: float | None = None
    extra: dict[str, Any] = {}  # noqa: RUF012

    def to_json(self) -> dict[str, Any]:
        """Return the content of ``run.json``: the known fields in their order, then the unknown ones."""
        known = {name: getattr(self, name) for name in _FIELDS}
        return {**known, **{name: value for name, value in self.extra.items() if name not in known}}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> RunRecord:
        """Make a record from the content of ``run.json``."""
        # By position: with thirty keywords it takes four times as long, and ten thousand records a tenth of a second.
        every = {**_DEFAULTS, **content}
        extra = {} if len(every) == len(_DEFAULTS) else {name: every[name] for name in every if name not in _FIELDS}
        return cls._make((*_values_of(every), extra))


_TYPES = {"str": str, "int": int, "bool": bool, "float": (int, float), "dict": dict, "list": list, "None": type(None)}


_FIELDS: dict[str, tuple[Any, ...]] = {
    # With `from __future__ import annotations` these are texts, which a named tuple wraps.
    name: tuple(_TYPES[each.partition("[")[0]] for each in annotation.__forward_arg__.split(" | "))
    for name, annotation in RunRecord.__annotations__.items()
    if name != "extra"
}
_DEFAULTS = {name: RunRecord._field_defaults[name] for name in _FIELDS}
_values_of = operator.itemgetter(*_FIELDS)


def read_run_record(folder: SeedFolder) -> RunRecord | None:
    """Return the record of a seed run, or None if it is missing or unreadable."""
    return read_record(f"{folder.path}/{RUN_RECORD}")


def read_record(path: Path | str) -> RunRecord | None:
    """Return the record in a file, or None if it is missing or unreadable."""
    try:
        content = json.loads(_content(path))
    except (OSError, ValueError, RecursionError):
        return None
    return RunRecord.from_json(content) if isinstance(content, dict) and _is_whole(content) else None


def _content(path: Path | str) -> bytes:
    # `mle status` reads ten thousand of them; a file object would take as long as all the rest.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        content = piece = os.read(descriptor, _PIECE)
        while len(piece) == _PIECE:
            piece = os.read(descriptor, _PIECE)
            content += piece
        return content
    finally:
        os.close(descriptor)


def _is_whole(content: dict[str, Any]) -> bool:
    """Return whether every field that this version knows has the right type, so that no caller need check."""
    for name, value in content.items():
        if (types := _FIELDS.get(name)) is not None and not isinstance(value, types):
            return False
    return True


def write_run_record(folder: SeedFolder, record: RunRecord) -> None:
    """Replace ``run.json`` in one step, durably."""
    write_record(folder.run_record, record)


def write_record(path: Path, record: RunRecord, *, wait_for_name: bool = True) -> None:
    """Write a record to a file in one step, durably; for ``wait_for_name`` see ``replace_file``."""
    text = json.dumps(record.to_json(), indent=2, ensure_ascii=False, default=str) + "\n"
    replace_text(path, text, errors="backslashreplace", wait_for_name=wait_for_name)


def run_status(folder: SeedFolder, record: RunRecord | None = None) -> RunStatus:
    """Return the status of a seed run, from its files alone.

    Parameters
    ----------
    folder
        The folder of the seed run.
    record
        Its record, if that has just been read.

    Returns
    -------
    RunStatus
        ``running`` as long as a process holds the journal. Otherwise ``failed`` or ``stopped`` if the record says so,
        even beside the finished log of an earlier attempt; ``done`` if there is a finished log; ``died`` if the record
        says running; ``waiting`` in all other cases.

    Notes
    -----
    Two or three file operations, four or six for a run that seems dead: it is checked again, because it may have ended
    well between reading its record and looking for its log.
    """
    status = _status_now(folder, record if record is not None else read_run_record(folder))
    return _status_now(folder, read_run_record(folder)) if status == "died" else status


def bad_end(record: RunRecord | None) -> Literal["failed", "stopped"] | None:
    """Return how the newest attempt ended if it left no finished log of its own, or None."""
    match record:
        case RunRecord(status="failed"):
            return "failed"
        case RunRecord(status="stopped"):
            return "stopped"
    return None


def _status_now(folder: SeedFolder, record: RunRecord | None) -> RunStatus:
    # The lock comes first: it is the only evidence that cannot be out of date.
    if is_locked(f"{folder.path}/{JOURNAL}"):
        return "running"
    if (bad := bad_end(record)) is not None:
        return bad
    if os.path.exists(f"{folder.path}/{LOG}"):  # noqa: PTH110 (a Path would have to be made of it first)
        return "done"
    if record is None:
        # The journal is made before the record, so a run may have been killed in between.
        return "died" if folder.journal.exists() else "waiting"
    return "died" if record.status == "running" else "waiting"

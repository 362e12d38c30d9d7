"""Reads and writes ``checkpoint.pkl``, from which an interrupted run resumes.

A magic number, a pickle, then its length and crc32, so that a truncated or corrupt file is detected before it is
unpickled.
"""

from __future__ import annotations

import pickle
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from mle_toolbox.errors import ResultsError, UsageError
from mle_toolbox.log.atomic import replace_file

__all__ = ["Checkpoint", "read_checkpoint", "write_checkpoint"]

_MAGIC = b"MLECKPT1"
_END = struct.Struct("<QI")


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run at one moment."""

    state: Any
    """The state that the script passed to ``checkpoint()``."""
    n_ticks: int
    random_states: dict[str, Any]
    rng: Any
    """State of ``mle.rng``; None if the script has not used it."""
    digest: str
    """Digest of configuration, seed and extra arguments: the run that this checkpoint belongs to."""
    elapsed: float
    """Seconds that the run has taken so far, in all attempts."""
    last_step: int
    """TensorBoard's last step."""
    n_models: int = 0
    """Number of models passed to ``update_log``; 0 in checkpoints of earlier versions."""

    def check_owner(self, path: Path, digest: str) -> None:
        """Raise ResultsError when the checkpoint belongs to another run."""
        if self.digest != digest:
            raise ResultsError(f"{path} belongs to another configuration, seed or command line")


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint atomically.

    Raises
    ------
    UsageError
        When the state cannot be pickled; the previous checkpoint is kept.
    """

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            file.write(_MAGIC)
            summed = _Summed(file)
            try:
                pickle.dump(checkpoint, summed, protocol=pickle.HIGHEST_PROTOCOL)
            except (pickle.PicklingError, TypeError, AttributeError) as error:
                raise UsageError(
                    f"The state passed to checkpoint() cannot be pickled: {error}. Pass numbers, arrays, state_dicts, "
                    "and lists and dictionaries of them."
                ) from None
            file.write(_END.pack(summed.length, summed.checksum))

    replace_file(path, write)


def read_checkpoint(path: Path) -> Checkpoint | None:
    """Return the checkpoint, or None when there is none.

    Raises
    ------
    ResultsError
        When it is damaged or cannot be read; says why.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    # The last character of the magic number is the version of the format.
    version = data[len(_MAGIC) - 1 : len(_MAGIC)]
    if data.startswith(_MAGIC[:-1]) and version.isdigit() and version > _MAGIC[-1:]:
        raise ResultsError(f"{path} is damaged, or was made by a newer version of mle-toolbox")
    body = memoryview(data)[len(_MAGIC) : -_END.size]
    if not data.startswith(_MAGIC) or data[-_END.size :] != _END.pack(len(body), zlib.crc32(body)):
        raise ResultsError(f"{path} is damaged")
    try:
        checkpoint = pickle.loads(body)  # noqa: S301  (our own file, in the folder of our own run)
    # Unpickling executes code: a class of the script that has been renamed may raise anything.
    except Exception as error:
        raise ResultsError(f"{path} cannot be read: {type(error).__name__}: {error}") from None
    if not isinstance(checkpoint, Checkpoint):
        raise ResultsError(f"{path} is not a checkpoint of mle-toolbox")
    return checkpoint


class _Summed:
    """A file for writing that keeps the length and checksum of what was written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.length, self.checksum = 0, 0

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        self.length += view.nbytes
        self.checksum = zlib.crc32(view, self.checksum)
        return self._file.write(view)

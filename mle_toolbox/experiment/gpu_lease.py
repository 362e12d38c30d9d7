"""Leases of GPUs: which devices of this machine a seed run has to itself, or shares with a stated number of others.

A lease is a lock (``flock``) on a file per device, in a folder per user and machine, so drivers of several experiments
see each other's. The script inherits the open file: when launcher and script are gone, however they ended, so is the
lease. Imported only by launchers of runs that ask for GPUs; standard library only.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import stat
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from mle_toolbox.errors import MLEToolboxError

__all__ = ["LEASES_VARIABLE", "GpuError", "GpuLease", "Gpus", "lease"]

LEASES_VARIABLE = "MLE_GPU_LEASES"
"""Environment variable: another folder for the locks."""

_LOOK_SECONDS = 0.5
_SAY_AFTER_SECONDS = 10.0


class GpuError(MLEToolboxError, RuntimeError):
    """GPUs cannot be leased."""


class Gpus(NamedTuple):
    """The GPUs that the seed runs of a driver may have."""

    variables: tuple[str, ...]
    """The environment variables that tell a program which devices it sees; all of them get the same value."""
    devices: Mapping[str, str]
    """For each device the name by which these variables know it, and one that is the same in every driver."""
    settings: Mapping[str, str] = {}
    """Further variables without which the names would mean other devices."""

    def as_text(self) -> str:
        """Return it as the value of an environment variable."""
        pairs = [f"{name}={key}" for name, key in self.devices.items()]
        settings = [f"{name}={value}" for name, value in self.settings.items()]
        return " ".join([",".join(self.variables), *settings, "--", *pairs])

    @classmethod
    def from_text(cls, text: str) -> Gpus:
        """Read what ``as_text`` has written."""
        words = text.split()
        end = words.index("--")
        settings = dict(word.split("=", 1) for word in words[1:end])
        return cls(tuple(words[0].split(",")), dict(word.split("=", 1) for word in words[end + 1 :]), settings)


class GpuLease:
    """Devices that are leased until ``end``, or until this process and its script are gone."""

    def __init__(self, gpus: Gpus, devices: Sequence[str], locks: Sequence[int]) -> None:
        self.devices = tuple(devices)
        """Their names, as the variables have them."""
        self._gpus = gpus
        self._locks = locks

    @property
    def variables(self) -> dict[str, str]:
        """What makes a program see these devices and no others."""
        return {**self._gpus.settings, **dict.fromkeys(self._gpus.variables, ",".join(self.devices))}

    def end(self) -> None:
        """Give them back, also where a process that the script has left still has the files open."""
        _release(self._locks)


def lease(gpus: Gpus, number: int, runs_per_gpu: int = 1) -> GpuLease:
    """Wait until so many devices are free, and lease them.

    Parameters
    ----------
    gpus
        The devices to choose from.
    number
        How many; at least 1.
    runs_per_gpu
        So many runs may have each of them at a time; a run that says 1 has its devices to itself.

    Raises
    ------
    GpuError
        When there are not so many, or the folder of the locks cannot be used.
    """
    if number > len(gpus.devices):
        raise GpuError(f"num_gpus: {number} are asked for, and this machine offers {len(gpus.devices)}.")
    folder = _folder()
    since, is_said = time.monotonic(), False
    while True:
        devices: list[str] = []
        locks: list[int] = []
        for name, key in gpus.devices.items():
            found = _lock_device(folder, key, runs_per_gpu)
            if found:
                devices.append(name)
                locks += found
            if len(devices) == number:
                return GpuLease(gpus, devices, locks)
        # Nothing is kept while waiting: two runs that each held half of what both need would wait for ever.
        _release(locks)
        if not is_said and time.monotonic() - since > _SAY_AFTER_SECONDS:
            is_said = True
            print("mle-toolbox: waiting for a GPU that no other run has.", file=sys.stderr, flush=True)
        # Of two that wait, not always the same one looks first.
        time.sleep(_LOOK_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311


def _lock_device(folder: Path, key: str, runs_per_gpu: int) -> list[int]:
    """Return the locks on one device, none where it is not free."""
    device = _lock(folder / key, fcntl.LOCK_EX if runs_per_gpu == 1 else fcntl.LOCK_SH)
    if device is None or runs_per_gpu == 1:
        return [] if device is None else [device]
    for place in range(runs_per_gpu):
        found = _lock(folder / f"{key}.{place}", fcntl.LOCK_EX)
        if found is not None:
            return [device, found]
    _release([device])
    return []


def _lock(path: Path, kind: int) -> int | None:
    # The key of a MIG device has slashes.
    descriptor = os.open(path.with_name(path.name.replace("/", "_")), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    os.set_inheritable(descriptor, True)
    return descriptor


def _release(locks: Sequence[int]) -> None:
    for descriptor in locks:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)


def _folder() -> Path:
    """Return the folder of the locks: on this machine, and the same for all processes of this user."""
    # Not tempfile.gettempdir(): two drivers with another TMPDIR would not see each other.
    given = os.environ.get(LEASES_VARIABLE)
    folder = Path(given) if given else Path("/tmp") / f"mle-toolbox-{os.getuid()}"  # noqa: S108 (checked below)
    try:
        folder.mkdir(mode=0o700, exist_ok=True, parents=bool(given))
        found = folder.lstat()
    except OSError as error:
        raise GpuError(f"{folder}, where runs note which GPUs they use, cannot be made: {error.strerror}.") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise GpuError(
            f"{folder}, where runs note which GPUs they use, belongs to somebody else. Name another folder of this "
            f"machine in {LEASES_VARIABLE}."
        )
    return folder

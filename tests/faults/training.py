"""A training process to be killed: it says in a shared counter how many ticks are safe, as soon as they are.

python training.py journal COUNTER JOURNAL           goes on behind what JOURNAL has, for ever
python training.py experiment COUNTER -config … …    a training script; ends after TICKS ticks, if that is set
"""

from __future__ import annotations

import itertools
import mmap
import os
import struct
import sys
from pathlib import Path

SAVED_EVERY = 3
CHECKPOINT_EVERY = 50


class Counter:
    """How many ticks are safe, and how many a checkpoint covers; in a file that survives the death of the process."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 16)

    def set(self, number: int) -> None:
        """So many ticks have been saved."""
        struct.pack_into("<q", self._memory, 0, number)

    def set_checkpoint(self, number: int) -> None:
        """So many ticks are behind the newest checkpoint."""
        struct.pack_into("<q", self._memory, 8, number)

    def go_back(self) -> None:
        """What came after the checkpoint is about to be dropped, and will be made once more."""
        self.set(struct.unpack_from("<q", self._memory, 8)[0])


def write_journal(counter: Counter, path: Path) -> None:
    """Append to a journal, every third tick with save=True."""
    from mle_toolbox.log.journal import JournalWriter, read_journal

    writer = JournalWriter(path, ["t"], ["x", "a"])
    done = read_journal(path).n_ticks
    writer.rewind(done)
    for number in itertools.count(done):
        save = number % SAVED_EVERY == 0
        writer.append({"t": number}, {"x": number / 3, "a": [number, -number]}, save)
        if save:
            counter.set(number + 1)


def train(counter: Counter) -> None:
    """Train with checkpoints, and go on from the newest one."""
    from mle_toolbox import MLExperiment

    del sys.argv[1:3]
    mle = MLExperiment()
    counter.go_back()
    done = mle.resume() or 0
    for number in range(done, int(os.environ.get("TICKS", 1 << 60))):
        save = number % SAVED_EVERY == 0
        mle.update_log({"t": number}, {"x": number / 3}, save=save)
        if save:
            counter.set(number + 1)
        if (number + 1) % CHECKPOINT_EVERY == 0:
            mle.checkpoint(number + 1)
            counter.set_checkpoint(number + 1)
            counter.set(number + 1)


if __name__ == "__main__":
    if sys.argv[1] == "journal":
        write_journal(Counter(Path(sys.argv[2])), Path(sys.argv[3]))
    else:
        train(Counter(Path(sys.argv[2])))

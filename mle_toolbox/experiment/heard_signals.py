"""Whether somebody has told this process to end, also where its script has caught that and goes on.

Python's own C handler writes the number of each signal that it takes into a pipe (``signal.set_wakeup_fd``), besides
what the signal does otherwise. So no handler is replaced, a KeyboardInterrupt stays one, and handlers that are
installed later are noticed as well. Not noticed is what never reaches a handler of Python's (a signal that is ignored,
or that ends the process at once), and what comes while asyncio or trio use that pipe for themselves: in a run that
`mle run` has started, the launcher knows of those.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import signal
import threading

from mle_toolbox.experiment.stop_notice import ENDING_SIGNALS

__all__ = ["HeardSignals", "heard_signals"]

# Far above what a script opens: one that closes all descriptors is not to get our signals into a file of its own.
_DESCRIPTOR = 1000


class HeardSignals:
    """Collects the signals that tell this process to end; one for the whole process."""

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._reader = -1
        self._writer = -1
        self._pid = -1
        self._mask = threading.local()

    def listen(self) -> int:
        """Listen from now on, if this is possible here; return how many signals have come until now."""
        if self._pid != os.getpid():
            self._begin()
        return self.count()

    def count(self) -> int:
        """Return how many of them have come since this process began to listen."""
        self._collect()
        return len(self._numbers)

    def first_since(self, count: int) -> int | None:
        """Return the first one that has come since there were ``count`` of them, or None."""
        self._collect()
        return self._numbers[count] if len(self._numbers) > count else None

    def _begin(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        is_new = self._pid == -1
        self._pid, self._numbers = os.getpid(), []
        try:
            reader, writer = os.pipe()
            self._reader, self._writer = _moved_up(reader), _moved_up(writer)
        except OSError:  # no descriptors left
            self._reader = self._writer = -1
            return
        for descriptor in (self._reader, self._writer):
            os.set_blocking(descriptor, False)
        other = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        if other != -1:
            # Somebody else needs it: asyncio, trio, a graphical interface.
            signal.set_wakeup_fd(other)
        if is_new:
            # What a worker is sent is nothing to us, although it has inherited our end of the pipe.
            os.register_at_fork(before=self._block, after_in_parent=self._unblock, after_in_child=self._forget)

    def _collect(self) -> None:
        if self._pid != os.getpid() or self._reader == -1:
            return
        try:
            while numbers := os.read(self._reader, 4096):
                self._numbers += [number for number in numbers if number in ENDING_SIGNALS]
        except OSError:  # nothing more, or the script has closed it
            return

    def _block(self) -> None:
        self._mask.before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)

    def _unblock(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask.before)

    def _forget(self) -> None:
        with contextlib.suppress(ValueError):  # forked by a thread that is no main thread
            other = signal.set_wakeup_fd(-1)
            if other not in (-1, self._writer):
                signal.set_wakeup_fd(other)
        self._unblock()


def _moved_up(descriptor: int) -> int:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    highest = _DESCRIPTOR if limit == resource.RLIM_INFINITY else min(_DESCRIPTOR, limit - 2)
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, highest)
    os.close(descriptor)
    return moved


heard_signals = HeardSignals()

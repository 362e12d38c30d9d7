"""Records signals that ask this process to terminate, even if its script catches them and goes on.

Python's C handler writes the number of each signal it handles into a pipe (``signal.set_wakeup_fd``), in addition to
its normal effect. So no handler is replaced (asyncio would notice a replaced SIGINT handler and not install its own), a
KeyboardInterrupt stays one, and handlers installed later are covered as well. Not recorded are signals that reach no
Python handler, because they are ignored or end the process at once, and signals that arrive while asyncio or trio use
the pipe themselves; in a run started by `mle run` the launcher knows about those.
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

# Far above the descriptors of a script: if it closes all of them, signal numbers must not end up in a file that it
# opens next under our number.
_DESCRIPTOR = 1000


class HeardSignals:
    """Collects the signals that ask this process to terminate. There is one for the process."""

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._reader = -1
        self._writer = -1
        self._pid = -1
        self._mask = threading.local()

    def listen(self) -> int:
        """Listen from now on, if that is possible here; return the number of signals received so far."""
        if self._pid != os.getpid():
            self._begin()
        return self.count()

    def count(self) -> int:
        """Return the number of signals received since this process began to listen."""
        self._collect()
        return len(self._numbers)

    def first_since(self, count: int) -> int | None:
        """Return the first signal after the first ``count``, or None."""
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
            # Someone else uses it: asyncio, trio, a GUI toolkit.
            signal.set_wakeup_fd(other)
        if is_new:
            # A forked worker inherits our end of the pipe, but signals sent to it do not concern us.
            os.register_at_fork(before=self._block, after_in_parent=self._unblock, after_in_child=self._forget)

    def _collect(self) -> None:
        if self._pid != os.getpid() or self._reader == -1:
            return
        try:
            while numbers := os.read(self._reader, 4096):
                self._numbers += [number for number in numbers if number in ENDING_SIGNALS]
        except OSError:  # nothing more to read, or the script has closed it
            return

    def _block(self) -> None:
        self._mask.before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)

    def _unblock(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask.before)

    def _forget(self) -> None:
        with contextlib.suppress(ValueError):  # forked by a thread other than the main one
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

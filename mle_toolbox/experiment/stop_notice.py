"""Records the signals that announce the end of this process, for ``MLExperiment.should_stop``.

Schedulers send a signal some time before they stop or kill a job. Only a script that calls ``should_stop`` wants to
handle it: for all others each signal keeps its meaning. Knows nothing of logs and checkpoints.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from types import FrameType
from typing import Any

from mle_toolbox.text import count

__all__ = ["ENDING_SIGNALS", "StopNotice", "stop_notice", "stopped_in_words"]

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that ask any process to terminate."""

_NOTICES = {
    signal.SIGUSR1: "its time limit is near, or it is about to be suspended",
    signal.SIGUSR2: "it is about to be killed",
    signal.SIGXCPU: "its CPU time limit is near",
    signal.SIGTERM: "it was asked to terminate",
}
_WORDS = {
    **_NOTICES,
    signal.SIGINT: "Ctrl-C or `mle stop`",
    signal.SIGHUP: "its terminal was closed",
    signal.SIGKILL: "killed, because it was being stopped",
}
# Ignored where nothing handles them: a warning well before the end must not terminate a process.
_WARNINGS = (signal.SIGUSR1, signal.SIGXCPU)
# A signal for a whole process group may reach the script directly and through its launcher.
_ECHO_SECONDS = 5.0


class StopNotice:
    """Records the first signal that announces an end. There is one for the process.

    Handlers that were installed before are called as well. In a forked child (a data loader), and when the process is
    asked to terminate a second time, a signal has its previous effect.
    """

    def __init__(self) -> None:
        self.number: signal.Signals | None = None
        """The signal received, or None."""
        self.is_asked = False
        """Whether ``is_given`` has been called, after which all of the signals are only notices."""
        self._came = 0.0
        self._before: dict[int, Any] = {}
        self._is_forgotten_by_children = False
        self._mask = threading.local()

    def expect_warnings(self) -> None:
        """Record early warnings from now on, so that none is lost before ``is_given`` is called. Main thread only."""
        self._listen(_WARNINGS)

    def is_given(self) -> bool:
        """Return whether the end was announced; the first call installs handlers for all of the signals."""
        if not self.is_asked:
            self.is_asked = True
            self._listen(tuple(_NOTICES))
        return self.number is not None

    def own_handlers(self) -> list[str]:
        """Return the warnings for which the script has a handler of its own, whose effect is unknown."""
        return [number.name for number in _WARNINGS if self._is_heard_by_script(number)]

    def _is_heard_by_script(self, number: signal.Signals) -> bool:
        now = signal.getsignal(number)
        return callable(now) and (now != self._hear or callable(self._before.get(number)))

    def _listen(self, numbers: tuple[signal.Signals, ...]) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        for number in numbers:
            now = signal.getsignal(number)
            # None: a handler that was not installed from Python. A handler installed over ours may call ours, so it is
            # not installed twice.
            if number in self._before or now is None or (now is signal.SIG_IGN and number not in _WARNINGS):
                continue
            self._before[number] = now
            signal.signal(number, self._hear)
        if not self._is_forgotten_by_children:
            self._is_forgotten_by_children = True
            # A signal that a child receives before Python is ready in it is lost, so signals are blocked until then.
            os.register_at_fork(before=self._block, after_in_parent=self._unblock, after_in_child=self._forget)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        now, before = time.monotonic(), self._before.get(number)
        again = self.number is not None and now - self._came > _ECHO_SECONDS
        if self.number is None:
            self.number, self._came = signal.Signals(number), now
        if callable(before):
            before(number, frame)
        elif again and number not in _WARNINGS:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    def _forget(self) -> None:
        """Restore the previous handlers in a forked child, which must die when its parent terminates it."""
        for number, before in self._before.items():
            if signal.getsignal(number) == self._hear:
                signal.signal(number, signal.SIG_IGN if number in _WARNINGS else before)
        self._before.clear()
        self._unblock()

    def _block(self) -> None:
        self._mask.before = signal.pthread_sigmask(signal.SIG_BLOCK, self._before)

    def _unblock(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask.before)


stop_notice = StopNotice()


def stopped_in_words(
    number: int, n_ticks: int, *, has_checkpoint: bool, error: str | None = None, limit: str | None = None
) -> str:
    """Return the recorded reason of a run that was asked to terminate.

    Parameters
    ----------
    number
        The signal received.
    n_ticks
        The number of ticks logged.
    has_checkpoint
        Whether the next attempt can resume from a checkpoint.
    error
        The error with which it ended as well, in one line.
    limit
        The limit of the run because of which it was asked, in words.
    """
    received = signal.Signals(number)
    why = limit if limit is not None else f"{received.name}: {_WORDS[received]}"
    after = count(n_ticks, "tick")
    then = f", then {error}" if error is not None else ""
    next_time = "resumes from its checkpoint" if has_checkpoint else "starts over: no checkpoint was saved"
    return f"stopped after {after} ({why}{then}). The next attempt {next_time}."

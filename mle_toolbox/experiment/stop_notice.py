"""Whether somebody has told this process that it will soon be stopped: what ``MLExperiment.should_stop`` asks.

Schedulers send a signal some time before they stop or kill a job. Only a script that asks wants to hear of it: for all
others each signal keeps its meaning. Knows nothing of logs and checkpoints.
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
"""What tells any process to end, whoever sends it."""

_NOTICES = {
    signal.SIGUSR1: "its time is nearly up, or it is to be suspended",
    signal.SIGUSR2: "it is to be killed",
    signal.SIGXCPU: "its CPU time is nearly up",
    signal.SIGTERM: "it was told to end",
}
_WORDS = {
    **_NOTICES,
    signal.SIGINT: "Ctrl-C or `mle stop`",
    signal.SIGHUP: "its terminal was closed",
    signal.SIGKILL: "killed, because it was to be stopped",
}
# Ignored by whoever does not know them; a warning long before the end must not end anything.
_WARNINGS = (signal.SIGUSR1, signal.SIGXCPU)
# A signal for a whole process group reaches the script directly and through its launcher.
_ECHO_SECONDS = 5.0


class StopNotice:
    """Takes note of the first signal that announces an end; one for the whole process.

    Handlers that are there already are called as well. Where the process is not the one that began to listen (a forked
    data loader), or is told to end a second time, the signal means what it meant before.
    """

    def __init__(self) -> None:
        self.number: signal.Signals | None = None
        """The signal that came, or None."""
        self.is_asked = False
        """Whether somebody has asked, so that all of the signals are only notices now."""
        self._came = 0.0
        self._before: dict[int, Any] = {}
        self._is_forgotten_by_children = False
        self._mask = threading.local()

    def expect_warnings(self) -> None:
        """Hear early warnings from now on, so that none is lost before the first question. Main thread only."""
        self._listen(_WARNINGS)

    def is_given(self) -> bool:
        """Tell whether the end was announced; the first question makes the process listen to all of the signals."""
        if not self.is_asked:
            self.is_asked = True
            self._listen(tuple(_NOTICES))
        return self.number is not None

    def own_handlers(self) -> list[str]:
        """Return the warnings for which the script has a handler of its own: nobody else knows what that does."""
        return [number.name for number in _WARNINGS if self._is_heard_by_script(number)]

    def _is_heard_by_script(self, number: signal.Signals) -> bool:
        now = signal.getsignal(number)
        return callable(now) and (now != self._hear or callable(self._before.get(number)))

    def _listen(self, numbers: tuple[signal.Signals, ...]) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        for number in numbers:
            now = signal.getsignal(number)
            # None: a handler that was not installed by Python. Whoever put one over ours may call it: once is enough.
            if number in self._before or now is None or (now is signal.SIG_IGN and number not in _WARNINGS):
                continue
            self._before[number] = now
            signal.signal(number, self._hear)
        if not self._is_forgotten_by_children:
            self._is_forgotten_by_children = True
            # Python drops what a child is sent before it is ready to handle it, so that must not arrive earlier.
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
        """In a forked child: it is no part of the agreement, and has to die when its parent ends it."""
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


def stopped_in_words(number: int, n_ticks: int, *, has_checkpoint: bool, error: str | None = None) -> str:
    """Return the reason that stands on the record of a run that was told to end.

    Parameters
    ----------
    number
        The signal that told it.
    n_ticks
        How many ticks it has logged.
    has_checkpoint
        Whether the next attempt can go on from one.
    error
        What it ended with besides, in a line.
    """
    told = signal.Signals(number)
    after = count(n_ticks, "tick")
    then = f", then {error}" if error is not None else ""
    next_time = "goes on from its checkpoint" if has_checkpoint else "begins anew: it saved no checkpoint"
    return f"stopped after {after} ({told.name}: {_WORDS[told]}{then}). The next attempt {next_time}."

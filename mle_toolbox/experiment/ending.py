"""How this process ends, as far as it can see that itself.

Python tells nobody its exit status before it is over. What can be known when the interpreter shuts down: an uncaught
exception is in ``sys.last_value``, ``sys.exit`` and ``exit`` can be watched, and the frame in which the script runs
still stands on the instruction that it ended with, a return or something that raised. ``os._exit`` and signals leave
no time for anything: the run record says ``running`` then, and nobody holds the journal.
"""

from __future__ import annotations

import atexit
import builtins
import contextlib
import functools
import opcode
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

from mle_toolbox import excerpts
from mle_toolbox.experiment.after_import import when_imported
from mle_toolbox.experiment.session import is_interactive, main_frame, notice
from mle_toolbox.installed_first import with_installed_modules

__all__ = ["STOPPED_STATUS", "EndWatch", "Ending", "end_watch", "ending_of", "one_line"]

STOPPED_STATUS = 75
"""Exit status of a run that was stopped and is to be continued: EX_TEMPFAIL of sysexits.h, "try again"."""

_UNSEEN = (
    "ended by a SystemExit whose status cannot be seen from inside. Use sys.exit(...), or close the experiment before: "
    "mle.close(), or `with MLExperiment() as mle:`"
)


@dataclass(frozen=True)
class Ending:
    """How a process or a ``with`` block ended."""

    well: bool
    reason: str | None = None
    """One line, when it did not end well."""
    exit_status: int | None = None
    sure: bool = True
    """False when the process may well have ended well, and only its parent can tell."""
    error: BaseException | None = None
    stopped: bool = False
    """Whether it ended before its time because it was asked to, to be continued."""


def ending_of(error: BaseException | None) -> Ending:
    """Return what it means that ``error`` (None: nothing) was raised and not caught."""
    if error is None:
        return Ending(well=True, exit_status=0)
    if isinstance(error, SystemExit):
        return _exit_ending(error.code)
    status = 130 if isinstance(error, KeyboardInterrupt) else 1
    return Ending(well=False, reason=one_line(error), exit_status=status, error=error)


def one_line(error: BaseException) -> str:
    """Return the type of an error and what it says, in one line."""
    text = excerpts.one_line(str(error))
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class EndWatch:
    """Calls back when the process ends; one for the whole process, and only in the process that made it."""

    def __init__(self) -> None:
        self._watching: dict[int, tuple[Callable[[Ending], None], Callable[[], int]]] = {}
        self._pid = -1
        self._frame: FrameType | None = None
        self._interactive = False
        self._exit_code: Any = None
        self._exit_seen_at: int | None = None
        self._known_error: BaseException | None = None
        self._is_stopped = self._is_ending = False
        self._restore: list[Callable[[], None]] = []

    def add(self, owner: object, callback: Callable[[Ending], None], progress: Callable[[], int]) -> None:
        """Watch from now on.

        Parameters
        ----------
        owner
            Who asks; what ``remove`` is called with.
        callback
            Called at the end of the process, unless it was removed.
        progress
            A number that grows while the run goes on: a ``sys.exit`` that was caught is told from it.
        """
        if self._pid != os.getpid():
            self._watching.clear()
            self._begin()
        self._watching[id(owner)] = callback, progress
        self.forget_errors()
        self._watch()

    def remove(self, owner: object) -> None:
        """Do not call back for this owner any more."""
        self._watching.pop(id(owner), None)
        if not self._watching:
            self._unwatch()

    def forget_errors(self) -> None:
        """Take note that the run goes on, although there may have been an error at the prompt."""
        self._known_error = _last_error()

    def end_as_stopped(self) -> None:
        """Let the process end with the exit status of a stopped run where it would have ended well."""
        self._is_stopped = True

    def _begin(self) -> None:
        if self._pid == -1:
            atexit.register(self._end)
        self._pid = os.getpid()
        when_imported("h5py", lambda _: self._be_called_first())
        self._frame, self._interactive = main_frame(), is_interactive()
        self._exit_seen_at = None

    def _be_called_first(self) -> None:
        # atexit calls what was registered last first, and h5py registers what ends its work when it is imported. A
        # script that imports it after its MLExperiment would leave us nothing to write the log with.
        if not self._is_ending:
            atexit.unregister(self._end)
            atexit.register(self._end)

    @with_installed_modules
    def _end(self) -> None:
        if self._pid != os.getpid() or not (self._watching or self._is_stopped):
            return
        self._is_ending = True
        ending = self._ending()
        with contextlib.suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        is_well = ending.well
        with _late_exit_functions():
            for callback, _ in reversed(list(self._watching.values())):
                try:
                    callback(ending)
                except Exception as error:  # the end of the process: atexit would print it and end with 0
                    notice(f"the log of this run is not finished. {one_line(error)}")
                    is_well = False
        if ending.well and not is_well:
            _exit_with(1)
        if ending.well and self._is_stopped:
            _exit_with(STOPPED_STATUS)

    def _ending(self) -> Ending:
        error = _last_error()
        if self._interactive:
            return ending_of(error if error is not self._known_error else None)
        if self._frame is None or _has_returned(self._frame):
            return ending_of(None)
        if error is not None:
            return ending_of(error)
        if self._exit_seen_at == self._progress():
            return _exit_ending(self._exit_code)
        return Ending(well=False, reason=_UNSEEN, sure=False)

    def _progress(self) -> int:
        return sum(progress() for _, progress in self._watching.values())

    def _watch(self) -> None:
        if self._restore:
            return
        self._restore.append(_wrap(sys, "exit", self._see))
        # `exit` and `quit`, which site puts into every script, do not call sys.exit.
        for quitter in {type(getattr(builtins, name, None)) for name in ("exit", "quit")} - {type(None)}:
            if quitter.__module__ == "_sitebuiltins":
                self._restore.append(_wrap(quitter, "__call__", lambda _self, code=None: self._see(code)))

    def _unwatch(self) -> None:
        while self._restore:
            self._restore.pop()()

    def _see(self, code: Any = None, *_: Any) -> None:
        if threading.current_thread() is threading.main_thread():
            self._exit_code, self._exit_seen_at = code, self._progress()


end_watch = EndWatch()


@contextlib.contextmanager
def _late_exit_functions() -> Iterator[None]:
    """Run what registers itself with ``atexit`` in here when this is left.

    The interpreter does not call what is registered once it has begun to call: h5py, imported only now to write the
    log, would keep its converters alive into a library that is gone, and the process would end with a crash.
    """
    late: list[Callable[[], Any]] = []
    register = atexit.register

    def register_late(function: Any, *arguments: Any, **keywords: Any) -> Any:
        late.append(functools.partial(function, *arguments, **keywords))
        return function

    atexit.register = register_late  # type: ignore[assignment]
    try:
        yield
    finally:
        atexit.register = register
        while late:
            late.pop()()


def _exit_with(status: int) -> None:
    """End now with a status of our own: nothing that is raised this late changes the status any more."""
    if "logging" in sys.modules:
        sys.modules["logging"].shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(status)


def _last_error() -> BaseException | None:
    """Return the newest exception that nobody caught and that was printed; SystemExit is none of those."""
    error: BaseException | None = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
    return error


def _wrap(holder: Any, name: str, see: Callable[..., None]) -> Callable[[], None]:
    """Have ``see`` called before ``holder.name``; return what undoes it, unless somebody has wrapped it again."""
    original = getattr(holder, name)

    def watched(*arguments: Any, **keywords: Any) -> Any:
        see(*arguments, **keywords)
        return original(*arguments, **keywords)

    def restore() -> None:
        if getattr(holder, name) is watched:
            setattr(holder, name, original)

    watched.__doc__ = original.__doc__
    setattr(holder, name, watched)
    return restore


def _exit_ending(code: Any) -> Ending:
    if code is None:
        return Ending(well=True, exit_status=0)
    # As the interpreter does it: anything but a number is printed and counts as 1, a number is cut to eight bits.
    status = int(code) & 0xFF if isinstance(code, int) else 1
    if status == 0:
        return Ending(well=True, exit_status=0)
    shown = excerpts.one_line(repr(code))
    return Ending(well=False, reason=f"sys.exit({shown})", exit_status=status)


def _has_returned(frame: FrameType) -> bool:
    """Tell whether a frame that no longer runs has come to its end, and was not left by an exception."""
    code = frame.f_code.co_code
    return 0 <= frame.f_lasti < len(code) and opcode.opname[code[frame.f_lasti]].startswith("RETURN_")

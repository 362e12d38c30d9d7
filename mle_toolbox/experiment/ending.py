"""Determines how this process ends, as far as that is visible from inside.

Python does not reveal its exit status before it exits. When the interpreter shuts down, the following is known: an
uncaught exception is in ``sys.last_value`` (even if ``sys.excepthook`` was replaced), calls of ``sys.exit`` and
``exit`` can be watched, and the last instruction of the script's frame is either a return, so that the script came to
its end whatever was raised and caught before, or one that raised. The status of a bare ``raise SystemExit(n)`` is not
visible: started by hand such a run is not sealed; in a launched run the parent process decides. ``os._exit`` and
signals leave no time for anything: the run record then stays ``running`` while nobody holds the journal.
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
"""Exit status of a run that was stopped and can be continued: EX_TEMPFAIL of sysexits.h, "try again"."""

_UNSEEN = (
    "ended by a SystemExit whose status is not visible to MLExperiment. Use sys.exit(...), or close the experiment "
    "before: mle.close(), or `with MLExperiment() as mle:`"
)


@dataclass(frozen=True)
class Ending:
    """How a process or a ``with`` block ended."""

    well: bool
    reason: str | None = None
    """One line, unless it ended well."""
    exit_status: int | None = None
    sure: bool = True
    """False when it may have ended well, and only the parent process can tell."""
    error: BaseException | None = None
    stopped: bool = False
    """Whether it ended early because it was asked to, and can be continued."""


def ending_of(error: BaseException | None) -> Ending:
    """Return the ending that corresponds to an uncaught ``error`` (None: no error)."""
    if error is None:
        return Ending(well=True, exit_status=0)
    if isinstance(error, SystemExit):
        return _exit_ending(error.code)
    status = 130 if isinstance(error, KeyboardInterrupt) else 1
    return Ending(well=False, reason=one_line(error), exit_status=status, error=error)


def one_line(error: BaseException) -> str:
    """Return the type and message of an error, in one line."""
    text = excerpts.one_line(str(error))
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class EndWatch:
    """Calls back when the process ends. There is one for the process; forked children do not call back."""

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
            The object to pass to ``remove``.
        callback
            Called at the end of the process, unless it was removed.
        progress
            A number that grows while the run goes on; so a ``sys.exit`` that was caught is recognised.
        """
        if self._pid != os.getpid():
            self._watching.clear()
            self._begin()
        self._watching[id(owner)] = callback, progress
        self.forget_errors()
        self._watch()

    def remove(self, owner: object) -> None:
        """Stop calling back for this owner."""
        self._watching.pop(id(owner), None)
        if not self._watching:
            while self._restore:
                self._restore.pop()()

    def forget_errors(self) -> None:
        """Ignore errors so far: the run goes on, although there may have been an error at the prompt."""
        self._known_error = _last_error()

    def end_as_stopped(self) -> None:
        """Let the process exit with the status of a stopped run if it would have ended well."""
        self._is_stopped = True

    def _begin(self) -> None:
        if self._pid == -1:
            atexit.register(self._end)
        self._pid = os.getpid()
        when_imported("h5py", lambda _: self._be_called_first())
        self._frame, self._interactive = main_frame(), is_interactive()
        self._exit_seen_at = None

    def _be_called_first(self) -> None:
        # atexit calls the latest registration first, and h5py registers its shutdown when it is imported. If a script
        # imports it after creating its MLExperiment, the log could no longer be written.
        if not self._is_ending:
            atexit.unregister(self._end)
            atexit.register(self._end)

    @with_installed_modules
    def _end(self) -> None:
        if self._pid != os.getpid() or not (self._watching or self._is_stopped):
            return
        self._is_ending = True
        ending = self._ending()
        # A Ctrl-C from now on must not interrupt the writing of the log.
        with contextlib.suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        is_well = ending.well
        with _late_exit_functions():
            for callback, _ in reversed(list(self._watching.values())):
                try:
                    callback(ending)
                except Exception as error:  # atexit would print it and let the process exit with 0
                    notice(f"the log of this run could not be finished. {one_line(error)}")
                    is_well = False
        if ending.well and not is_well:
            _exit_with(1)
        if self._is_stopped and (ending.well or not ending.sure):
            _exit_with(STOPPED_STATUS)

    def _ending(self) -> Ending:
        error = _last_error()
        # At a prompt or in a notebook an error after the last tick leaves the run unfinished; close() says that it is
        # complete.
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

    def _see(self, code: Any = None, *_: Any) -> None:
        # In any other thread sys.exit ends only that thread.
        if threading.current_thread() is threading.main_thread():
            self._exit_code, self._exit_seen_at = code, self._progress()


end_watch = EndWatch()


@contextlib.contextmanager
def _late_exit_functions() -> Iterator[None]:
    """Call functions that are registered with ``atexit`` inside this context when it is left."""
    # The interpreter ignores registrations once it has begun to call exit functions. h5py, first imported now to write
    # the log, would not be shut down before the HDF5 library, and the process would crash.
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
    """Exit now with a status of our own: an exception raised this late no longer changes the status."""
    # os._exit skips the exit functions, and logging flushes its handlers in one of them.
    if "logging" in sys.modules:
        sys.modules["logging"].shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(status)


def _last_error() -> BaseException | None:
    """Return the last uncaught exception that was printed, which is never a SystemExit."""
    error: BaseException | None = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
    return error


def _wrap(holder: Any, name: str, see: Callable[..., None]) -> Callable[[], None]:
    """Call ``see`` before ``holder.name``; return a function that undoes this, unless it was wrapped again."""
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
    # As the interpreter does: anything but an integer is printed and counts as 1; an integer is cut to eight bits.
    status = int(code) & 0xFF if isinstance(code, int) else 1
    if status == 0:
        return Ending(well=True, exit_status=0)
    shown = excerpts.one_line(repr(code))
    return Ending(well=False, reason=f"sys.exit({shown})", exit_status=status)


def _has_returned(frame: FrameType) -> bool:
    """Return whether a finished frame ended by a return and not by an exception."""
    # Checked with CPython 3.11 to 3.13.
    code = frame.f_code.co_code
    return 0 <= frame.f_lasti < len(code) and opcode.opname[code[frame.f_lasti]].startswith("RETURN_")

"""Run one command as a child process: signals go to it, its end comes back, and it does not outlive this process.

Made by hand from ``fork`` and ``wait4``, because the resources that one child has used are wanted, and a child that
dies with its parent. Knows nothing of experiments. Every seed run waits for what is imported here, so that is what is
built into Python: ``_signal`` is ``signal`` without its enumerations, which take a quarter of the launcher's time.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # typeshed has only signal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import resource
    from collections.abc import Mapping, Sequence

__all__ = ["ChildEnd", "run_child"]

# A scheduler's early warnings, which end a process that does not know them unless they are ignored.
_WARNINGS = (signal.SIGUSR1, signal.SIGXCPU)
_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2, *_WARNINGS)
_PR_SET_PDEATHSIG = 1


class ChildEnd:
    """How a child process has ended.

    Parameters
    ----------
    pid
        Its number.
    code
        Its exit status, or minus the number of the signal that ended it.
    usage
        The resources that it has used.
    """

    def __init__(self, pid: int, code: int, usage: resource.struct_rusage) -> None:
        self.pid = pid
        self.code = code
        self.usage = usage

    @property
    def exit_status(self) -> int | None:
        """The exit status, or None when a signal ended it."""
        return self.code if self.code >= 0 else None

    @property
    def signal_name(self) -> str | None:
        """The signal that ended it, such as ``SIGKILL``."""
        if self.code >= 0:
            return None
        from signal import Signals

        try:
            return Signals(-self.code).name
        except ValueError:
            return f"signal {-self.code}"

    @property
    def shell_status(self) -> int:
        """What a shell would say: the exit status, or 128 + the number of the signal."""
        return self.code if self.code >= 0 else 128 - self.code


def run_child(command: Sequence[str], environment: Mapping[str, str]) -> ChildEnd:
    """Run a command to its end. Signals that arrive meanwhile are passed on to it.

    Parameters
    ----------
    command
        The program, looked up on PATH, and its arguments. When it cannot be started, that is said on stderr and the
        exit status is 127.
    environment
        All of its environment.
    """
    heard = [number for number in _PASSED_ON if number in _WARNINGS or signal.getsignal(number) is not signal.SIG_IGN]
    child = 0

    def pass_on(number: int, _: object) -> None:
        # A Ctrl-C at the terminal has reached the script already: twice, it would be interrupted while it cleans up.
        if child and not (number == signal.SIGINT and _is_in_foreground()):
            try:
                os.kill(child, number)
            except ProcessLookupError:
                pass

    signal.pthread_sigmask(signal.SIG_BLOCK, heard)
    for number in heard:
        signal.signal(number, pass_on)
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        _become(command, environment, heard, parent)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, heard)
    pid, status, usage = os.wait4(child, 0)
    child = 0
    return ChildEnd(pid, os.waitstatus_to_exitcode(status), usage)


def _become(command: Sequence[str], environment: Mapping[str, str], heard: Sequence[int], parent: int) -> None:
    """Turn this process, just forked, into the command. Never returns."""
    try:
        for number in (*heard, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_IGN if number in _WARNINGS else signal.SIG_DFL)
        _die_with(parent)
        # A script that waits for somebody to type would wait for ever; so it is told at once that nobody will.
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, heard)
        os.execvpe(command[0], list(command), environment)  # noqa: S606
    except OSError as error:
        os.write(2, f"mle-toolbox: {command[0]} cannot be started: {error.strerror}.\n".encode(errors="replace"))
    finally:
        os._exit(127)


def _die_with(parent: int) -> None:
    # An orphan could finish its work, but nobody would be there to put its log in place. Linux only.
    if sys.platform.startswith("linux"):
        import ctypes

        try:
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        except (OSError, AttributeError):
            pass
        if os.getppid() != parent:
            os._exit(127)


def _is_in_foreground() -> bool:
    """Tell whether the terminal sends its Ctrl-C to this process group."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)

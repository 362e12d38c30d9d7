"""Run one command as a child process: signals go to it, its end comes back, and it does not outlive this process.

Made by hand from ``fork`` and ``wait4``, because the resources that one child has used are wanted, and a child that
dies with its parent. Knows nothing of experiments. Every seed run waits for what is imported here, so that is what is
built into Python: ``_signal`` is ``signal`` without its enumerations, which take a quarter of the launcher's time.

The child stays in the process group of its parent, so that whoever stops, suspends or kills the group (a terminal, a
scheduler) has all of it. Such signals reach the child directly, and others, for this process alone, have to be passed
on. Nothing tells one kind from the other, except a third process of the group that nobody would signal by itself: the
witness. What it has got as well is not passed on, or the child would be interrupted while it cleans up.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # typeshed has only signal
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import resource
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["ChildEnd", "ReceivedSignal", "run_child"]

# A scheduler's early warnings, which end a process that does not know them unless they are ignored.
_WARNINGS = (signal.SIGUSR1, signal.SIGXCPU)
_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2, *_WARNINGS)
_PR_SET_PDEATHSIG = 1
# What signals a whole group, process by process as some do, is through with it by then.
_SECONDS_FOR_THE_GROUP = 0.02
# The same signal within this time is the same order, which came on two ways; later it is a second one.
_ECHO_SECONDS = 0.5


class ReceivedSignal:
    """A signal that has come for a child.

    Parameters
    ----------
    number
        The number of the signal.
    was_complete
        Whether the work of the child was complete by then.
    """

    def __init__(self, number: int, was_complete: bool) -> None:
        self.number = number
        self.was_complete = was_complete

    @property
    def is_warning(self) -> bool:
        """Whether it only says that the end is near."""
        return self.number in _WARNINGS


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
    received
        The signals that came for it, directly or to be passed on, in their order.
    """

    def __init__(
        self, pid: int, code: int, usage: resource.struct_rusage, received: Sequence[ReceivedSignal] = ()
    ) -> None:
        self.pid = pid
        self.code = code
        self.usage = usage
        self.received = received

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


def run_child(
    command: Sequence[str], environment: Mapping[str, str], is_complete: Callable[[], bool] = lambda: False
) -> ChildEnd:
    """Run a command to its end. Signals that arrive meanwhile reach it once.

    Parameters
    ----------
    command
        The program, looked up on PATH, and its arguments. When it cannot be started, that is said on stderr and the
        exit status is 127.
    environment
        All of its environment.
    is_complete
        Asked when a signal comes: whether the work of the command is complete, so that nothing of it can be cut off.
    """
    heard = [number for number in _PASSED_ON if number in _WARNINGS or signal.getsignal(number) is not signal.SIG_IGN]
    child = 0
    received: list[ReceivedSignal] = []
    due: list[int] = []
    last: dict[int, float] = {}
    is_busy = False

    def hear(number: int, _: object) -> None:
        nonlocal is_busy
        received.append(ReceivedSignal(number, is_complete()))
        due.append(number)
        # Too late, or interrupted in here by a second signal, which is seen to below.
        if not child or is_busy:
            return
        is_busy = True
        while due:
            pass_on(due.pop(0))
        is_busy = False

    def pass_on(number: int) -> None:
        now = time.monotonic()
        if is_new := now - last.get(number, -_ECHO_SECONDS) >= _ECHO_SECONDS:
            last[number] = now
        time.sleep(_SECONDS_FOR_THE_GROUP)
        if number not in witness.has_seen() and is_new and child:
            try:
                os.kill(child, number)
            except ProcessLookupError:
                pass

    signal.pthread_sigmask(signal.SIG_BLOCK, heard)
    for number in heard:
        signal.signal(number, hear)
    parent = os.getpid()
    witness = _Witness(heard)
    child = os.fork()
    if child == 0:
        _become(command, environment, heard, parent)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, heard)
    pid, status, usage = os.wait4(child, 0)
    child = 0
    witness.end()
    return ChildEnd(pid, os.waitstatus_to_exitcode(status), usage, tuple(received))


class _Witness:
    """A child process that takes note of the signals for its group, and does nothing else.

    Parameters
    ----------
    heard
        The signals, which are blocked at this moment.
    """

    def __init__(self, heard: Sequence[int]) -> None:
        questions, self._ask = os.pipe()
        self._answers, answer = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            self._watch(heard, questions, answer)
        os.close(questions)
        os.close(answer)

    def has_seen(self) -> bytes:
        """Return the numbers of the signals that it has got since it was asked last.

        A signal that it got before the question is delivered to it before it reads the question, however busy the
        machine is.
        """
        seen = b""
        try:
            os.write(self._ask, b"?")
            while not seen.endswith(b"\0"):
                answer = os.read(self._answers, 1)
                if not answer:
                    break
                seen += answer
        except OSError:  # somebody has killed it
            pass
        return seen

    def end(self) -> None:
        """Remove it."""
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._ask)
        os.close(self._answers)

    def _watch(self, heard: Sequence[int], questions: int, answer: int) -> None:
        """Answer until nobody can ask any more. Never returns."""
        try:
            os.close(self._ask)
            os.close(self._answers)
            os.set_blocking(answer, False)  # as it has to be, for:
            signal.set_wakeup_fd(answer, warn_on_full_buffer=False)
            for number in heard:
                signal.signal(number, lambda *_: None)
            signal.signal(signal.SIGQUIT, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, heard)
            while os.read(questions, 1):
                os.write(answer, b"\0")
        finally:
            os._exit(0)


def _become(command: Sequence[str], environment: Mapping[str, str], heard: Sequence[int], parent: int) -> None:
    """Turn this process, just forked, into the command. Never returns."""
    try:
        for number in (*heard, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_IGN if number in _WARNINGS else signal.SIG_DFL)
        _die_with(parent)
        # A script that waits for somebody to type would wait for ever; so it reads the end of a file at once.
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

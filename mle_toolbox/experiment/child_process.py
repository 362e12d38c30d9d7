"""Runs one command as a child process that receives each signal once and does not outlive this process.

Built on ``fork`` and ``wait4``, because only they give the resources used by one child, and a child that dies with its
parent. Knows nothing of experiments. Every seed run waits for the imports here, so they are modules built into Python:
``_signal`` is ``signal`` without its enumerations, which take a quarter of the launcher's time.

The child stays in the process group of its parent, so that a terminal or a scheduler that stops, suspends or kills the
group reaches both. A group of its own would be simpler, but a scheduler suspends a task with SIGSTOP and kills it with
SIGKILL, and neither can be forwarded. Signals for the group reach the child directly; those for this process alone have
to be forwarded, and no system call tells the two apart. So a third process of the group, which nobody signals on its
own, records the signals it gets: the witness. A signal that it received as well was for the group and is not forwarded,
or the child would be interrupted again while it cleans up. The witness costs one fork, 2 % of an empty seed run.

A shell passes no signal on to what it has started, and dies of one before that has ended. So with ``still_runs`` a
signal reaches all processes below this one, and the end is theirs: on Linux orphans become children of this process,
and when it is killed the witness terminates them.
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

    from mle_toolbox.experiment.limits import Limits

__all__ = ["ChildEnd", "ReceivedSignal", "run_child"]

# Early warnings of a scheduler. Their default action is to terminate, so a child that has no handler ignores them.
_WARNINGS = (signal.SIGUSR1, signal.SIGXCPU)
_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2, *_WARNINGS)
_PR_SET_PDEATHSIG = 1
# Some tools signal a group process by process; by then they have reached all of it.
_SECONDS_FOR_THE_GROUP = 0.02
_LOOK_EVERY_SECONDS = 0.05
# The same signal within this time is an echo, which came by two routes; later it is a new one.
_ECHO_SECONDS = 0.5


class ReceivedSignal:
    """A signal that arrived for a child.

    Parameters
    ----------
    number
        The number of the signal.
    was_complete
        Whether the work of the child was complete at that moment.
    limit
        The limit of the run because of which this process itself has sent it, in words.
    """

    def __init__(self, number: int, was_complete: bool, limit: str | None = None) -> None:
        self.number = number
        self.was_complete = was_complete
        self.limit = limit

    @property
    def is_warning(self) -> bool:
        """Whether it only warns that the process will be stopped soon."""
        return self.number in _WARNINGS


class ChildEnd:
    """How a child process ended.

    Parameters
    ----------
    pid
        Its process id.
    code
        Its exit status, or minus the number of the signal that ended it.
    usage
        The resources that it used.
    received
        The signals that arrived for it, directly or to be forwarded, in order.
    excess
        Why it was killed for having used more than it may, in words.
    """

    def __init__(
        self,
        pid: int,
        code: int,
        usage: resource.struct_rusage,
        received: Sequence[ReceivedSignal] = (),
        excess: str | None = None,
    ) -> None:
        self.pid = pid
        self.code = code
        self.usage = usage
        self.received = received
        self.excess = excess

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
        """The status a shell would report: the exit status, or 128 + the number of the signal."""
        return self.code if self.code >= 0 else 128 - self.code


def run_child(
    command: Sequence[str | bytes],
    environment: Mapping[str, str],
    is_complete: Callable[[], bool] = lambda: False,
    still_runs: Callable[[int], bool] | None = None,
    mark: str | None = None,
    limits: Limits | None = None,
) -> ChildEnd:
    """Run a command to its end. Each signal that arrives meanwhile reaches it once.

    Parameters
    ----------
    command
        The program, looked up on PATH, and its arguments. When it cannot be started, stderr says so and the exit
        status is 127.
    environment
        Its complete environment.
    is_complete
        Called when a signal arrives: whether the work of the command is complete and cannot be interrupted any more.
    still_runs
        Given for a command that starts the programs which do the work. Called with its exit status as long as such
        programs outlive it: whether to wait for them.
    mark
        The entry ``NAME=VALUE`` of the environment that all of them have, up to a blank.
    limits
        What it may use. The time begins now.
    """
    # What our parent ignores (nohup, a shell that starts us with &) the child ignores as well.
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
        # The child has ended, or a second signal interrupted the loop below, which then forwards it as well.
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
            send(number)

    def send(number: int) -> None:
        # Listed before the first of them gets it: once a parent has ended, whose children they were is not known.
        for process in [child] if still_runs is None else _below(witness.pid):
            try:
                os.kill(process, number)
            except (ProcessLookupError, PermissionError):
                pass

    def tell(number: int, limit: str) -> None:
        if child:
            received.append(ReceivedSignal(number, is_complete(), limit))
            send(number)

    def processes() -> list[int]:
        from mle_toolbox.experiment.process_tree import with_descendants

        # A shell may have ended before what it has started.
        if still_runs is not None:
            return _below(witness.pid)
        return with_descendants(child) if child else []

    signal.pthread_sigmask(signal.SIG_BLOCK, heard)
    for number in heard:
        signal.signal(number, hear)
    parent = os.getpid()
    if still_runs is not None:
        from mle_toolbox.experiment.process_tree import adopt_orphans

        adopt_orphans()
    witness = _Witness(heard, mark)
    child = os.fork()
    if child == 0:
        _become(command, environment, heard, parent)
    watch = None
    if limits is not None:
        from mle_toolbox.experiment.limits import LimitWatch

        watch = LimitWatch(limits, processes, tell)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, heard)
    pid, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if still_runs is not None:
        _wait_for_the_others(witness.pid, lambda: still_runs(code))
    child = 0
    if watch is not None:
        watch.end()
    witness.end()
    return ChildEnd(pid, code, usage, tuple(received), watch.excess if watch is not None else None)


def _below(witness: int) -> list[int]:
    from mle_toolbox.experiment.process_tree import descendants

    return [each for each in descendants(os.getpid()) if each != witness]


def _wait_for_the_others(witness: int, still_runs: Callable[[], bool]) -> None:
    """Wait for programs that the command has left, such as one that was started with ``&``."""
    from mle_toolbox.experiment.process_tree import is_in_our_session

    while any(is_in_our_session(each) for each in _below(witness)) and still_runs():
        time.sleep(_LOOK_EVERY_SECONDS)
        for each in _below(witness):  # those that have ended go once their parent, now this process, has asked
            try:
                os.waitpid(each, os.WNOHANG)
            except ChildProcessError:
                pass


class _Witness:
    """A child process that records the signals sent to its group, and does nothing else.

    Parameters
    ----------
    heard
        The signals to record; they are blocked while this is created.
    mark
        What is terminated when this process is killed; see ``run_child``.
    """

    def __init__(self, heard: Sequence[int], mark: str | None = None) -> None:
        questions, self._ask = os.pipe()
        self._answers, answer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            self._watch(heard, questions, answer, mark)
        os.close(questions)
        os.close(answer)

    def has_seen(self) -> bytes:
        """Return the numbers of the signals it received since the last question.

        The kernel delivers a pending signal before the process reads the question, however busy the machine is.
        """
        seen = b""
        try:
            os.write(self._ask, b"?")
            while not seen.endswith(b"\0"):
                answer = os.read(self._answers, 1)
                if not answer:
                    break
                seen += answer
        except OSError:  # it was killed
            pass
        return seen

    def end(self) -> None:
        """Kill it and wait for it."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._ask)
        os.close(self._answers)

    def _watch(self, heard: Sequence[int], questions: int, answer: int, mark: str | None) -> None:
        """Answer questions until the parent has closed its end. Never returns."""
        try:
            os.close(self._ask)
            os.close(self._answers)
            os.set_blocking(answer, False)  # set_wakeup_fd requires it
            signal.set_wakeup_fd(answer, warn_on_full_buffer=False)
            for number in heard:
                signal.signal(number, lambda *_: None)
            signal.signal(signal.SIGQUIT, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, heard)
            while os.read(questions, 1):
                os.write(answer, b"\0")
            if mark is not None:
                from mle_toolbox.experiment.process_tree import terminate_marked

                terminate_marked(mark.encode())
        finally:
            os._exit(0)


def _become(command: Sequence[str | bytes], environment: Mapping[str, str], heard: Sequence[int], parent: int) -> None:
    """Replace this forked process by the command. Never returns."""
    try:
        # Python ignores SIGPIPE and SIGXFSZ, and ignored signals are inherited.
        for number in (*heard, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_IGN if number in _WARNINGS else signal.SIG_DFL)
        _die_with(parent)
        # A script that reads from stdin would wait forever; so it gets an end of file at once.
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, heard)
        os.execvpe(command[0], list(command), environment)  # noqa: S606
    except OSError as error:
        os.write(2, f"mle-toolbox: {command[0]!s} cannot be started: {error.strerror}.\n".encode(errors="replace"))
    finally:
        os._exit(127)


def _die_with(parent: int) -> None:
    # Without its launcher the script could finish, but nobody would publish its log. Linux only.
    if sys.platform.startswith("linux"):
        import ctypes

        try:
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        except (OSError, AttributeError):
            pass
        if os.getppid() != parent:
            os._exit(127)

"""Run a function in a forked process and kill it right after its n-th system call that changes files.

The calls are counted by ptrace, so those of C libraries count as well. Linux only, and no package is needed for it.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
from collections.abc import Callable

__all__ = ["stop_after_call"]

_TRACEME, _SYSCALL, _SETOPTIONS, _GET_SYSCALL_INFO = 0, 24, 0x4200, 0x420E
_TRACE_SYSTEM_CALLS, _KILL_WITH_TRACER = 1, 0x100000
_ENTRY, _EXIT = 1, 2
_SYSTEM_CALL_STOP = signal.SIGTRAP | 0x80

_CALLS = {
    "x86_64": {
        **{1: "write", 2: "open", 18: "pwrite", 20: "writev", 74: "fsync", 75: "fdatasync", 76: "truncate"},
        **{77: "ftruncate", 82: "rename", 83: "mkdir", 84: "rmdir", 85: "creat", 86: "link", 87: "unlink"},
        **{257: "openat", 263: "unlinkat", 264: "renameat", 285: "fallocate", 316: "renameat2"},
    },
    "aarch64": {
        **{34: "mkdirat", 35: "unlinkat", 38: "renameat", 45: "truncate", 46: "ftruncate", 47: "fallocate"},
        **{56: "openat", 64: "write", 66: "writev", 68: "pwrite", 82: "fsync", 83: "fdatasync", 276: "renameat2"},
    },
}[platform.machine()]
_OPENING = {"open": 1, "openat": 2}
"""Which argument of a call that opens a file holds its flags; only those that may write count."""

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
_libc.ptrace.restype = ctypes.c_long


class _Info(ctypes.Structure):
    _fields_ = (
        ("op", ctypes.c_uint8),
        ("pad", ctypes.c_uint8 * 3),
        ("arch", ctypes.c_uint32),
        ("instruction_pointer", ctypes.c_uint64),
        ("stack_pointer", ctypes.c_uint64),
        ("nr", ctypes.c_uint64),
        ("args", ctypes.c_uint64 * 6),
    )


def stop_after_call(function: Callable[[], object], n: int) -> list[str]:
    """Return the calls that were made, at most ``n``; fewer mean that the function came to its end.

    Raises
    ------
    RuntimeError
        When the function failed before its n-th call.
    """
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            _ptrace(_TRACEME, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
            function()
            status = 0
        finally:
            os._exit(status)
    os.waitpid(pid, 0)
    _ptrace(_SETOPTIONS, pid, data=_TRACE_SYSTEM_CALLS | _KILL_WITH_TRACER)
    made: list[str] = []
    pending: str | None = None
    passed_on = 0
    while True:
        _ptrace(_SYSCALL, pid, data=passed_on)
        _, status = os.waitpid(pid, 0)
        if not os.WIFSTOPPED(status):
            if os.waitstatus_to_exitcode(status) != 0:
                raise RuntimeError(f"the process ended with {os.waitstatus_to_exitcode(status)} after {made}")
            return made
        passed_on = os.WSTOPSIG(status)
        if passed_on != _SYSTEM_CALL_STOP:
            continue
        passed_on = 0
        info = _Info()
        _ptrace(_GET_SYSCALL_INFO, pid, ctypes.sizeof(info), ctypes.addressof(info))
        if info.op == _ENTRY:
            pending = _changing(info)
        elif info.op == _EXIT and pending is not None:
            made.append(pending)
            if len(made) == n:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                return made


def _changing(info: _Info) -> str | None:
    name = _CALLS.get(info.nr)
    if name in _OPENING and not info.args[_OPENING[name]] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
        return None
    return name


def _ptrace(request: int, pid: int, address: int = 0, data: int = 0) -> None:
    if _libc.ptrace(request, pid, address, data) < 0:
        raise OSError(ctypes.get_errno(), f"ptrace({request:#x}): {os.strerror(ctypes.get_errno())}")

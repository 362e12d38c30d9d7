"""Why a task of Slurm was killed, according to its accounting (sacct), or to squeue where there is none."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping

from mle_cluster.scheduler import Clues, Kind, Limits, TaskState
from mle_cluster.slurm.request import bytes_of

__all__ = ["ended_well", "explain_death", "was_cut_off"]

_CODES = {
    "BOOT_FAIL": "BF",
    "CANCELLED": "CA",
    "COMPLETED": "CD",
    "DEADLINE": "DL",
    "FAILED": "F",
    "NODE_FAIL": "NF",
    "OUT_OF_MEMORY": "OOM",
    "PREEMPTED": "PR",
    "REVOKED": "RV",
    "TIMEOUT": "TO",
}


def ended_well(account: Mapping[str, str]) -> bool:
    """Whether the accounting says that a task ended by itself, with exit status 0."""
    return account.get("State") == "COMPLETED"


def was_cut_off(last: TaskState | None, account: Mapping[str, str] | None) -> bool | None:
    """Whether a task was lost with its node, or its shell ended by a signal of somebody else; None: sacct may tell.

    A shell that Slurm ends (a limit, scancel) was told before, and may be writing.
    """
    code = _code(last, account or {})
    if code != "F":
        return code in ("NF", "BF")
    return None if account is None else account.get("ExitCode", "").partition(":")[2] not in ("", "0")


def _code(last: TaskState | None, account: Mapping[str, str]) -> str:
    """Return the end of a task as squeue writes it, as far as it is known."""
    known = _CODES.get(account.get("State", "").partition(" ")[0])
    return known or (last.code if last is not None and last.kind is Kind.OVER else "")


def explain_death(clues: Clues) -> str:
    """Explain in a sentence or two why a task was killed, as far as can be known."""
    account, limits = clues.account, clues.limits
    state, _, user = account.get("State", "").partition(" by ")
    code = _code(clues.last, account)
    node = account.get("NodeList") or (clues.started[0] if clues.started else "a node")
    ran = f" (ran {account['ElapsedRaw']} s)" if account.get("ElapsedRaw") else ""
    if code == "OOM" or _is_over_memory(account, limits):
        asked = f"it asked for {limits.memory}" if limits.memory else f"it had {account.get('ReqMem') or 'the default'}"
        used = f" and used {account['MaxRSS']}" if bytes_of(account.get("MaxRSS", "")) else ""
        return f"was killed on {node} for its memory: {asked}{used}{ran}. Ask for more memory."
    match code:
        case "TO":
            limit = f" of {limits.seconds:.0f} s" if limits.seconds else ""
            return f"was killed on {node} at its time limit{limit}{ran}. Ask for more time."
        case "CA" if clues.started is None:
            return f"was taken out of the queue before it started, with scancel{_by(user)}."
        case "CA":
            return f"was deleted with scancel{_by(user)} while it ran on {node}{ran}."
        case "NF":
            return f"was lost with its node {node}{ran}."
        case "PR":
            return f"was preempted on {node}{ran}: a job of higher priority took its place."
        case "DL":
            return f"was removed at its deadline{ran}."
        case "BF" | "RV":
            return f"could not be started on {node}: Slurm says {state or code}."
        case "F" | "CD" if clues.exit_status is not None:
            # The signal can only have come from the command itself, or from what it started.
            return f"ended on {node} with exit status {clues.exit_status} (signal {clues.exit_status - 128})."
        case "F" if clues.started is not None and (signal := account.get("ExitCode", ":0").partition(":")[2]) != "0":
            causes = "somebody has sent it, or the machine had no memory left"
            return f"was killed on {node} by signal {signal}{ran}, at no limit of Slurm: {causes}."
    if clues.started is None:
        folder = " Its folder, or that of its output, may be missing on the node." if account.get("NodeList") else ""
        return f"could not be started on {node}{f' ({state})' if state else ''}.{folder}"
    causes = "deleted with scancel, or over a limit"
    causes = f"{causes}." if clues.exit_status is not None else f"{causes}, or the node went down."
    return f"was killed on {node}{ran}: {causes}"


def _is_over_memory(account: Mapping[str, str], limits: Limits) -> bool:
    """Whether a task was killed (9) with all its memory used: where memory is polled, no state says so."""
    used = bytes_of(account.get("MaxRSS", ""))
    limit = limits.memory_bytes or bytes_of(account.get("ReqMem", ""))
    return used is not None and limit is not None and used >= limit and account.get("ExitCode", "").endswith(":9")


def _by(user: str) -> str:
    """Return who did it, unless it was this user."""
    if not user.isdecimal() or int(user) == os.getuid():
        return ""
    try:
        return f" by {pwd.getpwuid(int(user)).pw_name}"
    except KeyError:
        return f" by user {user}"

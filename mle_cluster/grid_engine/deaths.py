"""Why a task of Grid Engine was killed, according to its accounting (qacct)."""

from __future__ import annotations

from collections.abc import Mapping

from mle_cluster.grid_engine.request import bytes_of
from mle_cluster.scheduler import Clues, TaskState

__all__ = ["ended_well", "explain_death", "was_cut_off"]

# Values of "failed" in qacct for a task that ran: no error, ended by a signal, over a limit. And those of a task whose
# exec daemon was restarted and found nothing but its folder.
_RAN = ("0", "100", "37")
_LOST = ("19", "21", "22")


def ended_well(account: Mapping[str, str]) -> bool:
    """Whether the accounting says that a task ended by itself, with exit status 0."""
    return account.get("failed", "").split(":")[0].strip() == "0" and account.get("exit_status", "").split()[:1] == [
        "0"
    ]


def was_cut_off(last: TaskState | None, account: Mapping[str, str] | None) -> bool | None:
    """Whether the shell of a task was ended by a signal, or lost with its node; None: qacct may tell."""
    return None if account is None else account.get("failed", "").split(":")[0].strip() in ("100", *_LOST)


def explain_death(clues: Clues) -> str:
    """Explain in a sentence or two why a task was killed, as far as can be known."""
    if clues.started is None and not clues.account:
        return "was taken out of the queue before it started, most likely with qdel."
    host = clues.account.get("hostname") or (clues.started[0] if clues.started else "a node")
    known = _known(clues)
    failed, _, words = (part.strip() for part in clues.account.get("failed", "0").partition(":"))
    # Either daemon may enforce a limit; the master says so as a failure: "qmaster enforced h_rt, ...".
    if _is_over_time(clues) and (failed in _RAN or "h_rt" in words):
        return f"was killed on {host} at its time limit of {clues.limits.seconds:.0f} s{known}. Ask for more time."
    if (used := _memory_over_limit(clues)) is not None:
        asked = clues.limits.memory
        return f"was killed on {host} for its memory: it asked for {asked} and used {used}{known}. Ask for more memory."
    if "h_rt" in words:
        return f"was killed on {host} over a limit of its queue ({words}){known}."
    if clues.account and failed == "0" and clues.exit_status is None:
        return f"ended on {host}{known}, and could not write down how. Is there room on the disk of the project?"
    if clues.started and failed in _LOST:
        return f"was lost with its node {host} (Grid Engine says: {words})."
    if clues.account and failed not in _RAN:
        return f"could not be run on {host}: {words}{known}."
    causes = "deleted with qdel, or over a limit of the queue"
    causes = f"{causes}." if clues.exit_status is not None else f"{causes}, or the node went down."
    return f"was killed on {host}{known}: {causes}"


def _is_over_time(clues: Clues) -> bool:
    limit = clues.limits.seconds
    ran = clues.ran_seconds if clues.exit_status is not None else _seconds(clues.account.get("ru_wallclock"))
    ran = clues.ran_seconds if ran is None else ran
    # task.sh writes whole seconds, so up to one may be missing.
    return limit is not None and ran is not None and ran >= limit - 1


def _memory_over_limit(clues: Clues) -> str | None:
    """Return the maximum memory of a task, if it has reached its limit."""
    used = clues.account.get("maxvmem")
    limit, amount = clues.limits.memory_bytes, bytes_of(used or "")
    return used if limit is not None and amount is not None and amount >= limit else None


def _known(clues: Clues) -> str:
    """Return further facts from the accounting, in parentheses."""
    parts = []
    if "exit_status" in clues.account and clues.exit_status is None:
        parts.append(f"exit status {' '.join(clues.account['exit_status'].split())}")
    if "maxvmem" in clues.account:
        parts.append(f"at most {clues.account['maxvmem']} of virtual memory")
    wallclock = _seconds(clues.account.get("ru_wallclock"))
    if wallclock is not None:
        parts.append(f"ran {wallclock:.0f} s")
    return f" ({', '.join(parts)})" if parts else ""


def _seconds(text: str | None) -> float | None:
    try:
        return float(text.rstrip("s")) if text else None
    except ValueError:
        return None

"""The queues of a Grid Engine: their names, which of them accept jobs now, and why the others do not."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from mle_cluster.grid_engine import commands
from mle_cluster.scheduler import SchedulerError

__all__ = ["QueueInstance", "is_machine", "named", "parse_queues", "queue_instances", "queue_names", "states_in_words"]

# States of qstat(1) that keep jobs away until somebody acts. A load alarm ("a") passes by itself.
_CLOSED = {
    "d": "disabled (qmod -d)",
    "D": "disabled by its calendar",
    "E": "in error (a job could not be started; `qstat -f -explain E` says why)",
    "u": "of unknown state: the exec daemon of its machine does not answer",
    "s": "suspended (qmod -s)",
    "S": "suspended by another queue",
    "C": "suspended by its calendar",
    "c": "wrongly configured (`qstat -f -explain c` says how)",
    "o": "being removed",
}


@dataclass(frozen=True)
class QueueInstance:
    """One queue on one machine; ``state`` is empty when nothing is wrong."""

    queue: str
    host: str
    slots: int
    used: int
    state: str
    takes_batch_jobs: bool

    @property
    def accepts_jobs(self) -> bool:
        """Whether a job may start here, now or when a slot becomes free."""
        return self.takes_batch_jobs and self.slots > 0 and not set(_CLOSED) & set(self.state)


def queue_instances(seconds: float) -> list[QueueInstance]:
    """Ask for all queue instances that this user may use.

    Parameters
    ----------
    seconds
        How long the answer may take.

    Raises
    ------
    SchedulerError
        When there is no answer, or one that is not Grid Engine's.
    """
    user = commands.user_name()
    return parse_queues(commands.ask(["qstat", "-f", "-U", user, "-u", user, "-xml"], seconds=seconds))


def parse_queues(text: str) -> list[QueueInstance]:
    """Read the answer of ``qstat -f -xml``."""
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  (the scheduler's own answer)
    except ElementTree.ParseError:
        # Other schedulers (PBS) have a qstat and a qsub too.
        raise SchedulerError("qstat does not answer as that of Grid Engine does") from None
    return [_instance(entry) for entry in root.iter("Queue-List")]


def named(instances: Iterable[QueueInstance], asked: str) -> list[QueueInstance]:
    """Return the instances that a request (qsub -q) means: ``all.q``, ``*.q``, ``all.q@node1``, ``a.q,b.q``."""
    wanted = [part.strip().partition("@") for part in asked.split(",")]
    return [
        each
        for each in instances
        if any(fnmatchcase(each.queue, queue) and _on_host(each, host) for queue, _, host in wanted)
    ]


def is_machine(host: str, name: str) -> bool:
    """Return whether a name in exclude_nodes or include_nodes means this machine, with or without its domain."""
    host, name = host.lower(), name.lower()
    return fnmatchcase(host, name) or fnmatchcase(host, f"{name}.*")


def queue_names(instances: Iterable[QueueInstance]) -> list[str]:
    """Return the names of the queues, each once, in the order of the scheduler."""
    return list(dict.fromkeys(each.queue for each in instances))


def states_in_words(instances: Iterable[QueueInstance]) -> str:
    """Return why these instances accept no jobs, each reason once; empty when they do."""
    found: dict[str, None] = {}
    for each in instances:
        found |= dict.fromkeys(words for letter, words in _CLOSED.items() if letter in each.state)
        if not each.takes_batch_jobs:
            found["for interactive jobs only"] = None
        elif each.slots == 0:
            found["without slots"] = None
    return "; ".join(found)


def _on_host(instance: QueueInstance, host: str) -> bool:
    # The members of a host group (@name) are not looked up; the scheduler refuses requests that do not fit.
    return not host or host.startswith("@") or fnmatchcase(instance.host, f"{host}*")


def _instance(entry: ElementTree.Element) -> QueueInstance:
    name, _, host = (entry.findtext("name") or "").partition("@")
    return QueueInstance(
        queue=name,
        host=host,
        slots=int(entry.findtext("slots_total") or 0),
        used=int(entry.findtext("slots_used") or 0),
        state=entry.findtext("state") or "",
        takes_batch_jobs="B" in (entry.findtext("qtype") or ""),
    )

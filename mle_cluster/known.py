"""The known schedulers by the name of their executor; each is loaded on demand.

Adding one adds a line here, a folder beside this file and a thin plugin.
"""

from __future__ import annotations

import functools
from importlib import import_module

from mle_cluster.scheduler import Scheduler

__all__ = ["EARLIER_RECORDS", "FIRST_EXECUTOR", "scheduler_of_executor", "schedulers"]

_MODULES = {"mle-sge": "mle_cluster.grid_engine.backend", "mle-slurm": "mle_cluster.slurm.backend"}
FIRST_EXECUTOR = "mle-sge"
"""The executor of the records of earlier versions, which do not name one."""
EARLIER_RECORDS = ("mle_sge",)
"""Names of the folders in which earlier versions kept the records of one scheduler each."""


def schedulers() -> list[Scheduler]:
    """Return all of them, the preferred one first."""
    return [_load(executor) for executor in _MODULES]


def scheduler_of_executor(name: object) -> Scheduler | None:
    """Return the scheduler of an executor plugin; None when that is not one of ours."""
    return _load(name) if isinstance(name, str) and name in _MODULES else None


@functools.cache
def _load(executor: str) -> Scheduler:
    found: Scheduler = import_module(_MODULES[executor]).SCHEDULER
    return found

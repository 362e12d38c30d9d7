"""The settings of a site for Grid Engine, as `mle-sge-…` keys of a profile.

(No `from __future__ import annotations` here: Snakemake reads the field types.)
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mle_cluster.settings import ClusterSettings, key

__all__ = ["ExecutorSettings"]


@dataclass
class ExecutorSettings(ClusterSettings):
    """Settings of the executor; every one is a plain profile key."""

    parallel_environment: str = key(
        "smp",
        "Parallel environment that gives a job several cores of one machine (qsub -pe); `qconf -spl` lists those of "
        "the site, and its allocation rule must be $pe_slots. Only asked for by jobs with more than one thread.",
    )
    queue: str = key("", "Queue for jobs that name none themselves (qsub -q). Empty: the scheduler chooses.")
    project: str = key("", "Project that is charged (qsub -P). Empty: none.")
    memory_resource: str = key(
        "",
        "Name under which the site takes memory requests, for example mem_free, m_mem_free or h_vmem (JAX and torch "
        "reserve huge virtual memory: h_vmem may kill them). Empty: memory is not asked for.",
    )
    memory_per: str = key("slot", "Whether the site counts memory per `slot` (most do) or per `job`.")
    time_resource: str = key(
        "h_rt", "Name under which the site takes the longest running time. Empty: it is not asked for."
    )
    notice_seconds: float = key(
        300.0,
        "How long before its time limit a job is warned, by the soft limit s_rt; never before 9/10 of its time, and "
        "not at all when that is under 15 minutes, since the hard limit would then be enforced too late. A job is also "
        "warned before it is deleted or suspended (qsub -notify). 0: neither is requested.",
    )
    gpu_resource: str = key("gpu", "Name under which the site takes the number of GPUs.")
    gpu_type_resource: str = key(
        "gputype",
        "Name under which the site takes the kind of GPU, for jobs that name one. Empty: it is not asked for.",
    )
    qsub_options: str = key("", "Further options for every qsub, for example `-l os=linux -R y`.")
    array_size: int = key(1000, "Most tasks in one array job; sites limit it (max_aj_tasks in `qconf -sconf`).")
    tasks_at_once: int = key(0, "Most tasks of one array that run at a time (qsub -tc). 0: no limit.")

    def mistakes(self) -> Iterator[tuple[str, str]]:
        """Yield every setting with which no job could be submitted, and what is wrong with it."""
        yield from self._no_choice("memory_per", "slot", "job")
        yield from super().mistakes()
        yield from self._no_name("parallel_environment", "queue", "project")
        yield from self._no_name("memory_resource", "time_resource", "gpu_resource", "gpu_type_resource")
        yield from self._no_options("qsub_options", _OURS)


# The executor relies on these: the array, the place of the output, and that no task is started twice (-r n).
_OURS = frozenset({"-t", "-tc", "-terse", "-sync", "-o", "-e", "-j", "-S", "-wd", "-cwd", "-r", "-b", "-N"})

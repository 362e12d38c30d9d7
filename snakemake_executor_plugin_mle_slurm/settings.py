"""The settings of a site for Slurm, as `mle-slurm-…` keys of a profile.

(No `from __future__ import annotations` here: Snakemake reads the field types.)
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mle_cluster.settings import ClusterSettings, key

__all__ = ["ExecutorSettings"]


@dataclass
class ExecutorSettings(ClusterSettings):
    """Settings of the executor; every one is a plain profile key."""

    partition: str = key(
        "",
        "Partition for jobs that name none themselves (sbatch --partition); several with commas between them. Empty: "
        "the default of the site.",
    )
    account: str = key("", "Account that is charged (sbatch --account). Empty: your default one.")
    qos: str = key("", "Quality of service (sbatch --qos). Empty: the default.")
    memory_per: str = key(
        "job",
        "How memory is asked for: for the whole `job` (--mem), per `cpu` (--mem-per-cpu), or, where the site takes no "
        "such request, not at all (`none`).",
    )
    notice_seconds: float = key(
        300.0,
        "How long before its time limit a job is warned (sbatch --signal); never before 9/10 of its time, and not "
        "at all when that is under 15 minutes: the order to end, KillWait before the kill, is then the only notice. 0: "
        "it is not warned.",
    )
    gpu_request: str = key(
        "gres:gpu",
        "How GPUs are asked for: `gres:NAME` (--gres=NAME:2), with a kind `gres:gpu:a100`, `gpus`, `gpus-per-node` or "
        "`gpus-per-task`; `none`: they are not.",
    )
    gpu_type_request: str = key(
        "gres",
        "How a kind of GPU is asked for: as a part of the request (`gres`; several kinds, of which any will do, become "
        "features), always as a feature of the node (`constraint`), or not at all (`none`).",
    )
    sbatch_options: str = key("", "Further options for every sbatch, for example `--constraint=avx512 --nice=100`.")
    query_seconds: float = key(
        60.0, "Longest time between two calls of squeue; one of them asks about all tasks. Sites may ask for more."
    )
    array_size: int = key(1000, "Most tasks in one array job; sites limit it (MaxArraySize in `scontrol show config`).")
    tasks_at_once: int = key(0, "Most tasks of one array that run at a time (sbatch --array=…%N). 0: no limit.")

    def mistakes(self) -> Iterator[tuple[str, str]]:
        """Yield every setting with which no job could be submitted, and what is wrong with it."""
        yield from self._no_choice("memory_per", "job", "cpu", "none")
        yield from self._no_choice("gpu_type_request", "gres", "constraint", "none")
        if not _GPU_REQUEST.fullmatch(self.gpu_request):
            yield (
                "gpu_request",
                f"expected gres:NAME, gres:NAME:KIND, gpus, gpus-per-node, gpus-per-task or none, found "
                f"{self.gpu_request!r}.",
            )
        yield from super().mistakes()
        yield from self._no_name("partition", "account", "qos")
        # `--array=1-3`, `--array`, or `-a1-3`
        yield from self._no_options(
            "sbatch_options", _OURS, lambda word: word.partition("=")[0] if word.startswith("--") else word[:2]
        )


_GPU_REQUEST = re.compile(r"gres(:[\w.-]+){1,2}|gpus(-per-(node|task))?|none")
# The executor relies on these: the array, the place of the output, that no task is started twice, and that sbatch comes
# back at once.
_OURS = frozenset(
    f"--{name}"
    for name in (
        *("array", "output", "error", "input", "open-mode", "parsable", "wait", "wrap", "requeue", "no-requeue"),
        *("export", "export-file", "chdir", "signal", "job-name", "nodes", "ntasks", "test-only", "quiet"),
    )
) | {"-a", "-o", "-e", "-i", "-W", "-D", "-J", "-N", "-n", "-Q"}

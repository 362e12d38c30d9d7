"""The jobs of a plan: what a seed run requests, and the scripts that run before the first one and after the last."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["JobResources", "Processing"]


@dataclass(frozen=True)
class JobResources:
    """The resources of one seed run, and the files of its output."""

    name: str
    cores: int
    gpus: int
    memory_mb: int | None
    """None: the default of the profile or the site."""
    time_minutes: int | None
    """None: the default of the profile or the site."""
    queue: str | None
    """A queue, or several with commas between them; None: the default of the profile or the site."""
    log_file: str
    """Name of the file of standard output in the seed run's folder."""
    err_file: str
    """Name of the file of standard error in the seed run's folder."""
    environment: str | None
    """The conda environment; None: the Python that runs the workflow."""
    gpu_types: tuple[str, ...] = ()
    """Kinds of GPU of which any will do; empty: any kind."""
    gpu_resource: str | None = None
    """The site's name for the number of GPUs; None: that of the profile."""
    exclude_nodes: tuple[str, ...] = ()
    """Machines on which no seed run may start."""
    include_nodes: tuple[str, ...] = ()
    """Machines on which seed runs may start; empty: all."""
    runs_per_gpu: int = 1
    """How many seed runs may share a GPU of this machine."""
    seeds_per_job: int = 1
    """How many seed runs one job on a cluster executes, one after another."""

    @property
    def asked(self) -> dict[str, int | str]:
        """What a job requests from a scheduler, by the names that our executors use; lists are joined with commas."""
        asked: dict[str, int | str | None] = {
            "mem_mb": self.memory_mb,
            "runtime": self.time_minutes,
            "gpu": self.gpus or None,
            "queue": self.queue,
            "job_name": self.name,
            "exclude_nodes": ",".join(self.exclude_nodes) or None,
            "include_nodes": ",".join(self.include_nodes) or None,
            "seeds_per_job": self.seeds_per_job if self.seeds_per_job > 1 else None,
        }
        if self.gpus:
            asked |= {"gpu_type": ",".join(self.gpu_types) or None, "gpu_prefix": self.gpu_resource}
        return {name: value for name, value in asked.items() if value is not None}


@dataclass(frozen=True)
class Processing:
    """A script that runs once before the first seed run, or once after the last."""

    stage: str
    """``pre_processing`` or ``post_processing``."""
    script: Path
    """As the script of the plan."""
    arguments: tuple[str, ...]
    """Its arguments besides ``-exp_dir``."""
    job: JobResources
    retries: int
    frozen_code: bool
    """Whether it uses the code as it was when the experiment was started."""

    @property
    def words(self) -> str:
        """Its name in sentences."""
        return self.stage.replace("_", "-")

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data for ``experiment.json``."""
        return {
            "script": self.script.as_posix(),
            "job": asdict(self.job),
            "arguments": list(self.arguments),
            "retries": self.retries,
            "frozen_code": self.frozen_code,
        }

"""A results folder in every state that a real one may be in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mle_toolbox.layout import ExperimentFolder, SeedFolder
from mle_toolbox.log.journal import JournalWriter
from mle_toolbox.log.merge import merge_configurations, merge_seeds
from mle_toolbox.log.run_record import RunRecord, write_run_record
from mle_toolbox.log.sealing import commit_log, prepare_log


@dataclass
class Builder:
    """Makes seed runs as a training script would; ticks are ``t`` = 0, 1, … and ``x`` = seed + t / 10."""

    folder: ExperimentFolder
    open: list[JournalWriter] = field(default_factory=list)

    def start(self, name: str, seed: int, n_ticks: int, **more: Any) -> tuple[SeedFolder, JournalWriter]:
        """Begin a run; its journal stays open."""
        run = self.folder.seed_run(name, seed)
        run.path.mkdir(parents=True, exist_ok=True)
        writer = JournalWriter(run.journal, ["t"], ["x", *more], {"configuration": name, "seed": seed})
        write_run_record(run, RunRecord(configuration=name, seed=seed))
        for tick in range(n_ticks):
            writer.append({"t": tick}, {"x": seed + tick / 10, **more}, True)
        self.open.append(writer)
        return run, writer

    def finish(self, name: str, seed: int, n_ticks: int, **more: Any) -> SeedFolder:
        """Do a whole run."""
        run, writer = self.start(name, seed, n_ticks, **more)
        writer.close()
        prepare_log(run, {"host": "node1"}, n_ticks)
        commit_log(run, RunRecord(configuration=name, seed=seed, ticks=n_ticks))
        return run

    def fail(self, name: str, seed: int, n_ticks: int, reason: str = "ValueError: no") -> SeedFolder:
        """Do a run that ends with an error."""
        run, writer = self.start(name, seed, n_ticks)
        writer.release()
        write_run_record(run, RunRecord(status="failed", configuration=name, seed=seed, reason=reason))
        return run

    def plan(self, names: list[str], n_seeds: int) -> None:
        """Write experiment.json."""
        content = {"configurations": [{"name": name} for name in names], "seeds": list(range(n_seeds))}
        self.folder.record.write_text(json.dumps(content))

    def merge(self, name: str) -> Path:
        """Merge the seeds of a configuration that are on disk."""
        configuration = self.folder.configuration(name)
        seeds = configuration.seeds_on_disk()
        merge_seeds({seed: configuration.seed(seed).log for seed in seeds}, configuration.log)
        return configuration.log

    def collect(self, names: list[str]) -> Path:
        """Merge the configurations."""
        merge_configurations({name: self.merge(name) for name in names}, self.folder.results)
        return self.folder.results


@pytest.fixture
def experiment(tmp_path: Path) -> Iterator[Builder]:
    """An empty results folder and the means to fill it."""
    folder = ExperimentFolder(tmp_path / "experiments")
    folder.path.mkdir()
    builder = Builder(folder)
    yield builder
    for writer in builder.open:
        writer.release()

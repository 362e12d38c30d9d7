"""Make results folders as real runs leave them, with numbers that tell which seed and tick they belong to."""

from __future__ import annotations

import json

import numpy as np

from mle_toolbox.layout import ExperimentFolder, SeedFolder
from mle_toolbox.log.journal import JournalWriter
from mle_toolbox.log.merge import merge_configurations, merge_seeds, write_table
from mle_toolbox.log.run_record import RunRecord, write_run_record
from mle_toolbox.log.sealing import commit_log, prepare_log

N_TICKS = 40


def column(seed: int, n_ticks: int = N_TICKS) -> np.ndarray:
    """Return what the metric ``x`` of a seed is."""
    values: np.ndarray = seed + np.arange(n_ticks) / 3
    return values


def make_seed(folder: SeedFolder, seed: int, *, finished: bool) -> None:
    """Leave a run that has ended well, or one that was killed behind its last tick."""
    folder.path.mkdir(parents=True)
    writer = JournalWriter(folder.journal, ["t"], ["x"], {"seed": seed, "configuration": folder.path.parent.name})
    record = RunRecord(seed=seed, start="2024-05-01T12:00:00+00:00")
    write_run_record(folder, record)
    for number, value in enumerate(column(seed)):
        writer.append({"t": number}, {"x": value}, True)
    writer.close()
    if finished:
        prepare_log(folder, {"start": record.start, "attempt": record.attempt})
        commit_log(folder, record)


def make_experiment(folder: ExperimentFolder) -> None:
    """Leave a configuration that is merged, one whose merged log is missing, one with runs that ended badly."""
    names = ("merged", "finished", "died")
    for name in names:
        for seed in range(3):
            make_seed(folder.seed_run(name, seed), seed, finished=name != "died" or seed == 0)
    merged = folder.configuration("merged")
    merge_seeds({seed: merged.seed(seed).log for seed in range(3)}, merged.log)
    merge_configurations({"merged": merged.log}, folder.results)
    write_table(folder, names, range(3))
    content = {"format": 1, "configurations": [{"name": name} for name in names], "seeds": [0, 1, 2]}
    folder.record.write_text(json.dumps(content))

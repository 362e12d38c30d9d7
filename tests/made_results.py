"""Results as ``load`` returns them, made from arrays: experiments of any size and with any names, at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.log.log_data import LogData
from mle_toolbox.log.merged_data import stack
from mle_toolbox.log.run_record import RunRecord, RunStatus
from mle_toolbox.results import ConfigurationResults, ExperimentResults, SeedResults

__all__ = ["learning", "made_results"]


def learning(n_seeds: int, n_ticks: int, level: float = 0.0, seed: int = 0) -> NDArray[np.float64]:
    """Return losses that fall from 2 towards ``level``, shape (S, T)."""
    generator = np.random.default_rng(seed)
    fall = 2 * np.exp(-np.linspace(0, 5, n_ticks))
    return level + fall + generator.normal(0, 0.05, (n_seeds, 1)) + generator.normal(0, 0.02, (n_seeds, n_ticks))


def made_results(
    path: Path,
    losses: Mapping[str, NDArray[np.float64]],
    *,
    statuses: Mapping[tuple[str, int], RunStatus] | None = None,
    code: Mapping[tuple[str, int], Mapping[str, str]] | None = None,
    record: Mapping[str, Any] | None = None,
    metric: str = "loss",
    time: str = "step",
) -> ExperimentResults:
    """Return an experiment with one metric and its time.

    Parameters
    ----------
    path
        The results folder; seed folders lie in it as usual, if they exist.
    losses
        For each configuration shape (S, T); NaN at the end of a row cuts it off.
    statuses
        Of the runs that are not done.
    code
        The digests of the files of some runs; runs of higher seeds have begun later.
    record
        What experiment.json says besides configurations and seeds.
    """
    n_seeds = max(len(rows) for rows in losses.values())
    content = {
        "project_name": "demo",
        "experiment_file": "../exp.yaml",
        "script": "train.py",
        "job": {"cores": 2, "err_file": "err.txt"},
        "seeds": list(range(n_seeds)),
        "configurations": [
            {
                "name": name,
                "path": f"{name}.json",
                "digest": "0" * 64,
                "content": {"train_config": {"lrate": 0.1 * place}},
            }
            for place, name in enumerate(losses)
        ],
        **(record or {}),
    }

    def read(name: str) -> ConfigurationResults:
        logs = {seed: _log(row, metric, time) for seed, row in enumerate(losses[name])}
        files = {seed: dict((code or {}).get((name, seed), {})) for seed in logs}
        runs = tuple(
            _run(path / name / f"seed_{seed}", name, seed, log, (statuses or {}).get((name, seed), "done"), files[seed])
            for seed, log in logs.items()
        )
        missing = tuple(range(len(runs), n_seeds))
        return ConfigurationResults(path / name, name, runs, missing, stack(logs))

    return ExperimentResults(path, tuple(losses), read, content)


def _log(row: NDArray[np.float64], metric: str, time: str) -> LogData:
    length = len(row) - int(np.argmin(np.isnan(row)[::-1])) if np.isnan(row).any() else len(row)
    columns = {time: np.arange(length) * 10, metric: row[:length]}
    return LogData((time,), (metric,), columns)


def _run(path: Path, name: str, seed: int, log: LogData, status: RunStatus, code: dict[str, str]) -> SeedResults:
    record = RunRecord(
        status="failed" if status == "failed" else "done",
        configuration=name,
        seed=seed,
        host="node7",
        start=f"2026-01-02T03:{seed % 60:02d}:05+00:00",
        end=f"2026-01-02T04:{seed % 60:02d}:05+00:00",
        exit_status=1 if status == "failed" else 0,
        reason="ValueError: the loss is <b>not</b> finite" if status == "failed" else None,
        git_commit="215d2704b1f2f0ec237aa133666edde6bd9c345c",
        git_dirty=False,
        python="3.11.7",
        packages={"mle_toolbox": "0.1.0", "numpy": "2.0.0"},
        script_sha256="ab" * 32,
        code=code or {"train.py": "ab" * 32},
    )
    return SeedResults.from_log(path, (name, seed), log, status, record)

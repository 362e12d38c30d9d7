"""Searches as ``load`` returns them, made from arrays: spaces and numbers of trials of any kind, at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.journal import JournalWriter
from mle_toolbox.log.run_record import RunRecord, RunStatus, write_run_record
from mle_toolbox.log.sealing import commit_log, prepare_log
from mle_toolbox.results import ExperimentResults
from tests.made_results import learning, made_results

__all__ = ["made_search", "search_content", "write_search"]

Values = Mapping[str, Any]


def search_content(
    points: Sequence[Values],
    *,
    outside: Sequence[int] = (),
    bases: Sequence[str] = ("base",),
    **search: Any,
) -> dict[str, Any]:
    """Return what experiment.json says of a search with these points, in the order of their trials."""
    names = sorted({name for values in points for name in values})
    entries = [
        {
            "name": f"trial_{number:04d}",
            "path": f"experiments/trial_{number:04d}/trial_{number:04d}.json",
            "digest": f"{number:064d}",
            "content": {"train_config": dict(values)},
            "identity": f"{number:064d}",
            "trial": {
                "number": number,
                "base": bases[number % len(bases)],
                "original_id": f"b_1_eval_{number}",
                "values": dict(values),
                "inside": number not in outside,
            },
        }
        for number, values in enumerate(points)
    ]
    return {
        "job_type": "hyperparameter-search",
        "search": {
            "type": "grid",
            "variables": [_variable(name, [values[name] for values in points if name in values]) for name in names],
            "metrics": ["loss"],
            "maximize": False,
            "problem_type": "final",
            "aggregate_seeds": "mean",
            "budget": len(points),
            "grid_size": len(points),
            "left_out": 0,
            "seed": 0,
            "bases": list(bases),
            **search,
        },
        "configurations": [each for each in entries if each["trial"]["inside"]],
        "outside": [each for each in entries if not each["trial"]["inside"]],
    }


def made_search(
    path: Path,
    points: Sequence[Values] | None = None,
    *,
    level: Callable[[Values], float] = lambda values: 0.0,
    losses: Mapping[str, NDArray[np.float64]] | None = None,
    n_seeds: int = 3,
    n_ticks: int = 5,
    outside: Sequence[int] = (),
    bases: Sequence[str] = ("base",),
    statuses: Mapping[tuple[str, int], RunStatus] | None = None,
    metric: str = "loss",
    **search: Any,
) -> ExperimentResults:
    """Return a search of ``points``; its losses fall towards ``level`` of each point, unless they are given.

    ``search`` replaces entries of the record of the search.
    """
    if points is None:
        points = [{"batch_size": size, "lrate": rate} for size, rate in product((16, 32), (0.01, 0.1, 1.0))]
    record = search_content(points, outside=outside, bases=bases, **{"metrics": [metric], **search})
    made = {
        f"trial_{number:04d}": learning(n_seeds, n_ticks, level(values), seed=number)
        for number, values in enumerate(points)
    }
    made.update(losses or {})
    everything = made_results(
        path, made, statuses=statuses, record={**record, "seeds": list(range(n_seeds))}, metric=metric
    )
    inside = [each["name"] for each in record["configurations"]]
    return ExperimentResults(path, inside, everything.__getitem__, everything.record)


def write_search(
    path: Path,
    points: Sequence[Values],
    curves: Callable[[Values, int], Sequence[float]],
    *,
    n_seeds: int = 3,
    failed: Sequence[tuple[int, int]] = (),
    logged: Sequence[str] = ("loss",),
    **search: Any,
) -> ExperimentFolder:
    """Write the results folder of a search, as its seed runs leave it.

    ``curves`` returns the losses of a point and a seed, which all ``logged`` metrics have; ``failed`` names trials by
    number, with the seed.
    """
    folder = ExperimentFolder(path)
    record = search_content(points, **search)
    for each in (*record["configurations"], *record["outside"]):
        # Only results of earlier versions are read by the identity of a content that nobody wrote.
        del each["identity"], each["digest"]
        number = each["trial"]["number"]
        for seed in range(n_seeds):
            run = folder.seed_run(each["name"], seed)
            run.path.mkdir(parents=True)
            writer = JournalWriter(run.journal, ["t"], list(logged), {"configuration": each["name"], "seed": seed})
            losses = curves(each["trial"]["values"], seed)
            for tick, loss in enumerate(losses):
                writer.append({"t": tick}, dict.fromkeys(logged, float(loss)), False)
            writer.close()
            if (number, seed) in failed:
                bad = RunRecord(status="failed", configuration=each["name"], seed=seed, reason="ValueError: no")
                write_run_record(run, bad)
                continue
            prepare_log(run, {}, len(losses))
            commit_log(run, RunRecord(configuration=each["name"], seed=seed))
    folder.record.write_text(json.dumps({**record, "seeds": list(range(n_seeds))}))
    return folder


def _variable(name: str, values: Sequence[Any]) -> dict[str, Any]:
    choices = [value for place, value in enumerate(values) if value not in values[:place]]
    return {"name": name, "kind": "categorical", "place": ["train_config", *name.split("/")], "choices": choices}

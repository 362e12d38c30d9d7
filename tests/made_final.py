"""Searches with a final, as their jobs leave them: written at once, without running anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.journal import JournalWriter
from mle_toolbox.log.run_record import RunRecord, write_run_record
from mle_toolbox.log.sealing import commit_log, prepare_log
from mle_toolbox.results import ExperimentResults, load
from mle_toolbox.results.final_choice import choose_the_finalists, choose_the_winner
from mle_toolbox.search.final_settings import FinalSettings
from tests.made_search import write_search

__all__ = ["RATES", "loaded", "write_final", "write_run"]

RATES = (0.1, 0.2, 0.3, 0.4)
BASE = 1.0

Loss = Callable[[float, int], float]


def loaded(folder: ExperimentFolder) -> ExperimentResults:
    """Return the results of a folder."""
    results = load(folder.path)
    assert isinstance(results, ExperimentResults)
    return results


def write_run(folder: ExperimentFolder, name: str, seed: int, loss: float | None) -> None:
    """Write a seed run with one tick; None: it failed."""
    run = folder.seed_run(name, seed)
    run.path.mkdir(parents=True)
    writer = JournalWriter(run.journal, ["t"], ["loss"], {"configuration": name, "seed": seed})
    writer.append({"t": 0}, {"loss": 0.0 if loss is None else loss}, False)
    writer.close()
    if loss is None:
        write_run_record(run, RunRecord(status="failed", configuration=name, seed=seed, reason="ValueError: no"))
        return
    prepare_log(run, {}, 1)
    commit_log(run, RunRecord(configuration=name, seed=seed))


def write_final(
    path: Path,
    loss: Loss,
    *,
    final: FinalSettings | None = None,
    failed: Mapping[str, tuple[int, ...]] | None = None,
    rates: tuple[float, ...] = RATES,
    base: float = BASE,
    first_continues: str | None = None,
    until: str = "done",
) -> ExperimentFolder:
    """Write a search over ``lrate`` with two seeds a trial, and its final as far as it is.

    Parameters
    ----------
    path
        The results folder.
    loss
        The loss of a rate and a seed.
    final
        By default two finalists with two seeds, and three seeds of the winner.
    failed
        Fresh seeds that failed, by configuration.
    rates, base
        Those of the trials and of the base configuration.
    first_continues
        The trial from whose checkpoint the first one goes on.
    until
        ``searching``, ``finalists`` or ``done``.
    """
    final = final if final is not None else FinalSettings(2, 2, 3)
    folder = write_search(
        path,
        [{"lrate": rate} for rate in rates],
        lambda values, seed: [loss(values["lrate"], seed)],
        n_seeds=2,
        final=final.to_json(),
    )
    record = json.loads(folder.record.read_text())
    record["bases"] = [{"name": "base", "path": "base.json", "content": {"train_config": {"lrate": base}}}]
    if first_continues is not None:
        record["configurations"][0]["content"]["continues"] = first_continues
    folder.record.write_text(json.dumps(record))
    bad, rate_of = failed or {}, {f"trial_{number:04d}": rate for number, rate in enumerate(rates)} | {"base": base}

    def run(name: str, seeds: tuple[int, ...]) -> None:
        for seed in seeds:
            write_run(folder, name, seed, None if seed in bad.get(name, ()) else loss(rate_of[name], seed))

    if until == "searching":
        return folder
    choose_the_finalists(loaded(folder), folder)
    if until == "finalists":
        return folder
    chosen: list[dict[str, Any]] = json.loads(folder.finalists.read_text())["finalists"]
    for each in chosen:
        run(each["trial"], final.finalist_seeds)
    choose_the_winner(loaded(folder), folder)
    for name in dict.fromkeys((json.loads(folder.choice.read_text())["winner"], "base")):
        run(name, final.final_seeds)
    return folder

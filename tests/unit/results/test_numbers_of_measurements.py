"""Numbers of a metric that is measured now and then are those of its measurements, however the gaps were logged."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mle_toolbox.log.journal import JournalWriter
from mle_toolbox.log.merge import merge_configurations, merge_seeds, write_table
from mle_toolbox.log.run_record import RunRecord, write_run_record
from mle_toolbox.log.sealing import commit_log, prepare_log
from mle_toolbox.results import ExperimentResults, load

if TYPE_CHECKING:
    from conftest import Builder

N_TICKS, EVERY = 18, 4
MEASURED = range(0, N_TICKS, EVERY)


def value(name: str, seed: int, tick: int) -> float:
    return (1 if name == "a" else 2) / (tick + 1) + seed / 100


def left_out(metrics: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in metrics.items() if each is not None}


def as_nan(metrics: dict[str, Any]) -> dict[str, Any]:
    return {name: math.nan if each is None else each for name, each in metrics.items()}


def write(experiment: Builder, gaps: Callable[[dict[str, Any]], dict[str, Any]], *, merged: bool) -> ExperimentResults:
    """Two configurations, three seeds each, ``val`` and ``n`` at every fourth tick; the last run has failed."""
    for name in ("a", "b"):
        for seed in range(3):
            run = experiment.folder.seed_run(name, seed)
            run.path.mkdir(parents=True)
            writer = JournalWriter(run.journal, ["step"], ["loss", "val", "n"], {"configuration": name, "seed": seed})
            for tick in range(N_TICKS):
                there = tick in MEASURED
                metrics = {"loss": 1 / (tick + 1), "val": value(name, seed, tick), "n": 2**62 + tick}
                writer.append(
                    {"step": 10 * tick},
                    gaps({k: v if there or k == "loss" else None for k, v in metrics.items()}),
                    True,
                )
            writer.close()
            failed = (name, seed) == ("b", 2)
            if failed:
                write_run_record(run, RunRecord(status="failed", configuration=name, seed=seed))
            else:
                prepare_log(run, {}, N_TICKS)
                commit_log(run, RunRecord(configuration=name, seed=seed, ticks=N_TICKS))
    if merged:
        experiment.collect(["a"])
    write_table(experiment.folder, ["a", "b"], range(3))
    loaded = load(experiment.folder.path)
    assert isinstance(loaded, ExperimentResults)
    return loaded


@pytest.mark.parametrize("merged", [True, False])
@pytest.mark.parametrize("gaps", [left_out, lambda each: each, as_nan], ids=["left out", "None", "NaN"])
def test_every_number_is_that_of_what_was_measured(
    experiment: Builder, gaps: Callable[[dict[str, Any]], dict[str, Any]], merged: bool
) -> None:
    results = write(experiment, gaps, merged=merged)
    measured = {name: [[value(name, s, t) for t in MEASURED] for s in range(3)] for name in "ab"}

    for at, number in {
        "last": lambda row: row[-1],
        "best": min,
        "auc": lambda row: np.trapezoid(row, MEASURED) / (MEASURED[-1] - MEASURED[0]),
        "mean-last-2": lambda row: np.mean(row[-2:]),
    }.items():
        samples = results.samples("val", at, lower_is_better=True)
        assert samples["a"].values.tolist() == pytest.approx([number(row) for row in measured["a"]])
        assert (samples["a"].diverged, samples["b"].n, samples["b"].left_out) == (0, 2, {"failed": 1})
    assert results.compare("a", "b", "val")["a", "b"].difference == pytest.approx(-1 / 17 + 0.005)
    curve = results.curve("val")["a"]
    assert curve.time.tolist() == [10 * tick for tick in MEASURED]
    np.testing.assert_allclose(curve.values, measured["a"])
    assert curve.band().diverged == 0
    assert results.curve("loss")["a"].time.tolist() == list(range(0, 10 * N_TICKS, 10))
    rows = experiment.folder.table.read_text().splitlines()
    header = dict(zip(rows[0].split(","), rows[1].split(","), strict=True))
    assert float(header["val"]) == measured["a"][0][-1]
    assert float(rows[-1].split(",")[rows[0].split(",").index("val")]) == measured["b"][2][-1]


@pytest.mark.parametrize("merged", [True, False])
def test_what_was_not_measured_is_told_from_nan_and_integers_stay_exact(experiment: Builder, merged: bool) -> None:
    results = write(experiment, left_out, merged=merged)

    run, there = results["a"].seed(1), np.isin(np.arange(N_TICKS), MEASURED)
    assert run.measured("val").tolist() == there.tolist()
    assert np.isnan(run["val"]).tolist() == (~there).tolist()
    assert run["n"][there].tolist() == [2**62 + tick for tick in MEASURED]
    assert results["a"].measured("val").tolist() == [there.tolist()] * 3
    table = results["a"].to_dataframe()
    assert table.loc[table["seed"] == 1, "n"].dropna().tolist() == [2**62 + tick for tick in MEASURED]
    assert table["step"].tolist() == [10 * tick for _ in range(3) for tick in range(N_TICKS)]
    with pytest.warns(UserWarning, match="'n' has integers beyond 2\\*\\*53 and ticks without a value"):
        dataset = results["a"].to_xarray()
    assert dataset["val"].count("tick").values.tolist() == [len(MEASURED)] * 3
    assert experiment.folder.table.read_text().splitlines()[1].endswith(f",{2**62 + MEASURED[-1]}")


def test_a_nan_that_was_measured_last_has_diverged(experiment: Builder) -> None:
    run, writer = experiment.start("a", 0, 0, val=0.0)
    for tick in range(12):
        writer.append(
            {"t": tick}, {"x": 1.0, **({"val": math.nan if tick > 5 else 0.5} if tick % 4 == 0 else {})}, True
        )
    writer.close()
    prepare_log(run, {}, 12)
    commit_log(run, RunRecord(configuration="a", seed=0))

    results = load(experiment.folder.path)

    assert isinstance(results, ExperimentResults)
    assert results.samples("val")["a"].diverged == 1
    assert results["a"].seed(0).measured("val").sum() == 3


def test_a_metric_that_was_never_measured_is_said_once(experiment: Builder) -> None:
    for seed in range(2):
        run, writer = experiment.start("a", seed, 0, val=0.0)
        writer.append({"t": 0}, {"x": 1.0}, True)
        writer.close()
        prepare_log(run, {}, 1)
        commit_log(run, RunRecord(configuration="a", seed=seed))
    merge_seeds(
        {seed: experiment.folder.seed_run("a", seed).log for seed in range(2)}, experiment.folder.configuration("a").log
    )
    merge_configurations({"a": experiment.folder.configuration("a").log}, experiment.folder.results)

    for path in (experiment.folder.path, experiment.folder.results):
        results = load(path)
        assert isinstance(results, ExperimentResults)
        assert results["a"].remarks == ("seeds 0-1: 'val' was not measured at any tick.",)
        assert results.samples("val")["a"].left_out == {"without the metric": 2}
        assert "2 without the metric" in " ".join(results.summary(["x", "val"]).to_json().split())

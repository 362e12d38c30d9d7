"""Scripts that measure now and then, call a time ``step`` or have a checkpoint of their own, as users run them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

import mle_toolbox
from tests.workflow.conftest import Project

pytestmark = pytest.mark.slow

SCRIPT = """\
import json, os, signal
from mle_toolbox import MLExperiment

mle = MLExperiment()
kind, own = mle.train_config.kind, mle.seed_dir / "model.json"
start = json.loads(own.read_text()) if own.exists() else 0
for step in range(start, 18):
    val = {"val": 2 / (step + 1) + mle.seed}
    if step % 5:
        val = {"left_out": {}, "none": {"val": None}, "nan": {"val": float("nan")}}[kind]
    mle.update_log({"step": 10 * step}, {"loss": 1 / (step + 1) + mle.seed, **val}, save=True)
    own.write_text(json.dumps(step + 1))
    if step == 11 and mle.seed == 0 and not os.path.exists(f"died_{kind}"):
        open(f"died_{kind}", "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
"""
KINDS = ("left_out", "none", "nan")


def test_all_outputs_use_what_was_measured_also_behind_a_checkpoint_of_the_scripts_own(project: Project) -> None:
    project.write_experiment([f"{kind}.json" for kind in KINDS], seeds=2)
    for kind in KINDS:
        log_config = {"time_to_track": ["step"], "what_to_track": ["loss", "val"]}
        content = {"train_config": {"kind": kind}, "log_config": log_config}
        (project.path / f"{kind}.json").write_text(json.dumps(content))
    (project.path / "train.py").write_text(SCRIPT)

    killed = project.mle("run", "exp.yaml", "--profile", "local")
    again = project.mle("run", "exp.yaml", "--profile", "local")

    assert (killed.returncode, again.returncode) == (1, 0), again.stderr
    assert "diverged" not in again.stdout
    results = mle_toolbox.load(project.results)
    measured = [[2 / (step + 1) + seed for step in range(0, 18, 5)] for seed in range(2)]
    lines = (project.results / "results.csv").read_text().splitlines()
    for kind in KINDS:
        sample, curve = results.samples("val", "last")[kind], results.curve("val")[kind]
        np.testing.assert_allclose(sample.values, [row[-1] for row in measured])
        assert curve.time.tolist() == [0, 50, 100, 150]
        np.testing.assert_allclose(curve.values, measured)
        assert results[kind]["step"].tolist() == [list(range(0, 180, 10))] * 2
        assert results[kind].to_dataframe()["step"].tolist() == list(range(0, 180, 10)) * 2
        interrupted = results[kind].seed(0)
        assert interrupted.run.resumed_from_tick == 12
        assert "the first 12 ticks (step 0 to 110) are from an interrupted attempt" in results[kind].remarks[0]
        assert "the first 12 ticks" in (project.results / kind / "seed_0" / "err.txt").read_text()
        row = dict(
            zip(lines[0].split(","), next(x for x in lines if x.startswith(f"{kind},1")).split(","), strict=True)
        )
        assert float(row["val"]) == measured[1][-1]
    assert results["left_out"].seed(0).measured("val").sum() == results["none"].seed(1).measured("val").sum() == 4
    assert results["nan"].seed(0).measured("val").all()
    with xr.open_datatree(project.results / "results.h5", engine="h5netcdf") as tree:
        dataset = tree["left_out"]
        assert dataset["val"].dims == ("seed", "tick")
        assert dataset["val"].count("tick").values.tolist() == [4, 4]
        assert dataset["step"].values.tolist() == [list(range(0, 180, 10))] * 2
    plot = project.mle("plot", "--metric", "val")
    assert plot.returncode == 0, plot.stderr

"""What Grid Engine announces reaches `mle.should_stop()`; the run is requeued or continued, from its checkpoint."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable

import h5py
import pytest
from mle_project import Project, edit_profile

pytestmark = [pytest.mark.sge, pytest.mark.slow]

Queue = Callable[[], dict[tuple[int, int], str]]

# The first attempt goes on until it is told to stop; the next one finishes.
SAVING = """\
import os, time
from mle_toolbox import MLExperiment


def main(mle):
    state = mle.resume() or {"step": 0, "attempt": 0}
    state["attempt"] += 1
    with open("started.txt", "a") as file:
        file.write(f"{mle.config_name} {mle.seed}\\n")
    while state["step"] < 600:
        state["step"] += 1
        mle.update_log({"step": state["step"]}, {"loss": mle.rng.normal()}, save=True)
        if mle.should_stop():
            mle.checkpoint(state)
            return
        if state["attempt"] == 1:
            time.sleep(0.1)


if __name__ == "__main__":
    main(MLExperiment())
"""


@pytest.fixture
def saving(experiment: Project) -> Project:
    """An experiment of two seed runs that save and leave when they are told."""
    experiment.write_experiment(["a.json"], seeds=2)
    (experiment.path / "train.py").write_text(SAVING)
    return experiment


def assert_continued(experiment: Project) -> None:
    """Each seed run was started twice, and the second attempt went on where the first has left."""
    assert experiment.started() == ["a 0", "a 0", "a 1", "a 1"]
    for seed in (0, 1):
        folder = experiment.results / "a" / f"seed_{seed}"
        record = json.loads((folder / "run.json").read_text())
        assert (record["status"], record["attempt"]) == ("done", 2)
        assert record["resumed_from_tick"] > 0
        with h5py.File(folder / "log.h5") as log:
            assert log["step"][()].tolist() == list(range(1, 601))


def test_at_its_soft_limit_a_seed_run_is_requeued_and_goes_on_from_its_checkpoint(saving: Project) -> None:
    # Long enough for a busy machine to start the script before it is told.
    edit_profile(saving, qsub_options='"-l s_rt=8"')
    path = saving.path / "exp.yaml"
    path.write_text(path.read_text().replace("single_job_args:\n", "single_job_args:\n    retries: 2\n"))

    outcome = saving.mle("run", "exp.yaml")

    assert outcome.returncode == 0, outcome.stderr
    assert "2 of 2 seed runs done" in outcome.stdout
    assert_continued(saving)


def test_a_seed_run_that_is_deleted_leaves_with_a_checkpoint_and_is_no_failure(saving: Project, queue: Queue) -> None:
    run = saving.begin("mle_toolbox", "run", "exp.yaml")
    saving.wait_for_starts(2)

    subprocess.run(["qdel", str(next(iter(queue()))[0])], check=True, capture_output=True)

    assert run.wait(timeout=360) == 1
    assert re.search(r"a seed 0: stopped after \d+ ticks \(SIGUSR2: it is about to be killed\)", saving.said()), (
        saving.said()
    )
    assert "The next attempt resumes from its checkpoint." in saving.said()
    assert "0 of 2 seed runs done, 2 stopped." in saving.said()
    assert "not started" not in saving.said()
    assert "Snakemake stopped" not in saving.said()
    again = saving.mle("run", "exp.yaml")
    assert again.returncode == 0, again.stderr
    assert_continued(saving)

"""What Grid Engine announces reaches `mle.should_stop()`; the run is requeued or continued, from its checkpoint."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable

import pytest
from mle_project import SAVING, Project, edit_profile, saved_and_continued

pytestmark = [pytest.mark.sge, pytest.mark.slow]

Queue = Callable[[], dict[tuple[int, int], str]]


@pytest.fixture
def saving(experiment: Project) -> Project:
    """An experiment of two seed runs that save and leave when they are told."""
    experiment.write_experiment(["a.json"], seeds=2)
    (experiment.path / "train.py").write_text(SAVING)
    return experiment


def test_at_its_soft_limit_a_seed_run_is_requeued_and_goes_on_from_its_checkpoint(saving: Project) -> None:
    # Long enough for a busy machine to start the script before it is told.
    edit_profile(saving, qsub_options='"-l s_rt=8"')
    path = saving.path / "exp.yaml"
    path.write_text(path.read_text().replace("single_job_args:\n", "single_job_args:\n    retries: 2\n"))

    outcome = saving.mle("run", "exp.yaml")

    assert outcome.returncode == 0, outcome.stderr
    assert "2 of 2 seed runs done" in outcome.stdout
    assert saved_and_continued(saving, seeds=2) == []


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
    assert saved_and_continued(saving, seeds=2) == []

"""Scripts in the style of the original package, as its examples write them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.experiment.conftest import Project

FUNCTION_STYLE = """\
import os
from mle_toolbox import MLExperiment

def main(mle):
    mle.log.save_extra({"note": 1}, "note")
    for t in range(mle.train_config.num_steps):
        if mle.ready_to_log(t):
            clock_tick = {"num_steps": t}
            stats_tick = {"loss": t * mle.train_config["lrate"], "accuracy": 0.5}
            mle.update_log(clock_tick, stats_tick, model={"w": mle.net_config.width}, plot_to_tboard=None, save=True)
    with open(os.path.join(mle.experiment_dir, "notes.txt"), "w") as file:
        file.write(f"{mle.seed_id} {mle.extra_config.foo} {mle.train_config.seed_id}")

if __name__ == "__main__":
    mle = MLExperiment(config_fname="configs/base_config.json", auto_setup=True, create_jax_prng=False, default_seed=0)
    main(mle)
"""

SETUP_LATER = """\
from mle_toolbox import MLExperiment

mle = MLExperiment(auto_setup=False)
mle.train_config.batch_size = 32
mle.setup()
for t in range(3):
    mle.log.update({"num_steps": t}, {"loss": 1.0, "accuracy": 0.5}, save=True)
print(mle.train_config.toDict(), mle.log_config.what_to_track)
"""

CONFIGURATION = """\
# As in the original: comments in the json
{"train_config": {"num_steps": 25, "lrate": 0.5},  // trailing too
 "model_config": {"width": 3},
 "log_config": {"time_to_track": ["num_updates", "num_steps"], "what_to_track": ["loss", "accuracy"],
                "time_to_print": ["num_steps"], "what_to_print": ["loss"], "print_every_k_updates": 1,
                "log_every_j_steps": 10, "overwrite_experiment_dir": 1, "model_type": "no-model-type"}}
"""


@pytest.mark.slow
def test_script_with_a_main_function_runs_unchanged(project: Project) -> None:
    (project.path / "configs").mkdir()
    (project.path / "configs" / "base_config.json").write_text(CONFIGURATION)
    project.write_script(FUNCTION_STYLE)

    finished = project.by_hand("-exp_dir", "experiments/", "-seed", "5", "-foo", "3")

    assert finished.returncode == 0, finished.stderr
    assert (
        finished.stdout
        == " num_steps        loss\n         0           0\n         9         4.5\n        19         9.5\n"
    )
    columns = project.log("experiments", "base_config", 5).columns
    assert columns["num_steps"].tolist() == [0, 9, 19]
    assert columns["num_updates"].tolist() == [1, 2, 3]
    assert np.array_equal(columns["loss"], [0.0, 4.5, 9.5])
    assert (project.path / "experiments" / "notes.txt").read_text() == "5 3 5"
    folder = project.seed("experiments", "base_config", 5)
    assert (folder.extra / "note.pkl").exists()
    assert (folder.models / "final.pkl").exists()


@pytest.mark.slow
def test_script_that_sets_up_later_runs_unchanged(project: Project) -> None:
    (project.path / "c.json").write_text(CONFIGURATION)
    project.write_script(SETUP_LATER)

    finished = project.by_hand("-config", "c.json")

    assert finished.returncode == 0, finished.stderr
    printed = finished.stdout.splitlines()[-1]
    assert printed == "{'num_steps': 25, 'lrate': 0.5, 'batch_size': 32} ['loss', 'accuracy']"

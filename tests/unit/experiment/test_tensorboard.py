from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from mle_toolbox import MLExperiment
from tests.unit.experiment.conftest import Project

WITHOUT = "import sys\nsys.modules['tensorboardX'] = None\n"


def experiment(**log_config: object) -> MLExperiment:
    tracked = {"time_to_track": ["step"], "what_to_track": ["loss", "grid"], "tboard_fname": "tb run"}
    return MLExperiment(train_config={}, log_config={**tracked, **log_config})


def read(folder: Path) -> EventAccumulator:
    events = EventAccumulator(str(folder))
    events.Reload()
    return events


def scalars(folder: Path, name: str) -> list[tuple[int, float]]:
    return [(event.step, event.value) for event in read(folder).Scalars(name)]


def test_every_tick_is_an_event_at_its_step(project: Project) -> None:
    with experiment() as mle:
        for step in (10, 20, 30):
            mle.update_log({"step": step}, {"loss": np.float32(step / 8), "grid": [1, 2]})

    folder = mle.seed_dir / "tboard" / "tb run"
    assert scalars(folder, "loss") == [(10, 1.25), (20, 2.5), (30, 3.75)]
    assert read(folder).Tags()["scalars"] == ["loss"]


def test_a_metric_that_was_not_measured_makes_no_event(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    with experiment() as mle:
        mle.update_log({"step": 10}, {"grid": 1})
        mle.update_log({"step": 20}, {"loss": None, "grid": 2})
        mle.update_log({"step": 30}, {"loss": 0.5})

    folder = mle.seed_dir / "tboard" / "tb run"
    assert (scalars(folder, "loss"), scalars(folder, "grid")) == ([(30, 0.5)], [(10, 1.0), (20, 2.0)])
    assert "no TensorBoard files" not in capsys.readouterr().err


def test_tick_is_counted_where_time_is_no_whole_number(project: Project) -> None:
    with experiment(time_to_track=["seconds"]) as mle:
        mle.update_log({"seconds": 0.5}, {"loss": 1.0, "grid": 0})
        mle.update_log({"seconds": 1.25}, {"loss": 2.0, "grid": 0})

    assert scalars(mle.seed_dir / "tboard" / "tb run", "loss") == [(1, 1.0), (2, 2.0)]


def test_figures_and_gradients_are_kept(project: Project) -> None:
    with experiment() as mle:
        mle.update_log({"step": 1}, {"loss": 1, "grid": 0}, plot_to_tboard=Figure())
        mle.log.update({"step": 2}, {"loss": 1, "grid": 0}, grads={"w": np.arange(5.0)})

    tags = read(mle.seed_dir / "tboard" / "tb run").Tags()
    assert (tags["images"], tags["histograms"]) == (["figure"], ["gradients/w"])


def test_no_files_without_a_name_or_without_a_tick(project: Project) -> None:
    with experiment(tboard_fname=None) as mle:
        mle.update_log({"step": 1}, {"loss": 1, "grid": 0})
    with MLExperiment(train_config={}, log_config=mle.log_config, seed_id=1) as other:
        pass

    assert not (mle.seed_dir / "tboard").exists()
    assert not (other.seed_dir / "tboard").exists()


def test_figure_without_a_board_is_said_to_be_lost(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    with experiment(tboard_fname=None) as mle:
        mle.update_log({"step": 1}, {"loss": 1, "grid": 0}, plot_to_tboard=Figure())

    assert "a figure was passed for TensorBoard, but log_config has no tboard_fname" in capsys.readouterr().err


@pytest.mark.slow
def test_run_goes_on_without_tensorboardx(project: Project) -> None:
    project.write_configuration(tboard_fname="tb")
    project.write_script(
        WITHOUT + "from mle_toolbox import MLExperiment\nmle = MLExperiment()\n"
        "for step in range(3):\n    mle.update_log({'step': step}, {'loss': 1.0}, save=True)\n"
    )

    finished = project.by_hand()

    assert finished.returncode == 0
    assert project.log().n_ticks == 3
    lines = [line for line in finished.stderr.splitlines() if "TensorBoard" in line]
    assert len(lines) == 1
    assert lines[0].startswith("mle-toolbox: no TensorBoard files: they need tensorboardX (")
    assert lines[0].endswith("Install it: pip install tensorboardX")


@pytest.mark.slow
def test_event_files_do_not_make_a_script_import_all_of_torch(project: Project) -> None:
    packages = project.path / "packages"
    (packages / "torch-0.dist-info").mkdir(parents=True)
    (packages / "torch.py").write_text("Tensor, manual_seed = list, print\nclass backends:\n    class cudnn: pass\n")
    project.write_configuration(tboard_fname="tb")
    project.write_script(
        "import sys\nfrom mle_toolbox import MLExperiment\nmle = MLExperiment()\n"
        "mle.update_log({'step': 0}, {'loss': 1.0}, save=True)\n"
        "assert 'torch' not in sys.modules\nimport torch\nprint(torch.Tensor)\n"
    )

    finished = project.run(project.command(), {"PYTHONPATH": str(packages)})

    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.endswith("<class 'list'>\n")


def test_new_attempt_makes_the_events_of_the_older_one_void(project: Project) -> None:
    for values in ((1.0, 2.0, 3.0), (9.0,)):
        with experiment(overwrite_experiment_dir=1) as mle:
            for step, value in enumerate(values):
                mle.update_log({"step": step}, {"loss": value, "grid": 0})

    assert scalars(mle.seed_dir / "tboard" / "tb run", "loss") == [(0, 9.0)]

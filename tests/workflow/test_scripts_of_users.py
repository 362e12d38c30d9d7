"""Scripts and notebooks with the calls that users of the original mle-toolbox make, run by `mle run`."""

from __future__ import annotations

import json
import pickle
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

from mle_toolbox import load
from tests.workflow.conftest import Project
from tests.workflow.test_search import SearchProject, make_search

MAIN = """\
if __name__ == "__main__":
    mle = MLExperiment(config_fname="configs/base.json")
    main(mle.train_config, mle.log)
"""

# Inner and outer loop in updates of their own, and objects in folders.
NESTED_LOOPS = (
    """\
import numpy as np
from mle_toolbox import MLExperiment


def main(config, log):
    log.save_init_model(np.zeros(2))
    for generation in range(2):
        for step in range(3):
            log.update({"num_gens": generation}, {"inner_loss": step + config.lrate}, save=True)
        log.update({"num_gens": generation}, {"outer_loss": generation, "final_perf": 1}, model={"w": [1]}, save=True)
        log.save_extra([generation], f"seed_{config.seed_id}/imp_nets_{generation}.pkl")
    log.update({"num_gens": 2}, {}, model={"w": [2]}, save=True)


"""
    + MAIN,
    {"what_to_track": ["inner_loss", "outer_loss", "final_perf"], "print_every_k_updates": 2},
)

# Names with "/" that the configuration does not have, one of them printed, and models without metrics.
SLASHES = (
    """\
from mle_toolbox import MLExperiment


def main(config, log):
    names = ["time/lower", "return/mean"]
    log.extend_tracking(names)
    for step in range(3):
        log.update({"num_gens": step}, {name: step / 2 for name in names}, save=True)
        log.update({"num_gens": step}, {}, model={"params": {"w": step}}, save=True)


"""
    + MAIN,
    {
        "what_to_track": ["inner_loss"],
        "time_to_print": ["num_gens", "time_elapsed", "num_updates"],
        "what_to_print": ["return/mean"],
        "print_every_k_updates": 1,
    },
)

# Metrics that are known only at run time, and a function of the toolbox.
ADDED = (
    """\
from mle_toolbox import MLExperiment
from mle_toolbox.utils import print_framed


def main(mle):
    space = {"alpha": [0, 1], "ratio": [0.5]}
    mle.log.extend_tracking(list(space.keys()) + ["layer_id"])
    for layer in range(2):
        print_framed(f"Start Layer {layer}")
        added = {"alpha": layer, "ratio": 0.5, "layer_id": layer}
        mle.update_log({"num_gens": layer}, {"inner_loss": 1.0, **added}, save=True)


if __name__ == "__main__":
    mle = MLExperiment(config_fname="configs/base.json")
    main(mle)
""",
    {"what_to_track": ["inner_loss"], "time_to_print": ["num_gens", "time_elapsed"], "print_every_k_updates": 1},
)

# Files of its own in the folder of the log, and the configuration as a dictionary.
OWN_FILES = (
    """\
import json, os
from mle_toolbox import MLExperiment


def main(config, log):
    config.update({"extra": 1})
    with open(os.path.join(log.experiment_dir, f"search_log_seed_{config.seed_id}.json"), "w") as file:
        json.dump(config, file)
    for generation in range(3):
        log.update({"num_gens": generation}, {"inner_loss": generation * config.lrate}, save=True)


"""
    + MAIN,
    {"what_to_track": ["inner_loss"]},
)

# The decorator, and the curve so far as a figure.
DECORATED = (
    """\
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
from mle_toolbox import experiment


@experiment("configs/base.json")
def main(mle):
    for step in range(1, 4):
        mle.log.update({"num_gens": step}, {"inner_loss": mle.train_config.lrate / step}, save=True)
    fig, ax = plt.subplots()
    ax.plot(mle.log.stats_log.stats_tracked["inner_loss"])
    mle.log.save_plot(fig)


if __name__ == "__main__":
    main()
""",
    {"what_to_track": ["inner_loss"]},
)


def run(project: Project, script: str, log_config: dict[str, Any]) -> Any:
    project.path.mkdir(exist_ok=True)
    (project.path / "configs").mkdir(exist_ok=True)
    content = {"train_config": {"lrate": 0.5}, "log_config": {"time_to_track": ["num_gens"], **log_config}}
    (project.path / "configs" / "base.json").write_text(json.dumps(content))
    (project.path / "train.py").write_text(script)
    project.write_experiment(["configs/base.json"], seeds=2)
    done = project.mle("run", "exp.yaml", "--profile", "local")
    assert done.returncode == 0, done.stdout + done.stderr
    results = load(project.results)
    assert results["base"].statuses == ("done", "done")  # type: ignore[index]
    return results


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A folder in which nothing is yet."""
    return Project(tmp_path / "project")


def test_two_loops_log_in_updates_of_their_own(project: Project) -> None:
    seed = run(project, *NESTED_LOOPS)["base"].seed(1)

    assert seed["inner_loss"][seed.measured("inner_loss")].tolist() == [0.5, 1.5, 2.5] * 2
    assert seed["outer_loss"][seed.measured("outer_loss")].tolist() == [0, 1]
    assert seed.n_ticks == 8
    assert pickle.loads((seed.path / "extra" / "seed_1" / "imp_nets_1.pkl").read_bytes()) == [1]
    assert pickle.loads((seed.path / "models" / "final.pkl").read_bytes()) == {"w": [2]}
    assert (seed.path / "models" / "init.npy").exists()
    assert (seed.path / "err.txt").read_text().count("was saved with pickle") == 1


def test_names_with_a_slash_that_the_script_adds_are_logged_and_printed(project: Project) -> None:
    results = run(project, *SLASHES)
    seed = results["base"].seed(0)

    assert seed["time/lower"].tolist() == [0.0, 0.5, 1.0]
    assert (seed.path / "out.txt").read_text().splitlines()[0].split() == [
        *("num_gens", "time_elapsed", "num_updates", "return/mean")
    ]
    assert results.summary("return/mean")
    assert pickle.loads((seed.path / "models" / "final.pkl").read_bytes()) == {"params": {"w": 2}}


def test_metrics_that_are_known_at_run_time_only_are_logged(project: Project) -> None:
    results = run(project, *ADDED)

    assert results["base"].metric_names == ("inner_loss", "alpha", "ratio", "layer_id")
    assert results["base"]["layer_id"].tolist() == [[0, 1], [0, 1]]
    assert "  Start Layer 1  " in (results["base"].seed(0).path / "out.txt").read_text()
    assert "layer_id" in project.mle("results", "--metric", "layer_id").stdout


def test_a_decorated_function_is_the_experiment(project: Project) -> None:
    results = run(project, *DECORATED)

    assert np.allclose(results["base"]["inner_loss"], [0.5, 0.25, 0.5 / 3])
    assert (results["base"].seed(0).path / "figures" / "fig_1.png").exists()


def test_a_decorated_function_that_fails_is_a_failed_run(project: Project) -> None:
    script = DECORATED[0].replace("    fig, ax = plt", "    raise RuntimeError('as it was told')\n    fig, ax = plt")
    with pytest.raises(AssertionError, match="RuntimeError: as it was told"):
        run(project, script, DECORATED[1])

    assert load(project.results)["base"].statuses == ("failed", "failed")  # type: ignore[index]


def test_an_import_that_cannot_succeed_is_said_before_anything_runs(project: Project) -> None:
    with pytest.raises(
        AssertionError, match=r"train.py:1: mle_toolbox has no 'MLELogger', which the original had: it is"
    ):
        run(project, "from mle_toolbox import MLELogger\n" + OWN_FILES[0], OWN_FILES[1])

    assert not project.results.exists()


def test_a_notebook_finds_files_and_curves_of_a_run(project: Project) -> None:
    from mle_toolbox import load_log, load_meta_log, load_result_logs

    run(project, *OWN_FILES)

    meta_log, hyper_log = load_result_logs(f"{project.results}/")

    run_id = hyper_log.eval_ids[0]
    own = Path(meta_log[run_id].meta.experiment_dir) / "search_log_seed_0.json"
    assert json.loads(own.read_text()) == {"lrate": 0.5, "extra": 1}
    assert meta_log.eval_ids == ["base"]
    assert meta_log.stats.inner_loss.mean.tolist() == meta_log.base.stats.inner_loss.p50.tolist() == [0, 0.5, 1]
    assert meta_log["base"].meta.config_dict["train_config"] == {"lrate": 0.5}
    assert (meta_log.meta_vars[0], meta_log.stats_vars, meta_log.time_vars) == (
        *("experiment_dir", ["inner_loss"], ["num_gens", "num_updates"]),
    )
    assert load_meta_log(project.results / "meta_log.hdf5").base.time.num_gens.tolist() == [0, 1, 2]
    by_seed = load_log(project.results / "base")
    assert by_seed.seed_1.stats.inner_loss.tolist() == [0, 0.5, 1]
    assert load_log(project.results / "base", aggregate_seeds=True).stats.inner_loss.std.tolist() == [0, 0, 0]
    assert load_log(project.results / "base" / "seed_1").meta.seeds == 1


@pytest.fixture
def search(made_once: Callable[[str, Callable[[Path], object]], Path], tmp_path: Path) -> SearchProject:
    """A search of four trials with two seeds each that has run."""
    made = made_once("searched", lambda folder: make_search(folder).run())
    return SearchProject(Path(shutil.copytree(made, tmp_path / "search", symlinks=True)))


def test_a_notebook_reads_a_search(search: SearchProject) -> None:
    from mle_toolbox import load_hyper_log, load_result_logs

    meta_log, hyper_log = load_result_logs(search.results)

    # loss = lrate * units + seed / 10, averaged over the seeds 0 and 1
    expected = {(lrate, units): lrate * units + 0.05 for lrate in (0.1, 0.2) for units in (1, 3)}
    table = hyper_log.hyper_log
    assert hyper_log.search_vars == ["lrate", "units"]
    assert hyper_log.search_metrics == ["loss"]
    assert {(row.lrate, row.units): round(row.loss, 9) for row in table.itertuples()} == {
        point: round(loss, 9) for point, loss in expected.items()
    }
    assert list(table.columns) == [
        *("lrate", "units", "time_elapsed", "run_id", "loss", "log_paths", "experiment_dir", "config_fname"),
        *("model_ckpt", "seeds", "model_type", "log_fname"),
    ]
    run_id = hyper_log.filter({"lrate": 0.19, "units": 3}).run_id.iloc[0]
    assert np.allclose(meta_log[run_id].stats.loss.mean, 0.65)
    assert np.allclose(meta_log[run_id].stats.loss.p10, 0.61)
    assert hyper_log.filter(metric_name="loss", top_k=1).eval_ids == hyper_log.filter("loss", 1).eval_ids
    assert hyper_log.filter("loss", top_k=1, maximize_metric=True).eval_ids == [run_id]
    assert len(hyper_log.filter({"units": 1}, "loss", top_k=1)) == 1
    assert list(hyper_log.unique("units")) == [1, 3]
    assert hyper_log["loss"].min() == hyper_log.loss.min()
    # Under the names of the original as well.
    record = json.loads((search.results / "experiment.json").read_text())
    for each in record["configurations"]:
        theirs = each["trial"]["original_id"]
        assert re.fullmatch(r"b_1_eval_\d", theirs)
        assert meta_log[theirs] is meta_log[each["name"]] is getattr(meta_log, theirs)
    assert len(meta_log.filter(["b_1_eval_0", run_id])) == 2
    assert load_hyper_log(search.results / "hyper_log.pkl").eval_ids == hyper_log.eval_ids


def test_a_notebook_draws_a_search(search: SearchProject) -> None:
    mpl.use("agg")
    from mle_toolbox import load_result_logs
    from mle_toolbox.visualize import plot_2D_heatmap, visualize_2D_grid

    meta_log, hyper_log = load_result_logs(search.results)

    heat, range_x, range_y = visualize_2D_grid(
        hyper_log, params_to_plot=["lrate", "units"], target_to_plot="loss", return_array=True
    )
    assert np.allclose(heat, [[0.35, 0.65], [0.15, 0.25]])  # the smallest value of y is at the bottom
    assert (list(range_x), list(range_y)) == ([0.1, 0.2], [1, 3])
    for fig, ax in (
        plot_2D_heatmap(range_x, range_y, heat, title="t", xy_labels=["x", "y"], max_heat=0.5),
        hyper_log.plot_2D_heat(["lrate", "units"], "loss"),
        visualize_2D_grid(hyper_log.hyper_log, None, ["lrate", "units"], "loss", "Title", text_in_cell=True),
        hyper_log.plot_1D_bar("lrate", "loss", fixed_params={"units": 1}),
        meta_log.plot("loss", "step"),
    ):
        assert ax in fig.axes
        assert ax.get_title()
        mpl.pyplot.close(fig)

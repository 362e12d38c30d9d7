from __future__ import annotations

import json
import pickle
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from matplotlib.figure import Figure

from mle_toolbox import MLExperiment
from mle_toolbox.errors import UsageError
from tests.unit.experiment.conftest import Project


@pytest.fixture
def mle(project: Project) -> Iterator[MLExperiment]:
    """A run that goes on."""
    with MLExperiment("config.json") as made:
        yield made


@pytest.mark.slow
def test_sklearn_estimator_is_saved_with_joblib(mle: MLExperiment) -> None:
    # Here and not above: it takes seconds, and `make quick` reads this file without running this test.
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])

    path = mle.save_model(model)

    assert path == mle.seed_dir / "models" / "final.joblib"
    assert joblib.load(path).coef_.tolist() == model.coef_.tolist()


def test_arrays_are_saved_without_pickle(mle: MLExperiment) -> None:
    weights = {"w": np.arange(3.0), "file": np.ones(2, dtype=np.float32), "layer/bias": np.array(1)}

    single, several = mle.save_model(np.arange(4), "a b"), mle.save_model(weights)

    assert (single.name, several.name) == ("a b.npy", "final.npz")
    assert np.load(single, allow_pickle=False).tolist() == [0, 1, 2, 3]
    with np.load(several, allow_pickle=False) as loaded:
        assert {name: loaded[name].tolist() for name in loaded} == {k: v.tolist() for k, v in weights.items()}


@pytest.mark.slow
def test_torch_model_is_saved_as_its_state_dict(mle: MLExperiment) -> None:
    torch = pytest.importorskip("torch")
    model = torch.nn.Linear(2, 1)

    module, state = mle.save_model(model), mle.save_model(model.state_dict(), "state.pt")

    assert (module.name, state.name) == ("final.pt", "state.pt")
    for path in (module, state):
        loaded = torch.load(path, weights_only=True)
        assert all(torch.equal(loaded[name], value) for name, value in model.state_dict().items())


@pytest.mark.slow
def test_jax_arrays_are_saved_as_arrays(mle: MLExperiment) -> None:
    jax = pytest.importorskip("jax")

    path = mle.save_model({"w": jax.numpy.arange(3.0)})

    with np.load(path, allow_pickle=False) as loaded:
        assert loaded["w"].tolist() == [0.0, 1.0, 2.0]


def test_other_models_are_pickled_and_said_to_be(mle: MLExperiment, capsys: pytest.CaptureFixture[str]) -> None:
    path = mle.save_model({"weights": [1, 2]}, "best")

    assert pickle.loads(path.read_bytes()) == {"weights": [1, 2]}
    assert path.name == "best.pkl"
    assert capsys.readouterr().err.endswith(
        "mle-toolbox: the model 'best' is a dict and was saved with pickle: reading it reliably takes the same code "
        "with the same versions of its libraries.\n"
    )


OUTSIDE = ["", ".", "..", "../up", "a\\b", "/etc/x", "nul\0", 7]


@pytest.mark.slow
@pytest.mark.parametrize("name", [*OUTSIDE, "a/b"])
def test_name_of_a_model_is_a_plain_file_name(mle: MLExperiment, name: Any) -> None:
    message = f"must be a plain file name, without '/' and not '..'; found {name!r}."

    with pytest.raises(UsageError, match=re.escape(message)):
        mle.save_model(np.ones(1), name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*OUTSIDE, "a/../../up", "a/..", "a/./b", "a//b", "a/", "/", "a/b\0"])
@pytest.mark.parametrize(
    "save", [lambda mle, name: mle.save_figure(Figure(), name), lambda mle, name: mle.save_extra(1, name)]
)
def test_name_that_leaves_the_folder_is_refused(mle: MLExperiment, save: Callable[..., Path], name: Any) -> None:
    message = f"must be a file name, with folders before it or without, none of them '..'; found {name!r}."

    with pytest.raises(UsageError, match=re.escape(message)):
        save(mle, name)


def test_names_of_figures_and_other_objects_may_have_folders(mle: MLExperiment) -> None:
    paths = [
        mle.log.save_extra([1], "seed_0/imp_nets_1.pkl"),
        mle.save_extra({"a": 1}, "seed_0/deep er/größe.json"),
        mle.save_plot(Figure(), "epoch_1/loss"),
    ]

    assert [str(path.relative_to(mle.seed_dir)) for path in paths] == [
        "extra/seed_0/imp_nets_1.pkl",
        "extra/seed_0/deep er/größe.json",
        "figures/epoch_1/loss.png",
    ]
    assert pickle.loads(paths[0].read_bytes()) == [1]


def test_a_file_in_the_place_of_a_folder_is_said(mle: MLExperiment) -> None:
    mle.save_extra([1], "seed_0.pkl")

    with pytest.raises(UsageError, match=r"'seed_0\.pkl/nets\.pkl' cannot be saved: a part of its folder is a file"):
        mle.save_extra([1], "seed_0.pkl/nets")


def test_pickled_models_are_reported_once(mle: MLExperiment, capsys: pytest.CaptureFixture[str]) -> None:
    for step in range(5):
        mle.log.update({"step": step}, {"loss": 1.0}, {"layer": [{"w": 1}]}, save=True)

    assert capsys.readouterr().err.count("was saved with pickle") == 1


def test_a_model_before_training_has_a_name_of_its_own(mle: MLExperiment) -> None:
    assert mle.log.save_init_model(np.ones(2)) == mle.seed_dir / "models" / "init.npy"


@pytest.mark.parametrize("name", ["best of 3", "größe", "-x", "$(x)", "{a}", "it's"])
def test_odd_names_are_data(mle: MLExperiment, name: str) -> None:
    assert mle.save_model(np.ones(1), name) == mle.seed_dir / "models" / f"{name}.npy"
    assert mle.save_extra([1], name) == mle.seed_dir / "extra" / f"{name}.pkl"
    assert [path.name for path in (mle.seed_dir / "models").iterdir()] == [f"{name}.npy"]


def test_figure_format_follows_the_ending_of_the_name(mle: MLExperiment) -> None:
    figure = Figure()
    axes = figure.add_subplot()

    paths = [mle.save_figure(figure, "curve"), mle.save_plot(figure, "curve.svg"), mle.log.save_plot(axes)]

    assert [path.name for path in paths] == ["curve.png", "curve.svg", "fig_1.png"]
    assert paths[0].read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in paths[1].read_bytes()
    assert paths[2].parent == mle.seed_dir / "figures"


def test_what_is_no_figure_is_refused(mle: MLExperiment) -> None:
    with pytest.raises(UsageError, match=r"^save_figure takes a matplotlib figure, found list\.$"):
        mle.save_figure([1, 2])


def test_extra_is_written_as_json_or_pickled(mle: MLExperiment) -> None:
    value = {"a": np.float64(1.5), "b": [1, None], "ö": mle.train_config}

    as_json, as_pickle = mle.save_extra(value, "notes.json"), mle.save_extra({1, 2})

    assert json.loads(as_json.read_text(encoding="utf-8")) == {
        "a": 1.5,
        "b": [1, None],
        "ö": {"lrate": 0.1},
    }
    assert as_pickle.name == "extra_1.pkl"
    assert pickle.loads(as_pickle.read_bytes()) == {1, 2}


@pytest.mark.parametrize(
    ("name", "message"),
    [("x.json", "A function cannot be written as JSON: "), ("x", "A function cannot be pickled: ")],
)
def test_what_cannot_be_saved_leaves_the_older_file(mle: MLExperiment, name: str, message: str) -> None:
    path = mle.save_extra([1], name)
    before = path.read_bytes()

    with pytest.raises(UsageError, match=f"^{message}"):
        mle.save_extra(lambda: None, name)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_model_is_saved_with_a_tick_that_is_saved(mle: MLExperiment) -> None:
    mle.update_log({"step": 1}, {"loss": 1}, model=np.ones(1))
    mle.update_log({"step": 2}, {"loss": 1}, model=np.zeros(1), save=True)

    assert np.load(mle.seed_dir / "models" / "final.npy").tolist() == [0]

"""The same numbers as xarray and pandas objects."""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mle_toolbox.results import ConfigurationResults, ExperimentResults, SeedResults, load

if TYPE_CHECKING:
    from conftest import Builder


@pytest.fixture
def results(experiment: Builder) -> ExperimentResults:
    """Configurations ``a`` (finished, unequal lengths) and ``b`` (one failed run)."""
    experiment.finish("a", 0, 2, **{"loss/train": 5})
    experiment.finish("a", 1, 3, **{"loss/train": 6})
    experiment.fail("b", 0, 2)
    experiment.merge("a")
    loaded = load(experiment.folder.path)
    assert isinstance(loaded, ExperimentResults)
    return loaded


def test_a_configuration_is_a_dataset_over_seeds_and_steps(results: ExperimentResults) -> None:
    dataset = results["a"].to_xarray()

    assert dataset["x"].dims == ("seed", "tick")
    assert dataset["seed"].values.tolist() == [0, 1]
    assert dataset["tick"].values.tolist() == [0, 1, 2]
    assert dataset["length"].values.tolist() == [2, 3]
    assert dataset["status"].values.tolist() == ["done", "done"]
    assert dataset["loss_train"].attrs["original_name"] == "loss/train"
    assert dataset.attrs["configuration"] == "a"
    assert dataset.attrs["seed"] == [0, 1]
    np.testing.assert_array_equal(dataset["x"].values, results["a"]["x"])


def test_the_dataset_is_the_one_that_xarray_reads_from_the_file(results: ExperimentResults) -> None:
    ours = results["a"].to_xarray().drop_vars("status")

    with xr.open_dataset(results["a"].path / "log.h5", engine="h5netcdf") as from_file:
        xr.testing.assert_equal(ours, from_file)
        assert set(ours.coords) == set(from_file.coords)


def test_a_seed_is_the_dataset_that_xarray_reads_from_its_log(results: ExperimentResults) -> None:
    seed = results["a"].seed(1)

    with xr.open_dataset(seed.path / "log.h5", engine="h5netcdf") as from_file:
        xr.testing.assert_equal(seed.to_xarray(), from_file)


def test_an_experiment_is_a_tree_without_a_warning(results: ExperimentResults) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tree = results.to_xarray()

    assert list(tree.children) == ["a", "b"]
    assert tree["b"]["status"].values.tolist() == ["failed"]
    np.testing.assert_array_equal(tree["a"]["x"].values, results["a"]["x"])


def test_an_empty_configuration_is_an_empty_dataset(experiment: Builder) -> None:
    experiment.plan(["a"], 2)
    results = load(experiment.folder.path)

    assert isinstance(results, ExperimentResults)
    assert dict(results["a"].to_xarray().sizes) == {"seed": 0, "tick": 0}
    assert results.to_dataframe().empty


def test_the_table_has_a_row_for_every_tick_that_was_logged(results: ExperimentResults) -> None:
    table = results.to_dataframe()

    assert list(table.columns) == ["configuration", "seed", "status", "tick", "t", "x", "loss/train"]
    assert len(table) == 2 + 3 + 2
    assert table.groupby(["configuration", "seed"]).size().to_dict() == {("a", 0): 2, ("a", 1): 3, ("b", 0): 2}
    assert set(table.loc[table["configuration"] == "b", "status"]) == {"failed"}
    picked = table[(table["configuration"] == "a") & (table["seed"] == 1)]
    np.testing.assert_array_equal(picked["x"], results["a"].seed(1)["x"])
    assert picked["tick"].tolist() == [0, 1, 2]


def test_the_table_of_one_configuration_keeps_integers(results: ExperimentResults) -> None:
    table = results["a"].to_dataframe()

    assert table["t"].dtype == np.int64
    assert table["loss/train"].dtype == np.int64


def test_arrays_get_a_column_for_each_entry(experiment: Builder) -> None:
    run = experiment.finish("a", 0, 2, hist=[[1, 2], [3, 4]], step=7)
    seed = load(run.path)

    assert isinstance(seed, SeedResults)
    table = seed.to_dataframe()
    assert list(table.columns)[3:] == ["tick", "t", "x", "hist[0,0]", "hist[0,1]", "hist[1,0]", "hist[1,1]", "step"]
    assert table["hist[1,0]"].tolist() == [3, 3]
    assert table["step"].tolist() == [7, 7]


@pytest.mark.parametrize("name", ["tick", "status", "length", "configuration"])
def test_a_variable_of_the_users_keeps_its_name_in_tables_and_datasets(experiment: Builder, name: str) -> None:
    experiment.finish("a", 0, 2, **{name: 7})
    experiment.finish("a", 1, 2, **{name: 7})
    experiment.merge("a")
    results = load(experiment.folder.path)["a"]

    table, dataset = results.to_dataframe(), results.to_xarray()

    assert table[name].tolist() == [7] * 4
    assert set(table.columns) == {"configuration", "seed", "status", "tick", "t", "x", name} | (
        set() if name == "length" else {f"{name}_"}
    )
    assert dataset[name].values.tolist() == [[7, 7], [7, 7]]
    assert dataset[name].dims == ("seed", "tick_" if name == "tick" else "tick")
    assert results[name].tolist() == [[7, 7], [7, 7]]
    with xr.open_dataset(results.path / "log.h5", engine="h5netcdf") as from_file:
        xr.testing.assert_equal(dataset.drop_vars("status_" if name == "status" else "status"), from_file)


def test_tables_can_be_put_together_by_pandas_without_a_warning(results: ExperimentResults) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = pd.concat([results["a"].to_dataframe(), results["b"].to_dataframe()])

    assert len(table) == 7


@pytest.mark.parametrize(("package", "call"), [("xarray", "to_xarray"), ("pandas", "to_dataframe")])
def test_a_missing_package_is_answered_with_the_command(results: ExperimentResults, package: str, call: str) -> None:
    script = (
        "import sys; sys.modules[sys.argv[1]] = None\n"
        "from mle_toolbox import load\n"
        "try: getattr(load(sys.argv[3]), sys.argv[2])()\n"
        "except ImportError as error: print(type(error).__name__, error)\n"
    )

    run = subprocess.run(
        [sys.executable, "-c", script, package, call, str(results.path)], capture_output=True, text=True, check=True
    )

    assert run.stdout == (f"MissingExtraError {call}() needs {package}. Install it: pip install {package}\n")


def test_numpy_is_enough_to_read(results: ExperimentResults) -> None:
    script = (
        "import sys; from mle_toolbox import load; print(load(sys.argv[1])['a']['x'].shape)\n"
        "print({'xarray', 'pandas', 'scipy', 'yaml'} & set(sys.modules))\n"
    )

    run = subprocess.run([sys.executable, "-c", script, str(results.path)], capture_output=True, text=True, check=True)

    assert run.stdout == "(2, 3)\nset()\n"


def test_a_configuration_of_one_seed_is_two_dimensional(experiment: Builder) -> None:
    experiment.finish("a", 4, 3)

    configuration = load(experiment.folder.path / "a")

    assert isinstance(configuration, ConfigurationResults)
    assert configuration["x"].shape == (1, 3)
    assert configuration.to_xarray()["x"].shape == (1, 3)

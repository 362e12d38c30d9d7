"""log.h5 holds exactly what was logged, and others can read it."""

from __future__ import annotations

import random
import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from log_strategies import NAMES, assert_same, logs

from mle_toolbox.errors import ResultsError
from mle_toolbox.log.absence import shown
from mle_toolbox.log.hdf5 import read_log, write_log
from mle_toolbox.log.log_data import LogData
from mle_toolbox.log.variable_names import OWN_NAMES, own_names, safe_names


@settings(max_examples=80, deadline=None)
@given(log=logs())
def test_what_is_read_is_what_was_written(log: LogData, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("log") / "log.h5"

    write_log(path, log)

    assert_same(read_log(path), log)


@settings(max_examples=30, deadline=None)
@given(log=logs())
def test_xarray_reads_every_log_without_a_warning(log: LogData, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("log") / "log.h5"
    write_log(path, log)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with xr.open_dataset(path, engine="h5netcdf") as dataset:
            read = {name: (each.dims, each.values) for name, each in dataset.data_vars.items()}

    names = safe_names(log.names)
    masks = [name for name in read if name.rstrip("_").endswith("_measured")]
    assert set(read) == {*names.values(), *masks}
    for name, safe in names.items():
        dims, values = read[safe]
        expected = shown(log.columns[name], log.absent[name]) if name in log.absent else log.columns[name]
        if np.ma.isMaskedArray(expected):
            expected = expected.astype(np.float64).filled(np.nan)
        assert dims[0] == own_names(names.values())["tick"]
        assert values.dtype == expected.dtype
        np.testing.assert_array_equal(values, expected)


def test_xarray_sees_dimensions_coordinates_and_provenance(tmp_path: Path) -> None:
    columns = {"t": np.arange(3), "loss": np.ones(3), "weights": np.zeros((3, 2, 4))}
    write_log(tmp_path / "log.h5", LogData(("t",), ("loss", "weights"), columns, {"git_commit": "abc", "seed": 3}))

    with xr.open_dataset(tmp_path / "log.h5", engine="h5netcdf") as dataset:
        assert dict(dataset.sizes) == {"tick": 3, "weights_dim_0": 2, "weights_dim_1": 4}
        assert dataset["weights"].dims == ("tick", "weights_dim_0", "weights_dim_1")
        assert dataset["tick"].values.tolist() == [0, 1, 2]
        assert dataset.attrs["git_commit"] == "abc"
        assert dataset.attrs["seed"] == 3
        assert "_FillValue" not in dataset["loss"].attrs | dataset["loss"].encoding


def test_names_that_a_file_cannot_have_are_told_in_an_attribute(tmp_path: Path) -> None:
    columns = {"loss/train": np.zeros(1), "loss_train": np.ones(1)}
    write_log(tmp_path / "log.h5", LogData((), ("loss/train", "loss_train"), columns))

    with xr.open_dataset(tmp_path / "log.h5", engine="h5netcdf") as dataset:
        originals = {name: each.attrs.get("original_name") for name, each in dataset.data_vars.items()}

    assert originals == {"loss_train_": "loss/train", "loss_train": None}


@pytest.mark.parametrize("name", ["step", "tick", "seed", "length", "status"])
def test_a_variable_of_the_users_keeps_its_name_in_the_file(tmp_path: Path, name: str) -> None:
    log = LogData((name,), ("x",), {name: np.array([0, 10, 20]), "x": np.ones(3)})
    write_log(tmp_path / "log.h5", log)

    with xr.open_dataset(tmp_path / "log.h5", engine="h5netcdf") as dataset:
        assert dataset[name].values.tolist() == [0, 10, 20]
        assert dataset["x"].dims == ("tick_" if name == "tick" else "tick",)
    assert_same(read_log(tmp_path / "log.h5"), log)


def test_a_value_that_was_not_measured_is_told_apart_from_a_nan_in_the_file(tmp_path: Path) -> None:
    columns = {"t": np.arange(4), "x": np.array([1, np.nan, np.nan, 2]), "y": np.array([1, np.nan, 3, 4])}
    absent = {"x": np.array([False, True, False, False]), "y": np.array([False, True, False, False])}
    write_log(tmp_path / "log.h5", LogData(("t",), ("x", "y"), columns, absent=absent))

    with xr.open_dataset(tmp_path / "log.h5", engine="h5netcdf") as dataset:
        assert set(dataset.data_vars) == {"t", "x", "y", "x_measured"}
        np.testing.assert_array_equal(dataset["x"].values, columns["x"])
        assert dataset["x"].attrs["ancillary_variables"] == "x_measured"
        assert dataset["x_measured"].values.tolist() == [True, False, True, True]


@given(names=st.lists(NAMES | st.sampled_from(["a/b", "a_b", "a/b_", "a_b_", ".", "_", *OWN_NAMES]), unique=True))
def test_safe_names_are_all_different_and_leave_good_ones_alone(names: list[str]) -> None:
    safe = safe_names(names)
    own = own_names(safe.values())

    assert list(safe) == names
    assert len({*safe.values(), *own.values()}) == len(names) + len(OWN_NAMES)
    assert all("/" not in each and each != "." for each in safe.values())
    for name in names:
        if "/" not in name and name != ".":
            assert safe[name] == name


def test_equal_logs_give_equal_arrays_in_the_file(tmp_path: Path) -> None:
    log = LogData(("t",), ("x",), {"t": np.arange(9), "x": np.linspace(0, 1, 9)})
    for name in ("a.h5", "b.h5"):
        write_log(tmp_path / name, log)

    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_damage_and_remarks_go_along(tmp_path: Path) -> None:
    log = LogData(("t",), (), {"t": np.arange(2)}, {}, "half of it is gone", ("'t' is rounded",))

    write_log(tmp_path / "log.h5", log)

    assert_same(read_log(tmp_path / "log.h5"), log)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"log\.h5: there is no such file"):
        read_log(tmp_path / "log.h5")


def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    h5py.File(tmp_path / "log.h5", "w").close()

    with pytest.raises(ResultsError, match="another program has changed it, or it is not a log"):
        read_log(tmp_path / "log.h5")


def test_a_file_of_a_newer_version_asks_for_an_upgrade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as later:
        later.setattr("mle_toolbox.log.netcdf.FORMAT", 3)
        write_log(tmp_path / "log.h5", LogData(("t",), (), {"t": np.arange(2)}))

    with pytest.raises(ResultsError, match=r"made by a newer version of mle-toolbox \(format 3, known is 2\)"):
        read_log(tmp_path / "log.h5")


@pytest.mark.parametrize("content", [b"", b"text", bytes(2000)])
def test_a_file_that_is_no_hdf5_is_said_to_be_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "log.h5").write_bytes(content)

    with pytest.raises(ResultsError, match="does not end with the checksum of mle-toolbox: it is cut off"):
        read_log(tmp_path / "log.h5")


def test_a_damaged_file_never_gives_another_error_than_ours(tmp_path: Path) -> None:
    path = tmp_path / "log.h5"
    write_log(path, LogData(("t",), ("x",), {"t": np.arange(20), "x": np.zeros((20, 2))}, {"a": [1], "b": "text"}))
    content = path.read_bytes()
    rng = random.Random(5)

    refused = 0
    for case in range(300):
        damaged = bytearray(content)
        if case % 3 == 0:
            damaged = damaged[: rng.randrange(len(content))]
        else:
            damaged[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        try:
            read_log(path)
        except ResultsError:
            refused += 1

    assert refused >= 100


def test_the_library_is_told_not_to_insist_on_file_locks(tmp_path: Path) -> None:
    import os

    assert os.environ["HDF5_USE_FILE_LOCKING"] in ("BEST_EFFORT", "FALSE")

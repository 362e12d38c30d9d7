"""Merging pads, and loses nothing."""

from __future__ import annotations

import random
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from log_strategies import assert_same, logs

from mle_toolbox.errors import ResultsError
from mle_toolbox.log.hdf5 import write_log
from mle_toolbox.log.log_data import LogData
from mle_toolbox.log.merge import (
    content_of,
    merge_configurations,
    merge_seeds,
    read_configuration,
    read_configuration_names,
)
from mle_toolbox.log.merged_data import MergedData, stack


def log(values: Any, name: str = "x", **attributes: Any) -> LogData:
    """Return a log of one metric."""
    return LogData(("t",), (name,), {"t": np.arange(len(values)), name: np.asarray(values)}, attributes)


def write(folder: Path, seeds: dict[int, LogData]) -> dict[int, Path]:
    paths = {seed: folder / f"{seed}.h5" for seed in seeds}
    for seed, each in seeds.items():
        write_log(paths[seed], each)
    return paths


def merge(folder: Path, seeds: dict[int, LogData]) -> Path:
    merge_seeds(write(folder, seeds), folder / "merged.h5")
    return folder / "merged.h5"


def seeds_of(**fixed: Any) -> st.SearchStrategy[dict[int, LogData]]:
    return st.dictionaries(st.integers(0, 2**32 - 1), logs(**fixed), min_size=1, max_size=4)


def known(log: LogData) -> dict[str, Any]:
    """Return the attributes that say something; null and no attribute are the same."""
    return {name: value for name, value in log.attributes.items() if value is not None}


def assert_same_merged(left: MergedData, right: MergedData) -> None:
    assert (left.time_names, left.metric_names, left.remarks) == (right.time_names, right.metric_names, right.remarks)
    assert (left.attributes, left.seed_attributes) == (right.attributes, right.seed_attributes)
    assert (left.fill_values, left.seed_dtypes) == (right.fill_values, right.seed_dtypes)
    np.testing.assert_array_equal(left.seeds, right.seeds)
    np.testing.assert_array_equal(left.lengths, right.lengths)
    for name in left.names:
        assert left.columns[name].dtype == right.columns[name].dtype
        np.testing.assert_array_equal(left.columns[name], right.columns[name])


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(seeds=seeds_of(names=["a/b", "step", "c"]), order=st.randoms())
def test_the_order_of_the_seeds_makes_no_difference(
    seeds: dict[int, LogData], order: random.Random, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("merge")
    paths = write(folder, seeds)
    shuffled = list(paths.items())
    order.shuffle(shuffled)

    merge_seeds(paths, folder / "a.h5")
    merge_seeds(dict(shuffled), folder / "b.h5")

    assert_same_merged(read_configuration(folder / "a.h5"), read_configuration(folder / "b.h5"))
    assert (folder / "a.h5").read_bytes() == (folder / "b.h5").read_bytes()


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(seeds=seeds_of(names=["a", "b"]))
def test_every_seed_comes_out_as_it_went_in(
    seeds: dict[int, LogData], tmp_path_factory: pytest.TempPathFactory
) -> None:
    merged = read_configuration(merge(tmp_path_factory.mktemp("merge"), seeds))

    assert merged.seeds.tolist() == sorted(seeds)
    for seed, went_in in seeds.items():
        out = merged.seed_log(seed)
        assert out.n_ticks == went_in.n_ticks or not out.columns
        # Where the seeds do not agree on a shape, or no type holds their numbers, a remark says so instead.
        for name in out.names:
            np.testing.assert_array_equal(out.measured(name), went_in.measured(name))
            if went_in.measured(name).any() and not merged.remarks:
                assert out.columns[name].dtype == went_in.columns[name].dtype
                np.testing.assert_array_equal(out.columns[name], went_in.columns[name])
        assert known(out) == known(went_in)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_seeds_that_agree_are_kept_whole(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    lengths = data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=4))
    limit = data.draw(st.sampled_from([2**53, 2**63 - 1]))
    values = st.integers(-limit, limit)
    seeds = {
        seed: log(np.array(data.draw(st.lists(values, min_size=length, max_size=length)), dtype=np.int64), seed=seed)
        for seed, length in enumerate(lengths)
    }

    merged = read_configuration(merge(tmp_path_factory.mktemp("merge"), seeds))

    assert merged.lengths.tolist() == lengths
    for seed, went_in in seeds.items():
        if went_in.n_ticks:
            assert_same(merged.seed_log(seed), went_in)


@pytest.mark.parametrize(
    ("first", "second", "dtype"),
    [
        ([1, 2], [3, 4], np.int64),
        ([1, 2], [3], np.float64),
        ([True, False], [True, True], np.bool_),
        ([True, False], [True], np.float64),
        ([True, False], [3, 4], np.int64),
        ([1, 2], [0.5, 1], np.float64),
        ([1, 2], np.array([2**63, 5], dtype=np.uint64), np.uint64),
        ([2**60, 2], [3], np.int64),
        (np.array([2**63, 5], dtype=np.uint64), [3], np.uint64),
    ],
)
def test_seeds_get_the_narrowest_type_that_holds_all_of_them(first: Any, second: Any, dtype: Any) -> None:
    merged = stack({0: log(first), 1: log(second)})

    assert merged.columns["x"].dtype == dtype
    assert merged.remarks == ()
    for seed, values in enumerate((first, second)):
        np.testing.assert_array_equal(merged.seed_log(seed).columns["x"], values)
        assert merged.seed_log(seed).columns["x"].dtype == np.asarray(values).dtype


def test_padding_is_nan_and_length_tells_the_truth(tmp_path: Path) -> None:
    path = merge(tmp_path, {4: log([1.0, np.nan, np.inf]), 2: log([0.5])})

    with xr.open_dataset(path, engine="h5netcdf") as dataset:
        assert dataset["x"].dims == ("seed", "tick")
        assert dataset["seed"].values.tolist() == [2, 4]
        assert dataset["tick"].values.tolist() == [0, 1, 2]
        assert dataset["length"].dims == ("seed",)
        assert dataset["length"].values.tolist() == [1, 3]
        assert set(dataset.coords) == {"seed", "tick", "length"}
        np.testing.assert_array_equal(dataset["x"].values, [[0.5, np.nan, np.nan], [1.0, np.nan, np.inf]])
        np.testing.assert_array_equal(dataset["x"].sel(seed=4).values, [1.0, np.nan, np.inf])


def test_integers_that_padding_would_round_keep_a_fill_value_that_is_none_of_them(tmp_path: Path) -> None:
    lowest = -(2**63)
    path = merge(tmp_path, {0: log([2**60 + 1, lowest]), 1: log([lowest + 1])})

    merged = read_configuration(path)

    fill_value = merged.fill_values["x"]
    assert float(fill_value) != float(lowest)
    assert merged.columns["x"].tolist() == [[2**60 + 1, lowest], [lowest + 1, fill_value]]
    with xr.open_dataset(path, engine="h5netcdf") as dataset:
        assert np.isnan(dataset["x"].values).tolist() == [[False, False], [False, True]]


def test_numbers_that_no_type_holds_together_are_said_to_be_rounded() -> None:
    merged = stack({0: log([2**60 + 1, 2]), 1: log([0.5, 1])})

    assert merged.columns["x"].tolist() == [[float(2**60), 2], [0.5, 1]]
    assert merged.remarks == ("'x': no type holds the numbers of all seeds; some integers are rounded to a float64.",)


def test_a_metric_that_some_seeds_lack_is_nan_for_them_and_said_so(tmp_path: Path) -> None:
    path = merge(tmp_path, {0: log([1, 2]), 1: log([3, 4], name="y")})

    merged = read_configuration(path)

    np.testing.assert_array_equal(merged.columns["x"], [[1, 2], [np.nan, np.nan]])
    assert merged.remarks == ("'x' was not logged by seed 1.", "'y' was not logged by seed 0.")
    assert merged.seed_log(1).names == ("t", "y")


def test_arrays_of_another_shape_than_most_are_left_out_and_said_so() -> None:
    merged = stack({0: log(np.ones((2, 4))), 1: log(np.ones((2, 3))), 2: log(np.zeros((3, 3)))})

    assert merged.columns["x"].shape == (3, 3, 3)
    assert np.isnan(merged.columns["x"][0]).all()
    assert merged.remarks == ("'x' of seed 0 is left out: it has another shape, (4,).",)


def test_a_seed_without_ticks_is_a_row_of_nan() -> None:
    merged = stack({0: log(np.zeros((0,))), 1: log(np.array([[1, 2]])), 2: LogData((), (), {})})

    assert merged.lengths.tolist() == [0, 1, 0]
    np.testing.assert_array_equal(merged.columns["x"][1], [[1, 2]])
    assert np.isnan(merged.columns["x"][[0, 2]]).all()
    assert merged.remarks == ()


def test_provenance_is_shared_where_it_is_equal_and_by_seed_where_not(tmp_path: Path) -> None:
    seeds = {0: log([1], commit="abc", dirty=False, host="a"), 1: log([1], commit="abc", dirty=True)}

    merged = read_configuration(merge(tmp_path, seeds))

    assert merged.attributes == {"commit": "abc"}
    assert merged.seed_attributes == {"dirty": [False, True], "host": ["a", None]}
    assert merged.seed_log(1).attributes == {"commit": "abc", "dirty": True}


def test_merging_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="there is no finished seed run to merge"):
        merge_seeds({}, tmp_path / "merged.h5")


def test_a_seed_that_cannot_be_read_keeps_the_old_merged_log(tmp_path: Path) -> None:
    path = merge(tmp_path, {0: log([1])})
    before = path.read_bytes()
    (tmp_path / "1.h5").write_bytes(b"broken")

    with pytest.raises(ResultsError, match=r"1\.h5"):
        merge_seeds({0: tmp_path / "0.h5", 1: tmp_path / "1.h5"}, path)

    assert path.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["0.h5", "1.h5", "merged.h5"]


def test_a_merged_log_is_no_log_of_a_seed(tmp_path: Path) -> None:
    path = merge(tmp_path, {0: log([1])})

    with pytest.raises(ResultsError, match="expected the log of a seed run, found that of a configuration"):
        merge_seeds({0: path}, tmp_path / "again.h5")


NAMES = ["base", "größe 'x' \"y\" $(z)", "a.b", ".", " leading", "x\udcff"]


def test_configurations_of_any_name_get_a_group_each(tmp_path: Path) -> None:
    paths = {}
    for number, name in enumerate(NAMES):
        paths[name] = tmp_path / f"{number}.h5"
        merge_seeds(write(tmp_path, {number: log([number], configuration=name)}), paths[name])

    merge_configurations(paths, tmp_path / "results.h5")

    assert content_of(tmp_path / "results.h5") == "experiment"
    assert read_configuration_names(tmp_path / "results.h5") == tuple(NAMES)
    for number, name in enumerate(NAMES):
        merged = read_configuration(tmp_path / "results.h5", name)
        assert_same_merged(merged, stack({number: log([number], configuration=name)}))


def test_xarray_reads_the_tree_of_all_configurations_without_a_warning(tmp_path: Path) -> None:
    paths = {"a b": tmp_path / "a.h5", "c": tmp_path / "c.h5"}
    merge_seeds(write(tmp_path, {0: log([1.0, 2.0]), 1: log([3.0])}), paths["a b"])
    merge_seeds(write(tmp_path, {5: log([7], name="loss/train"), 6: log([8], name="loss/train")}), paths["c"])
    merge_configurations(paths, tmp_path / "results.h5")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tree = xr.open_datatree(tmp_path / "results.h5", engine="h5netcdf")

    with tree:
        assert set(tree.children) == {"a b", "c"}
        assert tree["a b"]["x"].dims == ("seed", "tick")
        np.testing.assert_array_equal(tree["a b"]["x"].values, [[1, 2], [3, np.nan]])
        assert tree["c"]["loss_train"].values.tolist() == [[7], [8]]
        assert tree["c"]["seed"].values.tolist() == [5, 6]
        assert tree["c"]["length"].values.tolist() == [1, 1]


def test_equal_configurations_give_equal_files(tmp_path: Path) -> None:
    path = merge(tmp_path, {0: log([1])})

    merge_configurations({"a": path, "b": path}, tmp_path / "one.h5")
    merge_configurations({"a": path, "b": path}, tmp_path / "two.h5")

    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()

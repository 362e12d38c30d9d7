"""CSV and JSON lines, as loggers write them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mle_toolbox.errors import ResultsError, UsageError
from mle_toolbox.importers.imported_run import ImportedRun, Series, log_of_series
from mle_toolbox.importers.table_files import read_csv, read_json_lines
from mle_toolbox.log.measured import was_measured


def csv_run(tmp_path: Path, text: str, *time: str) -> ImportedRun:
    file = tmp_path / "progress.csv"
    file.write_text(text)
    return read_csv([file], "run", time)


def test_the_time_variable_is_known_by_its_name(tmp_path: Path) -> None:
    log = csv_run(tmp_path, "loss,epoch,step\n1,0,0\n2,0,100\n3,1,200\n").log

    assert log.time_names == ("step", "epoch")
    assert log.metric_names == ("loss",)
    assert log.columns["step"].tolist() == [0, 100, 200]
    assert log.columns["epoch"].tolist() == [0, 0, 1]


def test_without_one_the_rows_are_counted(tmp_path: Path) -> None:
    log = csv_run(tmp_path, "a,b\n5,1\n4,2\n").log

    assert log.time_names == ("row",)
    assert log.columns["a"].tolist() == [5, 4]


def test_the_time_variable_that_is_asked_for_decides(tmp_path: Path) -> None:
    log = csv_run(tmp_path, "step,frames,loss\n0,10,1\n1,20,2\n", "frames").log

    assert log.time_names == ("frames",)
    assert log.metric_names == ("step", "loss")


def test_an_unknown_time_variable_suggests_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Did you mean 'frames'"):
        csv_run(tmp_path, "step,frames,loss\n0,10,1\n", "frame")


def test_an_empty_cell_was_not_logged_and_nan_was(tmp_path: Path) -> None:
    log = csv_run(tmp_path, "step,loss,acc\n0,1,\n1,nan,0.5\n2,inf,nan\n").log

    assert {name: gaps.tolist() for name, gaps in log.absent.items()} == {"acc": [True, False, False]}
    assert log.columns["loss"][2] == float("inf")


def test_rows_of_the_same_step_are_one_tick(tmp_path: Path) -> None:
    log = csv_run(tmp_path, "step,train,val\n9,0.5,\n9,,0.7\n19,0.4,\n19,,0.6\n").log

    assert log.columns["train"].tolist() == [0.5, 0.4]
    assert log.columns["val"].tolist() == [0.7, 0.6]
    assert not log.absent


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_comments_delimiters_marks_and_words_of_other_loggers_are_read(delimiter: str, tmp_path: Path) -> None:
    text = '\ufeff#{"env": "x"}\nr,t,ok\n1.5,3,True\n2.5,4,False\n'.replace(",", delimiter)

    log = csv_run(tmp_path, text.replace(f'"env"{delimiter}', '"env",')).log

    assert log.columns["r"].tolist() == [1.5, 2.5]
    assert log.columns["t"].tolist() == [3, 4]
    assert log.columns["ok"].tolist() == [1, 0]


def test_torn_rows_and_text_are_left_out_and_said(tmp_path: Path) -> None:
    run = csv_run(tmp_path, "step,loss,note\n0,1,a\n1,2,b\n2,")

    assert run.log.columns["loss"].tolist() == [1, 2]
    assert "1 rows have another number of cells" in run.remarks[0]
    assert run.remarks[1] == f"{tmp_path / 'progress.csv'}: text in 'note' is left out."


def test_a_table_without_a_heading_is_said(tmp_path: Path) -> None:
    file = tmp_path / "progress.csv"

    assert csv_run(tmp_path, "0,1.5\n1,2.5\n").remarks == (
        f"{file}: there is no heading; the columns are called after the first row, '0' and '1.5'.",
    )
    assert csv_run(tmp_path, "step,0.5\n1,2.5\n").remarks == ()


def test_columns_of_the_same_name_are_said(tmp_path: Path) -> None:
    run = csv_run(tmp_path, "step,loss,loss\n0,1,2\n")

    assert run.log.columns["loss"].tolist() == [2]
    assert run.remarks == (
        f"{tmp_path / 'progress.csv'}: several columns are called 'loss'; of each name the last one counts.",
    )


def test_an_empty_file_has_no_ticks(tmp_path: Path) -> None:
    assert csv_run(tmp_path, "").log.n_ticks == 0
    assert csv_run(tmp_path, "step,loss\n").log.n_ticks == 0


def test_two_files_of_a_run_are_joined_by_step(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("step,loss\n0,1\n1,2\n2,3\n")
    (tmp_path / "eval.csv").write_text("step,acc\n1,0.5\n")

    log = read_csv([tmp_path / "train.csv", tmp_path / "eval.csv"], "run").log

    assert log.columns["step"].tolist() == [0, 1, 2]
    assert {name: gaps.tolist() for name, gaps in log.absent.items()} == {"acc": [True, False, True]}


def test_two_files_with_the_same_metric_are_no_one_run(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("step,loss\n0,1\n")

    with pytest.raises(ResultsError, match=r"a\.csv and .*b\.csv both have 'loss'.*\{run\}"):
        read_csv([tmp_path / "a.csv", tmp_path / "b.csv"], "run")


def test_json_lines_are_flattened_and_torn_ones_left_out(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    rows = [{"config": "x"}, {"step": 0, "train": {"loss": 1}, "note": "a"}, {"step": 1, "train": {"loss": None}}]
    file.write_text("\n".join(map(json.dumps, rows)) + '\n{"step": 2, "train": {"loss": NaN}}\n{"step": 3, "tr')

    run = read_json_lines([file], "run")

    assert run.log.columns["step"].tolist() == [0, 2]
    assert run.log.metric_names == ("train.loss",)
    assert not run.log.absent
    assert "1 lines are not JSON objects" in run.remarks[0]


@given(
    st.dictionaries(
        st.sampled_from("abc"),
        st.lists(st.tuples(st.integers(0, 20), st.floats(allow_nan=True)), min_size=1, max_size=10),
        min_size=1,
    )
)
def test_every_value_that_was_logged_comes_back_and_no_other(points: dict[str, list[tuple[int, float]]]) -> None:
    from mle_toolbox.results.seed import SeedResults
    from mle_toolbox.results.series import series

    log = log_of_series("step", {name: Series.of(*zip(*each, strict=True)) for name, each in points.items()})
    run = SeedResults.from_log(Path(), ("c", 0), log)

    for name, each in points.items():
        last = dict(each)  # of several values at one step the last one counts
        column = np.array([last[step] for step in sorted(last)])
        assert run.time["step"][run.measured(name)].tolist() == sorted(last)
        np.testing.assert_array_equal(run[name][run.measured(name)], column)
        found = series(run, name, "step")
        assert found is not None
        assert found[0].tolist() == np.array(sorted(last))[was_measured(column)].tolist()
        assert list(map(str, found[1].tolist())) == list(map(str, column[was_measured(column)].tolist()))

"""Event files are read as TensorBoard reads them."""

from __future__ import annotations

import math
import struct
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from mle_toolbox.errors import ResultsError
from mle_toolbox.importers.tensorboard_reader import read_tensorboard
from mle_toolbox.importers.wire import message, tf_records

# Not importorskip: importing them takes seconds, which `make quick` would pay without running a test of this file.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("tensorboardX") is None, reason="needs tensorboardX"),
    pytest.mark.skipif(find_spec("tensorboard") is None, reason="needs tensorboard"),
]


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """What tensorboardX writes: a metric at every step, one at some, and things that are no scalars."""
    from tensorboardX import SummaryWriter

    writer = SummaryWriter(str(tmp_path))
    for step in range(50):
        writer.add_scalar("loss", 1 / (step + 1), step)
        if step % 10 == 9:
            writer.add_scalar("eval/acc", step / 50, step)
    writer.add_histogram("weights", np.arange(1000.0), 49)
    writer.add_text("note", "hello")
    writer.close()
    (file,) = tmp_path.iterdir()
    return file


def test_scalars_are_those_that_tensorboard_itself_reads(events: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    theirs = EventAccumulator(str(events))
    theirs.Reload()

    log = read_tensorboard([events], "run").log

    assert set(log.metric_names) == set(theirs.Tags()["scalars"]) == {"loss", "eval/acc"}
    for tag in log.metric_names:
        logged = ~np.isnan(log.columns[tag])
        assert log.columns["step"][logged].tolist() == [event.step for event in theirs.Scalars(tag)]
        assert log.columns[tag][logged].tolist() == [event.value for event in theirs.Scalars(tag)]


def test_scalars_of_tensorflow_2_are_tensors_and_read_as_well(tmp_path: Path) -> None:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    tensors = {
        "float": lambda value: TensorProto(dtype=1, float_val=[value]),
        "double": lambda value: TensorProto(dtype=2, tensor_content=struct.pack("<d", value), tensor_shape={}),
        "int": lambda value: TensorProto(dtype=9, int64_val=[-int(value)]),
        "vector": lambda value: TensorProto(
            dtype=1, float_val=[value], tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
        ),
        "text": lambda _: TensorProto(dtype=7, string_val=[b"hello"]),
    }
    writer = EventFileWriter(str(tmp_path))
    for step in (0, 5, 300):
        values = [Summary.Value(tag=tag, tensor=tensor(step / 5)) for tag, tensor in tensors.items()]
        writer.add_event(Event(step=step, wall_time=100.0 + step, summary=Summary(value=values)))
    writer.close()

    log = read_tensorboard(list(tmp_path.iterdir()), "run").log

    assert log.metric_names == ("float", "double", "int")
    assert log.columns["step"].tolist() == [0, 5, 300]
    assert log.columns["float"].tolist() == log.columns["double"].tolist() == [0, 1, 60]
    assert log.columns["int"].tolist() == [0, -1, -60]
    assert log.columns["seconds"].tolist() == [0, 5, 300]


def test_nan_that_was_logged_is_told_from_a_step_without_the_metric(tmp_path: Path) -> None:
    from tensorboardX import SummaryWriter

    writer = SummaryWriter(str(tmp_path))
    for step in range(4):
        writer.add_scalar("loss", 0.5, step)
    writer.add_scalar("acc", math.nan, 2)
    writer.close()

    log = read_tensorboard(list(tmp_path.iterdir()), "run").log

    assert {name: gaps.tolist() for name, gaps in log.absent.items()} == {"acc": [True, True, False, True]}


def test_a_file_that_is_cut_off_gives_what_is_whole(events: Path) -> None:
    whole = read_tensorboard([events], "run").log.n_ticks
    data = events.read_bytes()
    for cut in (0, 5, 30, len(data) // 3, len(data) // 2):
        events.write_bytes(data[:cut])

        run = read_tensorboard([events], "run")

        assert run.log.n_ticks <= whole
        assert run.remarks == ()


def test_a_file_that_is_damaged_says_so_and_gives_what_comes_before(events: Path) -> None:
    data = bytearray(events.read_bytes())
    position = len(data) // 4
    data[position] ^= 1
    events.write_bytes(data)

    run = read_tensorboard([events], "run")

    assert 0 < run.log.n_ticks < 50
    assert "it is damaged at byte" in run.remarks[0]


def test_a_restart_replaces_the_steps_that_it_repeats(tmp_path: Path) -> None:
    from tensorboardX import SummaryWriter

    for number, (first, level) in enumerate([(0, 1.0), (2, 5.0)]):
        writer = SummaryWriter(str(tmp_path), filename_suffix=f".{number}")
        for step in range(first, first + 4):
            writer.add_scalar("x", level, step)
        writer.close()
    files = sorted(tmp_path.iterdir())
    # Both were made in the same second.
    files[1].rename(files[1].with_name(f"z.tfevents.{files[1].name}"))

    log = read_tensorboard(list(tmp_path.iterdir()), "run").log

    assert log.columns["step"].tolist() == [0, 1, 2, 3, 4, 5]
    assert log.columns["x"].tolist() == [1, 1, 5, 5, 5, 5]


@pytest.mark.parametrize("data", [b"\xff", b"\x0a\x05ab", b"\x0b", b"\x80"])
def test_bytes_that_are_no_message_are_refused(data: bytes) -> None:
    with pytest.raises(ResultsError, match="it contains"):
        message(data)


def test_a_length_that_is_damaged_is_seen() -> None:
    with pytest.raises(ResultsError, match="damaged at byte 0"):
        list(tf_records(struct.pack("<QI", 5, 0) + b"hello" + b"\0" * 4))

"""An interrupted run goes on from its checkpoint as if nothing had happened."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from mle_toolbox import MLExperiment
from mle_toolbox.errors import ResultsError, UsageError
from mle_toolbox.experiment.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from mle_toolbox.log.journal import read_journal
from mle_toolbox.log.run_record import run_status
from tests.unit.experiment.conftest import Project

SCRIPT = """\
import os, random, signal, sys
import numpy as np
from mle_toolbox import MLExperiment

mle = MLExperiment()
state = mle.resume()
start, weights = (0, 0.0) if state is None else (state["step"], state["weights"])
print("from", start, flush=True)
for step in range(start, 30):
    weights += mle.rng.normal() + np.random.rand() + random.random()
    mle.update_log({"step": step}, {"loss": weights}, save=step % 3 == 0)
    if step % 10 == 9:
        mle.checkpoint({"step": step + 1, "weights": weights})
    if step == mle.extra_config.die_at and not os.path.exists("died"):
        open("died", "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
@pytest.mark.parametrize("die_at", [4, 9, 10, 27])
@pytest.mark.parametrize("start", ["by_hand", "launched"])
def test_killed_run_that_is_resumed_equals_one_that_was_never_disturbed(
    project: Project, start: str, die_at: int
) -> None:
    project.write_script(SCRIPT)
    project.write_configuration("config.json", tboard_fname=None)
    project.by_hand("-exp_dir", "undisturbed", "-die_at", "-1")
    arguments = ("-exp_dir", "results", "-die_at", str(die_at))

    def attempt() -> str:
        if start == "by_hand":
            return project.by_hand(*arguments).stdout
        return project.launched(extra=("-die_at", str(die_at))).stdout

    printed = [attempt()]
    killed = run_status(project.seed("results"))
    printed.append(attempt())

    resumed_from = (die_at + 1) // 10 * 10
    assert killed == ("died" if start == "by_hand" else "failed")
    assert printed == ["from 0\n", f"from {resumed_from}\n"] if resumed_from else printed[1] == "from 0\n"
    log, truth = project.log("results"), project.log("undisturbed")
    assert log.columns["step"].tolist() == list(range(30))
    assert log.columns["loss"].tobytes() == truth.columns["loss"].tobytes()
    record = project.record("results")
    assert (record.attempt, record.resumed_from_tick, record.ticks) == (2, resumed_from or None, 30)
    assert not project.seed("results").checkpoint.exists()


def interrupted(config: str = "config.json", **arguments: Any) -> MLExperiment:
    """Return a run that has logged five ticks with a checkpoint after the third, and was then given up."""
    mle = MLExperiment(config, **arguments)
    for step in range(5):
        mle.update_log({"step": step}, {"loss": step})
        if step == 2:
            mle.checkpoint({"at": 3})
    mle.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    return mle


def test_log_is_rewound_so_that_no_tick_is_there_twice(project: Project) -> None:
    interrupted()

    with MLExperiment("config.json") as mle:
        state = mle.resume()
        kept = mle.log.n_ticks
        mle.update_log({"step": 3}, {"loss": 30})

    assert (state, kept) == ({"at": 3}, 3)
    assert project.log().columns["loss"].tolist() == [0, 1, 2, 30]
    assert project.record().resumed_from_tick == 3


def test_random_numbers_go_on_where_they_were(project: Project) -> None:
    mle = MLExperiment("config.json", seed_id=5)
    np.random.rand()
    mle.rng.normal()
    mle.checkpoint(1)
    expected = [random.random(), np.random.rand(), mle.rng.normal()]
    mle.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)

    with MLExperiment("config.json", seed_id=5) as again:
        again.resume()
        found = [random.random(), np.random.rand(), again.rng.normal()]

    assert found == expected


def test_run_without_a_checkpoint_begins_anew_in_silence(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    with MLExperiment("config.json") as mle:
        state = mle.resume()

    assert state is None
    assert capsys.readouterr().err.count("\n") == 1


def test_checkpoint_of_another_configuration_is_not_used(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    interrupted()
    project.write_configuration(what_to_print=[])

    with MLExperiment("config.json") as mle:
        state = mle.resume()

    assert state is None
    assert capsys.readouterr().err.endswith(
        f"mle-toolbox: the run starts over. {mle.seed_dir}/checkpoint.pkl belongs to another configuration, seed or "
        "command line\n"
    )


def test_comments_in_the_configuration_do_not_matter_for_a_checkpoint(project: Project) -> None:
    interrupted()
    path = project.path / "config.json"
    path.write_text("# a remark\n" + path.read_text())

    with MLExperiment("config.json") as mle:
        assert mle.resume() == {"at": 3}


def test_damaged_checkpoint_is_not_used(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    path = interrupted().seed_dir / "checkpoint.pkl"
    path.write_bytes(path.read_bytes()[:-1])

    with MLExperiment("config.json") as mle:
        state = mle.resume()

    assert state is None
    assert f"mle-toolbox: the run starts over. {path} is damaged\n" in capsys.readouterr().err


def test_checkpoint_is_not_used_when_the_journal_has_lost_its_ticks(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = interrupted().seed_dir / "journal.bin"
    journal.write_bytes(journal.read_bytes()[:-70])

    with MLExperiment("config.json") as mle:
        state = mle.resume()
        mle.update_log({"step": 0}, {"loss": 0})

    assert state is None
    assert "the run starts over. " in capsys.readouterr().err
    assert project.log().n_ticks == 1


def test_attempt_that_does_not_resume_forgets_the_checkpoint(project: Project) -> None:
    interrupted()
    second = MLExperiment("config.json")
    second.update_log({"step": 0}, {"loss": 0})
    second.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)

    with MLExperiment("config.json") as third:
        assert third.resume() is None


def test_attempt_that_fails_before_its_first_tick_keeps_the_checkpoint(project: Project) -> None:
    interrupted()
    second = MLExperiment("config.json")
    second.resume()
    second.__exit__(ValueError, ValueError(), None)

    with MLExperiment("config.json") as third:
        assert third.resume() == {"at": 3}
        assert third.log.n_ticks == 3


def test_resume_comes_before_the_first_tick(project: Project) -> None:
    with MLExperiment("config.json") as mle:
        mle.update_log({"step": 0}, {"loss": 0})
        with pytest.raises(UsageError, match=r"^resume\(\) must be called before the first update_log: "):
            mle.resume()


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (None, r"checkpoint\(\) needs a state, found None, which resume"),
        (lambda: 1, "The state passed to checkpoint.* cannot be pickled: "),
    ],
)
def test_state_that_cannot_come_back_is_refused(project: Project, state: Any, message: str) -> None:
    with MLExperiment("config.json") as mle:
        mle.checkpoint({"at": 0})
        with pytest.raises(UsageError, match=f"^{message}"):
            mle.checkpoint(state)
        assert read_checkpoint(mle.seed_dir / "checkpoint.pkl").state == {"at": 0}  # type: ignore[union-attr]


def test_checkpoint_makes_ticks_that_wait_in_memory_durable(project: Project) -> None:
    with MLExperiment("config.json") as mle:
        mle.update_log({"step": 0}, {"loss": 0})
        mle.checkpoint({"at": 0})
        assert read_journal(mle.seed_dir / "journal.bin").n_ticks == 1


def test_time_goes_on_after_a_resume(project: Project) -> None:
    project.write_configuration(time_to_track=["step", "time_elapsed", "num_updates"])
    interrupted()

    with MLExperiment("config.json") as mle:
        mle.resume()
        mle.update_log({"step": 3}, {"loss": 3})

    columns = project.log().columns
    assert np.all(np.diff(columns["time_elapsed"]) > 0)
    assert columns["num_updates"].tolist() == [1, 2, 3, 4]


def test_events_behind_the_checkpoint_are_void_after_a_resume(project: Project) -> None:
    project.write_configuration(tboard_fname="tb")
    interrupted()

    with MLExperiment("config.json") as mle:
        mle.resume()
        mle.update_log({"step": 3}, {"loss": 30})

    events = EventAccumulator(str(mle.seed_dir / "tboard" / "tb"))
    events.Reload()
    steps = [(event.step, event.value) for event in events.Scalars("loss")]
    assert steps[-1] == (3, 30.0)
    assert (4, 4.0) not in steps


CHECKPOINT = Checkpoint({"w": [1.5] * 20}, 3, {}, None, "digest", 1.0, 2)


@settings(max_examples=60, deadline=None)
@given(place=st.integers(min_value=0), flip=st.integers(1, 255))
def test_one_wrong_byte_anywhere_is_seen(tmp_path_factory: pytest.TempPathFactory, place: int, flip: int) -> None:
    path = tmp_path_factory.mktemp("checkpoint") / "checkpoint.pkl"
    write_checkpoint(path, CHECKPOINT)
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= flip
    path.write_bytes(data)

    with pytest.raises(ResultsError, match=r"is damaged($|, or was made by a newer version)"):
        read_checkpoint(path)


def test_checkpoint_cut_anywhere_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pkl"
    write_checkpoint(path, CHECKPOINT)
    data = path.read_bytes()
    assert read_checkpoint(path) == CHECKPOINT

    for length in range(0, len(data), 7):
        path.write_bytes(data[:length])
        with pytest.raises(ResultsError, match=r"is damaged$"):
            read_checkpoint(path)

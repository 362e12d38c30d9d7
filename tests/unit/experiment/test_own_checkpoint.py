"""A script that goes on from a model file of its own, without mle.resume(), keeps the ticks before that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mle_toolbox.experiment.own_checkpoint import continuation
from mle_toolbox.experiment_file.configuration_identity import identity_of
from mle_toolbox.log.journal import JournalWriter, read_journal
from mle_toolbox.log.run_record import read_run_record
from tests.unit.experiment.conftest import Project

SCRIPT = """\
import json, os, signal
from mle_toolbox import MLExperiment

mle = MLExperiment()
own = mle.seed_dir / "model.json"
start, weight = json.loads(own.read_text()) if own.exists() else (0, 1.0)
for step in range(start, 30):
    weight *= 0.9
    mle.update_log({"step": step}, {"loss": weight, **({"val": weight / 2} if step % 5 == 0 else {})}, save=True)
    if step % 10 == 9:
        own.write_text(json.dumps([step + 1, weight]))
    if f" {step} " in os.environ["DIE_AT"] and not os.path.exists(f"died_{step}"):
        open(f"died_{step}", "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def going_on(project: Project) -> Project:
    """A project whose script is killed at steps 4, 13 and 27, each once."""
    project.write_script(SCRIPT)
    project.write_configuration("config.json", what_to_track=["loss", "val"])
    return project


@pytest.mark.slow
@pytest.mark.parametrize("launched", [True, False])
def test_the_log_equals_that_of_a_run_that_was_never_disturbed(going_on: Project, launched: bool) -> None:
    deaths = {"DIE_AT": " 4 13 27 "}

    def attempt() -> str:
        arguments = () if launched else ("-exp_dir", "results")
        return (going_on.launched if launched else going_on.by_hand)(*arguments, variables=deaths).stderr

    for _ in range(3):
        attempt()
    went_on_at_10 = read_journal(going_on.seed("results").journal)
    said = attempt()

    log, record = going_on.log("results"), read_run_record(going_on.seed("results"))
    assert went_on_at_10.columns["step"].tolist() == list(range(28))
    assert log.columns["step"].tolist() == list(range(30))
    assert log.columns["loss"].tolist() == pytest.approx([0.9 ** (step + 1) for step in range(30)])
    assert log.columns["val"][log.measured("val")].tolist() == pytest.approx(
        [0.9 ** (s + 1) / 2 for s in range(0, 30, 5)]
    )
    assert record is not None
    assert (record.status, record.attempt, record.resumed_from_tick) == ("done", 4, 20)
    words = "the first 20 ticks (step 0 to 19) are from an interrupted attempt; this one continued at step 20 without"
    if not launched:
        assert words in said
    assert [remark[: len(words)] for remark in log.remarks][-1] == words
    assert len(log.remarks) == 2


@pytest.mark.slow
def test_an_attempt_that_begins_at_the_beginning_begins_anew(going_on: Project) -> None:
    going_on.by_hand("-exp_dir", "results", variables={"DIE_AT": " 4 "})

    run = going_on.by_hand("-exp_dir", "results", variables={"DIE_AT": " 4 "})

    log, record = going_on.log("results"), read_run_record(going_on.seed("results"))
    assert log.columns["step"].tolist() == list(range(30))
    assert (log.remarks, "interrupted" in run.stderr) == ((), False)
    assert record is not None
    assert record.resumed_from_tick is None


@pytest.mark.slow
def test_ticks_of_another_configuration_are_not_kept_which_is_said(going_on: Project) -> None:
    going_on.by_hand("-exp_dir", "results", variables={"DIE_AT": " 13 "})
    content = json.loads((going_on.path / "config.json").read_text())
    content["train_config"]["lrate"] = 7
    (going_on.path / "config.json").write_text(json.dumps(content))

    run = going_on.by_hand("-exp_dir", "results", variables={"DIE_AT": " 13 "})

    log = going_on.log("results")
    assert log.columns["step"].tolist() == list(range(10, 30))
    assert "the 14 ticks of an interrupted attempt (step 0 to 13) were dropped" in run.stderr
    assert (
        "they belong to another configuration or command line. Use mle.resume() to continue log and random numbers."
        in run.stderr
    )
    assert [remark[:12] for remark in log.remarks] == ["the 14 ticks"]


CONTENT: dict[str, Any] = {"train_config": {}, "log_config": {"time_to_track": ["step"], "what_to_track": ["x"]}}
IDENTITY = identity_of(CONTENT, [])


def left(journal: Path, times: list[Any], name: str = "step") -> Path:
    writer = JournalWriter(journal, [name], ["x"], {"seed": 0, "identity": IDENTITY})
    for time in times:
        writer.append({name: time}, {"x": 0.5}, True)
    writer.release()
    return journal


def kept(journal: Path, tick: Mapping[str, Any]) -> int | None:
    found = continuation(journal, IDENTITY, 0, tick, (list(tick), ["x"]))
    return None if found is None else found.n_ticks


@pytest.mark.parametrize(
    ("times", "now", "n_kept"),
    [
        ([0, 1, 2, 3], 2, 2),
        ([0, 1, 2, 3], 4, 4),
        ([0, 1, 2, 3], 9, 4),
        ([0, 1, 2, 3], 0, None),
        ([10, 20, 30], 5, None),
        ([0], 1, 1),
        ([37, 80, 120], 41, None),
        ([37, 80, 120], 100, 2),
        ([0.5, 1.0, 1.5], 1.0, 1),
        ([0.31, 0.64, 0.92], 0.33, None),
        ([0.31, 0.64, 0.92], 0.7, 0),
        ([0, 1, 2, 1, 2, 3], 2, 2),
        ([], 3, None),
    ],
)
def test_what_is_kept_is_decided_by_the_first_time(
    tmp_path: Path, times: list[Any], now: Any, n_kept: int | None
) -> None:
    assert kept(left(tmp_path / "journal.bin", times), {"step": now}) == n_kept


@pytest.mark.parametrize("scale", [1, 1000, 10**9])
def test_a_clock_is_later_in_every_attempt_and_says_nothing(tmp_path: Path, scale: int) -> None:
    import time

    now = int(time.time() * scale)
    assert kept(left(tmp_path / "journal.bin", [now - 50 * scale, now - 40 * scale], "stamp"), {"stamp": now}) is None
    assert kept(left(tmp_path / "other.bin", [1, 2, 3], "time_elapsed"), {"time_elapsed": 3}) is None


def test_a_run_that_is_killed_while_it_takes_over_ticks_has_lost_none_of_them(tmp_path: Path) -> None:
    journal = left(tmp_path / "journal.bin", [0, 1, 2, 3, 4])
    before = journal.read_bytes()
    writer = JournalWriter(journal, ["step"], ["x"], {"seed": 0, "identity": IDENTITY})
    writer.go_on_behind(3, ["kept"])
    writer.append({"step": 3}, {"x": 1.5}, True)
    writer.close()
    after = journal.read_bytes()
    n_same = next(place for place, (a, b) in enumerate(zip(before, after, strict=False)) if a != b)

    for size in range(n_same, len(after) + 1):
        journal.write_bytes(after[:size])
        log = read_journal(journal)
        n_new = log.n_ticks - 3
        assert n_new in (0, 1)
        assert log.columns["step"].tolist() == list(range(log.n_ticks))
        assert log.columns["x"].tolist() == [0.5] * 3 + [1.5] * n_new
        assert kept(journal, {"step": 3}) == 3


@pytest.mark.slow
def test_clocks_of_the_logs_own_go_on_behind_what_is_kept(project: Project) -> None:
    project.write_script(SCRIPT.replace(', **({"val": weight / 2} if step % 5 == 0 else {})', ""))
    project.write_configuration("config.json", time_to_track=["step", "num_updates", "time_elapsed"])
    for _ in range(2):
        project.by_hand("-exp_dir", "results", variables={"DIE_AT": " 13 "})

    log = project.log("results")

    assert log.columns["num_updates"].tolist() == list(range(1, 31))
    elapsed = log.columns["time_elapsed"].tolist()
    assert elapsed == sorted(elapsed)

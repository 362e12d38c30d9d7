"""What a run leaves for another one to go on from, and what that one takes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from mle_toolbox.experiment.handed_on import HandedOn, checkpoint_owner, keep_checkpoint, read_handed_on
from mle_toolbox.layout import ExperimentFolder, SeedFolder
from mle_toolbox.log.journal import JournalWriter
from mle_toolbox.log.run_record import RunRecord
from mle_toolbox.log.sealing import commit_log, prepare_log

DIGEST = "c" * 64
SEED = 3
Tick = tuple[Mapping[str, Any], Mapping[str, Any]]

TICKS: Sequence[Tick] = [
    ({"step": 10}, {"loss": 0.5, "accuracy": 0.25}),
    ({"step": 20}, {"loss": 0.25}),
    ({"step": 30}, {"loss": 0.125, "accuracy": 0.75}),
]


def checkpoint(n_ticks: int, *, digest: str = DIGEST, extra: Mapping[str, Any] | None = None) -> Checkpoint:
    owner = checkpoint_owner(digest, SEED, extra or {})
    return Checkpoint({"weights": [1.0, 2.0]}, n_ticks, {}, None, owner, 12.5, 7)


def parent_run(
    experiment: Path,
    *,
    ticks: Sequence[Tick] = TICKS,
    n_ticks: int | None = None,
    search_type: str = "halving",
    extra: Mapping[str, Any] | None = None,
    kept: bool = True,
) -> SeedFolder:
    """Return the folder of a run of trial_0001 that ended well, with a checkpoint after ``n_ticks`` of its ticks."""
    folder = ExperimentFolder(experiment).seed_run("trial_0001", SEED)
    folder.path.mkdir(parents=True)
    (folder.path.parent / "trial.json").write_text(json.dumps({"search_type": search_type}))
    metrics = list(dict.fromkeys(name for _, measured in ticks for name in measured))
    writer = JournalWriter(folder.journal, list(ticks[0][0]), metrics, {"configuration": "trial_0001", "seed": SEED})
    for time, measured in ticks:
        writer.append(time, measured, False)
    writer.close()
    prepare_log(folder, {}, len(ticks))
    write_checkpoint(folder.checkpoint, checkpoint(len(ticks) if n_ticks is None else n_ticks, extra=extra))
    if kept:
        keep_checkpoint(folder)
    commit_log(folder, RunRecord(configuration="trial_0001", seed=SEED, config_sha256=DIGEST))
    folder.checkpoint.unlink(missing_ok=True)
    return folder


def handed_on(experiment: Path, *, extra: Mapping[str, Any] | None = None, file: Path | None = None) -> HandedOn:
    return read_handed_on("trial_0001", SEED, extra or {}, experiment, file)


# -- whose checkpoint it is


arguments = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=4)


@given(extra=arguments, order=st.randoms())
def test_the_order_of_further_arguments_does_not_change_the_owner(extra: dict[str, Any], order: Any) -> None:
    shuffled = list(extra.items())
    order.shuffle(shuffled)

    assert checkpoint_owner(DIGEST, SEED, dict(shuffled)) == checkpoint_owner(DIGEST, SEED, extra)


@given(one=st.tuples(st.sampled_from("ab"), st.integers(0, 2), arguments), other=st.data())
def test_another_configuration_seed_or_command_line_is_another_owner(
    one: tuple[str, int, dict[str, Any]], other: st.DataObject
) -> None:
    two = other.draw(st.tuples(st.sampled_from("ab"), st.integers(0, 2), arguments))

    assert (checkpoint_owner(*one) == checkpoint_owner(*two)) == (one == two)


# -- what is kept


@pytest.mark.parametrize("search_type", ["halving", "hyperband", "pbt"])
def test_a_run_that_may_be_trained_further_keeps_its_last_checkpoint_when_the_file_is_removed(
    search_type: str, tmp_path: Path
) -> None:
    folder = parent_run(tmp_path, search_type=search_type)

    assert not folder.checkpoint.exists()
    assert read_checkpoint(folder.kept_checkpoint) == checkpoint(3)


@pytest.mark.parametrize("search_type", ["grid", "random", "smbo", "coordinate", "Halving", ""])
def test_a_run_of_another_search_keeps_nothing(search_type: str, tmp_path: Path) -> None:
    assert not parent_run(tmp_path, search_type=search_type).kept_checkpoint.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"search_type": null}', '{"search_type": ["pbt"]}', "\0"])
def test_a_trial_that_cannot_be_read_keeps_nothing_and_fails_nothing(content: str, tmp_path: Path) -> None:
    folder = parent_run(tmp_path, kept=False)
    write_checkpoint(folder.checkpoint, checkpoint(3))
    (folder.path.parent / "trial.json").write_text(content)

    keep_checkpoint(folder)

    assert not folder.kept_checkpoint.exists()


def test_a_run_that_is_no_trial_keeps_nothing(tmp_path: Path) -> None:
    folder = parent_run(tmp_path, kept=False)
    write_checkpoint(folder.checkpoint, checkpoint(3))
    (folder.path.parent / "trial.json").unlink()

    keep_checkpoint(folder)

    assert not folder.kept_checkpoint.exists()


def test_a_script_that_saves_no_checkpoint_leaves_none(tmp_path: Path) -> None:
    folder = parent_run(tmp_path, kept=False)

    keep_checkpoint(folder)

    assert not folder.kept_checkpoint.exists()


def test_a_later_attempt_replaces_what_was_kept_and_what_a_kill_left_half_done(tmp_path: Path) -> None:
    folder = parent_run(tmp_path)
    folder.kept_checkpoint.with_suffix(".new").write_bytes(b"of an attempt that was killed")
    write_checkpoint(folder.checkpoint, checkpoint(2))

    keep_checkpoint(folder)

    assert read_checkpoint(folder.kept_checkpoint) == checkpoint(2)
    assert not folder.kept_checkpoint.with_suffix(".new").exists()


# -- what is taken


def test_a_run_goes_on_with_the_state_and_the_ticks_up_to_the_checkpoint(tmp_path: Path) -> None:
    parent_run(tmp_path, n_ticks=2)

    found = handed_on(tmp_path)

    assert found.checkpoint == checkpoint(2)
    assert list(found.ticks) == TICKS[:2]


def test_values_are_plain_numbers_and_arrays_stay_arrays(tmp_path: Path) -> None:
    parent_run(tmp_path, ticks=[({"step": k}, {"loss": 0.5, "by_class": np.array([k, k + 0.5])}) for k in range(2)])

    (time, metrics), _ = handed_on(tmp_path).ticks

    assert [type(time["step"]), type(metrics["loss"])] == [int, float]
    assert metrics["by_class"].tolist() == [0, 0.5]


numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)
ticks = st.lists(st.tuples(numbers, st.none() | numbers), min_size=1, max_size=8)


@settings(max_examples=15, deadline=None)
@given(measured=ticks, at=st.data())
def test_any_ticks_are_handed_on_as_they_were_logged(measured: list[tuple[float, float | None]], at: Any) -> None:
    logged: list[Tick] = [
        ({"step": k}, {"loss": loss, **({} if other is None else {"other": other})})
        for k, (loss, other) in enumerate(measured)
    ]
    n_ticks = at.draw(st.integers(0, len(logged)))
    with TemporaryDirectory() as place:
        parent_run(Path(place), ticks=logged, n_ticks=n_ticks)

        found = handed_on(Path(place))

    assert list(found.ticks) == logged[:n_ticks]


def test_a_run_by_hand_finds_it_beside_the_file_of_its_configuration(tmp_path: Path) -> None:
    parent_run(tmp_path / "experiments")
    file = tmp_path / "experiments" / "trial_0002" / "trial_0002.json"

    assert handed_on(tmp_path / "by-hand", file=file).checkpoint == checkpoint(3)


def test_the_folder_of_the_results_comes_before_that_of_the_configuration(tmp_path: Path) -> None:
    parent_run(tmp_path / "results", n_ticks=1)
    parent_run(tmp_path / "experiments", n_ticks=2)
    file = tmp_path / "experiments" / "trial_0002" / "trial_0002.json"

    assert handed_on(tmp_path / "results", file=file).checkpoint.n_ticks == 1


# -- what is refused, each time in a sentence, after which the run starts from scratch


def test_a_script_without_checkpoints_is_named_as_the_reason(tmp_path: Path) -> None:
    parent_run(tmp_path, kept=False)

    with pytest.raises(ResultsError, match=r"trial_0001 has left no checkpoint: its script calls no mle\.checkpoint"):
        handed_on(tmp_path)


@pytest.mark.parametrize("extra", [{}, {"noise": 0.2}, {"noise": 0.1, "more": 1}])
def test_a_checkpoint_of_another_command_line_is_refused(extra: dict[str, Any], tmp_path: Path) -> None:
    parent_run(tmp_path, extra={"noise": 0.1})

    with pytest.raises(ResultsError, match="belongs to another configuration, seed or command line"):
        handed_on(tmp_path, extra=extra)
    assert handed_on(tmp_path, extra={"noise": 0.1}).checkpoint.n_ticks == 3


def test_a_checkpoint_of_another_content_of_the_configuration_is_refused(tmp_path: Path) -> None:
    folder = parent_run(tmp_path)
    write_checkpoint(folder.kept_checkpoint, checkpoint(3, digest="d" * 64))

    with pytest.raises(ResultsError, match="belongs to another configuration, seed or command line"):
        handed_on(tmp_path)


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    folder = parent_run(tmp_path)
    folder.kept_checkpoint.write_bytes(folder.kept_checkpoint.read_bytes()[:-3])

    with pytest.raises(ResultsError, match=r"checkpoint_kept\.pkl is damaged"):
        handed_on(tmp_path)


def test_a_checkpoint_without_the_record_of_its_run_is_refused(tmp_path: Path) -> None:
    folder = parent_run(tmp_path)
    folder.run_record.unlink()

    with pytest.raises(ResultsError, match="has no record of its run"):
        handed_on(tmp_path)


def test_a_log_that_ends_before_the_checkpoint_is_refused(tmp_path: Path) -> None:
    folder = parent_run(tmp_path)
    write_checkpoint(folder.kept_checkpoint, dataclasses.replace(checkpoint(3), n_ticks=4))

    with pytest.raises(ResultsError, match="has 3 ticks, fewer than at the checkpoint"):
        handed_on(tmp_path)


def test_a_run_whose_log_is_gone_is_refused(tmp_path: Path) -> None:
    folder = parent_run(tmp_path)
    folder.log.unlink()

    with pytest.raises(ResultsError, match=r"log\.h5"):
        handed_on(tmp_path)

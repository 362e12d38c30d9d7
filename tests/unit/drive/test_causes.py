"""Failures that are the same, and how they are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from mle_toolbox.drive.causes import Failure, excerpt, failure_of, grouped, runs_in_words
from mle_toolbox.layout import SeedFolder
from mle_toolbox.log.run_record import RunRecord

TRACEBACK = """\
Epoch 1
Traceback (most recent call last):
  File "{project}/train.py", line {line}, in <module>
    main()
  File "{project}/model.py", line 7, in forward
    return layer(x)
  File "/env/lib/python3.11/site-packages/torch/nn/modules/linear.py", line 114, in forward
    return F.linear(input)
RuntimeError: shapes ({seed}x3 and 4x5) cannot be multiplied
"""
EVERY = [(name, seed) for name in ("adam_small", "adam_large", "adam_huge", "sgd") for seed in range(3)]


def failed(project: Path, seed: int, *, line: int = 41, reason: str | None = None, text: str = TRACEBACK) -> Failure:
    folder = SeedFolder(project / "results" / "a" / f"seed_{seed}")
    folder.path.mkdir(parents=True, exist_ok=True)
    (folder.path / "err.txt").write_text(text.format(project=project, line=line, seed=seed))
    record = RunRecord(
        status="failed", reason=reason or f"RuntimeError: shapes ({seed}x3 and 4x5) cannot be multiplied"
    )
    return failure_of(folder, record, "err.txt", project)


def test_the_same_error_at_the_same_place_is_one_failure_whatever_its_message(tmp_path: Path) -> None:
    groups = grouped({("a", seed): failed(tmp_path, seed) for seed in range(3)})

    assert [group.runs for group in groups] == [[("a", 0), ("a", 1), ("a", 2)]]
    assert groups[0].failure.headline == "RuntimeError at model.py:7"


def test_another_kind_of_error_is_another_failure_and_the_commonest_comes_first(tmp_path: Path) -> None:
    other = failed(tmp_path, 9, reason="ended by SIGKILL: somebody killed it, or it needed more memory than there was")

    groups = grouped({("b", 9): other, ("a", 0): failed(tmp_path, 0), ("a", 1): failed(tmp_path, 1)})

    assert [len(group.runs) for group in groups] == [2, 1]
    assert groups[1].failure.headline.startswith("ended by SIGKILL")


def test_a_traceback_that_was_printed_and_survived_is_not_the_reason(tmp_path: Path) -> None:
    failure = failed(tmp_path, 0, reason="ended by SIGSEGV: a library that it uses has crashed")

    assert failure.error is None
    assert failure.place is None


def test_reasons_that_differ_in_numbers_only_are_the_same(tmp_path: Path) -> None:
    failures = {
        ("a", seed): failure_of(
            SeedFolder(tmp_path / f"seed_{seed}"), None, "err.txt", tmp_path, f"Task 12.{seed} ended on node{seed}."
        )
        for seed in range(3)
    }

    assert len(grouped(failures)) == 1


def test_the_excerpt_has_the_users_own_calls_first_and_the_library_in_one_line(tmp_path: Path) -> None:
    assert excerpt(failed(tmp_path, 0), tmp_path) == [
        "model.py:7 in forward: return layer(x)",
        "train.py:41: main()",
        "raised in torch/nn/modules/linear.py:114 (1 call in libraries)",
    ]


def test_advice_behind_a_traceback_stays_in_the_excerpt(tmp_path: Path) -> None:
    failure = failed(tmp_path, 0, text=TRACEBACK + "mle-toolbox: Did you mean 'mle.train_config'?\n")

    assert excerpt(failure, tmp_path)[-1] == "mle-toolbox: Did you mean 'mle.train_config'?"


def test_without_a_traceback_the_excerpt_is_the_end_of_what_was_written(tmp_path: Path) -> None:
    failure = failed(tmp_path, 0, text="Epoch 1\nEpoch 2\nKilled\n", reason="ended by SIGKILL")

    assert excerpt(failure, tmp_path) == ["Epoch 1", "Epoch 2", "Killed"]


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        (EVERY, "all of them"),
        ([run for run in EVERY if run[0] != "sgd"], "all of adam_*"),
        ([run for run in EVERY if run[0] == "sgd"], "all of sgd"),
        ([("sgd", 0), ("sgd", 1)], "sgd seeds 0-1"),
        ([("sgd", 2)], "sgd seed 2"),
        ([("sgd", 2), ("adam_huge", 2)], "seed 2 of sgd and adam_huge"),
        ([run for run in EVERY if run[1] == 0], "seed 0 of every configuration"),
        ([*(run for run in EVERY if run[0] == "sgd"), ("adam_huge", 1)], "all of sgd and adam_huge seed 1"),
    ],
)
def test_seed_runs_are_named_as_briefly_as_they_can_be(runs: list[tuple[str, int]], words: str) -> None:
    assert runs_in_words(runs, EVERY) == words

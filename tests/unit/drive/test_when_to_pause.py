"""When `mle run` starts no more seed runs; tests/workflow/test_pausing.py shows that it then really starts none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mle_toolbox.drive.causes import FailuresSoFar
from mle_toolbox.drive.pausing import Pausing, Rule
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import RunRecord, write_run_record
from mle_toolbox.snakemake_side.job_events import Tally

EXPERIMENT = """\
meta_job_args: {project_name: p, job_type: multiple-experiments, base_train_fname: train.py, experiment_dir: results/}
multi_experiment_args: {config_fnames: [a.json, b.json], num_seeds: 20}
single_job_args: {retries: RETRIES}
"""


class Call:
    """A call of `mle run` of which one seed run after the other ends."""

    def __init__(self, folder: Path, rule: Rule = "alike", *, is_local: bool = True, retries: int = 0) -> None:
        (folder / "train.py").write_text("from mle_toolbox import MLExperiment\nmle = MLExperiment()\n")
        content = {"log_config": {"time_to_track": ["step"], "what_to_track": ["loss"]}}
        for number, name in enumerate("ab"):
            (folder / f"{name}.json").write_text(json.dumps({**content, "train_config": {"n": number}}))
        (folder / "exp.yaml").write_text(EXPERIMENT.replace("RETRIES", str(retries)))
        plan: Plan = load_plan(folder / "exp.yaml")
        self._folder = ExperimentFolder(plan.experiment_path)
        self.mark = folder / "pause"
        self.tally = Tally(total=len(plan.seed_runs), due=plan.seed_runs)
        self.tally.count({"event": "plan", "jobs": {"train": len(plan.seed_runs)}})
        self._failures = FailuresSoFar(self._folder, plan.job.err_file, plan.project_dir)
        self._pausing = Pausing(plan, self._failures, rule, is_local=is_local, events=folder / "events.jsonl")

    def run(self, name: str, seed: int, reason: str | None) -> None:
        wildcards = {"configuration": name, "seed": str(seed)}
        self.tally.count(
            {"event": "job", "id": (number := hash((name, seed))), "rule": "train", "wildcards": wildcards}
        )
        if reason is None:
            self.tally.count({"event": "finished", "id": number})
            return
        run = self._folder.seed_run(name, seed)
        run.path.mkdir(parents=True, exist_ok=True)
        write_run_record(run, RunRecord(status="failed", reason=reason))
        self.tally.count({"event": "failed", "id": number})

    @property
    def is_paused(self) -> bool:
        self._failures.look(self.tally)
        self._pausing.look(self.tally)
        assert self.mark.exists() == (self._pausing.cause is not None)
        return self._pausing.cause is not None


RUNS = [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2), ("b", 2), ("a", 3), ("b", 3), ("a", 4), ("b", 4)]


def test_three_seed_runs_that_fail_alike_are_enough_here(tmp_path: Path) -> None:
    call = Call(tmp_path)

    call.run("a", 0, "ValueError: loss 0.1")
    call.run("b", 0, "ValueError: loss 0.25")
    before = call.is_paused
    call.run("a", 1, "ValueError: loss 0.3")

    assert (before, call.is_paused) == (False, True)


def test_as_many_as_run_at_a_time_have_to_fail(tmp_path: Path) -> None:
    call = Call(tmp_path)
    for seed in range(5):
        wildcards = {"configuration": "a", "seed": str(10 + seed)}
        call.tally.count({"event": "job", "id": seed, "rule": "train", "wildcards": wildcards})
    assert not call.is_paused

    seen = []
    for name, seed in RUNS[:5]:
        call.run(name, seed, "ValueError")
        seen.append(call.is_paused)

    assert seen == [False, False, False, False, True]


def test_on_a_cluster_it_takes_ten(tmp_path: Path) -> None:
    call = Call(tmp_path, is_local=False)

    seen = []
    for name, seed in RUNS:
        call.run(name, seed, "ValueError")
        seen.append(call.is_paused)

    assert seen == [False] * 9 + [True]


@pytest.mark.parametrize(
    "ends",
    [
        ["ValueError", "KeyError", "ValueError", "ValueError"],  # not all for the same reason
        [None, "ValueError", "ValueError", "ValueError", "ValueError"],  # one has ended well
    ],
)
def test_seed_runs_that_end_in_different_ways_pause_nothing(tmp_path: Path, ends: list[str | None]) -> None:
    call = Call(tmp_path)

    for (name, seed), end in zip(RUNS, ends, strict=False):
        call.run(name, seed, end)

    assert not call.is_paused


def test_the_seeds_of_one_configuration_alone_pause_nothing(tmp_path: Path) -> None:
    call = Call(tmp_path)

    for seed in range(8):
        call.run("a", seed, "ValueError")
    before = call.is_paused
    call.run("b", 0, "ValueError")

    assert (before, call.is_paused) == (False, True)


def test_a_seed_run_that_is_tried_again_has_not_failed_yet(tmp_path: Path) -> None:
    call = Call(tmp_path, retries=1)

    for name, seed in RUNS[:4]:
        call.run(name, seed, "ValueError")
    before = call.is_paused
    for name, seed in RUNS[:3]:
        call.run(name, seed, "ValueError")

    assert (before, call.is_paused) == (False, True)


def test_keep_going_never_pauses_and_fail_fast_at_the_first_failure(tmp_path: Path) -> None:
    (tmp_path / "never").mkdir()
    (tmp_path / "first").mkdir()
    never, first = Call(tmp_path / "never", "never"), Call(tmp_path / "first", "first")

    for name, seed in RUNS:
        never.run(name, seed, "ValueError")
    first.run("a", 0, "ValueError")

    assert not never.is_paused
    assert first.is_paused


def test_with_nothing_left_to_start_there_is_nothing_to_pause(tmp_path: Path) -> None:
    call = Call(tmp_path)

    for name in "ab":
        for seed in range(20):
            call.run(name, seed, "ValueError")

    assert not call.is_paused

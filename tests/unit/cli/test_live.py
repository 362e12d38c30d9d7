"""The screen of `mle run`, drawn from the files and events of runs that are made up."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from rich.console import Console

from mle_toolbox.cli.live import watching
from mle_toolbox.drive.causes import FailuresSoFar
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.journal import JournalWriter
from mle_toolbox.log.run_record import RunRecord, write_run_record
from mle_toolbox.snakemake_side.job_events import Tally
from mle_toolbox.terminal_text import as_on_terminal

EXPERIMENT = """\
meta_job_args: {project_name: p, job_type: multiple-experiments, base_train_fname: train.py, experiment_dir: results/}
multi_experiment_args: {config_fnames: CONFIGURATIONS, num_seeds: 20}
"""
TRACEBACK = """\
Traceback (most recent call last):
  File "{project}/train.py", line 41, in step
    mle.update_log(time, {{"acc": 1}})
ValueError: seed {seed} is too much
"""


class Screen:
    """A screen, and an experiment of two configurations that is made up step by step."""

    def __init__(self, plan: Plan, width: int, height: int, *, is_terminal: bool) -> None:
        self.plan = plan
        self.tally = Tally(total=len(plan.seed_runs), due=plan.seed_runs)
        self.paused: str | None = None
        self._file = io.StringIO()
        self._console = Console(
            file=self._file, width=width, height=height, force_terminal=is_terminal, color_system=None, soft_wrap=True
        )
        self._folder = ExperimentFolder(plan.experiment_path)
        self._jobs: dict[tuple[str, int], int] = {}
        self._stack = ExitStack()
        self.count({"event": "plan", "jobs": {"train": len(plan.seed_runs), "merge": 2}})

    def count(self, event: dict[str, object]) -> None:
        self.tally.count(event)

    def start(self, name: str, seed: int, *, ticks: int = 0, ago: float = 0.0) -> None:
        number = self._jobs[name, seed] = len(self._jobs)
        wildcards = {"configuration": name, "seed": str(seed)}
        self.count({"event": "job", "id": number, "rule": "train", "wildcards": wildcards, "at": time.time() - ago})
        run = self._folder.seed_run(name, seed)
        run.path.mkdir(parents=True, exist_ok=True)
        journal = JournalWriter(run.journal, ["step"], ["loss"])
        self._stack.callback(journal.close)
        for step in range(ticks):
            journal.append({"step": step}, {"loss": 1 / (step + 1)}, save=True)

    def finish(self, name: str, seed: int, *, ticks: int) -> None:
        record = RunRecord(status="done", ticks=ticks, start="2026-01-01T00:00:00", end="2026-01-01T00:01:00")
        write_run_record(self._folder.seed_run(name, seed), record)
        self.count({"event": "finished", "id": self._jobs[name, seed]})

    def fail(self, name: str, seed: int, *, status: str = "failed") -> None:
        run = self._folder.seed_run(name, seed)
        (run.path / self.plan.job.err_file).write_text(TRACEBACK.format(project=self.plan.project_dir, seed=seed))
        write_run_record(run, RunRecord(status=status, reason=f"ValueError: seed {seed} is too much"))
        self._stack.close()
        self.count({"event": "failed", "id": self._jobs[name, seed]})

    def show(self, looks: int = 1) -> list[str]:
        """Return what is on the screen, without what is erased again."""
        self._file.truncate(0)
        self._file.seek(0)
        failures = FailuresSoFar(self._folder, self.plan.job.err_file, self.plan.project_dir)
        with watching(self._console, self.plan, failures, is_local=True, pausing=lambda: self.paused) as watch:
            for _ in range(looks):
                watch(self.tally)
            shown = self._file.getvalue()
        self._stack.close()
        return [line.rstrip() for line in as_on_terminal(shown, 500) if line.strip()]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    (tmp_path / "train.py").write_text("from mle_toolbox import MLExperiment\nmle = MLExperiment()\n")
    content = {"train_config": {}, "log_config": {"time_to_track": ["step"], "what_to_track": ["loss"]}}
    for number, name in enumerate(("adam", "sgd")):
        (tmp_path / f"{name}.json").write_text(json.dumps({**content, "train_config": {"n": number}}))
    (tmp_path / "exp.yaml").write_text(EXPERIMENT.replace("CONFIGURATIONS", "[adam.json, sgd.json]"))
    return load_plan(tmp_path / "exp.yaml")


@pytest.fixture
def screen(plan: Plan) -> Callable[..., Screen]:
    return lambda width=80, height=24, *, is_terminal=True: Screen(plan, width, height, is_terminal=is_terminal)


def test_what_runs_is_shown_with_its_tick_and_the_last_value_of_the_first_metric(
    screen: Callable[..., Screen],
) -> None:
    terminal = screen()
    terminal.start("adam", 0, ticks=50, ago=50)
    terminal.start("sgd", 0, ago=7)

    lines = terminal.show()

    assert "  2 running, 38 waiting" in lines
    assert "  adam  seed 0  tick 50           loss 0.02" in lines
    assert any(line.startswith("  sgd   seed 0  no tick yet, ") for line in lines)
    assert not any("left" in line for line in lines)  # nothing is known yet


def test_the_time_left_and_the_number_of_ticks_are_known_from_the_first_seed_run_that_ended(
    screen: Callable[..., Screen],
) -> None:
    terminal = screen()
    terminal.start("adam", 0, ago=100)
    terminal.finish("adam", 0, ticks=100)
    terminal.start("adam", 1, ticks=50, ago=50)

    lines = terminal.show()

    assert any("tick 50 of 100" in line and line.endswith("50 s left") for line in lines)
    assert "1/40" in lines[0]
    assert re.search(r"about 1 h [34] min left$", lines[0])  # 38 more, one at a time


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 24), (60, 12)])
def test_with_many_cores_the_screen_fits_and_each_configuration_has_a_line(
    screen: Callable[..., Screen], width: int, height: int
) -> None:
    terminal = screen(width, height)
    for name in ("adam", "sgd"):
        for seed in range(18):
            terminal.start(name, seed, ticks=seed, ago=20)

    lines = terminal.show()

    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    assert any(line.startswith("  adam  18 seeds  tick 0 to 17") for line in lines)


def test_the_first_failure_of_a_kind_is_told_above_the_bar_and_all_are_counted_below(
    screen: Callable[..., Screen],
) -> None:
    terminal = screen()
    for seed in range(3):
        terminal.start("adam", seed)
        terminal.fail("adam", seed)

    lines = terminal.show()

    assert lines[:2] == [
        "adam seed 0: ValueError: seed 0 is too much",
        '  train.py:41 in step: mle.update_log(time, {"acc": 1})',
    ]
    assert lines[2].startswith("seed runs")
    assert lines[-1] == "  3 failed: ValueError at train.py:41, adam seeds 0-2"


def test_merging_and_the_report_are_named_when_all_seed_runs_have_ended(
    plan: Plan, screen: Callable[..., Screen]
) -> None:
    terminal = screen()
    for number, run in enumerate(plan.seed_runs):
        wildcards = {"configuration": run[0], "seed": str(run[1])}
        terminal.count({"event": "job", "id": number, "rule": "train", "wildcards": wildcards})
        terminal.count({"event": "finished", "id": number})
    for number, name in ((100, "adam"), (101, "sgd")):
        terminal.count({"event": "job", "id": number, "rule": "merge", "wildcards": {"configuration": name}})
        terminal.count({"event": "finished", "id": 100})

    merging = terminal.show()
    terminal.count({"event": "finished", "id": 101})
    terminal.count({"event": "job", "id": 102, "rule": "report", "wildcards": {}})

    assert merging[0].endswith("merging 2 of 2")
    assert terminal.show()[0].endswith("writing the report")


def test_a_pause_is_told_and_no_time_left_with_it(screen: Callable[..., Screen]) -> None:
    terminal = screen()
    terminal.start("adam", 0, ago=100)
    terminal.finish("adam", 0, ticks=100)
    terminal.paused = "Paused: the first 3 seed runs have failed alike."

    lines = terminal.show()

    assert lines[-1] == "Paused: the first 3 seed runs have failed alike."
    assert "left" not in lines[0]


def test_what_was_moved_is_told_above_the_bar_and_breaks_between_words(screen: Callable[..., Screen]) -> None:
    terminal = screen()
    said = "small_steps: 3 seed runs set aside; undo the edit, and the next run restores them."
    terminal.tally.said.append((said, False))

    lines = terminal.show()

    assert lines[:2] == [said.removesuffix(" them."), "them."]


def test_nothing_is_said_to_have_failed_or_not_while_seed_runs_still_wait(screen: Callable[..., Screen]) -> None:
    log = screen(is_terminal=False)
    log.tally = Tally(total=6)
    log.count({"event": "plan", "jobs": {"train": 1}})

    waiting = log.show()
    log.start("adam", 0)
    log.finish("adam", 0, ticks=1)

    assert waiting == ["5 of 6 seed runs done; 1 waiting"]
    assert log.show() == ["6 of 6 seed runs done; nothing failed"]


def test_what_has_failed_before_and_is_not_tried_again_is_counted(screen: Callable[..., Screen]) -> None:
    log = screen(is_terminal=False)
    log.tally = Tally(total=6)
    log.count({"event": "failed before", "number": 2})
    log.count({"event": "plan", "jobs": {}})

    assert log.show() == ["4 of 6 seed runs done; 2 failed before"]


def test_without_a_terminal_there_are_a_few_plain_lines(screen: Callable[..., Screen]) -> None:
    log = screen(is_terminal=False)
    log.start("adam", 0)
    log.start("adam", 1)
    log.fail("adam", 0)
    log.fail("adam", 1, status="stopped")

    lines = log.show(looks=5)

    assert lines == [
        "adam seed 0: ValueError: seed 0 is too much",
        '  train.py:41 in step: mle.update_log(time, {"acc": 1})',
        "0 of 40 seed runs done; 1 stopped, 1 failed",
    ]

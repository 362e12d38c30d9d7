"""`mle status`: the experiment file as it is now, what runs and how far it is, who drives it, and why runs failed."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mle_toolbox.cli import main
from mle_toolbox.drive.lock import driver_lock
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.journal import JournalWriter
from mle_toolbox.log.run_record import RunRecord, write_run_record

TRACEBACK = """Traceback (most recent call last):
  File "{project}/train.py", line 3, in <module>
    import torch
ModuleNotFoundError: No module named 'torch'
"""
REASON = "ModuleNotFoundError: No module named 'torch'"
EXPERIMENT = """\
meta_job_args:
    {{project_name: demo, job_type: multiple-experiments, base_train_fname: train.py, experiment_dir: results}}
multi_experiment_args: {{config_fnames: [{files}], num_seeds: {n_seeds}}}
single_job_args: {{num_logical_cores: 1, log_file: out.txt, err_file: err.txt}}
"""


def write_project(folder: Path, names: list[str], n_seeds: int) -> None:
    (folder / "train.py").touch()
    for name in names:
        content = {"train_config": {}, "log_config": {"time_to_track": ["step"], "what_to_track": ["loss"]}}
        (folder / f"{name}.json").write_text(json.dumps(content))
    files = ", ".join(json.dumps(f"{name}.json") for name in names)
    (folder / "exp.yaml").write_text(EXPERIMENT.format(files=files, n_seeds=n_seeds))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ExperimentFolder:
    """Two configurations of three seeds were started; since then [red] was added and c was taken out."""
    monkeypatch.chdir(tmp_path)
    write_project(tmp_path, ["a", "b", "[red]"], 3)
    folder = ExperimentFolder(tmp_path / "results")
    folder.path.mkdir()
    started = {"configurations": [{"name": "a"}, {"name": "b"}, {"name": "c"}], "seeds": [0, 1, 2]}
    folder.record.write_text(json.dumps(started))
    now = datetime.now(UTC)
    for seed in (0, 1):
        add(folder, "a", seed, status="done", ticks=100, start=stamp(now, -90), end=stamp(now, -40))
    for seed in (0, 1):
        run = add(folder, "b", seed, status="failed", start=stamp(now, -90), end=stamp(now, -80))
        write_run_record(
            folder.seed_run("b", seed), run._replace(reason="ModuleNotFoundError: No module named 'torch'")
        )
        (folder.seed_run("b", seed).path / "err.txt").write_text(TRACEBACK.format(project=tmp_path))
    add(folder, "c", 0, status="done", ticks=100)
    return folder


def stamp(now: datetime, seconds: int) -> str:
    return (now + timedelta(seconds=seconds)).isoformat()


def add(folder: ExperimentFolder, name: str, seed: int, **fields: object) -> RunRecord:
    run = folder.seed_run(name, seed)
    run.path.mkdir(parents=True)
    record = RunRecord(configuration=name, seed=seed, host="node7", pid=1, **fields)  # type: ignore[arg-type]
    write_run_record(run, record)
    if record.status == "done":
        run.log.touch()
    return record


@contextmanager
def running(folder: ExperimentFolder, name: str, seed: int, n_ticks: int) -> Iterator[None]:
    add(folder, name, seed, start=stamp(datetime.now(UTC), -25))
    writer = JournalWriter(folder.seed_run(name, seed).journal, ["step"], ["loss"])
    for step in range(n_ticks):
        writer.append({"step": step}, {"loss": 0.5}, save=True)
    yield
    writer.close()


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["status", *words]) == 0
    return capsys.readouterr().out


def test_what_is_new_due_and_no_longer_in_the_file_is_said(
    folder: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = said(capsys).splitlines()

    assert "due: 7 seed runs (3 new, 2 not started, 2 failed)" in lines
    assert "not in the experiment file any more: c" in lines
    assert "[red]" in "".join(lines)


def test_failures_are_headed_by_their_cause_and_alike_ones_are_one(
    folder: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = said(capsys).splitlines()

    at = lines.index("✗ ModuleNotFoundError: No module named 'torch' at train.py:3")
    assert lines[at + 1] == "  2 seed runs: b seeds 0-1"


def test_what_runs_has_its_tick_the_time_left_its_machine_and_since_when(
    folder: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(folder, "a", 2, n_ticks=50):
        out = said(capsys)
        content = json.loads(said(capsys, "--json"))

    (line,) = (line for line in out.splitlines() if line.startswith("▸ a seed 2"))
    words = line.split()
    assert line.split("  ")[1] == "tick 50 of 100"
    assert words[words.index("left") + 1 :][0] == "node7"
    assert "since" in words
    (run,) = (run for run in content["runs"] if run["status"] == "running")
    assert (run["ticks"], run["ticks_expected"]) == (50, 100)
    assert 15 < run["seconds_left"] < 60
    assert content["seconds_left"] == run["seconds_left"]


def test_while_nothing_is_known_no_time_is_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = ExperimentFolder(tmp_path)
    folder.record.write_text(json.dumps({"configurations": [{"name": "a"}], "seeds": [0]}))

    with running(folder, "a", 0, n_ticks=3):
        out = said(capsys, str(tmp_path))

    assert "tick 3" in out
    assert "left" not in out


def test_a_driver_is_named_with_its_machine_and_since_when(
    folder: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "no `mle run` is going on; the next one starts what is due" in said(capsys)

    with driver_lock(folder.driver, lambda _: None):
        out = said(capsys)
        content = json.loads(said(capsys, "--json"))

    assert f"`mle run` is going on: process {os.getpid()} on {os.uname().nodename}, since " in out
    assert content["driver"]["pid"] == os.getpid()


def test_json_has_the_cause_of_each_failure_and_what_is_due(
    folder: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.loads(said(capsys, "--json"))

    assert (content["due"], content["new"], content["driver"], content["dropped"]) == (7, 3, None, ["c"])
    (failure,) = content["failures"]
    assert failure["cause"] == "ModuleNotFoundError: No module named 'torch'"
    assert failure["place"] == "train.py:3"
    assert [each["seed"] for each in failure["runs"]] == [0, 1]


def test_many_configurations_are_counted_and_those_that_failed_have_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ExperimentFolder(tmp_path)
    names = [f"c{number:02d}" for number in range(30)]
    record = {"configurations": [{"name": name} for name in names], "seeds": list(range(60))}
    folder.record.write_text(json.dumps(record))
    for name in names[:20]:
        for seed in range(60):
            add(folder, name, seed, status="failed" if (name, seed) == ("c03", 7) else "done")

    lines = said(capsys, str(tmp_path)).splitlines()

    assert lines[0] == "19 of 30 configurations done, 1 with failed seeds, 10 not started"
    assert [line.split() for line in lines if line.startswith("c03")] == [
        ["c03", "59/60", "1", "failed", "✓", "59", "✗", "1"]
    ]
    assert "done: 19 configurations (c00, c01, … c19)" in lines
    assert len(lines) < 20


def test_looking_at_a_lock_leaves_it_free(folder: ExperimentFolder, capsys: pytest.CaptureFixture[str]) -> None:
    folder.driver.mkdir()
    with (folder.driver / "lock").open("w") as lock:
        said(capsys)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_narrow_terminal_breaks_lines_between_words_and_keeps_running_seeds_in_a_line_each(
    folder: ExperimentFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("FORCE_COLOR", "1"), ("COLUMNS", "36"), ("TERM", "xterm")):
        monkeypatch.setenv(name, value)

    with running(folder, "a", 2, n_ticks=50):
        out = said(capsys)
    lines = [re.sub("\x1b\\[[0-9;]*m", "", line).rstrip() for line in out.splitlines()]

    assert max(map(len, lines)) <= 36
    assert "✗ ModuleNotFoundError: No module" in lines
    assert "▸ a seed 2  tick 50 of 100" in lines, "without the machine"

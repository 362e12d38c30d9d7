"""`mle logs`: followed while it is written, of all that failed, and as a terminal shows it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mle_toolbox.cli import main
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.journal import JournalWriter
from mle_toolbox.log.run_record import RunRecord, write_run_record

MLE = [sys.executable, "-c", "import sys; from mle_toolbox.cli import main; sys.exit(main(sys.argv[1:]))"]
BAR = "".join(f"\repoch {epoch}:   0%\repoch {epoch}:  50%\repoch {epoch}: 100%\n" for epoch in (1, 2))


@pytest.fixture
def folder(tmp_path: Path) -> ExperimentFolder:
    """Seed 0 is about to start, seeds 1 and 2 have failed."""
    folder = ExperimentFolder(tmp_path)
    job = {"log_file": "out.txt", "err_file": "err.txt"}
    record = {"configurations": [{"name": "a"}], "seeds": [0, 1, 2, 3], "job": job}
    folder.record.write_text(json.dumps(record))
    for seed in range(3):
        run = folder.seed_run("a", seed)
        run.path.mkdir(parents=True)
        if seed:
            write_run_record(run, RunRecord(status="failed", reason=f"ValueError: {seed}"))
        (run.path / "out.txt").write_text(f"begin of {seed}\n")
        (run.path / "err.txt").write_text(BAR)
    return folder


def test_a_progress_bar_is_a_line_for_each_epoch_and_not_for_each_refresh(
    folder: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["logs", "a", "1", "--experiment", str(folder.path)])

    assert capsys.readouterr().out.splitlines() == ["begin of 1", "epoch 1: 100%", "epoch 2: 100%"]


def test_the_output_of_all_that_failed_is_printed_with_the_reasons(
    folder: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["logs", "--all-failed", "--tail", "1", "--experiment", str(folder.path)])

    printed = capsys.readouterr()
    assert printed.out.splitlines() == ["begin of 1", "epoch 2: 100%", "begin of 2", "epoch 2: 100%"]
    assert "a seed 1 failed: ValueError: 1" in printed.err
    assert "seed 0" not in printed.err


def test_an_option_that_does_not_fit_is_a_mistake_of_the_user(
    folder: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment = ["--experiment", str(folder.path)]

    assert main(["logs", "a", "1", "--all-failed", *experiment]) == 2
    assert main(["logs", *experiment]) == 2
    assert main(["logs", "b", "--all-failed", *experiment]) == 2
    assert "There is no configuration 'b'" in capsys.readouterr().err


def test_a_running_seed_run_is_followed_to_its_end(folder: ExperimentFolder) -> None:
    run = folder.seed_run("a", 0)
    writer = JournalWriter(run.journal, ["step"], ["loss"])
    command = [*MLE, "logs", "a", "0", "-f", "--tail", "1", "--experiment", str(folder.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as follower:
        assert follower.stdout is not None
        assert follower.stdout.readline() == "begin of 0\n"
        assert follower.stdout.readline() == "epoch 2: 100%\n"
        with (run.path / "err.txt").open("a") as file:
            file.write("\repoch 3:  50%\repoch 3: 100%\nno end of line")
        assert follower.stdout.readline() == "epoch 3: 100%\n"
        assert follower.poll() is None
        write_run_record(run, RunRecord(status="failed", reason="ValueError: 0"))
        writer.release()

        assert follower.stdout.read() == "no end of line\n"
        assert follower.wait(60) == 0


def test_on_a_terminal_a_bar_is_drawn_in_its_place(folder: ExperimentFolder) -> None:
    run = folder.seed_run("a", 0)
    writer = JournalWriter(run.journal, ["step"], ["loss"])
    (run.path / "out.txt").write_text("")
    (run.path / "err.txt").write_text("\rloading  10%")
    main_side, other_side = pty.openpty()
    command = [*MLE, "logs", "a", "0", "-f", "--experiment", str(folder.path)]
    follower = subprocess.Popen(command, stdin=other_side, stdout=other_side, stderr=other_side)
    seen = read_until(main_side, b"10%")

    with (run.path / "err.txt").open("a") as file:
        file.write("\rloading  90%")
    seen += read_until(main_side, b"90%")
    writer.release()
    write_run_record(run, RunRecord(status="failed", reason="ValueError: 0"))
    assert follower.wait(60) == 0
    os.close(other_side)
    os.close(main_side)

    assert b"loading  10%\r\x1b[Jloading  90%" in seen


def read_until(descriptor: int, text: bytes) -> bytes:
    seen, deadline = b"", time.monotonic() + 120
    while text not in seen and time.monotonic() < deadline:
        seen += os.read(descriptor, 4096)
    return seen

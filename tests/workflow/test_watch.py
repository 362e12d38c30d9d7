"""`mle watch` in a terminal of its own while an experiment runs, and without the packages that it needs."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import run_status

pytestmark = pytest.mark.slow

MLE = [sys.executable, "-c", "import sys; from mle_toolbox.cli import main; sys.exit(main(sys.argv[1:]))"]
WITHOUT_TEXTUAL = """
import sys
sys.modules["textual"] = None
from mle_toolbox.cli import main
sys.exit(main(["watch", sys.argv[1], "--picture", "x.svg"]))
"""
SCRIPT = """\
import time
from mle_toolbox import MLExperiment

with MLExperiment() as mle:
    for step in range(100_000):
        mle.update_log({"step": step}, {"loss": 1.0}, save=True)
        print("step", step, flush=True)
        time.sleep(0.05)
"""
EXPERIMENT = """\
meta_job_args: {project_name: demo, job_type: multiple-experiments, base_train_fname: train.py, experiment_dir: results}
multi_experiment_args: {config_fnames: [a.json], num_seeds: 1}
single_job_args: {num_logical_cores: 1, log_file: out.txt, err_file: err.txt}
"""
CONFIGURATION = '{"train_config": {}, "log_config": {"time_to_track": ["step"], "what_to_track": ["loss"]}}'
SECONDS = 240


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """An experiment that runs until it is stopped."""
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "exp.yaml").write_text(EXPERIMENT)
    (tmp_path / "a.json").write_text(CONFIGURATION)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    driver = subprocess.Popen([*MLE, "run", "--profile", "local", "--cores", "1"], cwd=tmp_path, **quiet)
    yield tmp_path
    subprocess.run([*MLE, "stop"], cwd=tmp_path, check=False, capture_output=True)
    driver.wait(SECONDS)


class Terminal:
    """A terminal of 80 columns and 24 lines with a command in it."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self.side, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color"}
        self.process = subprocess.Popen(command, cwd=folder, stdin=other, stdout=other, stderr=other, env=environment)
        os.close(other)
        self.seen = b""

    def wait_for(self, text: str) -> None:
        """Wait until a text has been drawn, after what was waited for before."""
        self.seen, deadline = b"", time.monotonic() + SECONDS
        while re.search(text.encode(), self.seen) is None:
            assert time.monotonic() < deadline, self.seen[-3000:]
            if select.select([self.side], [], [], 1)[0]:
                self.seen += os.read(self.side, 65536)

    def wait(self) -> int:
        """Wait for the end, and read meanwhile: who writes to a full terminal does not end."""
        deadline = time.monotonic() + SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.seen[-3000:]
            if select.select([self.side], [], [], 0.1)[0]:
                with contextlib.suppress(OSError):  # nobody has the other side open any more
                    self.seen += os.read(self.side, 65536)
        return self.process.wait()

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self.side, keys.encode())


def test_a_running_experiment_is_watched_and_a_run_of_it_stopped(project: Path) -> None:
    run = ExperimentFolder(project / "results").seed_run("a", 0)
    deadline = time.monotonic() + SECONDS
    while run_status(run) != "running":
        assert time.monotonic() < deadline
        time.sleep(0.1)

    terminal = Terminal([*MLE, "watch"], project)
    terminal.wait_for("1 running")
    terminal.press("o")
    terminal.wait_for(r"step \d+")
    terminal.press("\x1b")
    terminal.wait_for("mean over")
    terminal.press("x")
    terminal.wait_for("Stop a seed 0")
    terminal.press("y")
    while run_status(run) == "running":
        assert time.monotonic() < deadline + SECONDS
        time.sleep(0.1)
    terminal.press("q")

    assert terminal.wait() == 0
    assert run_status(run) == "stopped"
    os.close(terminal.side)


def test_without_textual_one_line_says_how_to_install_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TEXTUAL, tmp_path], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert done.stderr == (
        "mle watch needs textual and textual-plot. Install it: pip install 'mle-toolbox-snakemake[watch]'\n"
    )


def test_without_a_terminal_the_other_commands_are_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [*MLE, "watch", tmp_path], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )

    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert "mle status" in done.stderr

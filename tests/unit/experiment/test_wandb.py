"""Runs that are sent to Weights & Biases: real ones of its client, offline, read back from its files."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import wandb

from mle_toolbox.experiment import wandb_run
from mle_toolbox.experiment_file.configuration_identity import identity_of
from mle_toolbox.importers.imported_run import ImportedRun
from mle_toolbox.importers.wandb import read_wandb
from tests.workflow.conftest import wait_for

KEY = "0123456789abcdef0123456789abcdef01234567"
SCRIPT = """\
import os, signal, sys, time
from mle_toolbox import MLExperiment

mle = MLExperiment()
start = mle.resume() or 0
for step in range(start, 5):
    mle.update_log({"epoch": step}, {"loss": step / 2, "curve": [1.0, 2.0], "late": None if step < 4 else 1}, save=True)
    mle.checkpoint(step + 1)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a configuration that asks for Weights & Biases, and a script."""
    content = {
        "train_config": {"lrate": 0.5},
        "log_config": {
            "time_to_track": ["epoch"],
            "what_to_track": ["loss", "curve", "late"],
            "use_wandb": True,
            "wandb_config": {"key": KEY, "entity": None, "project": "mine", "group": None, "tags": ["a"]},
            "overwrite": True,
        },
    }
    (tmp_path / "c.json").write_text(json.dumps(content))
    (tmp_path / "train.py").write_text(SCRIPT)
    return tmp_path


def run(folder: Path, python: str = sys.executable, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "train.py", "-config", "c.json", "-seed", "3", "-exp_dir", "results"],
        cwd=folder,
        env={**os.environ, "WANDB_MODE": "offline", **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def sent(folder: Path) -> list[ImportedRun]:
    files = sorted((folder / "results/c/seed_3/wandb").glob("offline-run-*/*.wandb"))
    return [read_wandb([file], file.name) for file in files]


def test_settings_and_ticks_are_sent_and_the_key_is_stored_nowhere(folder: Path) -> None:
    outcome = run(folder)

    assert outcome.returncode == 0, outcome.stderr
    (found,) = sent(folder)
    assert found.status == "done"
    assert found.log.columns["loss"].tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert found.log.columns["epoch"].tolist() == [0, 1, 2, 3, 4]
    assert "curve" not in found.log.columns
    assert found.settings["train_config"] == {"lrate": 0.5}
    assert (found.settings["configuration"], found.settings["seed"]) == ("c", 3)
    stored = [path for path in (folder / "results").rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert stored == []


def test_a_client_that_lies_on_pythonpath_is_used(folder: Path) -> None:
    installed, base = Path(wandb.__file__).parents[1], Path(os.path.realpath(sys.executable)).parent
    packages = folder / "env" / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    for place in (packages, folder / "env" / "bin", folder / "modules"):
        place.mkdir(parents=True)
    for each in installed.iterdir():
        (packages if not each.name.startswith("wandb") else folder / "modules").joinpath(each.name).symlink_to(each)
    (folder / "env" / "pyvenv.cfg").write_text(f"home = {base}\n")
    (folder / "env" / "bin" / "python").symlink_to(sys.executable)

    outcome = run(folder, str(folder / "env" / "bin" / "python"), PYTHONPATH=str(folder / "modules"))

    assert outcome.returncode == 0, outcome.stderr
    assert "Weights & Biases" not in outcome.stderr
    assert [each.status for each in sent(folder)] == ["done"]


def test_a_run_that_fails_or_is_killed_is_one_there_too(folder: Path) -> None:
    text = SCRIPT.replace("range(start, 5)", "range(2)")
    (folder / "train.py").write_text(f"{text}sys.exit(4)\n")
    assert run(folder).returncode == 4
    (folder / "train.py").write_text(f"{text}os.kill(os.getpid(), signal.SIGKILL)\n")
    assert run(folder).returncode == -signal.SIGKILL

    wait_for(lambda: [each.status for each in sent(folder)] == ["failed", "failed"], seconds=60)


def test_an_attempt_that_resumes_continues_its_run_and_one_that_starts_over_is_another(folder: Path) -> None:
    (folder / "train.py").write_text(f"{SCRIPT}    if step == 2 and start == 0: os._exit(1)\n")
    ids = []
    for _ in range(3):
        run(folder)
        ids.append((folder / "results/c/seed_3/wandb/run_id").read_text())

    assert ids[0] == ids[1]
    assert ids[2] != ids[0]


def test_a_server_that_never_answers_costs_the_script_nothing_but_a_line(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        waiting: list[Any] = []
        threading.Thread(target=lambda: waiting.append(server.accept()), daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"

        outcome = run(folder, WANDB_MODE="", WANDB_BASE_URL=url, WANDB_API_KEY=KEY, WANDB_INIT_TIMEOUT="3")

        for connection, _ in waiting:
            connection.close()
    assert outcome.returncode == 0
    assert "Weights & Biases: offline, because" in outcome.stderr
    assert (folder / "results/c/seed_3/log.h5").exists()
    assert [each.status for each in sent(folder)] == ["done"]


@pytest.mark.parametrize("noticed", ["at a tick", "at the end"])
def test_why_the_sender_has_ended_is_said_once(
    noticed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sender.py").write_text("import sys\nsys.exit('ValueError: no entity of this name')\n")
    monkeypatch.setattr(wandb_run, "_SENDER", tmp_path / "sender.py")
    monkeypatch.setattr(wandb_run, "_LARGEST_BATCH", 1 if noticed == "at a tick" else 1 << 20)
    sending = wandb_run.WandbRun(tmp_path, {}, "project", "group", "name", {})
    sending.update(1, {"t": 0}, {"loss": 1.0})
    wait_for(lambda: "ValueError" in (tmp_path / "wandb/sender.log").read_text(), seconds=30)
    wait_for(lambda: sending._process is None or sending._process.poll() is not None, seconds=30)

    sending.update(2, {"t": 1}, {"loss": 1.0})
    sending.finish(0)

    said = capsys.readouterr().err
    assert said.count("Weights & Biases") == 1
    assert "Weights & Biases: ValueError: no entity of this name. The run goes on" in said


def test_an_attempt_that_was_killed_before_it_had_an_id_does_not_spoil_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sender.py").write_text("import sys\nsys.stdin.read()\n")
    monkeypatch.setattr(wandb_run, "_SENDER", tmp_path / "sender.py")
    (tmp_path / "wandb").mkdir()
    (tmp_path / "wandb/run_id").touch()
    sending = wandb_run.WandbRun(tmp_path, {}, "project", "group", "name", {})
    sending.resume_behind()

    sending.update(1, {"t": 0}, {"loss": 1.0})

    sending.finish(0)
    assert re.fullmatch(r"[0-9a-f]{8}\n", (tmp_path / "wandb/run_id").read_text())


def test_a_sender_that_hangs_is_ended_when_it_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sender.py").write_text("import time\ntime.sleep(600)\n")
    monkeypatch.setattr(wandb_run, "_SENDER", tmp_path / "sender.py")
    monkeypatch.setattr(wandb_run, "_LARGEST_BATCH", 1)
    monkeypatch.setattr(wandb_run, "_LARGEST_BACKLOG", 1)
    sending = wandb_run.WandbRun(tmp_path, {"notes": "x" * (1 << 20)}, "project", "group", "name", {})
    started = []
    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: started.append(popen(*a, **k)) or started[-1])

    sending.update(1, {"t": 0}, {"loss": 1.0})

    assert "it takes ticks more slowly than they come" in capsys.readouterr().err
    assert [each.returncode for each in started] == [-signal.SIGKILL]


def test_mode_disabled_sends_nothing(folder: Path) -> None:
    assert run(folder, WANDB_MODE="disabled").returncode == 0

    assert not (folder / "results/c/seed_3/wandb").exists()


def test_turning_it_on_is_no_other_run(folder: Path) -> None:
    content = json.loads((folder / "c.json").read_text())
    with_it = identity_of(content, [])
    del content["log_config"]["use_wandb"], content["log_config"]["wandb_config"]

    assert identity_of(content, []) == with_it

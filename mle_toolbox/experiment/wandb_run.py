"""Sends the ticks of a seed run to Weights & Biases, if ``use_wandb`` is true.

A process of its own does it (wandb_sender.py), which is started with the first tick and gets lines of JSON through a
pipe. So a tick costs the script the time to write a line, whatever the network does, and a client that fails or hangs
can be left alone. The log matters more: whatever goes wrong here is reported once, and the run goes on.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mle_toolbox.experiment.session import notice
from mle_toolbox.experiment.tensorboard_writer import scalar_of
from mle_toolbox.installed_first import program
from mle_toolbox.layout import SNAPSHOT_VARIABLE

__all__ = ["WandbRun"]

_SENDER = Path(__file__).with_name("wandb_sender.py")
_LARGEST_BATCH = 1 << 12
_SECONDS_BETWEEN_BATCHES = 1.0
# The most that is kept for a sender that does not read. The log has all ticks, so a run can be sent again from it.
_LARGEST_BACKLOG = 64 << 20
_SECONDS_TO_END = 60.0
_SECONDS_TO_END_WHEN_STOPPED = 5.0


class WandbRun:
    """One seed run at Weights & Biases.

    Parameters
    ----------
    folder
        The folder of the seed run; the client's files go into ``wandb/`` in it.
    given
        ``wandb_config`` of log_config.
    project, group, name
        What applies where ``given`` does not say it.
    config
        The settings of the run.
    """

    def __init__(
        self, folder: Path, given: Mapping[str, Any], project: str, group: str, name: str, config: Mapping[str, Any]
    ) -> None:
        self._folder = folder
        self._start = {
            **{key: value for key, value in given.items() if value not in (None, "", [])},
            "project": given.get("project") or project,
            "group": given.get("group") or group,
            "name": f"{given['name']} {name.rpartition(' ')[2]}" if given.get("name") else name,
            "config": config,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe = -1
        self._waiting = bytearray()
        self._written = 0.0
        self._failed = self._continues = False
        self._pid = os.getpid()

    def resume_behind(self) -> None:
        """Continue the run of the attempt before."""
        self._continues = True

    def update(self, n_ticks: int, time_tick: Mapping[str, Any], metrics: Mapping[str, Any]) -> None:
        """Send a tick; ``n_ticks`` includes it. Only numbers are sent."""
        if self._failed:
            return
        try:
            if self._process is None:
                self._begin(next(iter(time_tick), None))
            values = {name: _number(value) for name, value in (*time_tick.items(), *metrics.items())}
            line = json.dumps([n_ticks - 1, {name: value for name, value in values.items() if value is not None}])
            self._waiting += line.encode() + b"\n"
            if len(self._waiting) >= _LARGEST_BATCH or time.monotonic() - self._written > _SECONDS_BETWEEN_BATCHES:
                self._write()
        except BrokenPipeError:
            self._give_up(self._last_words())
        except Exception as error:
            self._give_up(f"{type(error).__name__}: {error}")

    def finish(self, exit_status: int, *, stopped: bool = False) -> None:
        """End the run and wait until all is sent, but not for long."""
        process, self._process = self._process, None
        if process is None or os.getpid() != self._pid:
            return
        deadline = time.monotonic() + (_SECONDS_TO_END_WHEN_STOPPED if stopped else _SECONDS_TO_END)
        try:
            self._waiting += json.dumps({"exit": exit_status}).encode() + b"\n"
            with contextlib.suppress(BrokenPipeError):  # it has ended; its exit status says how
                while self._waiting and process.poll() is None and time.monotonic() < deadline:
                    self._write()
                    if self._waiting:
                        time.sleep(0.01)
            os.close(self._pipe)
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self._give_up("it did not end in time. `wandb sync` sends what is missing")
        except (OSError, ValueError) as error:
            self._give_up(str(error))
        if process.returncode:
            self._give_up(self._last_words())
        elif (said := next((each for each in self._lines() if each.startswith("offline, because")), None)) is not None:
            notice(f"Weights & Biases: {said}. `wandb sync` with a folder in {self._folder / 'wandb'} sends it.")

    def _begin(self, first_time: str | None) -> None:
        place = self._folder / "wandb"
        place.mkdir(exist_ok=True)
        known = place / "run_id"
        run_id = known.read_text().strip() if self._continues and known.exists() else ""
        run_id = run_id or secrets.token_hex(4)  # an attempt that was killed here has left an empty file
        known.write_text(f"{run_id}\n")
        start = {**self._start, "id": run_id, "continues": self._continues, "dir": str(self._folder), "x": first_time}
        # With the user's PYTHONPATH, where the client may be, but without the stored code of the script's.
        environment = {name: value for name, value in os.environ.items() if name != SNAPSHOT_VARIABLE}
        reader, self._pipe = os.pipe()
        with (place / "sender.log").open("wb") as output:
            # In a session of its own: Ctrl-C is for the script, whose end is the end of the pipe.
            self._process = subprocess.Popen(
                program(str(_SENDER)),
                stdin=reader,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=place,
                env=environment,
                start_new_session=True,
            )
        os.close(reader)
        os.set_blocking(self._pipe, False)
        self._waiting += json.dumps(start, default=str).encode() + b"\n"
        self._write()

    def _write(self) -> None:
        self._written = time.monotonic()
        with contextlib.suppress(BlockingIOError):
            while self._waiting:
                del self._waiting[: os.write(self._pipe, self._waiting[: 1 << 16])]
        if len(self._waiting) > _LARGEST_BACKLOG:
            self._give_up("it takes ticks more slowly than they come")

    def _lines(self) -> list[str]:
        try:
            return (self._folder / "wandb" / "sender.log").read_text(errors="replace").strip().splitlines()
        except OSError:  # somebody has removed it
            return []

    def _last_words(self) -> str:
        return [*self._lines()[-1:], "the process that sends has ended"][0]

    def _give_up(self, reason: str) -> None:
        if not self._failed:
            notice(f"Weights & Biases: {reason}. The run goes on, and its log is complete.")
        self._failed = True
        self._waiting.clear()
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(OSError):
            os.close(self._pipe)
        # One that hangs would not see the end of the pipe, and stay after the script. A fork of the script is not its
        # parent.
        if os.getpid() == self._pid:
            process.kill()
            process.wait()


def _number(value: Any) -> int | float | None:
    return value if type(value) is int else scalar_of(value)

"""A project folder whose jobs run on Grid Engine, and the Snakemake that drives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PROFILE = Path(__file__).resolve().parents[2] / "profiles" / "sge"


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


@dataclass
class Driver:
    """A Snakemake that runs."""

    process: subprocess.Popen[str]
    output: Path

    def kill(self) -> None:
        """End it as a crash of the login node would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def wait(self) -> tuple[int, str]:
        """Return exit status and everything it said."""
        status = self.process.wait(timeout=120)
        return status, self.output.read_text()


@dataclass
class Project:
    """A folder with a Snakefile whose jobs leave a line in `ran` every time they start."""

    path: Path
    drivers: list[Driver] = field(default_factory=list)

    def write(self, snakefile: str) -> None:
        """Write the Snakefile."""
        (self.path / "Snakefile").write_text(snakefile)

    def start(self, *arguments: str, **environment: str) -> Driver:
        """Start Snakemake on Grid Engine, with short patience."""
        output = self.path / f"driver-{len(self.drivers)}.log"
        command = [sys.executable, "-m", "snakemake", "--profile", str(PROFILE), "--latency-wait", "5"]
        command += ["--mle-sge-patience-seconds", "4", "--mle-sge-query-seconds", "1", *arguments]
        with output.open("w") as file:
            process = subprocess.Popen(
                command,
                cwd=self.path,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
                env=os.environ | environment,
                start_new_session=True,
            )
        self.drivers.append(Driver(process, output))
        return self.drivers[-1]

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """Run Snakemake to its end."""
        return self.start(*arguments, **environment).wait()

    def wait_for(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until something is so."""
        wait_until(condition, seconds)

    def wait_for_file(self, name: str) -> None:
        """Wait until a file is there."""
        self.wait_for((self.path / name).exists)

    def ran(self) -> list[str]:
        """What was started, a line for each time, sorted."""
        path = self.path / "ran"
        return sorted(path.read_text().split()) if path.exists() else []

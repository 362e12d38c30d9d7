"""Measuring whole processes, and printing what was measured as a table."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Usage", "child_environment", "environment_with", "machine", "measure", "median", "medians", "print_table"]


@dataclass(frozen=True)
class Usage:
    """What one run of a command took, its children included."""

    wall_seconds: float
    cpu_seconds: float
    peak_mb: float


def measure(command: Sequence[str], cwd: Path | None = None, env: dict[str, str] | None = None) -> Usage:
    """Run a command to its end; its output goes nowhere. A command that fails ends the benchmark."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=cwd, env={**child_environment(), **(env or {})}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - begin
    if process.returncode != 0:
        raise SystemExit(f"{command} ended with {process.returncode}:\n{errors.decode(errors='replace')}")
    kilobytes = usage.ru_maxrss / (1024 if platform.system() == "Darwin" else 1)
    return Usage(wall, usage.ru_utime + usage.ru_stime, kilobytes / 1024)


def child_environment() -> dict[str, str]:
    """Return the environment of a user: whoever forbids Python to keep its bytecode measures the compiler."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def medians(run_each: dict[str, Callable[[], Usage]], repeat: int) -> dict[str, Usage]:
    """Run all candidates in turn, A B C A B C ..., so that a slow minute of the machine hits all of them."""
    seen: dict[str, list[Usage]] = {name: [] for name in run_each}
    for _ in range(repeat):
        for name, run in run_each.items():
            seen[name].append(run())
    return {name: _median(usages) for name, usages in seen.items()}


def environment_with(name: str, packages: Sequence[str]) -> Path | None:
    """Return the Python of an environment that holds a peer, made on first use under ``build/``.

    None, with a line that says so, when the packages cannot be installed: no network, say.
    """
    folder = Path(__file__).resolve().parent.parent / "build" / f"benchmark-{name}"
    python, complete = folder / "bin" / "python", folder / ".complete"
    if complete.exists():
        return python
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *packages]
    for command in ([sys.executable, "-m", "venv", "--clear", str(folder)], pip):
        if subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode != 0:
            print(f"{' '.join(packages)} cannot be installed here and is left out.")
            return None
    complete.touch()
    return python


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table in Markdown, so that it can go into a README as it is."""
    print(f"\n### {title}\n")
    print("| " + " | ".join(header) + " |")
    print("| " + " | ".join("---" if i == 0 else "---:" for i in range(len(header))) + " |")
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)


def machine() -> str:
    """Say on what was measured."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def _median(usages: list[Usage]) -> Usage:
    return Usage(
        median([each.wall_seconds for each in usages]),
        median([each.cpu_seconds for each in usages]),
        median([each.peak_mb for each in usages]),
    )


def median(values: Sequence[float]) -> float:
    """Return the middle value, or the mean of the two in the middle."""
    # Not from the standard library's `statistics`: a benchmark beside this file has that name.
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2

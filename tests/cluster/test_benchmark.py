"""The benchmark of Grid Engine runs, at a size that takes seconds. What it measures is not judged here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.sge, pytest.mark.slow, pytest.mark.alone]


def test_the_benchmark_prints_its_tables_and_leaves_nothing_in_the_queue(grid_engine: Path, repository: Path) -> None:
    benchmark = repository / "benchmarks/sge.py"
    command = [sys.executable, str(benchmark), "--quick", "--tasks", "3", "--held", "5", "--is-alone"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    assert done.returncode == 0, done.stderr
    times, calls, submission = re.findall(r"^\| mle-sge.*", done.stdout, re.MULTILINE)
    assert "failed" not in times
    assert re.match(r"\| mle-sge \| 1 \| \d+ \| 0 \|", calls)
    assert re.match(r"\| mle-sge \| 1 \|", submission)
    assert subprocess.run(["qstat"], capture_output=True, text=True, check=True).stdout == ""

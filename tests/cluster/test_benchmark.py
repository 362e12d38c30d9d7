"""The benchmarks of the schedulers run, at a size that takes seconds. What they measure is not judged here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cluster_project import both_clusters, wait_until

pytestmark = [both_clusters, pytest.mark.slow, pytest.mark.alone]

Queue = Callable[[], dict[tuple[int, int], str]]


def test_the_benchmark_prints_its_tables_and_leaves_nothing_in_the_queue(
    cluster: str, queue: Queue, repository: Path, tmp_path: Path
) -> None:
    benchmark = repository / "benchmarks" / f"{cluster}.py"
    command = [sys.executable, str(benchmark), "--quick", "--tasks", "3", "--held", "5", "--is-alone"]

    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    times, calls = re.findall(rf"^\| mle-{cluster}.*", done.stdout, re.MULTILINE)
    assert "failed" not in times
    # One submission, no accounting, and nothing asked by tasks.
    assert re.match(rf"\| mle-{cluster} \| 1 \| \d+ \| 0 \| \d+ \| 0 \|", calls)
    assert re.search(r"^\| ours \| 1 \|", done.stdout, re.MULTILINE)
    wait_until(lambda: queue() == {}, 30)

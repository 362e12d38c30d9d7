"""Every benchmark runs, at a size that takes seconds, and prints its table. What it measures is not judged here."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser_there import why_no_browser

pytestmark = pytest.mark.slow

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
NO_MAIN = {"best_set", "measure", "scheduler", "trivial_tasks"}
# Need a queue of Grid Engine or Slurm: tests/cluster/test_benchmark.py.
ELSEWHERE = {"sge", "slurm"}
SMALL = {
    "ask": ["--earlier", "2", "--repeat", "1"],
    "coverage": ["--repetitions", "40", "--without-peer"],
    "coverage_groups": ["--repetitions", "5"],
    "coverage_tasks": ["--tasks", "3", "--repetitions", "20", "--without-peer"],
    "drive": ["--runs", "3", "--quick"],
    "finished": ["--sizes", "2x2", "--quick"],
    "limits": ["--seconds", "1.5"],
    "log": ["--ticks", "50", "--repeat", "1", "--without-peer"],
    "merge": ["--seeds", "3", "--ticks", "20", "--metrics", "2", "--repeat", "1", "--configurations", "1", "2"],
    "packing": ["--seeds", "2"],
    "read": ["--sizes", "2", "--ticks", "5", "--repeat", "1"],
    "report": ["--quick"],
    "rungs": ["--repetitions", "1"],
    "search_results": ["--trials", "6", "--seeds", "2", "--ticks", "5"],
    "search": ["--values", "2", "--seeds", "1", "--repeat", "1"],
    "search_peers": ["--trials", "2", "--seeds", "2", "--repeat", "1", "--without-peers"],
    "search_winner": ["--quick", "--proposals", "random"],
    "sequential": ["--repetitions", "20"],
    "snapshot": ["--repeat", "1", "--files", "20"],
    "start": ["--repeat", "1"],
    "statistics": ["--quick"],
    "time_left": ["--repeat", "1", "--looks", "10"],
    "watch": ["--status", "2x3", "--running", "4", "--seconds", "1"],
}
# Twenty seconds and more even so: `make soak`.
LONGER = {"coverage", "drive", "finished", "limits", "packing", "rungs", "search_peers", "search_winner", "sequential"}


def run(name: str, *arguments: str) -> str:
    command = [sys.executable, str(BENCHMARKS / f"{name}.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    # With so few repetitions, coverage finds promises broken, and says so with a 1.
    assert done.returncode in ((0, 1) if name.startswith(("coverage", "sequential")) else (0,)), done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_every_benchmark_is_run_here() -> None:
    there = {path.stem for path in BENCHMARKS.glob("*.py")}

    assert set(SMALL) | NO_MAIN == there - ELSEWHERE


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.soak) if name in LONGER else name for name in SMALL]
)
def test_benchmark_prints_its_tables(name: str) -> None:
    for module in {"log": ["tensorboardX"], "drive": ["snakemake"], "finished": ["snakemake"]}.get(name, []):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed.")
    if name == "report" and (missing := why_no_browser()) is not None:
        pytest.skip(missing)

    printed = run(name, *SMALL[name])

    assert re.search(r"^\|( ?:?-+:? ?\|)+\n\|.+\|$", printed, re.MULTILINE)


def test_without_a_grid_engine_its_benchmark_says_so_in_one_line() -> None:
    command = [sys.executable, str(BENCHMARKS / "sge.py"), "--is-alone"]

    done = subprocess.run(command, capture_output=True, text=True, env={"PATH": ""}, timeout=60, check=False)

    assert done.returncode == 2
    assert done.stdout.startswith("Left out: no Grid Engine answers.")
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


@pytest.fixture(scope="module")
def reading() -> dict[tuple[str, str, str], list[str]]:
    """The last two cells of each row of the benchmark, by program, size and state of the experiment."""
    rows, program = {}, ""
    for line in run("read", "--sizes", "4", "8", "--ticks", "5", "--repeat", "1").splitlines():
        if line.startswith("###"):
            program = line
        elif " x " in line:
            experiment, *cells = [cell.strip() for cell in line.split("|")[1:-1]]
            size, state = experiment.split(", ")
            rows[program, size, state] = cells[-2:]
    assert len(rows) == 2 * 2 * 2
    return rows


@pytest.mark.soak
def test_reading_opens_no_more_files_a_seed_run_when_there_are_more(
    reading: dict[tuple[str, str, str], list[str]],
) -> None:
    for (program, size, state), (opened, _) in reading.items():
        assert float(opened) <= float(reading[program, "4 x 4", state][0]) <= 5, (program, size, state)


@pytest.mark.soak
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed.")
def test_reading_makes_no_more_file_operations_a_seed_run_when_there_are_more(
    reading: dict[tuple[str, str, str], list[str]],
) -> None:
    for (program, size, state), (_, operations) in reading.items():
        assert float(operations) <= float(reading[program, "4 x 4", state][1]) + 1, (program, size, state)


def test_readme_names_every_benchmark_and_its_command() -> None:
    text = (BENCHMARKS / "README.md").read_text(encoding="utf-8")

    for name in SMALL.keys() | ELSEWHERE:
        assert f"python benchmarks/{name}.py" in text

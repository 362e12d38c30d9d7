"""Trivial tasks through several drivers of Snakemake, one after the other, on one cluster.

Every task writes down when it ends; the driver is read line by line, so the delay until it has taken note is known to
a millisecond. Commands of the scheduler are counted by scripts that stand before them on PATH. What tasks cost the node
is the scheduler's own account.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from measure import child_environment, machine, median, print_table
from scheduler import Call, Cluster, Recorder, alone, cpu_seconds

__all__ = ["QUICK_FLAGS", "Candidate", "measure_cluster"]

SINGLE_CALLS = 20
# Whoever starts a Snakemake in each task spends seconds of CPU on it.
NESTED_AT_MOST = 100

WORKFLOW = """\
rule all:
    input:
        expand("out/{{n}}", n=range({tasks})),


rule train:
    output:
        "out/{{n}}",
    shell:
        "date +%s.%N > {{output}}"
"""
# All ready jobs at once, and looks that are as short as they may be.
QUICK_FLAGS = (
    "--scheduler",
    "greedy",
    "--max-jobs-per-timespan",
    "100000/1s",
    "--max-status-checks-per-second",
    "1000",
)


@dataclass(frozen=True)
class Candidate:
    """Somebody who runs the tasks."""

    name: str
    command: tuple[str, ...]
    is_nested: bool = True


@dataclass
class Run:
    """What was seen of one driver."""

    begin: float
    lines: list[tuple[float, str]] = field(default_factory=list)
    wall_seconds: float = 0.0
    driver_cpu_seconds: float = 0.0
    status: int = 0
    calls: list[Call] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    after_last_task: float = 0.0

    @property
    def jobs(self) -> set[int]:
        """The jobs that were submitted; of the other commands no answer is kept."""
        return {call.job for call in self.calls if call.job is not None}


def measure_cluster(
    cluster: Cluster,
    description: str | None,
    candidates: Callable[[bool], Sequence[Candidate]],
    submissions: Callable[[int], tuple[Sequence[str], Sequence[str], Sequence[str]]],
) -> None:
    """Measure what the command line asks for: every number of tasks, then submission alone.

    Parameters
    ----------
    cluster
        The scheduler.
    description
        For ``--help``.
    candidates
        Returns who can be measured here, ours first; ours alone where it is given True.
    submissions
        Returns for a number of tasks our driver that submits them held, and the words of the scheduler's own command
        for one held job and for all of them as far as one array may have them.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, nargs="*", default=[10, 100, 1000])
    parser.add_argument("--held", type=int, default=10_000, help="tasks that are only submitted; 0: none")
    parser.add_argument("--repeat", type=int, default=1, help="medians of so many turns")
    parser.add_argument("--full", action="store_true", help=f"more than {NESTED_AT_MOST} tasks for everyone")
    parser.add_argument("--quick", action="store_true", help="ours alone, with direct commands")
    parser.add_argument("--only", nargs="+", default=[""], metavar="TEXT", help="peers that have this in their names")
    parser.add_argument("--is-alone", action="store_true", help="the caller holds the lock of the test cluster")
    arguments = parser.parse_args()
    # Ctrl-C is sent to drivers, and started with `&` they would be told to ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with alone(cluster, is_alone=arguments.is_alone):
        print(machine())
    ours, *others = candidates(arguments.quick)
    everyone = [ours, *(each for each in others if any(text in each.name for text in arguments.only))]
    for tasks in arguments.tasks:
        here = [each for each in everyone if arguments.full or not each.is_nested or tasks <= NESTED_AT_MOST]
        compare(cluster, tasks, here, arguments.repeat, is_alone=arguments.is_alone)
    if arguments.held:
        compare_submission(cluster, *submissions(arguments.held), arguments.held, is_alone=arguments.is_alone)


def compare(cluster: Cluster, tasks: int, everyone: Sequence[Candidate], repeat: int, *, is_alone: bool) -> None:
    """Let everyone run the tasks in turn, and print what it took and which commands were called."""
    runs: dict[str, list[Run]] = {each.name: [] for each in everyone}
    for _ in range(repeat):
        for candidate in everyone:
            with alone(cluster, is_alone=is_alone):
                runs[candidate.name].append(run(cluster, candidate, tasks))
    good = {name: [each for each in seen if each.status == 0] for name, seen in runs.items()}
    base = median([each.wall_seconds for each in good[everyone[0].name]])
    times = [
        (name, *(time_cells(cluster, seen, tasks, base) if seen else ["failed"] * 8)) for name, seen in good.items()
    ]
    header = ("who", "wall s", "x ours", "noticed after, median s", "at most s", "after the last task s")
    print_table(f"{tasks:,} trivial tasks", (*header, "CPU s a task, node", "CPU s, driver", "runs"), times)
    counts = [(name, *count_cells(cluster, seen)) for name, seen in good.items() if seen]
    header = ("who", *cluster.counted, "all of the driver", "on the nodes")
    print_table(f"{tasks:,} trivial tasks, commands called", header, counts)


def time_cells(cluster: Cluster, runs: Sequence[Run], tasks: int, base: float) -> list[str]:
    """Return the cells of one candidate: medians over its runs."""
    spent = [cpu_seconds(cluster, each.jobs, tasks, each.begin) for each in runs]
    node = [each / tasks for each in spent if each is not None]
    wall = median([each.wall_seconds for each in runs])
    seconds = [median([median(each.delays) for each in runs]), median([max(each.delays) for each in runs])]
    seconds.append(median([each.after_last_task for each in runs]))
    cpu = median([each.driver_cpu_seconds for each in runs])
    cells = [f"{wall:.1f}", f"{wall / base:.1f}", *(f"{each:.2f}" for each in seconds)]
    return [*cells, f"{median(node):.2f}" if node else "-", f"{cpu:.1f}", f"{len(runs)}"]


def count_cells(cluster: Cluster, runs: Sequence[Run]) -> list[str]:
    """Return how many commands were called in the middle one of the runs."""
    calls = sorted((each.calls for each in runs), key=len)[len(runs) // 2]
    driver = Counter(call.command for call in calls if not call.on_node)
    return [f"{driver[name]:,}" for name in cluster.counted] + [
        f"{driver.total():,}",
        f"{len(calls) - driver.total():,}",
    ]


def run(cluster: Cluster, candidate: Candidate, tasks: int) -> Run:
    """Run so many trivial tasks in a fresh project."""
    project = Path(tempfile.mkdtemp(dir=os.environ.get("TMPDIR")))
    try:
        found = drive(cluster, candidate.command, project, tasks)
        ends = {path.name: float(path.read_text()) for path in (project / "out").glob("*") if path.stat().st_size}
    finally:
        shutil.rmtree(project, ignore_errors=True)
    noticed = when_noticed(found.lines)
    found.delays = [noticed[name] - ends[name] for name in noticed.keys() & ends.keys()]
    if found.status != 0 or len(found.delays) != tasks:
        found.status = found.status or 1
        print(f"{candidate.name} ended with {found.status} and {len(found.delays)} of {tasks} tasks:", file=sys.stderr)
        print("".join(line for _, line in found.lines[-30:]), file=sys.stderr)
    else:
        found.after_last_task = found.begin + found.wall_seconds - max(ends.values())
    return found


def drive(cluster: Cluster, command: Sequence[str], project: Path, tasks: int, *, stop_at: int | None = None) -> Run:
    """Start a driver and note when it says what; with ``stop_at``, Ctrl-C once so many tasks are submitted."""
    tools = project / "tools"
    tools.mkdir()
    recorder = Recorder(tools, cluster)
    (project / "Snakefile").write_text(WORKFLOW.format(tasks=tasks))
    found = Run(begin=time.time())
    process = subprocess.Popen(
        command,
        cwd=project,
        env=child_environment() | recorder.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    submitted = 0
    for line in process.stdout:
        found.lines.append((time.time(), line))
        submitted += int(words.group(1)) if (words := re.match(r"Submitted job \d+ with (\d+) task", line)) else 0
        if stop_at is not None and submitted >= stop_at:
            process.send_signal(signal.SIGINT)
            stop_at = None
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = found.status = os.waitstatus_to_exitcode(status)
    found.wall_seconds = time.time() - found.begin
    found.driver_cpu_seconds = usage.ru_utime + usage.ru_stime
    found.calls = recorder.calls()
    return found


def when_noticed(lines: Sequence[tuple[float, str]]) -> dict[str, float]:
    """Return when the driver said of each task that it has finished."""
    # Not every executor announces its jobs with their wildcards; Snakemake numbers them as `all` names them, from 1 on.
    ends = ((when, re.match(r"Finished jobid: (\d+) \(Rule: train\)", line)) for when, line in lines)
    return {str(int(end.group(1)) - 1): when for when, end in ends if end}


def submit_held(cluster: Cluster, command: Sequence[str], tasks: int) -> Run:
    """Submit tasks that never start, with our executor, and delete them with Ctrl-C."""
    project = Path(tempfile.mkdtemp())
    try:
        found = drive(cluster, command, project, tasks, stop_at=tasks)
    finally:
        shutil.rmtree(project, ignore_errors=True)
    if not found.jobs:
        raise SystemExit("Nothing was submitted:\n" + "".join(line for _, line in found.lines[-30:]))
    return found


def calls_of(cluster: Cluster, words: Sequence[str], times: int) -> list[float]:
    """Return the seconds of some submissions of held jobs, which are deleted again."""
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder), cluster)
        for _ in range(times):
            subprocess.run([f"{folder}/{cluster.submitting}", *words], stdout=subprocess.DEVNULL, check=True)
        calls = recorder.calls()
    subprocess.run([cluster.deleting, *(str(call.job) for call in calls)], stdout=subprocess.DEVNULL, check=True)
    return [call.seconds for call in calls]


def compare_submission(
    cluster: Cluster, command: Sequence[str], single: Sequence[str], whole: Sequence[str], tasks: int, *, is_alone: bool
) -> None:
    """Submit tasks that are held, and delete them again; the seconds of the submitting command alone count.

    Parameters
    ----------
    cluster
        The scheduler.
    command
        Our driver, which submits held jobs.
    single, whole
        The words of a submission of one held job, and of all tasks as far as one array may have them.
    tasks
        How many.
    is_alone
        Whether the caller holds the lock of the test cluster.
    """
    with alone(cluster, is_alone=is_alone):
        ours = submit_held(cluster, command, tasks)
        one, array = median(calls_of(cluster, single, SINGLE_CALLS)), calls_of(cluster, whole, 1)[0]
    name, deleting = cluster.submitting, cluster.deleting
    made = [call.seconds for call in ours.calls if call.command == name]
    deleted = sum(call.seconds for call in ours.calls if call.command == deleting)
    said = [when - ours.begin for when, line in ours.lines if line.startswith("Submitted job")]
    rows: list[Sequence[object]] = [
        ("ours", f"{len(made)}", f"{sum(made):.2f}", f"{min(said):.1f}", f"{max(said):.1f}", f"{deleted:.2f}"),
        (f"{' '.join([name, *whole])}, by hand", "1", f"{array:.2f}", "-", "-", "-"),
        (f"one job a {name}, {1000 * one:.0f} ms each", f"{tasks:,}", f"{one * tasks:,.0f} (extrapolated)", *"---"),
    ]
    header = ("who", f"calls of {name}", f"in {name}, s", "first answer after, s", "last answer after, s")
    print_table(f"Submission of {tasks:,} held tasks", (*header, f"in {deleting}, s"), rows)

"""What a Grid Engine cluster costs: trivial tasks through our executor, beside two others, and submission alone.

python benchmarks/sge.py [--tasks 10 100 1000] [--held 10000] [--repeat 1] [--full] [--quick]
    [--only TEXT ...]

Every task writes down when it ends; the driver is read line by line, so the delay until it has taken note is known to
a millisecond. Commands of the scheduler are counted by scripts that stand before them on PATH. What tasks cost the node
is the scheduler's own account. Whoever starts a Snakemake in each task spends a second or two of CPU on it, so those
get at most 100 tasks; with --full they get as many as the others, which takes more than an hour on two cores. The lock
of the test cluster is held for one candidate at a time, so that tests get through in between.
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
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from measure import child_environment, environment_with, machine, median, print_table
from scheduler import Call, Recorder, alone, cpu_seconds

HERE = Path(__file__).resolve().parent
PROFILE = HERE.parent / "profiles" / "sge"
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
SGE, GENERIC = "snakemake-executor-plugin-sge", "snakemake-executor-plugin-cluster-generic"
PEERS = (f"snakemake=={version('snakemake')}", f"{SGE}==0.6.31", f"{GENERIC}==1.0.9")
# All ready jobs at once, and looks that are as short as they may be.
QUICK_FLAGS = (
    "--scheduler",
    "greedy",
    "--max-jobs-per-timespan",
    "100000/1s",
    "--max-status-checks-per-second",
    "1000",
)
OURS, NESTED = "mle-sge", "mle-sge, nested Snakemake"
NESTED_AT_MOST = 100
SINGLE_CALLS = 20


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
        """The jobs that were submitted."""
        return {call.job for call in self.calls if call.job is not None and call.command == "qsub"}


def main() -> None:
    """Measure every number of tasks, then submission alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
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
    with alone(is_alone=arguments.is_alone):
        print(machine())
    everyone = [
        each
        for each in candidates(quick=arguments.quick)
        if each.name == OURS or any(text in each.name for text in arguments.only)
    ]
    for tasks in arguments.tasks:
        here = [each for each in everyone if arguments.full or not each.is_nested or tasks <= NESTED_AT_MOST]
        compare(tasks, here, arguments.repeat, is_alone=arguments.is_alone)
    if arguments.held:
        compare_submission(arguments.held, is_alone=arguments.is_alone)


def candidates(*, quick: bool) -> list[Candidate]:
    """Return everyone who can be measured here."""
    ours = (sys.executable, "-m", "snakemake", "--profile", str(PROFILE))
    direct = Candidate(OURS, ours, is_nested=False)
    python = None if quick else environment_with("sge-peers", PEERS)
    if quick:
        return [direct]
    nested = Candidate(NESTED, (*ours, "--mle-sge-nested"))
    return [direct, nested, *(peers(str(python)) if python else [])]


def peers(python: str) -> list[Candidate]:
    """Return the peers, as they come, and as quick as settings make them that still notice every failure."""
    sge = (python, "-m", "snakemake", "--executor", "sge", "--jobs", "10000")
    sge_at_once = ("--sge-init-seconds-before-status-checks", "1", "--sge-disable-qacct")
    generic = (python, "-m", "snakemake", "--executor", "cluster-generic", "--jobs", "10000", *QUICK_FLAGS)
    script = str(HERE / "peers" / "cluster_generic.sh")
    commands = ("--cluster-generic-submit-cmd", f"{script} submit", "--cluster-generic-status-cmd", f"{script} status")
    return [
        Candidate("plugin sge 0.6.31, as it comes", sge),
        Candidate("plugin sge 0.6.31, at its best", (*sge, *QUICK_FLAGS, *sge_at_once)),
        Candidate("cluster-generic 1.0.9, at its best", (*generic, *commands)),
    ]


def compare(tasks: int, everyone: Sequence[Candidate], repeat: int, *, is_alone: bool) -> None:
    """Let everyone run the tasks in turn, and print what it took and which commands were called."""
    runs: dict[str, list[Run]] = {each.name: [] for each in everyone}
    for _ in range(repeat):
        for candidate in everyone:
            with alone(is_alone=is_alone):
                runs[candidate.name].append(run(candidate, tasks))
    good = {name: [each for each in seen if each.status == 0] for name, seen in runs.items()}
    base = median([each.wall_seconds for each in good[OURS]])
    times = [(name, *(time_cells(seen, tasks, base) if seen else ["failed"] * 8)) for name, seen in good.items()]
    header = ("who", "wall s", "x ours", "noticed after, median s", "at most s", "after the last task s")
    print_table(f"{tasks:,} trivial tasks", (*header, "CPU s a task, node", "CPU s, driver", "runs"), times)
    counts = [(name, *count_cells(seen)) for name, seen in good.items() if seen]
    print_table(f"{tasks:,} trivial tasks, commands called", ("who", "qsub", "qstat", "qacct", "all"), counts)


def time_cells(runs: Sequence[Run], tasks: int, base: float) -> list[str]:
    """Return the cells of one candidate: medians over its runs."""
    spent = [cpu_seconds(each.jobs, tasks, each.begin) for each in runs]
    node = [each / tasks for each in spent if each is not None]
    wall = median([each.wall_seconds for each in runs])
    seconds = [median([median(each.delays) for each in runs]), median([max(each.delays) for each in runs])]
    seconds.append(median([each.after_last_task for each in runs]))
    cpu = median([each.driver_cpu_seconds for each in runs])
    cells = [f"{wall:.1f}", f"{wall / base:.1f}", *(f"{each:.2f}" for each in seconds)]
    return [*cells, f"{median(node):.2f}" if node else "-", f"{cpu:.1f}", f"{len(runs)}"]


def count_cells(runs: Sequence[Run]) -> list[str]:
    """Return how many commands were called in the middle one of the runs."""
    counts = [Counter(call.command for call in each.calls) for each in runs]
    middle = sorted(counts, key=lambda each: each.total())[len(counts) // 2]
    return [f"{middle[name]:,}" for name in ("qsub", "qstat", "qacct")] + [f"{middle.total():,}"]


def run(candidate: Candidate, tasks: int) -> Run:
    """Run so many trivial tasks in a fresh project."""
    project = Path(tempfile.mkdtemp(dir=os.environ.get("TMPDIR")))
    try:
        found = drive(candidate.command, project, tasks)
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


def drive(command: Sequence[str], project: Path, tasks: int, *, stop_at: int | None = None) -> Run:
    """Start a driver and note when it says what; with ``stop_at``, Ctrl-C once so many tasks are submitted."""
    tools = project / "tools"
    tools.mkdir()
    recorder = Recorder(tools)
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


def compare_submission(tasks: int, *, is_alone: bool) -> None:
    """Submit tasks that are held, and delete them again; the seconds of qsub alone count."""
    with alone(is_alone=is_alone):
        ours = submit_held(tasks)
        single, whole = median(calls_of_qsub([], SINGLE_CALLS)), calls_of_qsub(["-t", f"1-{tasks}"], 1)[0]
    made = [call.seconds for call in ours.calls if call.command == "qsub"]
    deleted = sum(call.seconds for call in ours.calls if call.command == "qdel")
    said = [when - ours.begin for when, line in ours.lines if line.startswith("Submitted job")]
    rows: list[Sequence[object]] = [
        (OURS, f"{len(made)}", f"{sum(made):.2f}", f"{min(said):.1f}", f"{max(said):.1f}", f"{deleted:.2f}"),
        ("a single qsub -t, by hand", "1", f"{whole:.2f}", "-", "-", "-"),
        (f"one job a qsub, {1000 * single:.0f} ms each", f"{tasks:,}", f"{single * tasks:,.0f} (extrapolated)", *"---"),
    ]
    header = ("who", "calls of qsub", "in qsub, s", "first answer after, s", "last answer after, s", "in qdel, s")
    print_table(f"Submission of {tasks:,} held tasks", header, rows)


def submit_held(tasks: int) -> Run:
    """Submit tasks that never start, with our executor, and delete them with Ctrl-C."""
    project = Path(tempfile.mkdtemp())
    command = (sys.executable, "-m", "snakemake", "--profile", str(PROFILE), "--mle-sge-qsub-options=-h")
    try:
        found = drive(command, project, tasks, stop_at=tasks)
    finally:
        shutil.rmtree(project, ignore_errors=True)
    if not found.jobs:
        raise SystemExit("Nothing was submitted:\n" + "".join(line for _, line in found.lines[-30:]))
    return found


def calls_of_qsub(options: Sequence[str], times: int) -> list[float]:
    """Return the seconds of some calls of qsub; the jobs are held, and deleted again."""
    words = ["-terse", "-h", *options, "-b", "y", "-o", "/dev/null", "-j", "y", "/bin/true"]
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder))
        for _ in range(times):
            subprocess.run([f"{folder}/qsub", *words], stdout=subprocess.DEVNULL, check=True)
        calls = recorder.calls()
    subprocess.run(["qdel", *(str(call.job) for call in calls)], stdout=subprocess.DEVNULL, check=True)
    return [call.seconds for call in calls]


if __name__ == "__main__":
    main()

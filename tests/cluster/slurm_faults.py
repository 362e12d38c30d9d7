"""A Snakefile in which every rule is a seed run of its own kind: many faults share one driver and one minute."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cluster_project import Driver, Project, wait_until

from mle_cluster.scheduler import TaskId

Queue = Callable[[], dict[TaskId, str]]

# Neither hears SIGTERM; the second takes 600 MiB.
DEAF = "python3 -c 'import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(300)'"
GREEDY = "python3 -c 'import time; m = bytearray(b\"x\") * (600 * 2**20); time.sleep(20)'"
UNTIL_GO = "until [ -e go ]; do sleep 0.2; done"


def leaves(signal: str) -> str:
    """Return a script that is told by a signal, says so and leaves with a status of its own."""
    # Without cgroups Slurm tells every process: the sleep may have died of it before the shell hears it.
    return f"trap 'echo {signal} >> told; exit 85' {signal}; while :; do sleep 1 & wait; done"


@dataclass(frozen=True)
class Row:
    """A seed run and what is said about it; None: it is done.

    ``resources`` are those of its rule, beside 200 MB of memory.
    """

    name: str
    script: str
    told: str | None = None
    resources: str = ""
    threads: int = 1


def snakefile(rows: Sequence[Row]) -> str:
    """Write a rule for each row."""
    rules = "".join(
        f"rule {row.name}:\n    output: 'out/{row.name}'\n    threads: {row.threads}\n"
        f"    resources: mem_mb=200, job_name='faults'{f', {row.resources}' if row.resources else ''}\n"
        f'    shell: """echo {row.name} >> ran\n'
        f'        echo "${{{{SLURM_ARRAY_JOB_ID}}}}_$SLURM_ARRAY_TASK_ID" > {row.name}.id\n'
        f'        {row.script}\n        echo done > {{output}}"""\n'
        for row in rows
    )
    return f"rule all:\n    input: {[f'out/{row.name}' for row in rows]}\n{rules}"


def start(project: Project, rows: Sequence[Row], *arguments: str, **environment: str) -> Driver:
    """Start a Snakemake on all rows."""
    project.path.mkdir(exist_ok=True)
    project.write(snakefile(rows))
    return project.start(*arguments, **environment)


def wait_for_starts(project: Project, rows: Sequence[Row]) -> None:
    """Wait until all of them are well on their way: a signal in the first moments meets no script yet."""
    wait_until(lambda: len(project.ran()) == len(rows), 60)
    wait_until(lambda: all((project.path / f"{row.name}.id").exists() for row in rows), 10)


def task(project: Project, name: str) -> str:
    """Return a row's task as Slurm calls it."""
    return (project.path / f"{name}.id").read_text().strip()


def slurm_says(*command: str) -> str:
    """Call one of Slurm's commands."""
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


def assert_told(driver: Driver, rows: Sequence[Row]) -> str:
    """Check the sentence about each row and that nothing else was said to have failed; return all that was said."""
    status, said = driver.wait()
    for row in rows:
        about = rf"^(?: *message: )?(?:Task \d+_\d+|The task) \({row.name}\) (?P<what>.*)$"
        sentences = [found["what"] for found in re.finditer(about, said, re.MULTILINE)]
        if row.told is None:
            assert (driver.output.parent / "out" / row.name).exists(), (row.name, said)
        else:
            assert any(re.search(row.told, each) for each in sentences), (row.name, row.told, sentences, said)
    assert (status == 0) == all(row.told is None for row in rows), said
    return said


def assert_each_ran_once(project: Project, rows: Sequence[Row], queue: Queue) -> None:
    """Check that nothing ran twice and nothing is left."""
    assert project.ran() == sorted(row.name for row in rows)
    wait_until(lambda: queue() == {}, 40)


@contextmanager
def changed(slurm: Path, **variables: str) -> Iterator[None]:
    """Restart Slurm with another configuration for the length of a block."""
    subprocess.run(["env", *(f"{key}={value}" for key, value in variables.items()), slurm, "reset"], check=True)
    try:
        yield
    finally:
        subprocess.run([slurm, "reset"], check=True)

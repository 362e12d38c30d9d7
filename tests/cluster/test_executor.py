"""Trivial jobs on the real scheduler; test_faults.py shows through `mle run` how jobs end badly."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cluster_project import Project, configured

pytestmark = [pytest.mark.sge, pytest.mark.slow]

# A task ends for us with its exit file; Grid Engine lists it a moment longer, so an empty queue is waited for.
Queue = Callable[[], dict[tuple[int, int], str]]

# {body} may use {wildcards.n}; every start leaves a line in the file `ran`.
JOBS = """
rule all:
    input: expand("out/{{n}}", n=range({count}))

rule train:
    output: "out/{{n}}"
    log: "out/{{n}}.log"
    threads: {threads}
    retries: {retries}
    resources: {resources}
    shell: "echo {{wildcards.n}} >> ran; ({body}) > {{log}} 2>&1; echo done > {{output}}"
"""


def jobs(body: str, *, count: int = 3, threads: int = 1, retries: int = 0, resources: str = "") -> str:
    """Return a Snakefile of ``count`` jobs that run ``body``."""
    return JOBS.format(body=body, count=count, threads=threads, retries=retries, resources=resources or "mem_mb=1")


def test_records_that_cannot_be_written_are_one_sentence(project: Project, queue: Queue) -> None:
    project.write(jobs("true"))
    (project.path / ".snakemake").mkdir()
    records = project.path / ".snakemake" / "mle_cluster"
    records.touch()

    status, said = project.run()

    assert status == 1
    assert f"Nothing can be written into {records}, where the records of jobs lie: File exists. Move it" in said
    assert "Traceback" not in said
    assert queue() == {}


def test_jobs_get_slots_name_and_queue_and_share_one_array(project: Project, queue: Queue) -> None:
    project.write(
        jobs("echo $NSLOTS $JOB_NAME $QUEUE $OMP_NUM_THREADS", threads=2, resources='job_name="ode", queue="other.q"')
    )

    status, said = project.run()

    assert status == 0, said
    assert (project.path / "out/2.log").read_text() == "2 ode other.q 2\n"
    assert len(re.findall(r"Submitted job \d+", said)) == 1
    assert project.ran() == ["0", "1", "2"]
    project.wait_for(lambda: queue() == {})


def test_arrays_are_split_at_the_limit_of_the_site(project: Project) -> None:
    project.write(jobs("true", count=5))

    status, said = project.run("--mle-sge-array-size", "2")

    assert status == 0, said
    assert len(re.findall(r"Submitted job \d+", said)) == 3
    assert project.ran() == ["0", "1", "2", "3", "4"]


@pytest.mark.alone
def test_an_array_larger_than_the_site_takes_is_made_smaller(project: Project) -> None:
    project.write(jobs("true", count=4))

    with configured(max_aj_tasks="3"):
        status, said = project.run()

    assert status == 0, said
    assert "The site takes at most 3 tasks in one array, so smaller ones are made." in said
    assert "with 3 tasks: qsub" in said
    assert "with 1 task: qsub" in said
    assert project.ran() == ["0", "1", "2", "3"]


def test_no_folder_is_left_behind_in_the_project(project: Project) -> None:
    project.write(jobs("true"))

    project.run()

    assert sorted(path.name for path in project.path.iterdir() if path.is_dir()) == [".snakemake", "out"]
    assert not list((project.path / ".snakemake/mle_cluster").glob("*/array.json"))


@pytest.mark.parametrize("nested", [False, True])
def test_a_command_keeps_its_quotes_backslashes_and_lines(project: Project, nested: bool) -> None:
    project.write(
        "rule one:\n"
        '    output: "out"\n'
        "    params: text=r'''a \"b\" 'c' \\n \\\\ %s $HOME `x`\n$two'''\n"
        "    shell: 'printf %s {params.text:q} > {output}\\n# the end'\n"
    )

    status, said = project.run(*(["--mle-sge-nested"] if nested else []))

    assert status == 0, said
    assert (project.path / "out").read_text() == "a \"b\" 'c' \\n \\\\ %s $HOME `x`\n$two"


def test_other_kinds_of_rules_run_too(project: Project) -> None:
    project.write(
        "rule all:\n    input: 'a', 'b'\n"
        "rule python:\n    output: 'a'\n    run:\n        open(output[0], 'w').write('python')\n"
        "rule measured:\n    output: 'b'\n    benchmark: 'b.tsv'\n    shell: 'echo b > {output}'\n"
    )

    status, said = project.run()

    assert status == 0, said
    assert (project.path / "a").read_text() == "python"
    assert (project.path / "b.tsv").read_text().startswith("s\t")


def test_a_slow_task_does_not_hold_back_the_others(project: Project) -> None:
    project.write(
        "rule all:\n    input: 'after/0', 'out/1'\n"
        "rule train:\n    output: 'out/{n}'\n"
        "    shell: 'if [ {wildcards.n} = 1 ]; then until [ -e after/0 ]; do sleep 0.2; done; fi; touch {output}'\n"
        "rule after:\n    input: 'out/{n}'\n    output: 'after/{n}'\n    shell: 'touch {output}'\n"
    )

    status, said = project.run()

    assert status == 0, said


def test_an_exit_status_that_grid_engine_takes_for_an_order_is_only_a_failure(project: Project, queue: Queue) -> None:
    project.write(jobs("exit $((99 + {wildcards.n}))", count=2))

    status, said = project.run()

    assert status == 1
    assert "exit status 99." in said
    assert "exit status 100." in said
    assert project.ran() == ["0", "1"]
    project.wait_for(lambda: queue() == {})


def test_retries_run_a_failed_task_again(project: Project) -> None:
    project.write(jobs("[ $(grep -c {wildcards.n} ran) = 2 ]", count=1, retries=2))

    status, said = project.run()

    assert status == 0, said
    assert project.ran() == ["0", "0"]


def test_the_old_file_of_an_update_output_survives_a_failure(project: Project) -> None:
    (project.path / "out").write_text("old")
    (project.path / "input").write_text("new")
    project.write(
        "rule one:\n    input: 'input'\n    output: update('out')\n    shell: 'echo torn > {output}; exit 3'\n"
    )

    status, said = project.run("--forceall")

    assert status == 1
    assert "exit status 3" in said
    assert (project.path / "out").read_text() == "old"


def test_a_task_in_error_state_fails_with_the_reason_and_leaves_the_queue(project: Project, queue: Queue) -> None:
    project.write(jobs("true", count=2, resources='qsub_options=lambda w: "-i /nowhere/x" if w.n == "1" else ""'))

    status, said = project.run()

    assert status == 1
    assert re.search(r"cannot be started \(state Eqw\): .*can't open /nowhere/x as dummy input file", said), said
    assert project.ran() == ["0"]
    project.wait_for(lambda: queue() == {})
    project.write(jobs("true", count=2))
    status_after, said_after = project.run()
    assert status_after == 0, said_after
    assert project.ran() == ["0", "1"]


def test_ctrl_c_leaves_nothing_in_the_queue_and_the_same_command_goes_on(project: Project, queue: Queue) -> None:
    project.write(jobs("[ {wildcards.n} = 0 ] || [ -e mended ] || sleep 60", count=12))
    driver = project.start()
    project.wait_for_file("out/0")
    project.wait_for(lambda: "Finished jobid" in driver.output.read_text())

    driver.interrupt()
    status, said = driver.wait()
    left = queue()
    (project.path / "mended").touch()
    status_after, said_after = project.run()

    assert status == 1, said
    assert left == {}
    assert status_after == 0, said_after
    assert project.ran().count("0") == 1


@pytest.mark.alone
def test_after_a_crash_of_the_driver_nothing_runs_twice(project: Project, queue: Queue) -> None:
    """When it comes back, tasks have ended, are running and are queued."""
    # The first that starts ends as soon as nobody watches, whichever it is: there are fewer slots than tasks.
    project.write(jobs("mkdir first && wait=killed || wait=go; until [ -e $wait ]; do sleep 0.2; done", count=20))
    driver = project.start("--mle-sge-poll-seconds", "30")
    project.wait_for(lambda: len(queue()) == 20)
    driver.kill()
    (project.path / "killed").touch()
    project.wait_for(lambda: any(made.suffix == "" for made in project.path.glob("out/*")))
    project.wait_for(lambda: "qw" in queue().values() and "r" in queue().values())

    again = project.start()
    project.wait_for(lambda: again.output.read_text().count("of an earlier call") == 20)
    (project.path / "go").touch()
    status, said = again.wait()

    assert status == 0, said
    assert "Submitted job" not in said
    assert project.ran() == sorted(str(n) for n in range(20))
    project.wait_for(lambda: queue() == {})


@pytest.mark.parametrize("qsub_ends_first", [True, False])
def test_a_crash_of_the_driver_during_qsub_makes_nothing_run_twice(
    project: Project, tmp_path: Path, queue: Queue, qsub_ends_first: bool
) -> None:
    slow = tmp_path / "bin/qsub"
    slow.parent.mkdir()
    real = shutil.which("qsub")
    waiting = f"for _ in $(seq 1200); do [ -e {tmp_path}/release ] && break; sleep 0.1; done"
    slow.write_text(f'#!/bin/sh\ntouch {tmp_path}/asked\n{waiting}\n{real} "$@"\ntouch {tmp_path}/answered\n')
    slow.chmod(0o755)
    project.write(jobs("until [ -e go ]; do sleep 0.2; done"))
    driver = project.start(PATH=f"{slow.parent}:{os.environ['PATH']}")
    project.wait_for_file("asked")
    driver.kill()
    if qsub_ends_first:
        (tmp_path / "release").touch()
        project.wait_for_file("answered")

    again = project.start()
    project.wait_for(lambda: qsub_ends_first or "Submitted job" in again.output.read_text())
    (tmp_path / "release").touch()
    project.wait_for_file("answered")
    project.wait_for(lambda: len(project.ran()) >= 3)
    (project.path / "go").touch()
    status, said = again.wait()

    assert status == 0, said
    assert ("Submitted job" in said) != qsub_ends_first
    project.wait_for(lambda: queue() == {})
    assert project.ran() == ["0", "1", "2"]


def test_tasks_of_a_crashed_driver_whose_inputs_changed_are_replaced(project: Project, queue: Queue) -> None:
    (project.path / "input").write_text("old")
    project.write(
        "rule one:\n    input: 'input'\n    output: 'out'\n"
        "    shell: 'cat input >> ran; until [ -e go ]; do sleep 0.2; done; cp {input} {output}'\n"
    )
    driver = project.start()
    project.wait_for_file("ran")
    driver.kill()

    (project.path / "input").write_text("new")
    (project.path / "go").touch() if not queue() else None
    again = project.start()
    project.wait_for(lambda: (project.path / "ran").read_text() == "oldnew")
    (project.path / "go").touch()
    status, said = again.wait()

    assert status == 0, said
    assert "whose inputs have changed" in said
    assert (project.path / "out").read_text() == "new"


def test_a_second_driver_is_told_who_runs_the_first(project: Project, queue: Queue) -> None:
    project.write(jobs("until [ -e go ]; do sleep 0.2; done"))
    first = project.start()
    project.wait_for(lambda: len(queue()) == 3)

    status, said = project.run()
    (project.path / "go").touch()
    status_of_first, _ = first.wait()

    assert status == 1
    assert f"Another Snakemake submits jobs of this Snakefile: process {first.process.pid} on" in said
    assert status_of_first == 0
    assert project.ran() == ["0", "1", "2"]


def test_drivers_of_two_snakefiles_submit_side_by_side_and_leave_each_others_tasks_alone(
    project: Project, queue: Queue
) -> None:
    slow = project.path / "bin/qsub"
    slow.parent.mkdir()
    slow.write_text(f'#!/bin/sh\ntouch asked\nuntil [ -e take ]; do sleep 0.1; done\n{shutil.which("qsub")} "$@"\n')
    slow.chmod(0o755)
    project.write(jobs("until [ -e go ]; do sleep 0.2; done"))
    (project.path / "other.smk").write_text(
        "rule all:\n    input: 'other.1', 'other.2'\n"
        "rule other:\n    output: 'other.{n}'\n"
        "    shell: 'echo other{wildcards.n} >> ran; until [ -e go ]; do sleep 0.2; done; touch {output}'\n"
    )
    left = project.start("--snakefile", "other.smk", "other.1")
    project.wait_for(lambda: "other1" in project.ran())
    left.kill()

    # The first one is within qsub, its array without a number, while the second looks for what others have left.
    first = project.start(PATH=f"{slow.parent}:{os.environ['PATH']}")
    project.wait_for_file("asked")
    second = project.start("--snakefile", "other.smk")
    project.wait_for(lambda: "other2" in project.ran())
    (project.path / "take").touch()
    project.wait_for(lambda: len(queue()) == 5)
    second.interrupt()
    status_of_second, said = second.wait()
    left_to_first = queue()
    (project.path / "go").touch()
    status_of_first, _ = first.wait()

    assert status_of_second == 1
    assert "of an earlier call: waiting for that one" in said
    assert len(left_to_first) == 3
    assert status_of_first == 0
    assert project.ran() == ["0", "1", "2", "other1", "other2"]


def test_what_the_driver_of_another_snakefile_makes_is_not_made_as_well(project: Project, queue: Queue) -> None:
    project.write(jobs("until [ -e go ]; do sleep 0.2; done"))
    shutil.copy(project.path / "Snakefile", project.path / "copy.smk")
    first = project.start()
    project.wait_for(lambda: len(queue()) == 3)

    status, said = project.run("--snakefile", "copy.smk")
    (project.path / "go").touch()
    status_of_first, _ = first.wait()

    assert status == 1
    assert re.search(rf"Another Snakemake makes the same \(.+\): process {first.process.pid} on", said)
    assert status_of_first == 0
    assert project.ran() == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--mle-sge-queue", "nope.q"], 'unknown queue "nope.q".*`qconf -sql` lists the queues'),
        (["--mle-sge-memory-resource", "nope"], 'unknown resource "nope".*set mle-sge-memory-resource'),
    ],
)
def test_a_refusal_is_shown_with_the_way_out(project: Project, arguments: list[str], words: str) -> None:
    project.write(jobs("true", threads=2))

    status, said = project.run(*arguments)
    status_after, said_after = project.run()

    assert status == 1
    assert re.search(words, said), said
    assert status_after == 0, said_after
    assert project.ran() == ["0", "1", "2"]


@pytest.mark.parametrize("accounting", ["exit 1", "true"])
def test_accounting_that_is_missing_or_empty_changes_nothing(
    project: Project, tmp_path: Path, queue: Queue, accounting: str
) -> None:
    fake = tmp_path / "bin/qacct"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\n{accounting}\n")
    fake.chmod(0o755)
    project.write(jobs("[ {wildcards.n} = 0 ] || [ -e mended ] || sleep 60", count=2))
    driver = project.start(PATH=f"{fake.parent}:{os.environ['PATH']}")
    project.wait_for(lambda: project.ran() == ["0", "1"])

    _qdel(queue)
    status, said = driver.wait()
    (project.path / "mended").touch()
    status_after, said_after = project.run()

    assert status == 1
    assert re.search(r"\(train n=1\) was killed on \S+: deleted with qdel", said), said
    assert status_after == 0, said_after
    assert project.ran() == ["0", "1", "1"]


def _qdel(queue: Queue) -> None:
    subprocess.run(["qdel", *sorted({str(job) for job, _ in queue()})], check=True, capture_output=True)

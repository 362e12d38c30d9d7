"""The parts of the executors, and of their Grid Engine side, that need no Grid Engine."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from snakemake.iocontainers import Namedlist
from snakemake_interface_common.exceptions import WorkflowError

from mle_cluster.array_folder import TaskRecord, new_array
from mle_cluster.command import describe
from mle_cluster.grid_engine.backend import SCHEDULER
from mle_cluster.grid_engine.commands import parse_accounts, parse_states
from mle_cluster.grid_engine.deaths import explain_death
from mle_cluster.grid_engine.queues import is_machine
from mle_cluster.grid_engine.refusals import read_refusal
from mle_cluster.grid_engine.request import limits_of, qsub_options, scheduler_name
from mle_cluster.lock import Holder, holder_of, is_held
from mle_cluster.reading import expand_tasks
from mle_cluster.records import array_folders, lock_name
from mle_cluster.scheduler import Clues, Kind, Limits, Look, SchedulerError, TaskState
from mle_cluster.settings import refuse
from mle_cluster.watch import Sighting
from snakemake_executor_plugin_mle_sge.settings import ExecutorSettings

UNLIMITED, ONE_MINUTE = Limits(), Limits(seconds=60.0)
QSTAT = """<?xml version='1.0'?>
<job_info><queue_info>
<job_list state="running"><JB_job_number>2</JB_job_number><state>r</state><tasks>1</tasks></job_list>
</queue_info><job_info>
<job_list state="pending"><JB_job_number>2</JB_job_number><state>qw</state><tasks>3-7:2</tasks></job_list>
<job_list state="pending"><JB_job_number>3</JB_job_number><state>Eqw</state><tasks>1,2</tasks></job_list>
<job_list state="pending"><JB_job_number>4</JB_job_number><state>hqw</state></job_list>
</job_info></job_info>
"""


def test_one_answer_of_qstat_tells_the_state_of_every_task() -> None:
    states = parse_states(QSTAT)

    assert states == {
        (2, 1): "r",
        (2, 3): "qw",
        (2, 5): "qw",
        (2, 7): "qw",
        (3, 1): "Eqw",
        (3, 2): "Eqw",
        (4, 1): "hqw",
    }


def test_task_ranges_are_expanded() -> None:
    assert list(expand_tasks("1-5:2,9, 11-12:1")) == [1, 3, 5, 9, 11, 12]


def test_of_a_task_that_ran_twice_the_last_account_counts() -> None:
    text = "=====\njobnumber 5\ntaskid 2\nfailed 1\n=====\njobnumber 5\ntaskid 2\nfailed 100 : assumedly after job\n"

    assert parse_accounts(text)[2]["failed"] == "100 : assumedly after job"


def test_threads_memory_time_and_names_become_options() -> None:
    site = ExecutorSettings(memory_resource="mem_free", queue="all.q", tasks_at_once=5)

    options = qsub_options(site, "train", 4, {"mem_mb": 1001, "runtime": 20, "gpu": 1, "job_name": "1 run"})

    assert " ".join(options) == (
        "-N j1_run -q all.q -pe smp 4 -l mem_free=251M -l h_rt=1200 -l s_rt=1080 -l gpu=1 -tc 5"
    )


def requests(site: ExecutorSettings, **resources: object) -> str:
    return " ".join(qsub_options(site, "train", 1, {"job_name": "j", **resources})[2:])


@pytest.mark.parametrize(
    ("resources", "options"),
    [
        ({"queue": "a.q,b.q"}, "-q a.q,b.q"),
        ({"gpu": 2, "gpu_type": "a100"}, "-l gpu=2 -l gputype=a100"),
        ({"gpu": 1, "gpu_type": "a100,v100s", "gpu_prefix": "cuda"}, "-l cuda=1 -l gputype=a100|v100s"),
        ({"gpu_type": "a100", "gpu_prefix": "cuda"}, ""),
        ({"exclude_nodes": "n7"}, "-l hostname=!(n7|n7.*)"),
        ({"exclude_nodes": "n7,n8"}, "-l hostname=!(n7|n7.*|n8|n8.*)"),
        ({"include_nodes": "n1", "exclude_nodes": "n7"}, "-l hostname=(n1|n1.*)&!(n7|n7.*)"),
        ({"exclude_nodes": "", "include_nodes": "", "gpu_type": ""}, ""),
    ],
    ids=str,
)
def test_queues_gpus_and_machines_become_options(resources: dict[str, object], options: str) -> None:
    assert requests(ExecutorSettings(), **resources) == options


def test_a_kind_of_gpu_is_not_asked_for_where_the_site_has_no_name_for_it() -> None:
    assert requests(ExecutorSettings(gpu_type_resource=""), gpu=1, gpu_type="a100") == "-l gpu=1"


@pytest.mark.parametrize(
    ("host", "name", "is_meant"),
    [
        ("node7", "node7", True),
        ("node7.cluster.org", "node7", True),
        ("NODE7", "node7", True),
        ("node71", "node7", False),
        ("node71", "node7*", True),
    ],
)
def test_a_machine_is_meant_with_and_without_its_domain(host: str, name: str, is_meant: bool) -> None:
    assert is_machine(host, name) is is_meant


@pytest.mark.parametrize(
    ("minutes", "soft"),
    [(1, None), (14, None), (15, 810), (60, 3300), (None, None)],
    ids=["a minute", "a little less", "a quarter", "an hour", "no limit"],
)
def test_a_long_job_is_told_some_minutes_before_its_time_is_up(minutes: int | None, soft: int | None) -> None:
    told = qsub_options(ExecutorSettings(), "train", 1, {"runtime": minutes})
    untold = qsub_options(ExecutorSettings(notice_seconds=0), "train", 1, {"runtime": minutes})

    assert [each for each in told if each.startswith("s_rt")] == ([f"s_rt={soft}"] if soft else [])
    assert not any(each.startswith("s_rt") for each in untold)


@pytest.mark.parametrize(
    ("options", "limits"),
    [
        ("-l h_rt=1:0:0", Limits(seconds=3600.0)),
        ("-l mem_free=1G,h_rt=10 -q a.q -l h_vmem=2M -pe smp 3", Limits(10.0, "h_vmem=2M", 6 * 1024**2, "a.q")),
        ("-N x -l h_rt=INFINITY", Limits()),
        ("-l", Limits()),
    ],
)
def test_what_the_scheduler_enforces_is_read_from_the_options(options: str, limits: Limits) -> None:
    assert limits_of(options.split()) == limits


@pytest.mark.parametrize(
    ("message", "kind", "tasks"),
    [
        (
            "qsub: Unable to run job: job rejected: only 1 jobs are allowed per user (current job count: 1)",
            "later",
            None,
        ),
        ("qsub: Unable to run job: job rejected: only 5 jobs are allowed per cluster", "later", None),
        ("qsub: job rejected: you tried to submit a job with more than 300 tasks", "smaller", 300),
        ("qsub: job rejected: you tried to submit a job with more than 600 tasks", "final", None),
        ('qsub: Unable to run job: unknown resource "nope".', "final", None),
    ],
)
def test_refusals_for_a_limit_are_told_from_mistakes(message: str, kind: str, tasks: int | None) -> None:
    refusal = read_refusal(message, n_tasks=600)

    assert (refusal.kind, refusal.at_most) == (kind, tasks)
    assert refusal.advice.startswith(message.rstrip("."))


def test_memory_is_not_asked_for_unless_the_site_has_a_name_for_it() -> None:
    assert "-l" not in qsub_options(ExecutorSettings(), "train", 1, {"mem_mb": 1000})


@given(st.text(max_size=30))
def test_every_text_becomes_a_name_that_grid_engine_takes(text: str) -> None:
    name = scheduler_name(text)

    assert name[0].isalpha() or name[0] == "_"
    assert not set(name) & set(" \t\n/:@\\*?")


@pytest.mark.parametrize(
    ("site", "message"),
    [
        (ExecutorSettings(memory_per="core"), "mle-sge-memory-per: expected slot or job, found 'core'"),
        (ExecutorSettings(array_size=0), "mle-sge-array-size: expected a number of tasks from 1 on, found 0"),
        (ExecutorSettings(parallel_environment="smp 4"), "mle-sge-parallel-environment: expected one name"),
        (ExecutorSettings(qsub_options="-t 1-5"), "-t is set by the plugin itself"),
        (ExecutorSettings(qsub_options="-l 'a"), "the quotes do not match"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(site: ExecutorSettings, message: str) -> None:
    with pytest.raises(WorkflowError, match=message):
        refuse("mle-sge", site.mistakes())


# NUL cannot be in a command; carriage returns are translated when files are written as text.
COMMANDS = st.text(st.characters(blacklist_characters="\0\r", blacklist_categories=["Cs"]), max_size=60)


@settings(max_examples=40, deadline=None)
@given(commands=st.lists(COMMANDS, min_size=1, max_size=4))
def test_bash_reads_back_every_command_that_was_written(
    tmp_path_factory: pytest.TempPathFactory, commands: list[str]
) -> None:
    tasks = [TaskRecord(claim=str(n), digest="", label="") for n in range(len(commands))]
    folder = new_array(tmp_path_factory.mktemp("root") / "lock", "mle-sge", tasks, commands, [[] for _ in commands], "")
    # As task.sh does it.
    read = 'mapfile -t -s $((n - 1)) -n 1 lines <"$1"; printf -v text "%b" "${lines[0]}"; printf "%s" "$text"'

    found = [
        subprocess.run(["bash", "-c", f"n={n}; {read}", "_", folder.path / "commands"], capture_output=True).stdout
        for n in range(1, len(commands) + 1)
    ]

    assert found == [command.encode() for command in commands]


def test_records_tell_what_is_open(tmp_path: Path) -> None:
    tasks = [TaskRecord("a", "1", "train n=0"), TaskRecord("b", "2", "train n=1")]
    folder = new_array(tmp_path / "lock", "mle-sge", tasks, ["true", "true"], [[], []], "")
    (folder.path / "submitted").write_text("site policy: hello\n17.1-2:1\n")
    (folder.path / "exit.2").write_text("3 node7 100 160\n")
    folder.mark_done([2])

    (again,) = array_folders(tmp_path)

    assert again.job_id == 17
    assert again.tasks == tuple(tasks)
    assert again.ended() == again.done() == {2}
    outcome = again.exit(2)
    assert outcome is not None
    assert (outcome.status, outcome.host) == (3, "node7")
    assert again.exit(1) is None


def test_an_array_names_the_lock_of_the_driver_that_waits_for_it(tmp_path: Path) -> None:
    first, second = (tmp_path / lock_name(tmp_path / name, tmp_path) for name in ("Snakefile", "other.smk"))
    array = new_array(first, "mle-sge", [TaskRecord("a", "1", "train n=0")], ["true"], [[]], "")
    made_by = array.driver
    array.set_driver(second.name)
    adopted_by = array.driver
    (array.path / "driver").unlink()

    assert (made_by, adopted_by) == (first, second)
    assert first != second
    assert array.driver == tmp_path / "driver.lock", "records that were written when there was one lock for all"


def test_a_lock_is_held_by_another_process_until_that_ends(tmp_path: Path) -> None:
    code = "import sys, pathlib; from mle_cluster.lock import hold_lock; "
    code += "held = hold_lock(pathlib.Path(sys.argv[1])); print(); input()"
    lock = tmp_path / "lock"
    before = is_held(lock)
    command = [sys.executable, "-c", code, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        while_it_lives = is_held(lock)
        said = holder_of(lock)
        text = lock.read_text()

    assert (before, while_it_lives, is_held(lock)) == (False, True, False)
    assert said is not None
    assert said.pid == holder.pid
    assert str(said).startswith(f"process {holder.pid} on ")
    assert json.loads(text)["pid"] == holder.pid


def test_a_lock_of_an_earlier_version_says_who_holds_it(tmp_path: Path) -> None:
    lock = tmp_path / "lock"

    lock.write_text("process 12 on node7 since 2026-11-28 20:17:54\n")

    assert holder_of(lock) == Holder(12, "node7", "2026-11-28 20:17:54")


@pytest.mark.parametrize("text", ["", "{}", "hello", '{"pid": 3'])
def test_a_lock_in_which_nobody_has_left_a_name_has_no_holder(tmp_path: Path, text: str) -> None:
    lock = tmp_path / "lock"

    lock.write_text(text)

    assert holder_of(lock) is None


def test_records_know_whether_they_were_copied_with_their_project(tmp_path: Path) -> None:
    (tmp_path / "made here").mkdir()
    array = new_array(tmp_path / "made here" / "lock", "mle-sge", [TaskRecord("a", "1", "n=0")], ["true"], [[]], "")
    shutil.copytree(array.path, tmp_path / "copy" / array.path.name)

    (copied,) = array_folders(tmp_path / "copy")

    assert (array.is_copy, copied.is_copy) == (False, True)


def test_records_of_an_earlier_version_are_grid_engines_and_name_their_folder_in_their_script(tmp_path: Path) -> None:
    array = new_array(tmp_path / "lock", "mle-sge", [TaskRecord("a", "1", "n=0")], ["true"], [[]], "")
    (array.path / "array.json").write_text('{"format": 1, "tasks": [{"claim": "a", "digest": "1", "label": "n=0"}]}')
    (array.path / "task.sh").write_text(f"#!/bin/bash\nfolder={shlex.quote(str(array.path))}\n")
    shutil.copytree(array.path, tmp_path / "copy" / array.path.name)

    (earlier,), (copied,) = array_folders(tmp_path), array_folders(tmp_path / "copy")

    assert earlier.scheduler.executor == "mle-sge"
    assert (earlier.is_copy, copied.is_copy) == (False, True)


def test_records_of_a_later_version_are_not_guessed_at(tmp_path: Path) -> None:
    array = new_array(tmp_path / "lock", "mle-cray", [TaskRecord("a", "1", "n=0")], ["true"], [[]], "")

    with pytest.raises(SchedulerError, match="of the executor 'mle-cray'"):
        _ = array.scheduler
    assert (array.job_id, array.scheduler_name) == (None, "mle-cray")


def test_a_task_is_lost_only_after_two_looks_and_patience() -> None:
    sighting = Sighting(since=10.0)

    sighting.see(Look(11.0, {}), (1, 1))
    after_one_look = sighting.is_lost(100.0, patience=60)
    sighting.see(Look(12.0, {}), (1, 1))
    too_early, late = sighting.is_lost(70.0, patience=60), sighting.is_lost(71.0, patience=60)

    assert (after_one_look, too_early, late) == (False, False, True)


def test_an_answer_from_before_the_submission_says_nothing() -> None:
    sighting = Sighting(since=10.0)

    sighting.see(Look(9.0, {}), (1, 1))

    assert sighting.gone_since is None


def test_a_task_that_is_seen_again_is_not_lost() -> None:
    sighting = Sighting(since=10.0)

    for asked, states in ((11.0, {}), (12.0, {(1, 1): TaskState(Kind.RUNNING, "r")}), (13.0, {})):
        sighting.see(Look(asked, states), (1, 1))

    assert not sighting.is_lost(1000.0, patience=60)


@pytest.mark.parametrize(
    ("failed", "was_cut_off"), [("100 : assumedly after job", True), ("19 : before writing", True), ("0", False)]
)
def test_for_the_exit_file_of_a_task_whose_shell_was_killed_nobody_waits(failed: str, was_cut_off: bool) -> None:
    assert SCHEDULER.was_cut_off(None, {"failed": failed}) is was_cut_off
    assert SCHEDULER.was_cut_off(None, None) is None


@pytest.mark.parametrize(
    ("clues", "words"),
    [
        (Clues(None, None, UNLIMITED, {}), "taken out of the queue before it started"),
        (Clues(("n1", 5), 61.0, ONE_MINUTE, {}), "killed on n1 at its time limit of 60 s"),
        (Clues(("n1", 5), 12.0, ONE_MINUTE, {}), "killed on n1: deleted with qdel"),
        (
            Clues(("n1", 5), 61.0, ONE_MINUTE, {"failed": "37 : qmaster enforced h_rt, h_cpu, or h_vmem limit"}),
            "killed on n1 at its time limit of 60 s",
        ),
        (
            Clues(("n1", 5), None, UNLIMITED, {"failed": "28 : changing into working directory", "hostname": "n2"}),
            "could not be run on n2: changing into working directory",
        ),
        (
            Clues(("n1", 5), None, UNLIMITED, {"failed": "19 : before writing exit_status", "hostname": "n1"}),
            "was lost with its node n1 (Grid Engine says: before writing exit_status)",
        ),
        (
            Clues(("n1", 5), 9.0, UNLIMITED, {"failed": "0", "exit_status": "1", "hostname": "n1"}),
            "ended on n1 (exit status 1), and could not write down how",
        ),
        (
            Clues(("n1", 5), 9.0, limits_of(["-l", "h_vmem=1G"]), {"failed": "37 : h_rt", "maxvmem": "1.3GB"}),
            "killed on n1 for its memory: it asked for h_vmem=1G and used 1.3GB",
        ),
        (
            Clues(("n1", 5), 9.0, UNLIMITED, {"failed": "37 : qmaster enforced h_rt, h_cpu, or h_vmem limit"}),
            "killed on n1 over a limit of its queue (qmaster enforced h_rt",
        ),
    ],
)
def test_a_death_is_explained_as_far_as_can_be_told(clues: Clues, words: str) -> None:
    assert words in explain_death(clues)


def test_files_that_a_job_reads_count_as_its_inputs_so_that_tasks_of_the_version_before_are_known() -> None:
    """Then script and configuration were inputs; a job that is to start without them has them as `reads_` params."""

    def job(inputs: list[str], params: dict[str, object]) -> SimpleNamespace:
        return SimpleNamespace(
            rule=SimpleNamespace(name="train"),
            name="train",
            output=["results/a/seed_0/log.h5"],
            input=inputs,
            params=Namedlist(fromdict=params),
            wildcards_dict={"seed": "0"},
            is_group=lambda: False,
        )

    others = {"configuration_digest": "train.py", "arguments": []}
    before = job(["a.json", "train.py"], others)
    reads = {"reads_configuration": "a.json", "reads_script": "train.py"}

    assert describe(job([], reads | others)) == describe(before)
    assert describe(job(["a.json", "train.py"], reads | others)) == describe(before)
    assert describe(job([], {**reads, "reads_script": "other.py"} | others)).digest != describe(before).digest

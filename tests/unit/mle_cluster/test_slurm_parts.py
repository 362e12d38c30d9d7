"""The Slurm side of the executors, from what Slurm has answered (22.05), or answers according to its manual (24.11)."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from snakemake_interface_common.exceptions import WorkflowError

from mle_cluster.leftover_tasks import LeftoverTasks
from mle_cluster.reading import expand_tasks
from mle_cluster.records import deletable
from mle_cluster.scheduler import Clues, Kind, Limits, Look, SchedulerError, SchedulerSilentError, TaskState
from mle_cluster.settings import refuse
from mle_cluster.slurm import commands, request
from mle_cluster.slurm.answers import obstacle_in, parse_accounts, parse_states
from mle_cluster.slurm.backend import SCHEDULER
from mle_cluster.slurm.deaths import explain_death
from mle_cluster.slurm.refusals import read_refusal
from mle_cluster.slurm.request import bytes_of, limits_of, sbatch_options
from mle_cluster.watch import Sighting
from snakemake_executor_plugin_mle_slurm.settings import ExecutorSettings

Command = Callable[[str, str], None]

SQUEUE = """\
44|9|CA|None
58|N/A|CD|None
44|7|F|JobLaunchFailure
44|6|OOM|OutOfMemory
94|N/A|PD|PartitionConfig
92|1,3,5,9%2|PD|JobHeldUser
45|1|TO|TimeLimit
46|1|PR|None
47|2|CG|None
47|3-5|PD|Resources
"""
# With --clusters, a state that no version had yet, and a job of several parts.
SQUEUE_NEWER = """\
CLUSTER: one
7|1|R|None
7|2|XX|None
7|3|PD|ReqNodeNotAvail, UnavailableNodes:node[1-2]
8+0|N/A|R|None
"""
SACCT = """\
9_2|CANCELLED by 0|0:0|node1|5||1000M
9_2.batch|CANCELLED|0:15|node1|6|2000K|
9_3|OUT_OF_MEMORY|0:125|node2|1||100M
9_3.batch|OUT_OF_MEMORY|0:125|node2|1|0|
9_4|RUNNING|0:0|node1|9||1000M
9_[5-6%2]|CANCELLED by 1001|0:0|None assigned|0||1000M
9_7|COMPLETED|0:0|node1|2||1000M
"""


def test_one_answer_of_squeue_tells_the_state_of_every_task_and_why() -> None:
    states = parse_states(SQUEUE)

    assert {task: state.kind for task, state in states.items()} == {
        **dict.fromkeys([(44, 9), (58, 1), (44, 7), (44, 6), (45, 1), (46, 1)], Kind.OVER),
        **dict.fromkeys([(94, 1), (47, 3), (47, 4), (47, 5)], Kind.WAITING),
        **dict.fromkeys([(92, 1), (92, 3), (92, 5), (92, 9)], Kind.HELD),
        (47, 2): Kind.LEAVING,
    }
    assert states[45, 1] == TaskState(Kind.OVER, "TO", "TimeLimit")


def test_a_state_that_is_not_known_counts_as_running_and_lines_of_other_forms_are_no_tasks() -> None:
    states = parse_states(SQUEUE_NEWER)

    assert {task: state.kind for task, state in states.items()} == {
        (7, 1): Kind.RUNNING,
        (7, 2): Kind.RUNNING,
        (7, 3): Kind.WAITING,
    }


def test_a_task_that_is_also_listed_as_it_ended_before_is_as_it_is_now() -> None:
    assert parse_states("5|1|R|None\n5|1|NF|NodeDown\n")[5, 1].kind is Kind.RUNNING


def test_task_numbers_are_expanded() -> None:
    assert list(expand_tasks("1-5:2,9, 11-12%3")) == [1, 3, 5, 9, 11, 12]


def test_the_accounting_tells_of_tasks_that_are_over_with_the_memory_of_their_steps() -> None:
    accounts = parse_accounts(SACCT)

    assert sorted(accounts) == [2, 3, 5, 6, 7]
    assert accounts[2]["State"] == "CANCELLED by 0"
    assert accounts[2]["MaxRSS"] == "2000K"


def test_a_record_that_lacks_its_beginning_is_not_yet_the_accounting_of_a_task() -> None:
    # So answered Slurm 22.05 for a moment of a task that was deleted: afterwards 2000034_1, CANCELLED by 0.
    half = "2000034|FAILED|1:0|node2|0||16?\n2000034_2|CANCELLED by 0|0:0|node1|2||200M\n"

    assert list(parse_accounts(half)) == [2]


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("Priority", None),
        ("Resources", None),
        ("JobArrayTaskLimit", None),
        ("QOSMaxJobsPerUserLimit", None),
        ("AssocGrpCpuLimit", None),
        ("PartitionTimeLimit", "never"),
        ("PartitionConfig", "never"),
        ("AssocMaxCpuPerJobLimit", "never"),
        ("QOSMaxGRESPerJob", "never"),
        ("InvalidAccount", "never"),
        ("PartitionDown", "closed"),
        ("ReqNodeNotAvail, UnavailableNodes:node[1-2]", "closed"),
        ("Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions", "closed"),
    ],
)
def test_the_reason_why_a_task_waits_tells_what_will_never_start(reason: str, kind: str | None) -> None:
    obstacle = obstacle_in(reason)

    assert (None if obstacle is None else obstacle.kind) == kind


def test_nodes_count_as_missing_at_the_second_look_since_a_controller_that_has_just_started_knows_none() -> None:
    waiting = {5: [TaskState(Kind.WAITING, "PD", "ReqNodeNotAvail")]}
    SCHEDULER.obstacles({}, {}, None)

    first, second = (SCHEDULER.obstacles(waiting, {5: None}, None) for _ in range(2))

    assert not first
    assert second[5].kind == "closed"


def options(site: ExecutorSettings, threads: int = 1, **resources: object) -> str:
    words = sbatch_options(site, "train", threads, {"job_name": "j", **resources})
    assert words[0] == "--job-name=j"
    always = {"--nodes=1", "--ntasks=1", f"--cpus-per-task={threads}"}
    assert always <= set(words)
    return " ".join(word for word in words[1:] if word not in always)


@pytest.mark.parametrize(
    ("site", "resources", "expected"),
    [
        ({}, {}, ""),
        ({"partition": "a,b", "account": "lab", "qos": "long"}, {}, "--partition=a,b --account=lab --qos=long"),
        ({"partition": "a"}, {"queue": "c"}, "--partition=c"),
        ({}, {"mem_mb": 1001}, "--mem=1001M"),
        ({"memory_per": "cpu"}, {"mem_mb": 1001}, "--mem-per-cpu=501M"),
        ({"memory_per": "none"}, {"mem_mb": 1001}, ""),
        ({}, {"runtime": 14}, "--time=14"),
        ({}, {"runtime": 20}, "--time=20 --signal=B:USR1@120"),
        ({}, {"runtime": 600}, "--time=600 --signal=B:USR1@300"),
        ({"notice_seconds": 0}, {"runtime": 600}, "--time=600"),
        ({}, {"gpu": 2}, "--gres=gpu:2"),
        ({}, {"gpu": 2, "gpu_prefix": "cuda"}, "--gres=gpu:2"),
        ({}, {"gpu": 1, "gpu_type": "a100"}, "--gres=gpu:a100:1"),
        ({}, {"gpu": 1, "gpu_type": "a100,v100"}, "--gres=gpu:1 --constraint=a100|v100"),
        ({"gpu_request": "gres:gpu:a100"}, {"gpu": 1}, "--gres=gpu:a100:1"),
        ({"gpu_request": "gres:gpu:a100"}, {"gpu": 1, "gpu_type": "v100"}, "--gres=gpu:v100:1"),
        ({"gpu_request": "gpus-per-node"}, {"gpu": 1, "gpu_type": "v100"}, "--gpus-per-node=v100:1"),
        ({"gpu_type_request": "constraint"}, {"gpu": 1, "gpu_type": "v100"}, "--gres=gpu:1 --constraint=v100"),
        ({"gpu_type_request": "none"}, {"gpu": 1, "gpu_type": "v100"}, "--gres=gpu:1"),
        ({"gpu_request": "none"}, {"gpu": 1, "gpu_type": "v100"}, ""),
        ({}, {"gpu_type": "v100"}, ""),
        ({}, {"exclude_nodes": "n1,n2"}, "--exclude=n1,n2"),
        ({}, {"include_nodes": "n1", "exclude_nodes": "n2"}, "--nodelist=n1 --exclude=n2"),
        ({"sbatch_options": "-C 'a b'"}, {"sbatch_options": "--hold"}, "-C a b --hold"),
    ],
    ids=str,
)
def test_a_request_becomes_options(site: dict[str, object], resources: dict[str, object], expected: str) -> None:
    assert options(ExecutorSettings(**site), 2, **resources) == expected


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({"include_nodes": "n1,n2,n4", "exclude_nodes": "n4"}, "--exclude=n3,n4"),
        ({"include_nodes": "n1.cluster.org"}, "--nodelist=n1"),
        ({"exclude_nodes": "n1.cluster.org,n9"}, "--exclude=n1,n9"),
        ({"exclude_nodes": "n1", "sbatch_options": "--exclude=n[2-3]"}, "--exclude=n1 --exclude=n[2-3]"),
        ({"sbatch_options": "--exclude=n[2-3]"}, "--exclude=n[2-3]"),
    ],
    ids=str,
)
def test_of_several_machines_to_use_one_will_do_so_all_others_are_excluded(
    monkeypatch: pytest.MonkeyPatch, resources: dict[str, str], expected: str
) -> None:
    monkeypatch.setattr(request, "_all_nodes", lambda: ("n1", "n2", "n3", "n4"))

    found = request.with_nodes_of_site(options(ExecutorSettings(), **resources).split())

    assert " ".join(found) == expected


def test_machines_that_cannot_be_named_since_nobody_answers_are_for_a_later_submission(command: Command) -> None:
    command("sinfo", "echo 'slurm_load_node: Unable to contact slurm controller (connect failure)' >&2; exit 1")
    array = Path("/project/.snakemake/mle_cluster/20260101-000000-aaaaaaaa")
    wanted = sbatch_options(ExecutorSettings(), "train", 1, {"include_nodes": "n1,n2"})

    with pytest.raises(SchedulerSilentError):
        request.sbatch_command(ExecutorSettings(), wanted, 1, array, Path("/project"))


def test_a_job_name_is_one_word() -> None:
    assert sbatch_options(ExecutorSettings(), "größe: a/b\tc", 1, {})[0] == "--job-name=größe:_a/b_c"


@pytest.mark.parametrize(
    ("words", "limits"),
    [
        ("--time=60 --mem=200M", Limits(3600.0, "mem=200M", 200 * 2**20)),
        ("--time=60 --time 1-0", Limits(86400.0)),
        ("-t 10:30 -c 4 --mem-per-cpu=1G", Limits(630.0, "mem-per-cpu=1G", 4 * 2**30)),
        ("-pshort -t UNLIMITED", Limits(queue="short")),
    ],
)
def test_what_slurm_enforces_is_read_from_the_options(words: str, limits: Limits) -> None:
    assert limits_of(words.split()) == limits


@pytest.mark.parametrize(
    ("amount", "expected"), [("634336K", 634336 * 2**10), ("2000Mn", 2000 * 2**20), ("1.5G", 1.5 * 2**30), ("", None)]
)
def test_amounts_of_memory_of_all_versions_are_read(amount: str, expected: float | None) -> None:
    assert bytes_of(amount) == expected


FAILED = "sbatch: Batch job submission failed"
POLICY = "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"


@pytest.mark.parametrize(
    ("message", "kind", "at_most", "advice"),
    [
        (f"sbatch: AssocMaxSubmitJobLimit. {POLICY}.", "later", 4, ""),
        (f"sbatch: QOSMaxSubmitJobPerUserLimit. {POLICY}.", "later", 4, ""),
        (f"sbatch: {POLICY}.", "later", 4, ""),
        (f"sbatch: QOSMaxWallDurationPerJobLimit. {POLICY}.", "final", None, ""),
        ("sbatch: Slurm temporarily unable to accept job, sleeping and retrying.", "later", 4, ""),
        (f"{FAILED}: Invalid partition name specified.", "final", None, "mle-slurm-partition"),
        (f"{FAILED}: Invalid account or account/partition combination specified.", "final", None, "mle-slurm-account"),
        (f"{FAILED}: Invalid feature specification.", "final", None, "mle-slurm-gpu-type-request"),
        (f"{FAILED}: Invalid generic resource (gres) specification.", "final", None, "mle-slurm-gpu-request"),
        (f"{FAILED}: Invalid node name specified.", "final", None, "exclude_nodes"),
    ],
)
def test_refusals_for_a_limit_are_told_from_mistakes(message: str, kind: str, at_most: int | None, advice: str) -> None:
    refusal = read_refusal(message, 9)

    assert (refusal.kind, refusal.at_most) == (kind, at_most)
    assert advice in refusal.advice


NODE1 = ("node1", 5)
OVER = {code: TaskState(Kind.OVER, code) for code in ("TO", "OOM", "CA", "NF", "PR", "F")}


@pytest.mark.parametrize(
    ("clues", "words"),
    [
        (
            Clues(NODE1, 61.0, Limits(seconds=60), {"State": "TIMEOUT", "ElapsedRaw": "61"}),
            "was killed on node1 at its time limit of 60 s (ran 61 s)",
        ),
        (
            Clues(NODE1, 1.0, Limits(None, "mem=1M", 2**20), {"State": "OUT_OF_MEMORY", "MaxRSS": "0"}, 137),
            "for its memory: it asked for mem=1M. Ask",
        ),
        (
            Clues(NODE1, 1.0, Limits(None, "mem=1M", 2**20), {"State": "FAILED", "ExitCode": "0:9", "MaxRSS": "9000K"}),
            "asked for mem=1M and used 9000K",
        ),
        (
            Clues(NODE1, 1.0, Limits(), {"State": "FAILED", "ExitCode": "1:0", "MaxRSS": "9K"}, 137),
            "ended on node1 with exit status 137 (signal 9).",
        ),
        (
            Clues(NODE1, 1.0, Limits(), {"State": "CANCELLED by 99999999"}, 143),
            "was deleted with scancel by user 99999999 while it ran on node1",
        ),
        (
            Clues(None, None, Limits(), {"State": "CANCELLED by 0"}),
            "taken out of the queue before it started, with scancel",
        ),
        (
            Clues(NODE1, 1.0, Limits(), {"State": "FAILED", "ExitCode": "0:9", "ElapsedRaw": "9"}),
            "was killed on node1 by signal 9 (ran 9 s), at no limit of Slurm: somebody has sent it",
        ),
        (Clues(NODE1, 1.0, Limits(), {"State": "NODE_FAIL"}), "was lost with its node node1"),
        (Clues(NODE1, 1.0, Limits(), {"State": "PREEMPTED"}, 143), "was preempted on node1"),
        (
            Clues(None, None, Limits(), {"State": "FAILED", "ExitCode": "0:53", "NodeList": "node2"}),
            "could not be started on node2 (FAILED). Its folder",
        ),
        (Clues(NODE1, 1.0, Limits(), {}, 143), "was killed on node1: deleted with scancel, or over a limit."),
        (Clues(NODE1, 1.0, Limits(), {}), "or the node went down"),
        *(
            (Clues(NODE1, 1.0, Limits(), {}, last=OVER[code]), words)
            for code, words in (
                ("TO", "at its time limit"),
                ("OOM", "for its memory"),
                ("CA", "deleted with scancel"),
                ("NF", "lost with its node"),
                ("PR", "preempted"),
            )
        ),
    ],
)
def test_a_death_is_explained_as_far_as_can_be_told_also_without_accounting(clues: Clues, words: str) -> None:
    assert words in explain_death(clues)


@pytest.mark.parametrize(
    ("code", "account", "was_cut_off"),
    [
        ("F", {"State": "FAILED", "ExitCode": "0:9"}, True),
        ("F", {"State": "FAILED", "ExitCode": "0:53"}, True),
        ("F", {"State": "FAILED", "ExitCode": "1:0"}, False),
        ("F", None, None),
        ("F", {}, False),
        ("NF", None, True),
        ("CA", {"State": "CANCELLED by 0", "ExitCode": "0:15"}, False),
        ("CD", None, False),
    ],
)
def test_for_the_exit_file_of_a_task_whose_shell_was_killed_nobody_waits(
    code: str, account: dict[str, str] | None, was_cut_off: bool | None
) -> None:
    assert SCHEDULER.was_cut_off(TaskState(Kind.OVER, code), account) is was_cut_off


@pytest.mark.parametrize(
    ("site", "message"),
    [
        (ExecutorSettings(memory_per="slot"), "mle-slurm-memory-per: expected job, cpu or none, found 'slot'."),
        (ExecutorSettings(gpu_request="gpu"), "mle-slurm-gpu-request: expected gres:NAME,"),
        (ExecutorSettings(gpu_type_request="x"), "mle-slurm-gpu-type-request: expected gres, constraint or none"),
        (ExecutorSettings(partition="a b"), "mle-slurm-partition: expected one name, found 'a b'."),
        (ExecutorSettings(sbatch_options="--requeue"), "mle-slurm-sbatch-options: --requeue is set by the plugin"),
        (ExecutorSettings(sbatch_options="-o/dev/null"), "mle-slurm-sbatch-options: -o is set by the plugin"),
        (ExecutorSettings(sbatch_options="'"), "mle-slurm-sbatch-options: the quotes do not match"),
        (ExecutorSettings(array_size=0), "mle-slurm-array-size: expected a number of tasks"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(site: ExecutorSettings, message: str) -> None:
    with pytest.raises(WorkflowError) as caught:
        refuse("mle-slurm", site.mistakes())

    assert message in str(caught.value)


def test_the_settings_of_the_profile_are_accepted() -> None:
    site = ExecutorSettings(sbatch_options="--constraint=avx512 --nice=100 -C a", gpu_request="gpus-per-node")

    assert list(site.mistakes()) == []


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return a function that puts a command on a PATH that has nothing else of Slurm."""
    folder = tmp_path / "commands"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def make(name: str, body: str) -> None:
        (folder / name).write_text(f"#!/bin/bash\n{body}\n")
        (folder / name).chmod(0o755)

    return make


def test_an_sbatch_that_wants_to_try_again_for_minutes_is_ended(command: Command, tmp_path: Path) -> None:
    words = "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying."
    command("sbatch", f"echo '{words}' >&2; exec sleep 300")

    with pytest.raises(SchedulerError, match="retrying") as caught:
        commands.submit(["sbatch"], tmp_path / "submitted")

    assert read_refusal(str(caught.value), 1).kind == "later"


@pytest.mark.parametrize(
    "words",
    [
        "Unable to contact slurm controller (connect failure)",
        "Socket timed out on send/recv operation",
        's_p_parse_file: file "/etc/slurm/slurm.conf" is empty. Unable to process configuration file',
    ],
)
def test_a_controller_that_does_not_answer_is_told_from_a_refusal(command: Command, tmp_path: Path, words: str) -> None:
    command("sbatch", f"echo 'sbatch: error: Batch job submission failed: {words}' >&2; exit 1")
    command("squeue", f"echo 'slurm_load_jobs error: {words}' >&2; exit 1")

    with pytest.raises(SchedulerSilentError):
        commands.submit(["sbatch"], tmp_path / "submitted")
    with pytest.raises(SchedulerSilentError):
        commands.states()


def test_an_array_that_the_site_takes_only_in_parts_is_told_from_an_array_that_is_wrong(command: Command) -> None:
    command("scontrol", "echo 'MaxArraySize            = 5'")
    message = f"{FAILED}: Invalid job array specification."

    assert (read_refusal(message, 7).kind, read_refusal(message, 7).at_most) == ("smaller", 4)
    assert read_refusal(message, 4).kind == "final"


def test_without_accounting_there_are_no_accounts_and_while_its_database_is_down_they_may_come(
    command: Command,
) -> None:
    command("sacct", "echo 'Slurm accounting storage is disabled' >&2; exit 1")
    assert commands.accounts(5) is None

    command("sacct", "echo 'sacct: error: Problem talking to the database: Connection refused' >&2; exit 1")
    assert commands.accounts(5) == {}


def test_the_job_that_the_driver_itself_runs_in_changes_no_answer_and_no_request(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SLURM_MEM_PER_CPU", "SLURM_ARRAY_TASK_ID", "SQUEUE_FORMAT", "SBATCH_EXPORT", "SBATCH_ARRAY_INX"):
        monkeypatch.setenv(name, "1")
    for name in ("SBATCH_ACCOUNT", "SLURM_CONF"):
        monkeypatch.setenv(name, "kept")
    command("sbatch", f"env > {tmp_path}/sbatch; echo 12\\;cluster")
    command("squeue", f"env > {tmp_path}/squeue")

    job = commands.submit(["sbatch"], tmp_path / "submitted")
    commands.states()

    assert job == commands.read_job_id(tmp_path / "submitted") == 12
    for name in ("sbatch", "squeue"):
        seen = {line.partition("=")[0] for line in (tmp_path / name).read_text().splitlines()}
        assert {each for each in seen if each.startswith(("SLURM_", "SQUEUE_", "SBATCH_"))} - {
            "SLURM_BITSTR_LEN",
            "SLURM_TIME_FORMAT",
        } == {"SBATCH_ACCOUNT", "SLURM_CONF"}


def test_a_submission_whose_answer_was_lost_is_found_by_its_folder(command: Command) -> None:
    command("squeue", "echo '17    /home/me/p/.snakemake/mle_cluster/20260101-000000-aaaaaaaa/log.%a'")

    assert commands.find_array(Path("/elsewhere/20260101-000000-aaaaaaaa")) == 17
    assert commands.find_array(Path("/elsewhere/20260101-000000-bbbbbbbb")) is None


def test_a_number_that_was_given_out_again_is_not_deleted(command: Command) -> None:
    command("squeue", "echo '17    /p/.snakemake/mle_cluster/mine/log.%a'; echo '18   /p/other.out'")
    mine, lost = Path("/p/.snakemake/mle_cluster/mine"), Path("/p/.snakemake/mle_cluster/lost")

    assert deletable(SCHEDULER, {17: [1], 18: [1]}, {17: mine, 18: lost}) == {17: [1]}


def test_of_the_tasks_that_are_listed_as_running_those_without_a_step_are_absent_unless_a_node_is_silent(
    command: Command, tmp_path: Path
) -> None:
    command("squeue", "printf '1|31\\n2|32\\n3|30\\n'")
    command("sstat", f'echo "$@" >{tmp_path}/asked; echo 31.batch')

    assert commands.absent(30, {1, 3, 4}) == {3}
    assert (tmp_path / "asked").read_text().endswith("--jobs=31.batch,30.batch\n")

    command("sstat", "echo 31.batch; echo 'sstat: error: node1: Communication connection failure' >&2")
    with pytest.raises(SchedulerError, match="node1"):
        commands.absent(30, {1, 3})


def test_a_task_that_has_ended_and_is_listed_as_waiting_is_deleted_once_it_was_asked_about_after_its_end(
    command: Command, tmp_path: Path
) -> None:
    command("squeue", "echo '17    /p/.snakemake/mle_cluster/mine/log.%a'")
    command("scancel", f'echo "$@" >>{tmp_path}/deleted')
    before = Look(time.monotonic(), parse_states("17|1-2|PD|None\n"))
    leftovers = LeftoverTasks(SCHEDULER)
    leftovers.add((17, 1), Path("/p/.snakemake/mle_cluster/mine"))
    after = Look(time.monotonic(), parse_states("17|1|PD|JobHeldAdmin\n17|2|PD|None\n"))

    leftovers.delete(before)
    assert not (tmp_path / "deleted").exists()
    leftovers.delete(after)
    leftovers.delete(after)

    assert (tmp_path / "deleted").read_text() == "17_[1]\n"


def test_how_a_task_ended_is_kept_from_a_list_that_remembers_it() -> None:
    sighting = Sighting(since=0.0)

    sighting.see(Look(1.0, parse_states("5|1|R|None\n")), (5, 1))
    sighting.see(Look(2.0, parse_states("5|1|TO|TimeLimit\n")), (5, 1))
    sighting.see(Look(3.0, {}), (5, 1))

    assert sighting.state is None
    assert sighting.end == TaskState(Kind.OVER, "TO", "TimeLimit")
    assert sighting.gone_since == 2.0

"""What the core relies on in every scheduler, whichever it is; their commands are replaced by recorded answers."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from mle_cluster import scheduler as protocol
from mle_cluster.known import scheduler_of_executor, schedulers
from mle_cluster.scheduler import (
    Clues,
    Kind,
    Limits,
    Scheduler,
    SchedulerError,
    SchedulerSilentError,
    TaskState,
    in_queue,
)

SCHEDULERS = {each.executor: each for each in schedulers()}
# What each answers when tasks 1 to 3 of job 7 run, wait and are held, and tasks 4 and 5 do not exist any more.
LISTS = {
    "mle-sge": (
        "qstat",
        "<job_info><queue_info><job_list><JB_job_number>7</JB_job_number><state>r</state><tasks>1</tasks></job_list>"
        "<job_list><JB_job_number>7</JB_job_number><state>qw</state><tasks>2</tasks></job_list>"
        "<job_list><JB_job_number>7</JB_job_number><state>hqw</state><tasks>3</tasks></job_list>"
        "</queue_info></job_info>",
    ),
    "mle-slurm": ("squeue", "7|1|R|None\n7|2|PD|Priority\n7|3|PD|JobHeldUser\n7|4-5|CD|None\n"),
}
SUBMITTED = {"mle-sge": "Your site says hello\n7.1-5:1\n", "mle-slurm": "7\n"}
SILENT = {
    "mle-sge": "error: unable to contact qmaster using port 6444 on host",
    "mle-slurm": "error: Unable to contact slurm controller (connect failure)",
}
RESOURCES = {"mem_mb": 100, "runtime": 60, "gpu": 1, "queue": "one,two", "job_name": "a job", "exclude_nodes": "n1"}

Command = Callable[[str, str], Path]


@pytest.fixture(params=sorted(SCHEDULERS))
def scheduler(request: pytest.FixtureRequest) -> Scheduler:
    """Return each scheduler in turn."""
    return SCHEDULERS[request.param]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return a function that makes a command; its words go into the file that is returned."""
    folder = tmp_path / "commands"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def make(name: str, body: str) -> Path:
        words = tmp_path / f"{name}.words"
        (folder / name).write_text(f'#!/bin/bash\nprintf "%s\\n" "$@" >>{words}\n{body}\n')
        (folder / name).chmod(0o755)
        return words

    return make


def settings_of(scheduler: Scheduler) -> Any:
    return import_module(f"snakemake_executor_plugin_{scheduler.executor.replace('-', '_')}.settings")


def test_each_has_everything_that_the_protocol_names(scheduler: Scheduler) -> None:
    (wanted,) = (
        node
        for node in ast.parse(inspect.getsource(protocol)).body
        if isinstance(node, ast.ClassDef) and node.name == "Scheduler"
    )
    names = {
        node.target.id for node in wanted.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    names |= {"submitting", "deleting", "listing"}
    methods = {node.name for node in wanted.body if isinstance(node, ast.FunctionDef)}

    assert {name for name in names if not hasattr(scheduler, name)} == set()
    assert {name for name in methods if not callable(getattr(scheduler, name, None))} == set()


def test_its_executor_is_a_plugin_with_its_settings_and_its_profile_uses_it(scheduler: Scheduler) -> None:
    profile = Path(__file__).parents[3] / "profiles" / scheduler.profile / "config.yaml"

    plugin = import_module(f"snakemake_executor_plugin_{scheduler.executor.replace('-', '_')}")

    assert plugin.Executor.scheduler is scheduler is scheduler_of_executor(scheduler.executor)
    assert list(plugin.ExecutorSettings().mistakes()) == []
    assert f"executor: {scheduler.executor}\n" in profile.read_text()
    assert hasattr(plugin.ExecutorSettings(), scheduler.queue_setting)


def test_equal_jobs_have_equal_options_in_which_their_limits_are_found_again(scheduler: Scheduler) -> None:
    settings = settings_of(scheduler).ExecutorSettings()

    first, second = (scheduler.options(settings, "rule", 2, RESOURCES) for _ in range(2))

    assert first == second
    assert scheduler.limits_of(first).seconds == 3600
    assert scheduler.limits_of(first).queue == "one,two"
    assert first != scheduler.options(settings, "rule", 3, RESOURCES)


@pytest.mark.parametrize("name", ["project", "größe, a: b", "50% $(touch no)", "-n", "q'uo\"te"])
def test_a_project_of_any_name_is_handed_over_as_one_word(scheduler: Scheduler, tmp_path: Path, name: str) -> None:
    project = tmp_path / name
    array = project / ".snakemake" / "mle_cluster" / "20260101-000000-aaaaaaaa"

    words = scheduler.command(settings_of(scheduler).ExecutorSettings(), (), 5, array, project)

    assert words[0] == scheduler.submitting
    assert words[-1] == str(array / "task.sh")
    assert any(str(project) in word and "task.sh" not in word for word in words)
    # The place of the output is relative to it: both schedulers would take signs in its name for orders.
    (output,) = (word for word in words if "aaaaaaaa/log." in word)
    assert name not in output


def test_a_submission_leaves_its_answer_on_disk(scheduler: Scheduler, command: Command, tmp_path: Path) -> None:
    command(scheduler.submitting, f"printf '{SUBMITTED[scheduler.executor]}'")

    job = scheduler.submit([scheduler.submitting, "x"], tmp_path / "submitted")

    assert job == 7
    assert scheduler.read_job_id(tmp_path / "submitted") == 7
    assert scheduler.read_job_id(tmp_path / "nothing") is None


def test_silence_is_told_from_a_refusal(scheduler: Scheduler, command: Command, tmp_path: Path) -> None:
    command(scheduler.submitting, f"echo '{SILENT[scheduler.executor]}' >&2; exit 1")
    with pytest.raises(SchedulerSilentError):
        scheduler.submit([scheduler.submitting], tmp_path / "submitted")

    command(scheduler.submitting, "echo 'job rejected: no' >&2; exit 1")
    with pytest.raises(SchedulerError, match="no") as caught:
        scheduler.submit([scheduler.submitting], tmp_path / "submitted")

    assert not isinstance(caught.value, SchedulerSilentError)
    assert scheduler.refusal(str(caught.value), 5).kind == "final"


def test_without_its_commands_it_says_what_to_do(
    scheduler: Scheduler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SchedulerError, match=r"(?i)module load .*--profile local"):
        scheduler.submit([scheduler.submitting], tmp_path / "submitted")
    with pytest.raises(SchedulerError, match="on PATH"):
        scheduler.states()


def test_one_question_tells_the_state_of_every_task(scheduler: Scheduler, command: Command) -> None:
    name, answer = LISTS[scheduler.executor]
    asked = command(name, f"cat <<'X'\n{answer}\nX")

    states = scheduler.states()

    assert [states[7, number].kind for number in (1, 2, 3)] == [Kind.RUNNING, Kind.WAITING, Kind.HELD]
    assert in_queue(states) == {(7, 1), (7, 2), (7, 3)}
    assert asked.read_text().count("-u\n") + asked.read_text().count("--user\n") == 1


def test_tasks_of_several_jobs_are_deleted_by_one_command_and_those_that_are_gone_are_no_error(
    scheduler: Scheduler, command: Command
) -> None:
    words = command(scheduler.deleting, "echo 'no such job' >&2; exit 1")

    scheduler.delete({12: None, 13: [1, 4]})
    asked = words.read_text().split()
    scheduler.delete({})

    assert asked[0] == "12"
    assert {"13.1", "13.4"} <= set(asked) or "13_[1,4]" in asked
    assert words.read_text().split() == asked


def test_what_nobody_knows_about_a_death_still_makes_a_sentence(scheduler: Scheduler) -> None:
    for clues in (
        Clues(None, None, Limits(), {}),
        Clues(("node", 5), 1.0, Limits(), {}),
        Clues(("node", 5), 1.0, Limits(), {}, exit_status=143),
        Clues(("node", 5), 1.0, Limits(), {}, last=TaskState(Kind.OVER, "new")),
    ):
        sentence = scheduler.explain(clues)

        assert sentence.startswith(("was ", "could "))
        assert sentence.endswith(".")
    assert not scheduler.ended_well({})


def test_the_words_of_a_task_make_a_script_that_bash_reads(scheduler: Scheduler) -> None:
    script = (Path(protocol.__file__).parent / "task.sh").read_text()
    for mark, value in {**scheduler.task_words, "@FOLDER@": "/f", "@PATIENCE@": "1", "@EXPORTS@": ""}.items():
        script = script.replace(mark, value)

    checked = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)

    assert (checked.returncode, checked.stderr) == (0, "")
    assert re.search("@[A-Z]+@", script) is None

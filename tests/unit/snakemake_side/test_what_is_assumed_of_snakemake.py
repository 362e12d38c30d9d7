"""Each assumption of mle_toolbox/snakemake_side against the installed Snakemake, and that no other room has any.

With a new Snakemake, what fails here is what has to change, and it changes in that room.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from string import ascii_lowercase
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from snakemake import common, exceptions
from snakemake.cli import get_argument_parser, get_profile_dir, parse_args
from snakemake.io import PeriodicityDetector, contains_wildcard
from snakemake.jobs import GroupJob, Job
from snakemake.pathvars import PATHVAR_REGEX
from snakemake.rules import Rule
from snakemake.scheduling.job_scheduler import JobScheduler
from snakemake.settings import types as settings_types
from snakemake.shell import shell
from snakemake.spawn_jobs import SpawnedJobArgsFactory
from snakemake.storage import StorageRegistry
from snakemake.workflow import Workflow
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
from snakemake_interface_logger_plugins.common import LogEvent

from mle_toolbox.project_profiles import install_profiles
from mle_toolbox.snakemake_side import assumptions, job_events
from mle_toolbox.snakemake_side.job_events import EventFile
from mle_toolbox.snakemake_side.leftovers import clear_leftovers, forget_outputs
from mle_toolbox.snakemake_side.private_access import (
    RARE_TIMERS,
    SHIPPED_TIMESPANS,
    TIMESPAN,
    forced_jobs,
    framed,
    start_nothing_more,
)
from mle_toolbox.snakemake_side.profile_files import (
    is_computed,
    profile_file,
    resolve_profile,
    site_profiles_dir,
    text_of_value,
    truth_of_text,
    unread_profile,
    user_profiles_dir,
)
from mle_toolbox.snakemake_side.snakemake_command import (
    RunOptions,
    environment_for,
    event_options,
    snakemake_command,
    trouble_with_cache,
)

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
ROOM = ROOT / "mle_toolbox" / "snakemake_side"
PACKAGES = [ROOT / "mle_toolbox", *ROOT.glob("mle_cluster*"), *ROOT.glob("snakemake_*_plugin_*")]
WORKFLOW = [*ROOT.glob("workflow/*.smk"), *ROOT.glob("rules/*.smk")]
PYTHON_FILES = [path for package in PACKAGES for path in sorted(package.rglob("*.py")) if "templates" not in path.parts]
# Long enough to be cut into folders by Snakemake's notes.
LONG = Path("results") / (ascii_lowercase * 6) / f"{ascii_lowercase * 6}.txt"


# -- which Snakemake ------------------------------------------------------------------------------------------------


def test_the_installed_version_is_one_of_those_that_the_package_asks_for() -> None:
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]

    assert assumptions.REQUIREMENT in dependencies
    assert assumptions.version_fits(version("snakemake"))


@pytest.mark.parametrize(("number", "fits"), [("9.18.2", False), ("9.19.0", True), ("9.100", True), ("10.0.0", False)])
def test_versions_fit_from_the_oldest_to_the_next_major_one(number: str, fits: bool) -> None:
    assert assumptions.version_fits(number) is fits


# -- a real run -------------------------------------------------------------------------------------------------------


class Run(NamedTuple):
    """A project in which one job went well and one failed."""

    project: Path
    status: int
    output: str


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    project = tmp_path_factory.mktemp("project")
    install_profiles(project)
    (project / "Snakefile").write_text(f"""
rule all:
    input: "{LONG}", "results/bad.txt"

rule train:
    output: "{{folder}}/{LONG.name}"
    threads: 2
    shell: "env > {{output}}; ps -ww -o command= -p $PPID > caller; cp -r .snakemake while_it_ran"

rule bad:
    output: "results/bad.txt"
    shell: "exit 3"
""")
    command = snakemake_command(project, project / "Snakefile", RunOptions(cores=2))
    command += [*event_options("events"), "--keep-going"]
    # Shorter than the scheduler's timers: without our logger plugin, which ends them, this would run out.
    done = subprocess.run(
        command,
        cwd=project,
        env=environment_for(project),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return Run(project, done.returncode, done.stdout)


def killed(run: Run, folder: Path) -> Path:
    """Return a copy of the project as it was when the job was running."""
    copy = folder / "project"
    shutil.copytree(run.project, copy, symlinks=True)
    shutil.rmtree(copy / assumptions.OWN_FOLDER)
    (copy / "while_it_ran").rename(copy / assumptions.OWN_FOLDER)
    return copy


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.slow
def test_a_run_of_which_something_failed_ends_orderly(run: Run) -> None:
    assert run.status == 1, run.output
    assert run.status in assumptions.ENDED_ORDERLY
    assert assumptions.NOT_UNDERSTOOD not in assumptions.ENDED_ORDERLY


@pytest.mark.slow
def test_locks_and_marks_of_incompleteness_are_found_and_removed(run: Run, tmp_path: Path) -> None:
    copy = killed(run, tmp_path)
    own = assumptions.own_folder(copy)
    assert files_in(own / "locks")
    assert files_in(own / "incomplete")

    clear_leftovers(copy, Path("results"))

    assert files_in(own / "locks") == []
    assert files_in(own / "incomplete") == []


@pytest.mark.slow
def test_an_output_that_is_not_there_stays_incomplete(run: Run, tmp_path: Path) -> None:
    copy = killed(run, tmp_path)
    (copy / LONG).unlink()
    before = files_in(assumptions.own_folder(copy) / "incomplete")

    clear_leftovers(copy, Path("results"))

    assert files_in(assumptions.own_folder(copy) / "incomplete") == before


@pytest.mark.slow
def test_those_of_other_results_are_left_alone(run: Run, tmp_path: Path) -> None:
    copy = killed(run, tmp_path)
    before = files_in(assumptions.own_folder(copy))

    clear_leftovers(copy, Path("other"))

    assert files_in(assumptions.own_folder(copy)) == before


@pytest.mark.slow
def test_the_note_on_an_output_is_found_and_removed(run: Run, tmp_path: Path) -> None:
    copy = tmp_path / "project"
    shutil.copytree(run.project, copy, symlinks=True)
    notes = assumptions.own_folder(copy) / "metadata"
    assert len(files_in(notes)) == 2

    forget_outputs(copy, [LONG])

    (left,) = files_in(notes)
    forget_outputs(copy, [Path("results/bad.txt")])
    assert not left.exists()


@pytest.mark.slow
def test_a_shell_command_gets_the_variables_that_a_task_is_given(run: Run) -> None:
    lines = (run.project / LONG).read_text().splitlines()
    variables = dict(line.split("=", 1) for line in lines if "=" in line)

    assert {variables.get(name) for name in assumptions.THREAD_VARIABLES} == {"2"}
    folders = {variables.get(name) for name in assumptions.TEMPORARY_FOLDER_VARIABLES}
    assert len(folders) == 1
    assert Path(folders.pop() or "nowhere").is_dir()


@pytest.mark.slow
def test_a_snakemake_is_recognised_by_its_command_line(run: Run) -> None:
    assert assumptions.is_snakemake((run.project / "caller").read_text())


@pytest.mark.slow
def test_the_events_say_what_becomes_of_each_job(run: Run) -> None:
    events = list(EventFile(run.project / "events").new_events())

    (plan,) = (event for event in events if event["event"] == "plan")
    jobs = {event["rule"]: event for event in events if event["event"] == "job"}
    started = {number for event in events if event["event"] == "started" for number in event["ids"]}
    assert plan["jobs"] == {"all": 1, "train": 1, "bad": 1, "total": 3}
    assert jobs["train"]["wildcards"] == {"folder": str(LONG.parent)}
    assert started == {jobs["train"]["id"], jobs["bad"]["id"]}
    assert [event["id"] for event in events if event["event"] == "finished"] == [jobs["train"]["id"]]
    assert {event["id"] for event in events if event["event"] == "failed"} == {jobs["bad"]["id"]}


# -- events, messages, timers -----------------------------------------------------------------------------------------


def test_a_signal_handler_of_the_scheduler_lets_it_start_nothing_more() -> None:
    # Called in another thread: in the main one it waits for a lock that the main thread may hold.
    assert "signal.signal(signal.SIGTERM, self.exit_gracefully)" in inspect.getsource(JobScheduler.__init__)
    source = inspect.getsource(JobScheduler.exit_gracefully)

    assert "with self._lock" in source
    assert 'self._user_kill = "graceful"' in source


def test_without_a_scheduler_there_is_nothing_to_pause() -> None:
    assert not start_nothing_more()


def test_the_events_have_the_names_that_are_looked_for() -> None:
    names = set(re.findall(r'case "(\w+)":', inspect.getsource(job_events.described)))

    assert names == {"run_info", "job_info", "job_started", "job_finished", "job_error"}
    assert names <= {event.value for event in LogEvent}


def test_what_a_remote_executor_says_is_followed_by_the_known_advice() -> None:
    assert assumptions.ADVICE_AFTER_REASON in inspect.getsource(RemoteExecutor.print_job_error)


def test_a_place_in_the_code_is_recognised() -> None:
    (line,) = exceptions.format_traceback([("Snakefile", 3, "module", "x")], {})

    assert assumptions.is_place_in_code(line)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--foo-bar", "1"], (None, "unrecognized arguments: --foo-bar")),
        (["--latency-wait", "x"], ("--latency-wait/--output-wait/-w", "invalid int value: 'x'")),
    ],
)
def test_an_option_that_is_refused_is_found_in_the_last_line(
    options: list[str], found: tuple[str | None, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match=f"^{assumptions.NOT_UNDERSTOOD}$"):
        parse_args(options)

    option, words = assumptions.refused(capsys.readouterr().err.strip().splitlines()[-1]) or (None, "")
    assert option == found[0]
    assert words.startswith(found[1])


def test_the_timers_are_as_rare_as_is_meant() -> None:
    limits = [settings_types.MaxJobsPerTimespan.parse_choice(text) for text in (RARE_TIMERS, *SHIPPED_TIMESPANS[1:])]

    assert [limit.timespan for limit in limits] == [600, 1, 5]


def test_the_scheduler_sets_a_timer_for_each_timespan() -> None:
    from snakemake.scheduling.job_scheduler import JobScheduler

    # An ordinary one of the standard library: that is how the logger plugin finds it.
    assert "threading.Timer(" in inspect.getsource(JobScheduler._schedule_reevalutation)


def test_the_shipped_profiles_leave_the_timers_to_the_command() -> None:
    for name in ("local", "sge", "slurm"):
        text = (ROOT / "profiles" / name / "config.yaml").read_text()
        found = re.search(rf"^{TIMESPAN}: (\S+)", text, re.MULTILINE)

        assert (found and found.group(1)) in SHIPPED_TIMESPANS


# -- paths ------------------------------------------------------------------------------------------------------------


@given(st.text("ab1 \n", max_size=4), st.text("ab1 \n", min_size=1, max_size=3), st.integers(0, 130))
def test_names_are_too_repetitive_for_both_or_for_neither(before: str, part: str, times: int) -> None:
    name = before + part * times

    assert (assumptions.repeated_end(name) is None) == (PeriodicityDetector().is_periodic(name) is None)


@given(st.text("<>aB_1{}/", max_size=12))
def test_paths_that_snakemake_would_misread_are_known(path: str) -> None:
    misread = "{" in path or "}" in path or PATHVAR_REGEX.search(path) is not None

    assert (assumptions.trouble_with_path(path) is not None) == misread
    assert not contains_wildcard(path) or misread


# -- profiles ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project folder, which is the current one, of a user and a site with their own folders."""
    for name, variable in (("user", "XDG_CONFIG_HOME"), ("site", "XDG_CONFIG_DIRS"), ("cache", "XDG_CACHE_HOME")):
        monkeypatch.setenv(variable, str(tmp_path / name))
    monkeypatch.delenv(assumptions.PROFILE_VARIABLE, raising=False)
    monkeypatch.setattr(common, "APPDIRS", None)
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    return project


def write_profile(folder: Path, text: str = "cores: 3\n", file: str = "config.yaml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file
    path.write_text(text)
    return path


@pytest.mark.parametrize("home", [None, "/tmp/somebody"])
@pytest.mark.parametrize("is_set", [True, False])
def test_the_folders_of_the_user_and_the_site_are_the_same(
    home: str | None, is_set: bool, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if home is not None:
        monkeypatch.setenv("HOME", home)
    if not is_set:
        monkeypatch.delenv("XDG_CONFIG_HOME")
        monkeypatch.delenv("XDG_CONFIG_DIRS")

    assert str(user_profiles_dir()) == common.get_appdirs().user_config_dir
    assert str(site_profiles_dir()) == common.get_appdirs().site_config_dir


@pytest.mark.parametrize("places", [("project",), ("user",), ("site",), ("user", "site"), ("project", "user", "site")])
@pytest.mark.parametrize(
    "files",
    [
        ("config.yaml",),
        ("profile.yaml",),
        ("config.yaml", "config.v8+.yaml", "config.v9+.yaml", "config.v99+.yaml"),
        ("profile.v1+.yaml", "config.yaml"),
    ],
)
def test_a_name_means_the_same_file(places: tuple[str, ...], files: tuple[str, ...], project: Path) -> None:
    folders = {
        "project": project / "mine",
        "user": user_profiles_dir() / "mine",
        "site": site_profiles_dir() / "mine",
    }
    for place in places:
        for file in files:
            write_profile(folders[place], file=file)

    theirs = get_profile_dir("mine")

    assert theirs is not None
    assert resolve_profile("mine", project) == folders[places[0]]
    assert profile_file("mine", project) == project / theirs[1]


def test_a_file_is_a_profile_too_and_profiles_are_not_searched(project: Path) -> None:
    file = write_profile(project / "profiles" / "mine")

    assert get_profile_dir("mine") is None
    assert resolve_profile("mine", project) is None
    assert get_profile_dir(str(file)) == (file.parent, file)


@pytest.mark.parametrize("there", [assumptions.DEFAULT_PROFILES, *[(each,) for each in assumptions.DEFAULT_PROFILES]])
def test_a_default_profile_is_read_unless_it_is_refused(there: tuple[str, ...], project: Path) -> None:
    (project / "Snakefile").touch()
    for number, each in enumerate(there, start=71):
        write_profile(project / each, f"latency-wait: {number}\n")

    unasked, refused = parse_args([])[1], parse_args(["--workflow-profile", "none"])[1]

    assert str(unread_profile(project)) == there[0]
    assert unasked.latency_wait == 71
    assert refused.latency_wait not in (71, 72)


def test_the_variable_names_a_profile(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_profile(project / "mine", "latency-wait: 77\n")
    monkeypatch.setenv(assumptions.PROFILE_VARIABLE, "mine")

    assert parse_args([])[1].latency_wait == 77


@pytest.mark.parametrize("text", ["true", "Yes", "on", "1", "false", "no", "OFF", "0"])
def test_the_same_texts_are_a_yes_or_a_no(text: str, project: Path) -> None:
    write_profile(project / "mine", f"mle-sge-nested: '{text}'\n")

    assert (parse_args(["--profile", "mine"])[1].mle_sge_nested is True) is truth_of_text(text)


@pytest.mark.parametrize("text", ["maybe", "2", "y"])
def test_others_are_refused_by_both(text: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_profile(project / "mine", f"mle-sge-nested: '{text}'\n")

    with pytest.raises(SystemExit, match="2"):
        parse_args(["--profile", "mine"])
    with pytest.raises(ValueError, match=text):
        truth_of_text(text)


def test_values_become_text_in_which_variables_are_replaced(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHERE", "all.q")
    write_profile(project / "mine", "mle-sge-queue: $WHERE\nmle-sge-project: 12\n")

    arguments = parse_args(["--profile", "mine"])[1]

    assert arguments.mle_sge_queue == text_of_value("$WHERE") == "all.q"
    assert arguments.mle_sge_project == text_of_value(12) == "12"


def test_an_empty_text_is_the_folder_of_the_profile(project: Path) -> None:
    write_profile(project / "mine", "mle-sge-queue: ''\n")

    assert Path(parse_args(["--profile", "mine"])[1].mle_sge_queue) == Path("mine")


def test_a_profile_may_be_computed(project: Path) -> None:
    keys = {"__use_yte__": True, "latency-wait": "?70 + 7"}
    write_profile(project / "mine", json.dumps(keys))

    assert is_computed(keys)
    assert parse_args(["--profile", "mine"])[1].latency_wait == 77


def test_the_cache_lies_where_it_is_looked_for(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert trouble_with_cache() is None
    assert Path(common.get_appdirs().user_cache_dir).is_dir()

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "somebody"))

    assert trouble_with_cache() is None
    assert Path(common.get_appdirs().user_cache_dir).is_dir()


# -- the command line and the shell -----------------------------------------------------------------------------------


def test_every_option_that_is_given_exists(project: Path) -> None:
    install_profiles(project)
    command = snakemake_command(project, project / "Snakefile", RunOptions(cores=1))
    command = command[command.index("snakemake") + 1 :]
    command += [*event_options("events"), "--list-rules"]
    known = {option for action in get_argument_parser()._actions for option in action.option_strings}

    assert {word for word in command if word.startswith("--")} <= known


def test_of_an_option_that_is_given_twice_the_last_one_counts(project: Path) -> None:
    arguments = parse_args(["--workflow-profile", "none", "--cores", "1", "--cores", "2"])[1]

    assert arguments.cores == 2


def test_a_shell_command_is_framed_as_by_snakemake(project: Path) -> None:
    command = "ps -ww -o args= -p $$ > seen; true"

    shell(command)

    assert Path("seen").read_text().strip().endswith(f"-c {framed(command)}")


@pytest.mark.parametrize(
    ("settings", "forced"),
    [({}, (False, False)), ({"forcerun": frozenset({"a"})}, (False, True)), ({"forceall": True}, (True, True))],
)
def test_what_is_forced_is_known(settings: dict[str, Any], forced: tuple[bool, bool]) -> None:
    workflow = SimpleNamespace(dag_settings=settings_types.DAGSettings(**settings))

    assert forced_jobs(workflow) == forced


@pytest.mark.parametrize(("executor", "itself"), [("local", True), ("mle-sge", False)])
def test_whether_snakemake_runs_jobs_itself_is_known_when_it_starts(project: Path, executor: str, itself: bool) -> None:
    Path("Snakefile").write_text(
        "from mle_toolbox.snakemake_side.private_access import runs_jobs_itself\n"
        "onstart:\n    open('seen', 'w').write(str(runs_jobs_itself(workflow)))\n    raise SystemExit\n"
        "rule all:\n    output: 'made'\n    shell: 'touch made'\n"
    )

    command = [sys.executable, "-m", "snakemake", "--executor", executor, "--jobs", "1", "--cores", "1"]
    subprocess.run(command, capture_output=True, check=False)

    assert Path("seen").read_text() == str(itself)


def test_a_resource_can_be_limited_when_the_jobs_are_planned(project: Path) -> None:
    Path("Snakefile").write_text(
        "from mle_toolbox.snakemake_side.private_access import limit_of_resource, limit_resource\n"
        "onstart:\n    seen = [limit_of_resource(workflow, name) for name in ('gpu', 'other', 'missing')]\n"
        "    open('seen', 'w').write(str(seen))\n    limit_resource(workflow, 'gpu', 2)\n"
        "rule all:\n    input: expand('made{n}', n=range(4))\n"
        "rule each:\n    output: 'made{n}'\n    resources: gpu=1\n"
        "    shell: 'mkdir at_work.{wildcards.n}; ls -d at_work.* | wc -l >> at_work; sleep 0.5;'"
        " ' rmdir at_work.{wildcards.n}; touch {output}'\n"
    )

    command = [sys.executable, "-m", "snakemake", "--cores", "4", "--resources", "other=3"]
    done = subprocess.run(command, capture_output=True, check=False, text=True)

    assert done.returncode == 0, done.stderr
    assert Path("seen").read_text() == "[None, 3, None]"
    assert max(map(int, Path("at_work").read_text().split())) <= 2


def test_pandas_is_imported_only_by_who_uses_it_and_an_edited_data_frame_is_still_noticed(project: Path) -> None:
    uses = "from pandas import DataFrame\n"
    rules = (
        "import sys\n"
        "from mle_toolbox.snakemake_side.private_access import import_pandas_late\n"
        "import_pandas_late()\n"
        "onstart:\n    open('seen', 'a').write(f'{{\"pandas\" in sys.modules}} ')\n"
        "rule all:\n    output: 'made'\n    params: {}\n    shell: 'echo ran >> ran; touch made'\n"
    )
    command = [sys.executable, "-m", "snakemake", "--cores", "1"]
    for text in (
        rules.format("1"),
        rules.format("1"),
        rules.format("2"),
        uses + rules.format("DataFrame({'a': [1]})"),
        uses + rules.format("DataFrame({'a': [1]})"),
        uses + rules.format("DataFrame({'a': [2]})"),
    ):
        Path("Snakefile").write_text(text)
        done = subprocess.run(command, capture_output=True, check=False, text=True)
        assert done.returncode == 0, done.stderr

    assert Path("ran").read_text().split() == ["ran"] * 4
    assert Path("seen").read_text().split() == ["False", "False", "True", "True"]


# -- what the executor takes from jobs, the workflow and its base class -----------------------------------------------

PARTS_OF_THE_WORKFLOW = {
    "dag_settings": settings_types.DAGSettings,
    "deployment_settings": settings_types.DeploymentSettings,
    "remote_execution_settings": settings_types.RemoteExecutionSettings,
    "spawned_job_args_factory": SpawnedJobArgsFactory,
    "storage_registry": StorageRegistry,
    "storage_settings": settings_types.StorageSettings,
    "workflow_settings": settings_types.WorkflowSettings,
}


def attributes_of(cls: type) -> set[str]:
    """Return what an object of a class has: also what is set on ``self`` anywhere in its code."""
    found = set(dir(cls))
    for each in cls.__mro__[:-1]:
        found |= {*getattr(each, "__annotations__", {}), *getattr(each, "__slots__", ())}
        if each.__module__.startswith("snakemake"):
            found |= set(re.findall(r"\bself\.(\w+)(?:: [^=\n]+)? = ", inspect.getsource(each)))
    return found


def chains(tree: ast.AST) -> Iterator[list[str]]:
    """Yield every ``a.b.c`` of a program."""
    for node in ast.walk(tree):
        names: list[str] = []
        part: ast.AST = node
        while isinstance(part, ast.Attribute):
            names.insert(0, part.attr)
            part = part.value
        if isinstance(part, ast.Name) and names:
            yield [part.id, *names]


@cache
def chains_of_the_executor() -> list[list[str]]:
    files = [path for path in PYTHON_FILES if not path.is_relative_to(ROOT / "mle_toolbox")]
    return [chain for path in files for chain in chains(ast.parse(path.read_text()))]


def test_jobs_have_what_the_executor_asks_them_for() -> None:
    asked = {chain[1] for chain in chains_of_the_executor() if chain[0] == "job"}
    of_rules = {chain[2] for chain in chains_of_the_executor() if chain[:2] == ["job", "rule"] and len(chain) > 2}

    assert {"shellcmd", "prepare", "register", "jobid", "is_group"} <= asked
    assert asked <= attributes_of(Job)
    assert {"shellcmd", "expand_resources"} <= of_rules <= attributes_of(Rule)
    assert {"is_group", "name", "threads", "resources", "jobid", "__iter__"} <= attributes_of(GroupJob)


def test_the_workflow_has_what_the_executor_asks_it_for() -> None:
    asked = [
        chain[chain.index(name) + 1 :]
        for chain in chains_of_the_executor()
        for name in chain
        if name in ("workflow", "_workflow")
    ]

    assert {chain[0] for chain in asked if chain} <= attributes_of(Workflow)
    parts = {chain[0]: set[str]() for chain in asked if len(chain) > 1 and chain[0] in PARTS_OF_THE_WORKFLOW}
    for part in parts:
        wanted = {chain[1] for chain in asked if chain[0:1] == [part] and len(chain) > 1}
        assert wanted <= attributes_of(PARTS_OF_THE_WORKFLOW[part]), part


def test_the_base_class_has_what_the_executor_uses_and_replaces() -> None:
    from mle_cluster.executor import ClusterExecutor as Executor

    source = ast.parse(inspect.getsource(Executor))
    own = {
        *vars(Executor),
        *Executor.__annotations__,
        *re.findall(r"\bself\.(\w+)(?:: [^=\n]+)? = ", inspect.getsource(Executor)),
    }
    used = {chain[1] for chain in chains(source) if chain[0] == "self"}
    replaced = {
        name
        for name, value in vars(Executor).items()
        if not name.startswith("_") and isinstance(value, property) | inspect.isfunction(value)
    }

    assert {"workflow", "logger", "lock", "wait_thread", "report_job_success"} <= used - own
    assert used - own <= attributes_of(RemoteExecutor)
    assert replaced - {"options"} <= attributes_of(RemoteExecutor)


# -- no other room knows ----------------------------------------------------------------------------------------------

# The workflow runs inside Snakemake; these two names are what every workflow uses.
OF_WORKFLOWS = {"from snakemake.exceptions import WorkflowError", "from snakemake.logging import logger"}


def texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the texts of a program that are no documentation, with their lines, if one may be of interest."""
    text = path.read_text(encoding="utf-8")
    if assumptions.OWN_FOLDER not in text and assumptions.PROFILE_VARIABLE not in text:
        return
    tree = ast.parse(text)
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value


def test_no_other_room_names_the_folder_of_snakemake() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in PYTHON_FILES
        if not path.is_relative_to(ROOM)
        for line, text in texts_of(path)
        if assumptions.OWN_FOLDER in text or assumptions.PROFILE_VARIABLE in text
    ]
    found += [str(path) for path in WORKFLOW if re.search(r"\.snakemake\b(?!_)", path.read_text())]

    assert found == []


def test_no_other_room_imports_what_lies_inside_snakemake() -> None:
    imported = re.compile(r"^ *(?:from|import) (snakemake(?:_interface_\w+)?)\b", re.MULTILINE)
    # The interfaces are made for plugins, so plugins import them and nobody else does.
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in PYTHON_FILES
        if not path.is_relative_to(ROOM)
        for name in imported.findall(path.read_text(encoding="utf-8"))
        if name == "snakemake" or path.is_relative_to(ROOT / "mle_toolbox")
    ]
    lines = [line.strip() for path in WORKFLOW for line in path.read_text().splitlines()]
    imports = {line for line in lines if line.startswith(("from snakemake", "import snakemake"))}

    assert found == []
    assert imports <= OF_WORKFLOWS


def test_no_other_room_reaches_for_the_private_parts_of_snakemake() -> None:
    private = re.compile(r"\b_(get_process_prefix|process_suffix|process_prefix)\b|\bdag_settings\b")

    files = [path for path in (*PYTHON_FILES, *WORKFLOW) if not path.is_relative_to(ROOM)]
    assert [path for path in files if private.search(path.read_text(encoding="utf-8"))] == []

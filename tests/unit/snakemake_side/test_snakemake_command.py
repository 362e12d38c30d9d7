"""How `mle run` calls Snakemake, and what its logger plugin does when Snakemake ends."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from snakemake_interface_logger_plugins.settings import OutputSettingsLoggerInterface

from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.project_profiles import install_profiles
from mle_toolbox.snakemake_side.snakemake_command import RunOptions, snakemake_command
from snakemake_logger_plugin_mle import LogHandler, LogHandlerSettings

TIMESPAN = "--max-jobs-per-timespan"


@pytest.fixture
def plan(repository: Path, tmp_path: Path) -> Plan:
    (tmp_path / "ode").symlink_to(repository / "ode")
    (tmp_path / "exp.yaml").write_text((repository / "exp.yaml").read_text())
    install_profiles(tmp_path)
    return load_plan(tmp_path / "exp.yaml")


@pytest.mark.parametrize("profile", ["local", "sge"])
def test_timers_of_the_scheduler_are_rare(plan: Plan, profile: str) -> None:
    command = snakemake_command(plan.project_dir, Path("Snakefile"), RunOptions(profile=profile))

    assert command[command.index(TIMESPAN) + 1] == "1000000/10m"


def test_a_limit_that_the_user_has_put_into_the_profile_holds(plan: Plan) -> None:
    profile = plan.project_dir / "profiles" / "local" / "config.yaml"
    profile.write_text(profile.read_text().replace("100000/5s", "10/1m"))

    command = snakemake_command(plan.project_dir, Path("Snakefile"), RunOptions())

    assert TIMESPAN not in command


@pytest.mark.parametrize("profile", ["local", "sge", "slurm"])
def test_seed_runs_are_started_by_the_scheduler_that_keeps_their_order(plan: Plan, profile: str) -> None:
    command = snakemake_command(plan.project_dir, Path("Snakefile"), RunOptions(profile=profile))

    assert command[command.index("--scheduler") + 1] == "mle"
    assert command[command.index("--scheduler-subsample") + 1] == "0"


def test_another_scheduler_that_the_user_has_put_into_the_profile_stays(plan: Plan) -> None:
    profile = plan.project_dir / "profiles" / "local" / "config.yaml"
    profile.write_text(profile.read_text().replace("scheduler: greedy", "scheduler: ilp"))

    command = snakemake_command(plan.project_dir, Path("Snakefile"), RunOptions())

    assert "--scheduler" not in command


def test_snakemake_waits_for_no_timer_when_it_ends(tmp_path: Path) -> None:
    handler = LogHandler(Output(), LogHandlerSettings(events=tmp_path / "events.jsonl"))
    timer = threading.Timer(3600, print)
    timer.start()

    handler.close()

    timer.join(timeout=60)
    assert not timer.is_alive()


class Output(OutputSettingsLoggerInterface):
    """What Snakemake tells a logger about its output."""

    printshellcmds = nocolor = debug_dag = verbose = show_failed_logs = stdout = dryrun = False
    quiet = None

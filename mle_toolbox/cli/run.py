"""`mle run`: check, generate, run, and show the results."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from mle_cluster.known import schedulers
from mle_toolbox.cli.consoles import error_console, output_console
from mle_toolbox.cli.failures import show_failed_processing, show_failed_steps, show_failures, show_held
from mle_toolbox.cli.files import add_replacing_arguments, asked_by, shown
from mle_toolbox.cli.live import watching
from mle_toolbox.cluster.profile_check import check_profile
from mle_toolbox.drive.lock import is_driven
from mle_toolbox.drive.place import choose_place, left_here
from mle_toolbox.drive.run import RunOutcome, dry_run, run_experiment
from mle_toolbox.drive.status import ExperimentStatus, read_plan_status
from mle_toolbox.environment import find_environment
from mle_toolbox.errors import MLEToolboxError, ResultsError, UsageError
from mle_toolbox.excerpts import last_lines
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_file.processing_section import STAGES
from mle_toolbox.generate import Outcome, link_beside, snakefile_for, write_snakefile
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import run_status
from mle_toolbox.project_profiles import install_profiles, link_profiles
from mle_toolbox.render.overview import results_table
from mle_toolbox.render.statuses import status_line
from mle_toolbox.results import ExperimentResults, load
from mle_toolbox.snakemake_side.assumptions import NOT_UNDERSTOOD, is_place_in_code
from mle_toolbox.snakemake_side.profile_files import unread_profile
from mle_toolbox.snakemake_side.snakemake_command import RunOptions
from mle_toolbox.text import listed

__all__ = ["add_arguments", "call"]

_LAST_LINES = 15
_LEFT_SHOWN = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("experiment_file", type=Path, nargs="?", help="default: exp.yaml")
    parser.add_argument(
        "--profile",
        help="where seed runs execute: local, sge (Grid Engine), slurm, or a profile of your own; default: the "
        "variable MLE_PROFILE, else that of a cluster that answers and has a queue that accepts jobs, else local",
    )
    parser.add_argument("--cores", type=_positive, metavar="N", help="run on this machine with at most N cores")
    parser.add_argument(
        "--rerun",
        choices=["older-code"],
        help="also repeat finished seed runs; older-code: those made by code that has changed since",
    )
    parser.add_argument("-n", "--dry-run", action="store_true", help="show which jobs would run, and run nothing")
    parser.add_argument(
        "-p",
        "--purpose",
        nargs="+",
        metavar="WORD",
        help="what this experiment is for, kept with the results and shown by `mle status` and in the report",
    )
    add_replacing_arguments(parser)
    original = parser.add_argument_group("options of the original mle-toolbox")
    original.add_argument(
        "-resource", "--resource-to-run", metavar="NAME", help="local: the same as --profile local; sge-cluster: sge"
    )
    original.add_argument("-np", "--no-protocol", action="store_true", help="accepted: there is no protocol database")
    original.add_argument("-nw", "--no-welcome", action="store_true", help="accepted: there is no welcome")
    parser.epilog = "Everything after -- goes to Snakemake, for example: mle run exp.yaml -- --keep-incomplete"


def call(arguments: argparse.Namespace) -> int:
    """Run the missing seed runs of an experiment; exit status 0 only when all are done."""
    _understand_the_original(arguments)
    plan = load_plan(arguments.experiment_file, asked=asked_by(arguments))
    console = error_console()
    snakefile = _generate(plan, console)
    place = choose_place(plan, arguments.profile, arguments.cores)
    if place.why is not None:
        console.print(escape(place.why), style="dim")
    check_profile(place.profile, plan.project_dir)
    for sentence in plan.search.notices if plan.search is not None else ():
        console.print(escape(sentence), style="dim")
    options = RunOptions(
        place.profile,
        arguments.cores,
        arguments.rerun == "older-code",
        tuple(arguments.for_snakemake),
        " ".join(arguments.purpose) if arguments.purpose else None,
    )
    if arguments.dry_run:
        return dry_run(plan, snakefile, options, lambda text: console.print(escape(text), style="dim"))
    asks_for_profile = any(word.split("=")[0] == "--workflow-profile" for word in arguments.for_snakemake)
    if (unread := unread_profile(plan.project_dir)) is not None and not asks_for_profile:
        console.print(escape(f"{unread} is not read (-- --workflow-profile {unread} reads it)."), style="dim")
    for environment in dict.fromkeys([plan.job.environment, *(each.job.environment for each in plan.processing)]):
        if (notice := find_environment(environment).notice) is not None:
            console.print(escape(notice), style="yellow")
    if left := left_here(plan):
        console.print(
            f"An earlier run was killed and its seed runs go on: {escape(listed(left, _LEFT_SHOWN))}. Waiting for "
            "them; they are not started again.",
            style="yellow",
        )
    # Snakemake reports a job as started when it is submitted, so on a cluster it may still be queued.
    running = "running" if place.profile == "local" else "queued or running"
    folder = ExperimentFolder(plan.experiment_path)

    def is_stopped(run: tuple[str, int]) -> bool:
        return run_status(folder.seed_run(*run)) == "stopped"

    with watching(console, len(plan.seed_runs), running, is_stopped) as watch:
        outcome = run_experiment(plan, snakefile, options, watch)
    return _report(plan, outcome, console, _again(arguments))


def _understand_the_original(arguments: argparse.Namespace) -> None:
    """Settle what the options of the original mean here; fills in experiment file and profile."""
    words = arguments.purpose
    # `mle run --purpose Grid Search exp.yaml`: the option takes all words that follow it.
    if words and len(words) > 1 and arguments.experiment_file is None and words[-1].endswith((".yaml", ".yml")):
        arguments.experiment_file = Path(words.pop())
    if arguments.experiment_file is None:
        arguments.experiment_file = Path("exp.yaml")
    resource = arguments.resource_to_run
    if resource is None:
        return
    profiles = {"local": "local", **{f"{each.profile}-cluster": each.profile for each in schedulers()}}
    profile = profiles.get(resource, resource if resource in profiles.values() else None)
    if profile is None:
        raise UsageError(
            f"--resource-to-run {resource}: this belongs to the original mle-toolbox. Here it may be "
            f"{listed(map(repr, profiles), None)}; everything else is a profile: --profile NAME."
        )
    if arguments.profile not in (None, profile):
        raise UsageError(
            f"--resource-to-run {resource} and --profile {arguments.profile} contradict each other. Leave one out."
        )
    arguments.profile = profile


def _generate(plan: Plan, console: Console) -> Path:
    """Write the Snakefile and the profiles where they are missing."""
    snakefile = snakefile_for(plan)
    # With replaced values it says what runs, so it must not change under a driver; that one is reported soon.
    if not (plan.given and is_driven(ExperimentFolder(plan.experiment_path).driver)):
        written = write_snakefile(plan, snakefile)
        if written.outcome is not Outcome.UNCHANGED:
            name = shown(written.path) if plan.given else written.path.name
            console.print(f"{escape(name)}: {written.outcome.value}", style="dim")
    link_beside(plan, snakefile)
    install_profiles(plan.project_dir)
    link_profiles(plan)
    return snakefile


def _report(plan: Plan, outcome: RunOutcome, console: Console, again: str) -> int:
    folder = ExperimentFolder(plan.experiment_path)
    if not outcome.interrupted and not folder.record.exists():
        # Snakemake ended before it started anything, so its own output is all there is to report.
        return _snakemake_failed(outcome, console)
    # By the plan: after an early interruption experiment.json still describes the run before.
    status = read_plan_status(plan)
    for sentence in status.damage:
        console.print(escape(sentence), style="yellow")
    complete = status.counts["done"] == len(status.runs)
    if complete and outcome.exit_status == 0:
        _show_results(status, folder)
        if _purpose_is_newer(folder):
            _write_report(folder)
        else:
            _show_report(folder)
        return 0
    if status.counts["done"] and folder.record.exists():
        output_console().print(results_table(_load(folder)))
    if outcome.interrupted:
        console.print("\nInterrupted. Finished runs are kept.", style="yellow")
        console.print(f"{status_line(status)}. To go on:\n  {escape(again)}")
        _write_report(folder)
        return 130
    is_named = bool(plan.given) or plan.experiment_file != Path.cwd() / "exp.yaml"
    show_failures(status, console, outcome.tally.reasons, is_named=is_named)
    show_held(status, outcome.tally.failed, console)
    failed_others = outcome.tally.failed_others
    show_failed_processing(status, failed_others, outcome.tally.other_reasons, console)
    if failed_others:
        show_failed_steps(folder, (each for each in failed_others if each[0] not in STAGES), console)
    elif not (status.failed() or status.stopped() or outcome.tally.failed or outcome.tally.reasons):
        _snakemake_failed(outcome, console)
    # A stopped run continues where it was; there is nothing to fix.
    stopped = {(each.stage, None) for each in status.processing if each.status == "stopped"}
    is_any_stopped = bool(status.stopped() or stopped)
    only_stopped = is_any_stopped and not (status.failed() or not stopped.issuperset(failed_others))
    what_next = "To go on:" if only_stopped else "Finished runs are kept. Fix the problem, then run:"
    console.print(f"\n{status_line(status)}. {what_next}\n  {escape(again)}")
    if outcome.collected:
        _show_report(folder)
    else:
        _write_report(folder)
    return _status_after(outcome)


def _show_results(status: ExperimentStatus, folder: ExperimentFolder) -> None:
    console = output_console()
    results = _load(folder)
    console.print(results_table(results))
    files = [folder.trials, folder.best] if results.search is not None else [folder.results, folder.table]
    names = "  ".join(escape(shown(file)) for file in files if file.exists())
    console.print(f"{status_line(status)}. Results: {names}")


def _purpose_is_newer(folder: ExperimentFolder) -> bool:
    """Return whether the purpose was changed by a call that had nothing to run, so that no rule wrote the report."""
    try:
        return folder.purpose.stat().st_mtime_ns > folder.report.stat().st_mtime_ns
    except OSError:
        return False


def _write_report(folder: ExperimentFolder) -> None:
    """Write the report where the rule `report` does not: it waits for all seed runs."""
    if not folder.record.exists():
        return
    from mle_toolbox.report import write_report, write_search

    try:
        results = _load(folder)
        if results.search is not None:
            write_search(results, folder)
        write_report(results, folder.report)
    except (OSError, MLEToolboxError) as error:
        # The failure itself is on the screen already; a full disk must not add a traceback to it.
        error_console().print(f"The report could not be written: {escape(str(error))}", style="yellow")
    else:
        _show_report(folder)


def _show_report(folder: ExperimentFolder) -> None:
    output_console().print(f"report  {escape(shown(folder.report))}")


def _load(folder: ExperimentFolder) -> ExperimentResults:
    results = load(folder.path)
    if not isinstance(results, ExperimentResults):
        raise ResultsError(f"{folder.path}: this is not the results folder of an experiment.")
    return results


def _snakemake_failed(outcome: RunOutcome, console: Console) -> int:
    if not outcome.log.exists():
        results = outcome.log.parent.parent
        console.print(
            f"\n{escape(shown(results))}: this folder was removed while the experiment ran, with all results."
        )
        return 1
    console.print(f"\nSnakemake stopped before the seed runs were done. Its last lines ({shown(outcome.log)}):")
    # Twice as many, because the lines of a traceback are left out.
    lines = last_lines(outcome.log, 2 * _LAST_LINES)
    for line in [line for line in lines if not is_place_in_code(line)][-_LAST_LINES:]:
        console.print("  " + escape(line), style="dim")
    return _status_after(outcome)


def _status_after(outcome: RunOutcome) -> int:
    """Return 2 when Snakemake did not understand an option, else 1."""
    return 2 if outcome.exit_status == NOT_UNDERSTOOD else 1


def _again(arguments: argparse.Namespace) -> str:
    """Return the command that the user typed."""
    parts = ["mle", "run", str(arguments.experiment_file)]
    for option in ("base_train_config", "experiment_dir"):
        if (value := getattr(arguments, option)) is not None:
            parts += [f"--{option}", value]
    if arguments.profile is not None:
        parts += ["--profile", arguments.profile]
    if arguments.cores is not None:
        parts += ["--cores", str(arguments.cores)]
    if arguments.purpose:
        parts += ["--purpose", " ".join(arguments.purpose)]
    if arguments.rerun is not None:
        parts += ["--rerun", arguments.rerun]
    if arguments.for_snakemake:
        parts += ["--", *arguments.for_snakemake]
    return shlex.join(parts)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)

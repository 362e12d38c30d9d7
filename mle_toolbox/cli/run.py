"""`mle run`: check, generate, run, and show the results."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from mle_cluster.known import schedulers
from mle_toolbox.cli.consoles import error_console, output_console, print_words
from mle_toolbox.cli.failures import show_failed_processing, show_failed_steps, show_failures, show_held
from mle_toolbox.cli.files import add_replacing_arguments, asked_by, shown
from mle_toolbox.cli.live import watching
from mle_toolbox.cluster.profile_check import check_profile
from mle_toolbox.drive.causes import FailuresSoFar
from mle_toolbox.drive.chosen import choose_runs
from mle_toolbox.drive.detach import start_detached
from mle_toolbox.drive.earlier import is_plan_of_driver
from mle_toolbox.drive.forecast import forecast
from mle_toolbox.drive.idle import idle_words
from mle_toolbox.drive.lock import current_holder, is_driven
from mle_toolbox.drive.look_without_failed import hold_look_without_failed
from mle_toolbox.drive.pausing import Pausing, Rule
from mle_toolbox.drive.place import choose_place, left_here
from mle_toolbox.drive.request import Request, drop_request, leave_request, take_request
from mle_toolbox.drive.run import EVENTS, RunOutcome, run_experiment
from mle_toolbox.drive.settle import RERUNS
from mle_toolbox.drive.status import ExperimentStatus, read_plan_status
from mle_toolbox.environment import find_environment
from mle_toolbox.errors import MLEToolboxError, ResultsError, UsageError
from mle_toolbox.excerpts import last_lines
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_file.looks_reader import as_of_now
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_file.processing_section import STAGES
from mle_toolbox.generate import Outcome, link_beside, snakefile_for, write_snakefile
from mle_toolbox.installed_first import program
from mle_toolbox.layout import ExperimentFolder, run_of
from mle_toolbox.project_profiles import install_profiles, link_profiles
from mle_toolbox.render.forecast_table import forecast_grid, sentences_after, summary_of
from mle_toolbox.render.overview import results_table
from mle_toolbox.render.statuses import status_line
from mle_toolbox.render.terminal import TerminalTable
from mle_toolbox.results import ExperimentResults, load
from mle_toolbox.seed_ranges import format_seeds, parse_seeds, seeds_in_words
from mle_toolbox.snakemake_side.assumptions import NOT_UNDERSTOOD, is_place_in_code
from mle_toolbox.snakemake_side.profile_files import read_profile, unread_profile
from mle_toolbox.snakemake_side.snakemake_command import RunOptions
from mle_toolbox.text import count, listed

__all__ = ["add_arguments", "call"]

_LAST_LINES = 15
_LEFT_SHOWN = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("experiment_file", type=Path, nargs="?", help="default: exp.yaml")
    parser.add_argument(
        "--profile",
        help="where seed runs execute: local, sge (Grid Engine), slurm, or a profile of your own; default: the "
        "variable MLE_PROFILE, else the profile of a cluster that answers and accepts jobs, else local",
    )
    parser.add_argument("--cores", type=_positive, metavar="N", help="run on this machine with at most N cores")
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="NAME",
        help="run only these configurations: names, patterns such as 'adam*' (in quotes), or numbers of trials",
    )
    parser.add_argument("--seeds", type=_seeds, metavar="LIST", help="run only these seeds, for example 0-4,7")
    parser.add_argument(
        "--rerun",
        choices=RERUNS,
        help="run only what has failed, is outdated, or was made by older code; all: everything, finished runs too",
    )
    parser.add_argument(
        "--retry-failed",
        action="store_const",
        const="failed",
        dest="rerun",
        help="the same as --rerun failed; in a search that learns, failed seed runs are retried only with this option",
    )
    parser.add_argument(
        "--order",
        choices=["seeds", "configurations"],
        default="seeds",
        help="which seed runs start first: the first seed of every configuration (seeds, the default), or all seeds of "
        "the first configuration",
    )
    failing = parser.add_mutually_exclusive_group()
    failing.add_argument(
        "--fail-fast",
        action="store_true",
        help="start no more seed runs once one has failed; those that are running finish",
    )
    failing.add_argument(
        "--keep-going",
        action="store_true",
        help="start all seed runs, even when the first ones all fail with the same error",
    )
    parser.add_argument(
        "--detach", action="store_true", help="run in the background, even if this terminal is closed; see mle attach"
    )
    parser.add_argument("-n", "--dry-run", action="store_true", help="show what would run and why, and run nothing")
    parser.add_argument(
        "-p",
        "--purpose",
        nargs="+",
        metavar="WORD",
        help="what this experiment is for, kept with the results and shown by `mle status` and in the report",
    )
    parser.add_argument(
        "--set",
        action="append",
        type=_value,
        metavar="KEY=VALUE",
        help="override a value of the experiment file for this run: --set single_job_args.num_logical_cores=4",
    )
    add_replacing_arguments(parser)
    original = parser.add_argument_group("options of the original mle-toolbox")
    original.add_argument(
        "-resource", "--resource-to-run", metavar="NAME", help="local: the same as --profile local; sge-cluster: sge"
    )
    original.add_argument(
        "-train_fname",
        "--base-train-fname",
        metavar="FILE",
        help="the script: the same as --set meta_job_args.base_train_fname=FILE",
    )
    original.add_argument("-d", "--debug", action="store_true", help="no effect: all output is kept anyway")
    original.add_argument("-reconnect", "--remote-reconnect", action="store_true", help="refused: use `mle attach`")
    original.add_argument("-np", "--no-protocol", action="store_true", help="no effect: there is no protocol database")
    original.add_argument("-nw", "--no-welcome", action="store_true", help="no effect: there is no welcome")
    parser.epilog = "Everything after -- goes to Snakemake, for example: mle run exp.yaml -- --keep-incomplete"


def call(arguments: argparse.Namespace) -> int:
    """Run the missing seed runs of an experiment; exit status 0 only when all are done."""
    started = time.time()
    _understand_the_original(arguments)
    plan = load_plan(arguments.experiment_file, asked=asked_by(arguments))
    console = error_console()
    snakefile = _generate(plan, console)
    place = choose_place(plan, arguments.profile, arguments.cores)
    if place.why is not None:
        print_words(console, place.why, "dim")
    check_profile(place.profile, plan.project_dir)
    for sentence in plan.search.notices if plan.search is not None else ():
        print_words(console, sentence, "dim")
    if (idle := idle_words(plan, place.profile, arguments.cores)) is not None:
        print_words(console, idle, "yellow")
    for sentence in plan.notices:
        print_words(console, sentence, "yellow" if "no difference" in sentence else "dim")
    chosen = choose_runs(plan, arguments.only, arguments.seeds)
    options = RunOptions(
        place.profile,
        arguments.cores,
        arguments.rerun,
        tuple(arguments.for_snakemake),
        " ".join(arguments.purpose) if arguments.purpose else None,
        chosen,
        arguments.order,
    )
    if arguments.dry_run:
        _show_forecast(plan, options, console)
        return 0
    driver = ExperimentFolder(plan.experiment_path).driver
    if _is_handed_over(plan, options, driver, arguments, console):
        return 0
    if arguments.detach:
        return _detach(driver, arguments, console)
    # A driver that was killed has left it, and what it asks for is done now.
    drop_request(driver, before=started)
    asks_for_profile = any(word.split("=")[0] == "--workflow-profile" for word in arguments.for_snakemake)
    if (unread := unread_profile(plan.project_dir)) is not None and not asks_for_profile:
        print_words(console, f"{unread} is not read (-- --workflow-profile {unread} reads it).", "dim")
    for environment in dict.fromkeys([plan.job.environment, *(each.job.environment for each in plan.processing)]):
        if (notice := find_environment(environment).notice) is not None:
            print_words(console, notice, "yellow")
    if left := left_here(plan):
        console.print(
            f"An earlier run was killed and its seed runs go on: {escape(listed(left, _LEFT_SHOWN))}. Waiting for "
            "them; they are not started again.",
            style="yellow",
        )
    folder = ExperimentFolder(plan.experiment_path)
    # A profile of the user's own may also be for this machine.
    is_local = read_profile(place.profile, plan.project_dir).keys.get("executor") in (None, "local")
    failures = FailuresSoFar(folder, plan.job.err_file, plan.project_dir)
    rule: Rule = "first" if arguments.fail_fast else "never" if arguments.keep_going else "alike"
    pausing = Pausing(plan, failures, rule, is_local=is_local, events=folder.driver / EVENTS)
    with watching(console, plan, failures, is_local=is_local, pausing=lambda: pausing.words) as watch:
        outcome = run_experiment(plan, snakefile, options, watch, pausing)
    is_left = outcome.exit_status == 1 and not (outcome.interrupted or options.is_partial or pausing.cause)
    if is_left and (said := hold_look_without_failed(plan)) is not None:
        print_words(console, said, "yellow")
        return call(arguments)
    exit_status = _report(plan, outcome, console, arguments, pausing.cause)
    if outcome.interrupted:
        if drop_request(driver):
            console.print("What was asked for meanwhile is dropped with it.", style="yellow")
    elif (request := take_request(driver)) is not None:
        _go_on_with(request, console)
    return exit_status


def _is_handed_over(
    plan: Plan, options: RunOptions, driver: Path, arguments: argparse.Namespace, console: Console
) -> bool:
    """Leave what has changed to the driver that is running, if there is one; whether that is so."""
    holder = current_holder(driver)
    if holder is None or holder.is_orphaned:
        return False
    if is_plan_of_driver(driver, plan) and not (options.is_partial or options.rerun):
        return False  # nothing is new, and `driver_lock` says who runs it
    words = shlex.split(_again(arguments))[1:]
    leave_request(driver, words)
    if not is_driven(driver) and take_request(driver) is not None:
        return False  # it has ended just now, and has not seen the request
    console.print(
        f"This experiment is being run by process {holder.pid} on {escape(holder.host)} since {holder.when}.\n"
        f"When its present seed runs have ended, it goes on with\n  {escape(shlex.join(['mle', *words]))}\n"
        "`mle attach` follows it, `mle stop` stops it."
    )
    return True


def _detach(driver: Path, arguments: argparse.Namespace, console: Console) -> int:
    """Run in the background what was asked for here."""
    detached = start_detached(driver, shlex.split(_again(arguments))[1:])
    if detached.exit_status is not None:
        # It had nothing to do, or a mistake.
        console.print(escape(detached.log.read_text(encoding="utf-8", errors="replace")), end="")
        return detached.exit_status
    console.print(
        f"Running in the background (process {detached.pid}); this terminal may be closed.\n"
        f"`mle attach` follows it, `mle stop` stops it. Its output:\n  {escape(shown(detached.log))}"
    )
    return 0


def _go_on_with(request: Request, console: Console) -> None:
    """Become the `mle run` that was asked for while this one ran."""
    console.print(f"\nGoing on with what was asked for meanwhile:\n  {escape(shlex.join(['mle', *request.words]))}")
    sys.stdout.flush()
    os.chdir(request.folder)
    os.execv(sys.executable, program("-m", "mle_toolbox", *request.words))  # noqa: S606


def _show_forecast(plan: Plan, options: RunOptions, console: Console) -> None:
    found = forecast(plan, rerun=options.rerun, chosen=options.chosen)
    for sentence in found.settled.sentences:
        print_words(console, sentence, "dim")
    if options.snakemake_arguments:
        console.print("Options after -- go to Snakemake and have no effect here.", style="dim")
    output = output_console()
    where = "on this machine" if options.profile == "local" else f"with the profile {options.profile}"
    print_words(output, summary_of(found, where=where))
    if (grid := forecast_grid(found)) is not None:
        output.print(TerminalTable(grid))
    for sentence in sentences_after(found):
        print_words(output, sentence)


def _understand_the_original(arguments: argparse.Namespace) -> None:
    """Settle what the options of the original mean here; fills in experiment file and profile."""
    # `mle run --purpose Grid Search exp.yaml`: these options take all words that follow them.
    for words in (arguments.purpose, arguments.only):
        if words and len(words) > 1 and arguments.experiment_file is None and words[-1].endswith((".yaml", ".yml")):
            arguments.experiment_file = Path(words.pop())
    if arguments.experiment_file is None:
        arguments.experiment_file = Path("exp.yaml")
    if arguments.base_train_fname is not None:
        arguments.set = [*(arguments.set or ()), ("meta_job_args.base_train_fname", arguments.base_train_fname)]
    if arguments.remote_reconnect:
        raise UsageError("--remote-reconnect belongs to the original mle-toolbox. Here `mle attach` follows a run.")
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


def _report(
    plan: Plan, outcome: RunOutcome, console: Console, arguments: argparse.Namespace, paused: str | None
) -> int:
    again = _again(arguments)
    rest = _again(arguments, chosen=False)
    folder = ExperimentFolder(plan.experiment_path)
    if not outcome.interrupted and not folder.record.exists():
        # Snakemake ended before it started anything, so its own output is all there is to report.
        return _snakemake_failed(outcome, console)
    # By the plan: after an early interruption experiment.json still describes the run before.
    plan = as_of_now(plan)
    status = read_plan_status(plan)
    for sentence in status.damage:
        print_words(console, sentence, "yellow")
    if status.is_over and outcome.exit_status == 0:
        if status.failed():
            _show_learned_failures(status, console, again)
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
    show_failures(status, console, outcome.tally.reasons, project=plan.project_dir, is_named=is_named)
    show_held(status, outcome.tally.failed, console)
    if outcome.wanted is not None and outcome.exit_status == 0:
        done = f"{count(outcome.wanted, 'chosen seed run')} done" if outcome.wanted else "No chosen one was due"
        console.print(f"\n{done}. Of all, {status_line(status)}. The rest:\n  {escape(rest)}")
        if outcome.collected:
            _show_report(folder)
        return 0
    failed_others = outcome.tally.failed_others
    show_failed_processing(status, failed_others, outcome.tally.other_reasons, console)
    if failed_others:
        show_failed_steps(folder, (each for each in failed_others if each[0] not in STAGES), console)
    elif not (status.failed() or status.stopped() or outcome.tally.failed or outcome.tally.reasons):
        _snakemake_failed(outcome, console)
    asked = [run_of(run.folder) for run in status.stopped() if run.folder.stop.exists()]
    if asked:
        console.print(f"\nStopped on request (`mle stop`): {escape(_in_words(asked))}.", style="yellow")
    # A stopped run continues where it was; there is nothing to fix.
    stopped = {(each.stage, None) for each in status.processing if each.status == "stopped"}
    is_any_stopped = bool(status.stopped() or stopped)
    only_stopped = is_any_stopped and not (status.failed() or not stopped.issuperset(failed_others))
    what_next = "To go on:" if only_stopped else "Finished runs are kept. Fix the problem, then run:"
    left_out = plan.looks.failed if plan.looks is not None else frozenset()
    if status.failed() and all((run.configuration, run.seed) in left_out for run in status.failed()):
        arguments.rerun, what_next = "failed", "The looks do not wait for them. To try them again:"
        again = _again(arguments)
    if paused is not None:
        waiting = count(status.counts["waiting"], "seed run was", "seed runs were")
        console.print()
        print_words(console, f"Paused: {paused}. {waiting} not started.", "yellow")
    console.print()
    print_words(console, f"{status_line(status)}. {what_next}")
    console.print(f"  {escape(again)}")
    if paused is not None:
        console.print(f"To start the others all the same:\n  {escape(_again(arguments, keep_going=True))}")
    if outcome.collected:
        _show_report(folder)
    else:
        _write_report(folder)
    return _status_after(outcome)


def _show_learned_failures(status: ExperimentStatus, console: Console, again: str) -> None:
    """Print what has failed in a search that went on, because it learns from that."""
    group = status.failures[0]
    trials = {run.configuration for run in status.failed()}
    failed = count(len(status.failed()), "seed run")
    verb = "counts" if len(status.failed()) == 1 else "count"
    which = listed([f"{name} seed {seed}" for name, seed in group.runs], _LEFT_SHOWN)
    print_words(
        console,
        f"{failed} of {count(len(trials), 'trial')} failed and {verb} as the worst. The most frequent error: "
        f"{group.failure.headline} ({which}). To try them again:",
        "yellow",
    )
    console.print(f"  {escape(again)} --retry-failed", style="yellow")


def _in_words(runs: Sequence[tuple[str, int]]) -> str:
    """Return ``a seeds 0-4 and b seed 2``."""
    seeds: dict[str, list[int]] = {}
    for name, seed in runs:
        seeds.setdefault(name, []).append(seed)
    return listed(f"{name} {seeds_in_words(each)}" for name, each in seeds.items())


def _show_results(status: ExperimentStatus, folder: ExperimentFolder) -> None:
    console = output_console()
    results = _load(folder)
    console.print(results_table(results))
    files = [folder.trials, folder.best] if results.search is not None else [folder.results, folder.table]
    names = [shown(file) for file in files if file.exists()]
    line = f"{status_line(status)}. Results: {'  '.join(names)}"
    # A terminal would break a path wherever its line ends.
    if len(line) > console.width:
        line = "\n  ".join([f"{status_line(status)}. Results:", *names])
    console.print(escape(line))


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


def _again(arguments: argparse.Namespace, *, keep_going: bool = False, chosen: bool = True) -> str:
    """Return the command that the user typed, also with --keep-going, or without what chooses some seed runs."""
    parts = ["mle", "run", str(arguments.experiment_file)]
    for option in ("base_train_config", "experiment_dir"):
        if (value := getattr(arguments, option)) is not None:
            parts += [f"--{option}", value]
    for name, value in arguments.set or ():
        parts += ["--set", f"{name}={value}"]
    if arguments.profile is not None:
        parts += ["--profile", arguments.profile]
    if arguments.cores is not None:
        parts += ["--cores", str(arguments.cores)]
    if arguments.purpose:
        parts += ["--purpose", " ".join(arguments.purpose)]
    if chosen and arguments.only is not None:
        parts += ["--only", *arguments.only]
    if chosen and arguments.seeds is not None:
        parts += ["--seeds", format_seeds(arguments.seeds)]
    if chosen and arguments.rerun is not None:
        parts += ["--rerun", arguments.rerun]
    if arguments.order != "seeds":
        parts += ["--order", arguments.order]
    if keep_going or arguments.keep_going:
        parts += ["--keep-going"]
    elif arguments.fail_fast:
        parts += ["--fail-fast"]
    if arguments.for_snakemake:
        parts += ["--", *arguments.for_snakemake]
    return shlex.join(parts)


def _seeds(text: str) -> tuple[int, ...]:
    try:
        return parse_seeds(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _value(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not re.fullmatch(r"[^.\s]+(\.[^.\s]+)+", name):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not SECTION.KEY=VALUE, as single_job_args.num_logical_cores=4 is"
        )
    return name, value


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)

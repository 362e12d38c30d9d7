"""`mle run`: check, generate, run, and show the results."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from mle_toolbox.cli.consoles import error_console, output_console, print_words
from mle_toolbox.cli.files import asked_by, shown
from mle_toolbox.cli.live import watching
from mle_toolbox.cli.run_options import add_arguments, command_again, understand_the_original
from mle_toolbox.cli.run_outcome import show_outcome
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
from mle_toolbox.drive.run import EVENTS, run_experiment
from mle_toolbox.environment import find_environment
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.generate import Outcome, link_beside, snakefile_for, write_snakefile
from mle_toolbox.installed_first import program
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.project_profiles import install_profiles, link_profiles
from mle_toolbox.render.forecast_table import forecast_grid, sentences_after, summary_of
from mle_toolbox.render.terminal import TerminalTable
from mle_toolbox.snakemake_side.profile_files import read_profile, unread_profile
from mle_toolbox.snakemake_side.snakemake_command import RunOptions
from mle_toolbox.text import listed

__all__ = ["add_arguments", "call"]

_LEFT_SHOWN = 5


def call(arguments: argparse.Namespace) -> int:
    """Run the missing seed runs of an experiment; exit status 0 only when all are done."""
    started = time.time()
    understand_the_original(arguments)
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
        print_words(
            console,
            f"An earlier run was killed and its seed runs go on: {listed(left, _LEFT_SHOWN)}. Waiting for them; they "
            "are not started again.",
            "yellow",
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
    exit_status = show_outcome(plan, outcome, console, arguments, pausing.cause)
    if outcome.interrupted:
        if drop_request(driver):
            print_words(console, "What was asked for meanwhile is dropped with it.", "yellow")
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
    words = shlex.split(command_again(arguments))[1:]
    leave_request(driver, words)
    if not is_driven(driver) and take_request(driver) is not None:
        return False  # it has ended just now, and has not seen the request
    print_words(
        console,
        f"This experiment is being run by process {holder.pid} on {holder.host} since {holder.when}.\n"
        f"When its present seed runs have ended, it goes on with\n  {shlex.join(['mle', *words])}\n"
        "`mle attach` follows it, `mle stop` stops it.",
    )
    return True


def _detach(driver: Path, arguments: argparse.Namespace, console: Console) -> int:
    """Run in the background what was asked for here."""
    detached = start_detached(driver, shlex.split(command_again(arguments))[1:])
    if detached.exit_status is not None:
        # It had nothing to do, or a mistake.
        console.print(escape(detached.log.read_text(encoding="utf-8", errors="replace")), end="")
        return detached.exit_status
    print_words(
        console,
        f"Running in the background (process {detached.pid}); this terminal may be closed.\n"
        f"`mle attach` follows it, `mle stop` stops it. Its output:\n  {shown(detached.log)}",
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
        print_words(console, "Options after -- go to Snakemake and have no effect here.", "dim")
    output = output_console()
    where = "on this machine" if options.profile == "local" else f"with the profile {options.profile}"
    print_words(output, summary_of(found, where=where))
    if (grid := forecast_grid(found)) is not None:
        output.print(TerminalTable(grid))
    for sentence in sentences_after(found):
        print_words(output, sentence)


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

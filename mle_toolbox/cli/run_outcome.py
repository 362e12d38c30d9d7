"""What `mle run` shows at its end: results, failures, what to type next; and its exit status."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from mle_toolbox.cli.consoles import error_console, output_console, print_words
from mle_toolbox.cli.failures import show_failed_processing, show_failed_steps, show_failures, show_held
from mle_toolbox.cli.files import shown
from mle_toolbox.cli.run_options import command_again
from mle_toolbox.drive.run import RunOutcome
from mle_toolbox.drive.status import ExperimentStatus, read_plan_status
from mle_toolbox.errors import MLEToolboxError, ResultsError
from mle_toolbox.excerpts import last_lines
from mle_toolbox.experiment_file.looks_reader import as_of_now
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_file.processing_section import STAGES
from mle_toolbox.layout import ExperimentFolder, run_of
from mle_toolbox.render.overview import results_table
from mle_toolbox.render.statuses import status_line
from mle_toolbox.results import ExperimentResults, load
from mle_toolbox.seed_ranges import seeds_in_words
from mle_toolbox.snakemake_side.assumptions import NOT_UNDERSTOOD, is_place_in_code
from mle_toolbox.text import count, listed

__all__ = ["show_outcome"]

_LAST_LINES = 15
_RUNS_NAMED = 5


def show_outcome(
    plan: Plan, outcome: RunOutcome, console: Console, arguments: argparse.Namespace, paused: str | None
) -> int:
    """Print how a run has ended, and return the exit status of `mle run`.

    Parameters
    ----------
    plan, outcome
        What ran, and its end.
    console
        For what is not a result.
    arguments
        Those of the command line.
    paused
        Why no more seed runs were started, if that is so.
    """
    again = command_again(arguments)
    rest = command_again(arguments, chosen=False)
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
        print_words(console, "\nInterrupted. Finished runs are kept.", "yellow")
        print_words(console, f"{status_line(status)}. To go on:\n  {again}")
        _write_report(folder)
        return 130
    is_named = bool(plan.given) or plan.experiment_file != Path.cwd() / "exp.yaml"
    show_failures(status, console, outcome.tally.reasons, project=plan.project_dir, is_named=is_named)
    show_held(status, outcome.tally.failed, console)
    if outcome.wanted is not None and outcome.exit_status == 0:
        done = f"{count(outcome.wanted, 'chosen seed run')} done" if outcome.wanted else "No chosen one was due"
        print_words(console, f"\n{done}. Of all, {status_line(status)}. The rest:\n  {rest}")
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
        print_words(console, f"\nStopped on request (`mle stop`): {_in_words(asked)}.", "yellow")
    # A stopped run continues where it was; there is nothing to fix.
    stopped = {(each.stage, None) for each in status.processing if each.status == "stopped"}
    is_any_stopped = bool(status.stopped() or stopped)
    only_stopped = is_any_stopped and not (status.failed() or not stopped.issuperset(failed_others))
    what_next = "To go on:" if only_stopped else "Finished runs are kept. Fix the problem, then run:"
    left_out = plan.looks.failed if plan.looks is not None else frozenset()
    if status.failed() and all((run.configuration, run.seed) in left_out for run in status.failed()):
        arguments.rerun, what_next = "failed", "The looks do not wait for them. To try them again:"
        again = command_again(arguments)
    if paused is not None:
        waiting = count(status.counts["waiting"], "seed run was", "seed runs were")
        print_words(console, f"\nPaused: {paused}. {waiting} not started.", "yellow")
    print_words(console, f"\n{status_line(status)}. {what_next}\n  {again}")
    if paused is not None:
        print_words(console, f"To start the others all the same:\n  {command_again(arguments, keep_going=True)}")
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
    which = listed([f"{name} seed {seed}" for name, seed in group.runs], _RUNS_NAMED)
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
        print_words(console, f"\n{shown(results)}: this folder was removed while the experiment ran, with all results.")
        return 1
    print_words(console, f"\nSnakemake stopped before the seed runs were done. Its last lines ({shown(outcome.log)}):")
    # Twice as many, because the lines of a traceback are left out.
    lines = last_lines(outcome.log, 2 * _LAST_LINES)
    for line in [line for line in lines if not is_place_in_code(line)][-_LAST_LINES:]:
        console.print("  " + escape(line), style="dim")
    return _status_after(outcome)


def _status_after(outcome: RunOutcome) -> int:
    """Return 2 when Snakemake did not understand an option, else 1."""
    return 2 if outcome.exit_status == NOT_UNDERSTOOD else 1

"""Which seed runs failed and why, with enough on the screen to fix the cause."""

from __future__ import annotations

import contextlib
import shlex
import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from mle_toolbox.cli.consoles import print_words
from mle_toolbox.cli.files import shown
from mle_toolbox.drive.causes import Failure, FailureGroup, excerpt, failure_of, grouped, runs_in_words
from mle_toolbox.drive.processing import ProcessingStatus, seed_runs_wait
from mle_toolbox.drive.status import ExperimentStatus, SeedRunStatus, output_name
from mle_toolbox.excerpts import last_lines, readable
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.text import count, listed

__all__ = ["show_failed_processing", "show_failed_steps", "show_failures", "show_held", "show_new_failure"]

_SHOWN_IN_FULL = 5
_LAST_LINES = 12
# Characters of an executor's message: it may name many tasks, and its advice comes last.
_MESSAGE_WIDTH = 2000
_LITTLE_ROOM = 1024**2


def show_new_failure(run: tuple[str, int], failure: Failure, project: Path, console: Console) -> None:
    """Print at once a failure of a new kind: the seed run, the error, the last place in its code."""
    print_words(console, readable(f"{_names([run])}: {failure.words}"), "red")
    # The first line is the last of the user's own calls; without a traceback only the last words help.
    said = excerpt(failure, project)
    for line in said[:1] if failure.place is not None else said[-1:]:
        print_words(console, readable(line), indent=2)


def show_failures(
    status: ExperimentStatus,
    console: Console,
    reasons: Mapping[tuple[str, int], str] | None = None,
    *,
    project: Path,
    is_named: bool = False,
) -> None:
    """Print why seed runs failed: those that failed for the same reason together, the first of them in full.

    Parameters
    ----------
    status
        The state of the seed runs.
    console
        Where to print.
    reasons
        What the executor says of seed runs, by configuration and seed: the only explanation there is when one was
        killed by the scheduler, or never started.
    project
        The project folder.
    is_named
        Whether a command that is typed here must name the experiment: there is another exp.yaml here, or none.
    """
    # Each reason is printed once: those of stopped and failed runs are taken out, the rest is printed at the end.
    failed, unexplained = status.failed(), dict(reasons or {})
    _show_stopped(status.stopped(), unexplained, console)
    found: dict[tuple[str, int], Failure] = {}
    executors: dict[tuple[str, int], str] = {}
    for run in failed:
        key = (run.configuration, run.seed)
        if (reason := unexplained.pop(key, None)) is not None:
            executors[key] = reason
        found[key] = failure_of(run.folder, run.record, output_name(status, "err_file"), project, reason)
    groups = grouped(found)
    every = [(run.configuration, run.seed) for run in status.runs]
    for group in groups[:_SHOWN_IN_FULL]:
        _show_group(status, group, every, executors.get(group.runs[0]), project, console)
    _show_others(status, unexplained, console)
    if len(groups) > _SHOWN_IN_FULL:
        rest = _names(run for group in groups[_SHOWN_IN_FULL:] for run in group.runs)
        print_words(console, f"\nalso failed: {rest}", "red")
    if groups:
        which = ["--experiment", shown(status.folder.path)] if is_named else []
        name, seed = groups[0].runs[0]
        example = shlex.join(["mle", "logs", name, str(seed), *which])
        console.print(f"\nThe whole output of a seed run:\n  {escape(example)}")
    _show_lack_of_room(status.folder, console)


def _show_stopped(runs: Sequence[SeedRunStatus], reasons: dict[tuple[str, int], str], console: Console) -> None:
    """Print which seed runs were stopped, and remove them from ``reasons``."""
    for number, run in enumerate(runs):
        reason = reasons.pop((run.configuration, run.seed), None)
        if number >= _SHOWN_IN_FULL:
            continue
        print_words(console, f"\n{_headline(run)}", "yellow")
        # For a run that exited by itself the executor only repeats the exit status; why one was killed, it knows best.
        if reason and run.record is not None and run.record.exit_status is None:
            print_words(console, reason.splitlines()[0], indent=2)
    if rest := [(run.configuration, run.seed) for run in runs[_SHOWN_IN_FULL:]]:
        print_words(console, f"\nalso stopped: {_names(rest)}", "yellow")


def show_held(status: ExperimentStatus, refused: Collection[tuple[str, int]], console: Console) -> None:
    """Print who is running the seeds that this `mle run` could not start for that reason."""
    for run in status.runs:
        if run.status == "running" and (run.configuration, run.seed) in refused:
            record = run.record
            who = f"process {record.pid} on {record.host}, started {record.start}," if record else "another process"
            print_words(console, f"\n{run.configuration} seed {run.seed}: {who} is running this seed.", "red")
            print_words(console, "This `mle run` did not start it and left it alone.", indent=2)


def _show_group(
    status: ExperimentStatus,
    group: FailureGroup,
    every: Sequence[tuple[str, int]],
    reason: str | None,
    project: Path,
    console: Console,
) -> None:
    """Print one failure, in the words of its first seed run."""
    failure, runs = group.failure, group.runs
    console.print()
    if len(runs) == 1:
        print_words(console, readable(f"{_names(runs)}: {failure.words}"), "red")
    else:
        which = runs_in_words(runs, every)
        print_words(console, f"{len(runs)} seed runs: {readable(f'{failure.headline}, {which}')}", "red")
        if failure.headline != failure.words:
            print_words(console, readable(failure.words), indent=2)
    if reason and reason.splitlines()[0] not in failure.words:
        # The rest is the end of the task's own log; once the script has started, its err file says more.
        print_words(console, readable(reason.splitlines()[0], _MESSAGE_WIDTH), indent=2)
    lines = excerpt(failure, project)
    if failure.place is None:
        path = shown(status.folder.seed_run(*runs[0]).path / output_name(status, "err_file"))
        console.print(f"  the end of {escape(path)}:" if lines else f"  {escape(path)} is empty", style="dim")
    for line in lines:
        print_words(console, line, indent=4)


def _show_lack_of_room(folder: ExperimentFolder, console: Console) -> None:
    # On a full disk a seed run can write neither its log nor the reason for its failure.
    with contextlib.suppress(OSError):
        free = shutil.disk_usage(folder.path).free
        if free < _LITTLE_ROOM:
            said = f"The disk is full: {free // 1024} kB are left for {shown(folder.path)}. Free some space first."
            print_words(console, f"\n{said}", "red")


def _show_others(status: ExperimentStatus, reasons: Mapping[tuple[str, int], str], console: Console) -> None:
    """Print what happened to jobs that mostly never started their script, grouped by reason."""
    runs = {(run.configuration, run.seed): run for run in status.runs}
    alike: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for run, reason in reasons.items():
        word = runs[run].status if run in runs else "waiting"
        alike.setdefault(("not started" if word == "waiting" else word, reason), []).append(run)
    for (words, reason), members in list(alike.items())[:_SHOWN_IN_FULL]:
        print_words(console, f"\n{_names(members, _SHOWN_IN_FULL)}: {words}", "red")
        for line in reason.splitlines():
            print_words(console, readable(line, _MESSAGE_WIDTH), indent=2)
        if words == "not started" and members[0] in runs:
            _show_end(status, runs[members[0]], console)
    if len(alike) > _SHOWN_IN_FULL:
        rest = [run for members in list(alike.values())[_SHOWN_IN_FULL:] for run in members]
        print_words(console, f"\nalso: {_names(rest)}", "red")


def _names(runs: Iterable[tuple[str, int]], most: int | None = None) -> str:
    return listed((f"{configuration} seed {seed}" for configuration, seed in runs), most)


def _show_end(status: ExperimentStatus, run: SeedRunStatus, console: Console) -> None:
    """Print what the shell wrote when it could not start the command; a job that was only queued has no such file."""
    path = run.folder.path / output_name(status, "err_file")
    if path.is_file() and (lines := last_lines(path, _LAST_LINES)):
        console.print(f"  the end of {escape(shown(path))}:", style="dim")
        for line in lines:
            console.print("    " + escape(line))


def show_failed_processing(
    status: ExperimentStatus,
    failed: Collection[tuple[str, str | None]],
    reasons: Mapping[tuple[str, str | None], str],
    console: Console,
) -> None:
    """Print why the pre-processing or post-processing failed, and which seed runs were not started because of it.

    Parameters
    ----------
    status
        The state of the experiment.
    failed
        The jobs of this call that failed and are no seed runs, each by its rule and configuration.
    reasons
        What the executor says of them.
    console
        Where to print.
    """
    found = [each for each in status.processing if (each.stage, None) in failed]
    for each in found:
        _show_processing(each, reasons.get((each.stage, None)), console)
        waiting = status.counts["waiting"]
        if waiting and seed_runs_wait([each]) is not None:
            were = count(waiting, "seed run was", "seed runs were")
            print_words(console, f"{were} not started: the pre-processing comes first.", "red", indent=2)
    if found:
        console.print(f"\nIts whole output:\n  mle logs {found[0].stage}")
    if any(
        (each.stage, each.status) == ("post_processing", "waiting") for each in status.processing if each not in found
    ):
        print_words(console, "\npost-processing: not started, it waits for all seed runs.")


def _show_processing(processing: ProcessingStatus, reason: str | None, console: Console) -> None:
    record = processing.record
    style = "yellow" if processing.status == "stopped" else "red"
    words = record.reason if record is not None and record.reason else None
    headline = words or ("not started" if processing.status == "waiting" else processing.status)
    print_words(console, f"\n{processing.name}: {headline}", style)
    if reason:
        print_words(console, readable(reason.splitlines()[0], _MESSAGE_WIDTH), indent=2)
    lines = last_lines(processing.err, _LAST_LINES) if processing.err.is_file() else []
    path = escape(shown(processing.err))
    console.print(f"  the end of {path}:" if lines else f"  {path} is empty", style="dim")
    for line in lines:
        console.print("    " + escape(line))


def show_failed_steps(folder: ExperimentFolder, failed: Iterable[tuple[str, str | None]], console: Console) -> None:
    """Print why merging or collecting failed; each is a rule and its configuration, if it has one."""
    for rule, configuration in failed:
        place = folder.path if configuration is None else folder.configuration(configuration).path
        # Several trials may be asked by one job, which is called after the first of them.
        if rule.startswith("ask_"):
            place = folder.configuration(configuration or rule.removeprefix("ask_")).path
        print_words(console, f"\n{rule if configuration is None else f'{rule} of {configuration}'} failed:", "red")
        for line in last_lines(place / f"{'ask' if rule.startswith('ask_') else rule}.log", _LAST_LINES):
            console.print("    " + escape(line))


def _headline(run: SeedRunStatus) -> str:
    reason = run.record.reason if run.record is not None and run.record.reason else run.status
    return f"{run.configuration} seed {run.seed}: {readable(reason)}"

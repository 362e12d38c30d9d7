"""What failed and why, so that it can be mended with what the screen says alone."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Collection, Iterable, Mapping

from rich.console import Console
from rich.markup import escape

from mle_toolbox.cli.files import last_lines, shown
from mle_toolbox.drive.status import ExperimentStatus, SeedRunStatus, output_name
from mle_toolbox.layout import ExperimentFolder

__all__ = ["show_failed_steps", "show_failures", "show_held"]

_SHOWN_IN_FULL = 5
_LAST_LINES = 12
_LITTLE_ROOM = 1024**2


def show_failures(
    status: ExperimentStatus, console: Console, reasons: Mapping[tuple[str, int], str] | None = None
) -> None:
    """Print each failed seed run with the last lines of its err file; of very many, only the first in full.

    Parameters
    ----------
    status
        How the seed runs stand.
    console
        Where to.
    reasons
        What the executor says of seed runs, by configuration and seed: the only words there are when one was killed
        by the scheduler, or never started.
    """
    failed, told = status.failed(), dict(reasons or {})
    for run in status.stopped():
        told.pop((run.configuration, run.seed), None)
        console.print(f"\n{_headline(run)}", style="yellow")
    for run in failed:
        reason = told.pop((run.configuration, run.seed), None)
        if run in failed[:_SHOWN_IN_FULL]:
            _show_failure(status, run, reason, console)
    statuses = {(run.configuration, run.seed): run.status for run in status.runs}
    _show_others(told, statuses, console)
    if len(failed) > _SHOWN_IN_FULL:
        rest = ", ".join(f"{run.configuration} seed {run.seed}" for run in failed[_SHOWN_IN_FULL:])
        console.print(f"\nalso failed: {escape(rest)}", style="red")
    if failed:
        example = f"mle logs {failed[0].configuration} {failed[0].seed}"
        console.print(f"\n`{escape(example)}` prints all that a seed run wrote.")
    _show_lack_of_room(status.folder, console)


def show_held(status: ExperimentStatus, refused: Collection[tuple[str, int]], console: Console) -> None:
    """Print who runs the seeds that this call was refused, because somebody else was running them."""
    for run in status.runs:
        if run.status == "running" and (run.configuration, run.seed) in refused:
            record = run.record
            who = f"process {record.pid} on {record.host}, started {record.start}," if record else "another process"
            console.print(
                f"\n{escape(f'{run.configuration} seed {run.seed}: {who} is running this seed.')}", style="red"
            )
            console.print("  Nothing of it was touched. It was not started by this `mle run`.")


def _show_failure(status: ExperimentStatus, run: SeedRunStatus, reason: str | None, console: Console) -> None:
    console.print(f"\n{_headline(run)}", style="red")
    if reason:
        console.print(f"  {escape(reason)}")
    path = run.folder.path / output_name(status, "err_file")
    lines = last_lines(path, _LAST_LINES)
    console.print(f"  the end of {escape(shown(path))}:" if lines else f"  {escape(shown(path))} is empty", style="dim")
    for line in lines:
        console.print("    " + escape(line))


def _show_lack_of_room(folder: ExperimentFolder, console: Console) -> None:
    # A seed run whose disk is full can write down neither its log nor why there is none.
    with contextlib.suppress(OSError):
        free = shutil.disk_usage(folder.path).free
        if free < _LITTLE_ROOM:
            console.print(
                f"\nThe disk is full: {free // 1024} kB are left for {escape(shown(folder.path))}. Make room first.",
                style="red",
            )


def _show_others(
    reasons: Mapping[tuple[str, int], str], statuses: Mapping[tuple[str, int], str], console: Console
) -> None:
    """Print what became of jobs that mostly never came to start a script; those with the same reason together."""
    alike: dict[tuple[str, str], list[str]] = {}
    for run, reason in reasons.items():
        status = statuses.get(run, "waiting")
        words = "not started" if status == "waiting" else status
        alike.setdefault((words, reason), []).append(f"{run[0]} seed {run[1]}")
    for (words, reason), names in list(alike.items())[:_SHOWN_IN_FULL]:
        more = f" and {len(names) - _SHOWN_IN_FULL} more" if len(names) > _SHOWN_IN_FULL else ""
        console.print(f"\n{escape(', '.join(names[:_SHOWN_IN_FULL]))}{more}: {words}", style="red")
        console.print(f"  {escape(reason)}")
    if len(alike) > _SHOWN_IN_FULL:
        rest = ", ".join(name for names in list(alike.values())[_SHOWN_IN_FULL:] for name in names)
        console.print(f"\nalso: {escape(rest)}", style="red")


def show_failed_steps(folder: ExperimentFolder, failed: Iterable[tuple[str, str | None]], console: Console) -> None:
    """Print why a merge or the collection of everything failed; each is a rule and the configuration it is about."""
    for rule, configuration in failed:
        place = folder.path if configuration is None else folder.configuration(configuration).path
        console.print(
            f"\n{escape(rule if configuration is None else f'{rule} of {configuration}')} failed:", style="red"
        )
        for line in last_lines(place / f"{rule}.log", _LAST_LINES):
            console.print("    " + escape(line))


def _headline(run: SeedRunStatus) -> str:
    reason = run.record.reason if run.record is not None and run.record.reason else run.status
    return escape(f"{run.configuration} seed {run.seed}: {reason}")

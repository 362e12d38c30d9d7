"""What failed and why, so that it can be mended with what the screen says alone."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from mle_toolbox.cli.files import last_lines, shown
from mle_toolbox.drive.status import ExperimentStatus, SeedRunStatus

__all__ = ["show_failures"]

_SHOWN_IN_FULL = 5
_LAST_LINES = 12


def show_failures(status: ExperimentStatus, console: Console) -> None:
    """Print each failed seed run with the last lines of its err file; of very many, only the first in full."""
    failed = status.failed()
    err_file = status.record["job"]["err_file"]
    for run in failed[:_SHOWN_IN_FULL]:
        console.print(f"\n{_headline(run)}", style="red")
        path = run.folder.path / err_file
        console.print(f"  the end of {escape(shown(path))}:", style="dim")
        for line in last_lines(path, _LAST_LINES):
            console.print("    " + escape(line))
    if len(failed) > _SHOWN_IN_FULL:
        rest = ", ".join(f"{run.configuration} seed {run.seed}" for run in failed[_SHOWN_IN_FULL:])
        console.print(f"\nalso failed: {escape(rest)}", style="red")
    if failed:
        example = f"mle logs {failed[0].configuration} {failed[0].seed}"
        console.print(f"\n`{escape(example)}` prints all that a seed run wrote.")


def _headline(run: SeedRunStatus) -> str:
    reason = run.record.reason if run.record is not None and run.record.reason else run.status
    return escape(f"{run.configuration} seed {run.seed}: {reason}")

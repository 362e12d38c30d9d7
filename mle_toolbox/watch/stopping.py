"""Stop one seed run while its driver goes on with the others, wherever it runs."""

from __future__ import annotations

from pathlib import Path

from mle_toolbox.drive.status import SeedRunStatus
from mle_toolbox.drive.stop_some import stop_seed_runs
from mle_toolbox.layout import ExperimentFolder

__all__ = ["stop_one"]

_PATIENCE_SECONDS = 30.0


def stop_one(folder: ExperimentFolder, project: Path, run: SeedRunStatus) -> str:
    """Stop a seed run as `mle stop CONFIGURATION SEED` does; return a sentence about how that went."""
    name = f"{run.configuration} seed {run.seed}"
    chosen = {(run.configuration, run.seed)}
    stopped = stop_seed_runs(folder, project, chosen, patience=_PATIENCE_SECONDS, say=lambda _: None)
    if stopped.left:
        return " ".join(stopped.left)
    return f"{name} was stopped." if stopped.seed_runs or stopped.tasks else f"{name} has just ended."

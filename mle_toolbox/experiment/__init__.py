"""What a training script sees (``MLExperiment``), and the launcher that starts one seed run.

Imported when it is first used: the launcher lies beside ``MLExperiment`` and must not pay for it.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in typing, whose import takes longer than all that the launcher of a seed run does
if TYPE_CHECKING:
    from typing import Any

    from mle_toolbox.experiment.mle_experiment import MLExperiment

__all__ = ["MLExperiment"]


def __getattr__(name: str) -> Any:
    if name == "MLExperiment":
        from mle_toolbox.experiment.mle_experiment import MLExperiment

        return MLExperiment
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

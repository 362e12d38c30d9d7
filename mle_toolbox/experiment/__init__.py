"""``MLExperiment``, which training scripts use, and the launcher that starts one seed run.

``MLExperiment`` is imported on first use: the launcher is in the same package and must not pay for it.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in typing, but importing typing takes longer than everything the launcher does
if TYPE_CHECKING:
    from typing import Any

    from mle_toolbox.experiment.mle_experiment import MLExperiment

__all__ = ["MLExperiment"]


def __getattr__(name: str) -> Any:
    if name == "MLExperiment":
        from mle_toolbox.experiment.mle_experiment import MLExperiment

        return MLExperiment
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""``MLExperiment``, which training scripts use, and the launcher that starts one seed run.

``MLExperiment`` is imported on first use: the launcher is in the same package and must not pay for it. The package can
be called: ``from mle_toolbox import experiment`` is the decorator in scripts of the original mle-toolbox.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # as in typing, but importing typing takes longer than everything the launcher does
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from mle_toolbox.experiment.mle_experiment import MLExperiment
else:
    ModuleType = type(sys)

__all__ = ["MLExperiment"]


def __getattr__(name: str) -> Any:
    if name == "MLExperiment":
        from mle_toolbox.experiment.mle_experiment import MLExperiment

        return MLExperiment
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class _Decorator(ModuleType):
    """The class of this package, which is called like the function ``decorator.experiment``."""

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        from mle_toolbox.installed_first import installed_modules

        with installed_modules():
            from mle_toolbox.experiment.decorator import experiment
        return experiment(*arguments, **keywords)


sys.modules[__name__].__class__ = _Decorator

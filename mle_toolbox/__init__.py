"""Run one training script under several configurations and many seeds, and learn which is better.

A training script needs only ``MLExperiment``; ``load`` reads what the runs have written. Both are imported when
they are first used, so that a script does not pay for what it does not need. Other public names of the original
mle-toolbox are in ``original/``.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in typing, whose import takes longer than all that the launcher of a seed run does
if TYPE_CHECKING:
    from typing import Any

    from mle_toolbox.experiment import MLExperiment
    from mle_toolbox.results import load

__all__ = ["MLExperiment", "__version__", "load"]

__version__ = "1.0.0.dev0"
# What pip calls it. `mle-toolbox` on PyPI is the original, with a package of the same name; installed_first.py tells
# by this line whether it has replaced this file.
__distribution__ = "mle-toolbox-snakemake"


def __getattr__(name: str) -> Any:
    from mle_toolbox.installed_first import installed_modules

    with installed_modules():
        if name == "MLExperiment":
            from mle_toolbox.experiment import MLExperiment

            return MLExperiment
        if name == "load":
            from mle_toolbox.results import load

            return load
        if not name.startswith("_"):
            from mle_toolbox.original_names import find

            if (found := find(name)) is not None:
                return found
    raise AttributeError(f"module 'mle_toolbox' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

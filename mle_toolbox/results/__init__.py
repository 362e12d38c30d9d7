"""Read what the runs have logged, at any time, and analyse it.

``load`` reads an experiment, several experiments, a configuration or a seed run. Experiments have the methods
``summary``, ``compare``, ``curve``, ``samples`` and ``answer``, which says which configuration is best.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mle_toolbox.results.analysis import Configurations
from mle_toolbox.results.answer import Answer
from mle_toolbox.results.collection import ExperimentCollection
from mle_toolbox.results.configuration import ConfigurationResults
from mle_toolbox.results.curves import Curves
from mle_toolbox.results.experiment import ExperimentResults
from mle_toolbox.results.loading import load
from mle_toolbox.results.ranking import RankedTrials, ScoredTrial
from mle_toolbox.results.samples import SeedSample
from mle_toolbox.results.seed import SeedResults

if TYPE_CHECKING:
    from mle_toolbox.results.shown import Comparisons, Summary, Table, TrialTable

__all__ = [
    "Answer",
    "Comparisons",
    "ConfigurationResults",
    "Configurations",
    "Curves",
    "ExperimentCollection",
    "ExperimentResults",
    "RankedTrials",
    "ScoredTrial",
    "SeedResults",
    "SeedSample",
    "Summary",
    "Table",
    "TrialTable",
    "load",
]

# For type checkers the names are imported above; a __getattr__ would make every misspelt name valid.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.shown"), name)

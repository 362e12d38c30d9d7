"""Read what the runs have logged, at any time, and ask it questions.

``load`` reads an experiment, several, a configuration or a seed. Experiments answer with ``summary``, ``compare``,
``curve``, ``samples`` and ``answer``: which configuration is best.
"""

from __future__ import annotations

from mle_toolbox.results.analysis import Configurations
from mle_toolbox.results.answer import Answer
from mle_toolbox.results.collection import ExperimentCollection
from mle_toolbox.results.comparisons import Comparisons
from mle_toolbox.results.configuration import ConfigurationResults
from mle_toolbox.results.curves import Curves
from mle_toolbox.results.experiment import ExperimentResults
from mle_toolbox.results.loading import load
from mle_toolbox.results.samples import SeedSample
from mle_toolbox.results.seed import SeedResults
from mle_toolbox.results.summary import Summary
from mle_toolbox.results.table import Table

__all__ = [
    "Answer",
    "Comparisons",
    "ConfigurationResults",
    "Configurations",
    "Curves",
    "ExperimentCollection",
    "ExperimentResults",
    "SeedResults",
    "SeedSample",
    "Summary",
    "Table",
    "load",
]

"""Read what the runs have logged: ``load`` a whole experiment, a configuration or a seed, at any time."""

from __future__ import annotations

from mle_toolbox.results.configuration import ConfigurationResults
from mle_toolbox.results.experiment import ExperimentResults
from mle_toolbox.results.loading import load
from mle_toolbox.results.seed import SeedResults

__all__ = ["ConfigurationResults", "ExperimentResults", "SeedResults", "load"]

"""Which file lies where in a results folder.

Paths only: nothing here reads or writes. The tree is drawn in docs/architecture.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from mle_toolbox import file_names

__all__ = ["ConfigurationFolder", "ExperimentFolder", "SeedFolder"]


class SeedFolder(NamedTuple):
    """The folder of one seed run."""

    path: Path

    @property
    def log(self) -> Path:
        """The finished log; there only once the run ended well."""
        return self.path / file_names.LOG

    @property
    def ready_log(self) -> Path:
        """The whole log under a temporary name, until the run is known to have ended well."""
        return self.path / file_names.READY_LOG

    @property
    def journal(self) -> Path:
        """The append-only log of a run that goes on; also carries the lock of the folder."""
        return self.path / file_names.JOURNAL

    @property
    def done(self) -> Path:
        """Mark beside a finished log for Snakemake, which removes it before a job starts and when one fails."""
        return self.path / file_names.DONE

    @property
    def run_record(self) -> Path:
        """Status and provenance of the run."""
        return self.path / file_names.RUN_RECORD

    @property
    def ready_record(self) -> Path:
        """The record of a run that ended well, beside the whole log under a temporary name."""
        return self.path / file_names.READY_RECORD

    @property
    def config(self) -> Path:
        """The configuration that the run used."""
        return self.path / "config.json"

    @property
    def checkpoint(self) -> Path:
        """What ``mle.checkpoint`` saved, until the run ends well."""
        return self.path / file_names.CHECKPOINT

    @property
    def models(self) -> Path:
        """Folder of saved models."""
        return self.path / "models"

    @property
    def figures(self) -> Path:
        """Folder of saved figures."""
        return self.path / "figures"

    @property
    def extra(self) -> Path:
        """Folder of other saved objects."""
        return self.path / "extra"


class ConfigurationFolder(NamedTuple):
    """The folder of one configuration."""

    path: Path

    @property
    def log(self) -> Path:
        """The log merged over seeds."""
        return self.path / "log.h5"

    def seed(self, seed: int) -> SeedFolder:
        """Return the folder of one seed."""
        return SeedFolder(self.path / f"{file_names.SEED_PREFIX}{seed}")

    def seeds_on_disk(self) -> tuple[int, ...]:
        """Return the seeds that have a folder, in increasing order."""
        names = (
            entry.name.removeprefix(file_names.SEED_PREFIX) for entry in self.path.glob(f"{file_names.SEED_PREFIX}*")
        )
        return tuple(sorted(int(name) for name in names if name.isdecimal()))


class ExperimentFolder(NamedTuple):
    """The results folder of one experiment file."""

    path: Path

    @property
    def record(self) -> Path:
        """The resolved plan and its provenance."""
        return self.path / "experiment.json"

    @property
    def results(self) -> Path:
        """All configurations in one file, a netCDF group each."""
        return self.path / "results.h5"

    @property
    def table(self) -> Path:
        """Final values of every seed run, as CSV."""
        return self.path / "results.csv"

    @property
    def report(self) -> Path:
        """The page that says what was run and what came out."""
        return self.path / "report.html"

    @property
    def summary(self) -> Path:
        """Estimates and intervals of every configuration, as CSV."""
        return self.path / "summary.csv"

    @property
    def comparisons(self) -> Path:
        """Comparisons of the configurations, as CSV."""
        return self.path / "comparisons.csv"

    @property
    def learning_curves(self) -> Path:
        """Learning curves of the first metric."""
        return self.path / "learning_curves.svg"

    @property
    def final_values(self) -> Path:
        """Final values of the first metric."""
        return self.path / "final_values.svg"

    @property
    def figures(self) -> Path:
        """What ``mle plot`` draws."""
        return self.path / "figures"

    @property
    def driver(self) -> Path:
        """What ``mle run`` keeps about itself: its lock and Snakemake's output."""
        return self.path / ".driver"

    @property
    def earlier(self) -> Path:
        """Seed runs of earlier configurations and of older code, kept aside."""
        return self.path / ".earlier"

    def configuration(self, name: str) -> ConfigurationFolder:
        """Return the folder of one configuration."""
        return ConfigurationFolder(self.path / name)

    def seed_run(self, configuration: str, seed: int) -> SeedFolder:
        """Return the folder of one seed run."""
        return self.configuration(configuration).seed(seed)

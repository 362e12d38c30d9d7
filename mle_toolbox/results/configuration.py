"""The logs of all seeds of one configuration."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.log.merged_data import MergedData
from mle_toolbox.log.run_record import RunStatus
from mle_toolbox.results.cautions import code_cautions, length_cautions, outdated_cautions
from mle_toolbox.results.code_states import CodeState, code_states, recorded
from mle_toolbox.results.lookup import unknown_name
from mle_toolbox.results.seed import SeedResults
from mle_toolbox.seed_ranges import seeds_in_words
from mle_toolbox.text import count

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["ConfigurationResults", "renamed", "seeds_words"]


@dataclass(frozen=True, eq=False, repr=False)
class ConfigurationResults:
    """All seed runs of one configuration that have been started, finished or not.

    ``results["metric1"]`` has shape (S, T): one row for each of ``seeds``, with NaN where a metric was not measured and
    behind the end of shorter runs; ``measured`` tells those from a NaN that was logged. A run that failed or is
    still running is a row like any other; see ``statuses``.

    Attributes
    ----------
    path
        The configuration's folder, or the file that was read.
    name
        The configuration.
    runs
        One entry for each of ``seeds``.
    missing
        Seeds of the experiment file that have not logged anything.
    data
        The ticks of all seeds.
    """

    path: Path
    name: str
    runs: tuple[SeedResults, ...]
    missing: tuple[int, ...]
    data: MergedData

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, increasing."""
        return tuple(run.seed for run in self.runs)

    @property
    def statuses(self) -> tuple[RunStatus, ...]:
        """The status of each of ``seeds``."""
        return tuple(run.status for run in self.runs)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Shape (S,): number of ticks of each of ``seeds``."""
        return self.data.lengths

    @property
    def time_names(self) -> tuple[str, ...]:
        """Time variables, in the order in which they are tracked."""
        return self.data.time_names

    @property
    def metric_names(self) -> tuple[str, ...]:
        """Metrics, in the order in which they are tracked."""
        return self.data.metric_names

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences on damaged files and on logs that do not fit together."""
        damage = (f"seed {run.seed}: {run.damage}" for run in self.runs if run.damage)
        return (*damage, *self.data.remarks)

    def others(self) -> dict[str, int]:
        """Count the seeds that are not done, by their status."""
        statuses = ["not started" if each == "waiting" else each for each in self.statuses if each != "done"]
        # A seed that was started and has not logged a tick is among the runs and among the missing ones.
        statuses += ["not started"] * len(set(self.missing) - set(self.seeds))
        return {status: statuses.count(status) for status in dict.fromkeys(statuses)}

    @property
    def cautions(self) -> tuple[str, ...]:
        """Reasons to distrust an average of the finished runs; see ``ExperimentResults.cautions``."""
        alone = {self.name: self}
        return (*outdated_cautions(alone), *code_cautions(self._code()), *length_cautions(alone, {}))

    def only_current(self) -> ConfigurationResults:
        """Return the same without the runs of older code than its newest ones; see ``load``."""
        return self.without_older(self._code()[self.name].older)

    def without_older(self, older: Collection[int]) -> ConfigurationResults:
        """Return the same with the status ``older code`` for these seeds."""
        runs = tuple(replace(run, status="older code") if run.seed in older else run for run in self.runs)
        return replace(self, runs=runs) if older else self

    def _code(self) -> Mapping[str, CodeState]:
        return code_states({self.name: {run.seed: recorded(run) for run in self.runs if run.status == "done"}})

    def seed(self, seed: int) -> SeedResults:
        """Return the run of one seed."""
        for run in self.runs:
            if run.seed == seed:
                return run
        raise unknown_name(seed, map(str, self.seeds), f"Configuration {self.name!r}")

    def measured(self, name: str) -> NDArray[np.bool_]:
        """Return, shape (S, T), at which ticks each of ``seeds`` has measured a variable."""
        if name not in self:
            raise unknown_name(name, self.data.names, f"Configuration {self.name!r}")
        # From the runs: in the merged columns a NaN that was logged looks like padding.
        there = np.zeros(self.data.columns[name].shape[:2], dtype=bool)
        for row, run in zip(there, self.runs, strict=True):
            if name in run:
                row[: run.n_ticks] = run.measured(name)
        return there

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self.data.columns:
            raise unknown_name(name, self.data.names, f"Configuration {self.name!r}")
        values = self.data.columns[name]
        if name not in self.data.fill_values:
            return values
        # Padded columns are float64 everywhere else, so this one is as well; the rounding must not go unnoticed.
        warnings.warn(
            f"{name!r} has integers beyond 2**53 and ticks without a value, so they were rounded to float64. The exact "
            f"ones are in .seed(n)[{name!r}].",
            UserWarning,
            stacklevel=2,
        )
        return np.where(values == self.data.fill_values[name], np.nan, values.astype(np.float64))

    def __contains__(self, name: object) -> bool:
        return name in self.data.columns

    def __repr__(self) -> str:
        lines = [f"<ConfigurationResults {self.name!r}: {seeds_words(self.statuses, self.missing)}>"]
        for kind, names in (("time  ", self.time_names), ("metric", self.metric_names)):
            lines += [f"  {kind}  {name!r} {self.data.columns[name].shape}" for name in names]
        lines += [f"  remark  {remark}" for remark in (*self.cautions, *self.remarks)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from mle_toolbox.results.shown import html_of

        return html_of(self)

    def to_xarray(self) -> xr.Dataset:
        """Return a dataset with dimensions ``seed`` and ``tick``, as xarray reads it from the merged log.

        A variable with one of these names, or ``length`` or ``status``, keeps it; ours has a ``_`` behind it then.

        Raises
        ------
        MissingExtraError
            When xarray is not installed.
        """
        from mle_toolbox.results.conversion import dataset

        coordinates = {
            "seed": np.array(self.seeds, dtype=np.int64),
            "length": self.lengths,
            "status": np.array(self.statuses, dtype=str),
        }
        columns = {name: self[name] for name in self.data.names}
        attributes = {**self.data.attributes, **self.data.seed_attributes, "configuration": self.name}
        return dataset(("seed", "tick"), columns, coordinates, attributes)

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per seed and tick; see ``ExperimentResults.to_dataframe``.

        Raises
        ------
        MissingExtraError
            When pandas is not installed.
        """
        from mle_toolbox.results.conversion import long_table

        return long_table(self.runs)


def seeds_words(statuses: Sequence[str], missing: Sequence[int]) -> str:
    """Return ``8 seeds done, 1 failed; nothing yet from seeds 3, 7``."""
    # Finished ones first; the others in the order of the seeds.
    counts = Counter(sorted(statuses, key=lambda each: each != "done"))
    words = [f"{count(n, 'seed') if not place else n} {each}" for place, (each, n) in enumerate(counts.items())]
    yet = f"; nothing yet from {seeds_in_words(missing)}" if missing else ""
    return (", ".join(words) or "no seeds") + yet


def renamed(results: ConfigurationResults, name: str) -> ConfigurationResults:
    """Return the same under another name."""
    if results.name == name:
        return results
    return replace(results, name=name, runs=tuple(replace(run, configuration=name) for run in results.runs))

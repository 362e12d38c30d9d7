"""The log of one seed run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.log.absence import shown
from mle_toolbox.log.log_data import LogData
from mle_toolbox.log.run_record import RunRecord, RunStatus
from mle_toolbox.results.lookup import unknown_name
from mle_toolbox.seed_ranges import parse_seeds

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["SeedResults"]

# Attribute of a run imported by version 0.1: metrics that were not logged at every tick. NaN means "not logged" in
# these, except at the ticks that are listed (``0-4,9``): there NaN was logged.
_GAPS = "mle_toolbox_gaps"


@dataclass(frozen=True, eq=False, repr=False)
class SeedResults:
    """All ticks of one seed run, finished or not.

    Attributes
    ----------
    path
        The seed folder, or the file that was read.
    configuration, seed
        Which run it is.
    status
        ``done`` when the run ended well; ``running``, ``failed``, ``died`` or ``waiting`` otherwise. The ticks are
        then those that were logged so far.
    time, metrics
        One array for each name: shape (T,) for numbers, (T, ...) for metrics that are arrays. A metric that was not
        measured at every tick is float64 with NaN there; if it has integers beyond 2**53, a masked array of integers.
    attributes
        Provenance, as written into the log.
    run
        The content of ``run.json``, or None.
    damage
        A sentence when ticks are missing because a file is damaged.
    remarks
        Sentences on anything unexpected: numbers that are not exactly those logged, metrics that were never measured,
        ticks of an earlier attempt.
    absent
        For each metric that was not measured at every tick: shape (T,), where it was not; see ``measured``.
    """

    path: Path
    configuration: str
    seed: int
    status: RunStatus
    time: Mapping[str, NDArray[Any]]
    metrics: Mapping[str, NDArray[Any]]
    attributes: Mapping[str, Any]
    run: RunRecord | None = None
    damage: str | None = None
    remarks: tuple[str, ...] = ()
    absent: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)

    @classmethod
    def from_log(
        cls,
        path: Path,
        run_name: tuple[str, int],
        data: LogData,
        status: RunStatus = "done",
        run: RunRecord | None = None,
        damage: str | None = None,
    ) -> SeedResults:
        """Make results from the ticks of a run; ``run_name`` is its configuration and its seed."""
        # Where both are there, what the log says itself is exact.
        absent = {**_gaps(data), **data.absent}
        return cls(
            path=path,
            configuration=run_name[0],
            seed=run_name[1],
            status=status,
            time={name: data.columns[name] for name in data.time_names},
            metrics={
                name: shown(data.columns[name], absent[name]) if name in absent else data.columns[name]
                for name in data.metric_names
            },
            attributes=data.attributes,
            run=run,
            damage=damage,
            remarks=data.remarks,
            absent=absent,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Time variables, then metrics."""
        return (*self.time, *self.metrics)

    @property
    def n_ticks(self) -> int:
        """Number of ticks, T."""
        return next((len(each) for each in (*self.time.values(), *self.metrics.values())), 0)

    def measured(self, name: str) -> NDArray[np.bool_]:
        """Return at which ticks a variable was measured, shape (T,): those at which it was logged, even as NaN.

        Examples
        --------
        >>> run["val_loss"][run.measured("val_loss")]  # doctest: +SKIP
        """
        # Most metrics are measured at every tick and have no entry.
        if name in self.absent:
            return ~self.absent[name]
        return np.ones(len(self[name]), dtype=bool)

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name in self.metrics:
            return self.metrics[name]
        if name in self.time:
            return self.time[name]
        raise unknown_name(name, self.names, f"Seed {self.seed} of {self.configuration!r}")

    def __contains__(self, name: object) -> bool:
        return name in self.metrics or name in self.time

    def __repr__(self) -> str:
        lines = [f"<SeedResults {self.configuration!r}, seed {self.seed}: {self.status}, {self.n_ticks} ticks>"]
        lines += [f"  time    {name!r} {each.shape} {each.dtype}" for name, each in self.time.items()]
        lines += [f"  metric  {name!r} {each.shape} {each.dtype}" for name, each in self.metrics.items()]
        lines += [f"  damage  {self.damage}"] if self.damage else []
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from mle_toolbox.results.shown import html_of

        return html_of(self)

    def to_xarray(self) -> xr.Dataset:
        """Return a dataset with dimension ``tick``, as xarray reads it from ``log.h5``.

        Raises
        ------
        MissingExtraError
            When xarray is not installed.
        """
        from mle_toolbox.results.conversion import dataset

        attributes = {"configuration": self.configuration, "seed": self.seed, "status": self.status}
        return dataset(("tick",), {**self.time, **self.metrics}, {}, {**self.attributes, **attributes})

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per tick; see ``ExperimentResults.to_dataframe``.

        Raises
        ------
        MissingExtraError
            When pandas is not installed.
        """
        from mle_toolbox.results.conversion import long_table

        return long_table([self])


def _gaps(data: LogData) -> dict[str, NDArray[np.bool_]]:
    """Return where metrics of a run that an earlier version imported were not logged."""
    found = {}
    for name, logged in data.attributes.get(_GAPS, {}).items():
        if name in data.metric_names and data.columns[name].dtype.kind == "f" and data.columns[name].ndim == 1:
            found[name] = np.isnan(data.columns[name])
            found[name][list(parse_seeds(logged)) if logged else []] = False
    return found

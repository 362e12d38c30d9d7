"""What all configurations of an experiment have logged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mle_toolbox.results.configuration import ConfigurationResults, summary
from mle_toolbox.results.lookup import unknown_name

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["ExperimentResults"]


class ExperimentResults(Mapping[str, ConfigurationResults]):
    """The configurations of an experiment by name, in the order of the experiment file.

    A configuration is read when it is first asked for.

    Parameters
    ----------
    path
        The results folder, or the file that was read.
    names
        The configurations.
    read
        Returns the results of a configuration.
    record
        What ``experiment.json`` says, empty when there is none.
    """

    def __init__(
        self,
        path: Path,
        names: Sequence[str],
        read: Callable[[str], ConfigurationResults],
        record: Mapping[str, Any],
    ) -> None:
        self.path = path
        self.names = tuple(names)
        self.record = record
        self._read = read
        self._known: dict[str, ConfigurationResults] = {}

    def __getitem__(self, name: str) -> ConfigurationResults:
        if name not in self.names:
            raise unknown_name(name, self.names, f"The experiment in {self.path}")
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __repr__(self) -> str:
        lines = [f"<ExperimentResults {str(self.path)!r}: {len(self)} configurations>"]
        lines += [f"  {name!r}: {summary(each.statuses, each.missing)}" for name, each in self.items()]
        return "\n".join(lines)

    def to_xarray(self) -> xr.DataTree:
        """Return a tree with one dataset per configuration, as xarray reads it from ``results.h5``.

        Raises
        ------
        MissingExtraError
            When xarray is not installed.
        """
        from mle_toolbox.results.conversion import tree

        return tree({name: each.to_xarray() for name, each in self.items()})

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per configuration, seed and tick.

        Columns: ``configuration``, ``seed``, ``status``, ``step``, then time variables and metrics. A metric that is
        an array has one column for each entry, ``m[0,1]``. A variable named like one of the first four has ``_``
        behind its name.

        Raises
        ------
        MissingExtraError
            When pandas is not installed.
        """
        from mle_toolbox.results.conversion import long_table

        return long_table([run for each in self.values() for run in each.runs])

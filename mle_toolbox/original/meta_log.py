"""``MetaLog``: the curves of all runs of an experiment, aggregated over the seeds, as notebooks of the original use it.

Where it differs: numbers are 64-bit, percentiles leave out the seeds that had ended, and only finished runs count.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mle_toolbox.errors import ResultsError, did_you_mean
from mle_toolbox.experiment.settings import Settings
from mle_toolbox.results.configuration import ConfigurationResults
from mle_toolbox.results.seed import SeedResults

__all__ = ["MetaLog", "finished", "provenance"]

_PERCENTILES = (10, 25, 50, 75, 90)


class MetaLog:
    """The runs of an experiment by name; ``meta_log["trial_0007"].stats.loss.mean`` is an array over the ticks.

    Parameters
    ----------
    runs
        The configurations with a finished seed run.
    other_names
        Further names of runs: what the original would have called them (``b_1_eval_7``).
    aggregate_seeds
        Whether each run has ``stats``, ``time`` and ``meta``, or one of each for every seed (``.seed_0.stats``).
    """

    def __init__(
        self, runs: Mapping[str, ConfigurationResults], other_names: Mapping[str, str], aggregate_seeds: bool = True
    ) -> None:
        self._runs, self._other_names, self._aggregates = dict(runs), dict(other_names), aggregate_seeds
        self._read: dict[str, Settings] = {}

    @property
    def eval_ids(self) -> list[str]:
        """The names of the runs."""
        return list(self._runs)

    @property
    def num_configs(self) -> int:
        """How many runs there are."""
        return len(self._runs)

    @property
    def meta_vars(self) -> list[str]:
        """What ``.meta`` of a run has."""
        return self._names("meta")

    @property
    def stats_vars(self) -> list[str]:
        """The metrics."""
        return self._names("stats")

    @property
    def time_vars(self) -> list[str]:
        """The times."""
        return self._names("time")

    def filter(self, run_ids: Sequence[str]) -> MetaLog:
        """Return the same with these runs only."""
        names = [self._name(each) for each in ([run_ids] if isinstance(run_ids, str) else run_ids)]
        return MetaLog({name: self._runs[name] for name in names}, self._other_names, self._aggregates)

    def plot(
        self, target_to_plot: str | Sequence[str], iter_to_plot: str | None = None, *arguments: Any, **options: Any
    ) -> tuple[Any, Any]:
        """Draw the mean of a metric in each run; return figure and axes. Options as for ``visualize_1D_lcurves``."""
        from mle_toolbox.original.charts import visualize_1D_lcurves

        time = self.time_vars[0] if iter_to_plot is None else iter_to_plot
        return visualize_1D_lcurves(self, time, target_to_plot, *arguments, **options)

    def keys(self) -> list[str]:
        """Return the names of the runs."""
        return self.eval_ids

    def __getitem__(self, run_id: str) -> Settings:
        name = self._name(run_id)
        if name not in self._read:
            run = self._runs[name]
            self._read[name] = _over_seeds(run) if self._aggregates else _by_seed(run)
        return self._read[name]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self._runs or name in self._other_names:
            return self[name]
        # A single run needs no name in the original.
        if len(self._runs) == 1 and name in (only := self[self.eval_ids[0]]):
            return only[name]
        raise AttributeError(f"MetaLog has no {name!r}.{did_you_mean(name, (*self._runs, *dir(type(self))))}")

    def __contains__(self, run_id: object) -> bool:
        return run_id in self._runs or run_id in self._other_names

    def __iter__(self) -> Iterator[str]:
        return iter(self._runs)

    def __len__(self) -> int:
        return len(self._runs)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *filter(str.isidentifier, self._runs)})

    def __repr__(self) -> str:
        return f"MetaLog({', '.join(self._runs)})"

    def _name(self, run_id: Any) -> str:
        name = self._other_names.get(run_id, run_id)
        if name not in self._runs:
            hint = did_you_mean(str(run_id), (*self._runs, *self._other_names))
            raise ResultsError(f"There is no run {run_id!r} with a finished seed.{hint} meta_log.eval_ids lists all.")
        return str(name)

    def _names(self, part: str) -> list[str]:
        if not self._runs:
            return []
        first = self[self.eval_ids[0]]
        return list(first[part] if self._aggregates else next(iter(first.values()))[part])


def finished(run: ConfigurationResults) -> list[SeedResults]:
    """Return the seed runs that count: those that ended well."""
    return [each for each in run.runs if each.status == "done" and each.n_ticks]


def provenance(run: SeedResults) -> dict[str, Any]:
    """Return what ``.meta`` of a seed run has."""
    folder = run.path if run.path.is_dir() else run.path.parent
    content = run.attributes.get("config")
    log_config = content.get("log_config", {}) if isinstance(content, Mapping) else {}
    models = _files(folder, "models")
    return {
        # As log.experiment_dir in the script: where it has written its own files.
        "experiment_dir": f"{folder}/",
        "eval_id": run.configuration,
        "config_dict": content,
        "config_fname": str(folder / "config.json"),
        "log_paths": str(folder / "log.h5"),
        "model_ckpt": next((each for each in models if "/final." in each), None),
        "model_type": log_config.get("model_type", "no-model-type"),
        "fig_storage_paths": _files(folder, "figures"),
        "extra_storage_paths": _files(folder, "extra"),
    }


def _over_seeds(run: ConfigurationResults) -> Settings:
    seeds = finished(run)
    longest = max(seeds, key=lambda seed: seed.n_ticks)
    content = {
        "meta": {**provenance(seeds[0]), "seeds": [each.seed for each in seeds]},
        "stats": {name: _aggregated(seeds, name) for name in run.metric_names if any(name in seed for seed in seeds)},
        "time": _times(longest),
    }
    return Settings(content, run.name)


def _by_seed(run: ConfigurationResults) -> Settings:
    content = {
        f"seed_{each.seed}": {
            "meta": {**provenance(each), "seeds": each.seed},
            "stats": {name: values[each.measured(name)] for name, values in each.metrics.items()},
            "time": _times(each),
        }
        for each in finished(run)
    }
    return Settings(content, run.name)


def _times(run: SeedResults) -> dict[str, NDArray[Any]]:
    return {**run.time, **({} if "num_updates" in run.time else {"num_updates": np.arange(1, run.n_ticks + 1)})}


def _aggregated(seeds: Sequence[SeedResults], name: str) -> dict[str, NDArray[np.float64]]:
    """Return mean, standard deviation and percentiles at each tick at which a seed measured the metric."""
    having = [each for each in seeds if name in each]
    shape = next((each[name].shape[1:] for each in having if each.measured(name).any()), ())
    having = [each for each in having if each[name].shape[1:] == shape]
    n_ticks = max(each.n_ticks for each in having)
    values = np.full((len(having), n_ticks, *shape), np.nan)
    measured = np.zeros((len(having), n_ticks), dtype=bool)
    for row, there, each in zip(values, measured, having, strict=True):
        there[: each.n_ticks] = each.measured(name)
        row[there] = np.asarray(each[name][each.measured(name)], dtype=np.float64)
    # As in the original, a metric that was left out at a tick has no value there at all.
    ticks = measured.any(axis=0)
    values, measured = values[:, ticks], measured[:, ticks]
    mask = np.broadcast_to(~measured.reshape(*measured.shape, *(1,) * len(shape)), values.shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NaN and infinity that were logged
        masked = np.ma.MaskedArray(values, mask=mask)
        found = {"mean": masked.mean(axis=0).filled(np.nan), "std": masked.std(axis=0).filled(np.nan)}
        if measured.all():
            percentiles = np.percentile(values, _PERCENTILES, axis=0)
        else:
            columns = [
                np.percentile(values[there, tick], _PERCENTILES, axis=0) for tick, there in enumerate(measured.T)
            ]
            percentiles = np.stack(columns, axis=1) if columns else np.empty((len(_PERCENTILES), 0))
    return {**found, **{f"p{each}": row for each, row in zip(_PERCENTILES, percentiles, strict=True)}}


def _files(folder: Any, name: str) -> list[str]:
    return sorted(str(path) for path in (folder / name).rglob("*") if path.is_file())

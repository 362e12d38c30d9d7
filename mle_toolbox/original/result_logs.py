"""``load_result_logs`` and its relatives: how notebooks of the original read an experiment, here on our own files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from mle_toolbox.errors import MissingExtraError, ResultsError
from mle_toolbox.installed_first import with_installed_modules
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import RunRecord
from mle_toolbox.original.hyper_log import HyperLog
from mle_toolbox.original.meta_log import MetaLog, finished, provenance
from mle_toolbox.results import load
from mle_toolbox.results.configuration import ConfigurationResults
from mle_toolbox.results.differences import differing_keys, short_names
from mle_toolbox.results.experiment import ExperimentResults
from mle_toolbox.results.ranking import best_is_maximum
from mle_toolbox.results.trial_scores import score_of

__all__ = ["HyperLog", "MetaLog", "load_hyper_log", "load_log", "load_meta_log", "load_result_logs"]

_Path = str | os.PathLike[str]
# Files of the original, by which the results folder is meant here.
_META_LOG, _HYPER_LOG = "meta_log.hdf5", "hyper_log.pkl"


@with_installed_modules
def load_result_logs(
    experiment_dir: _Path = "experiments",
    meta_log_fname: str = "meta_log.hdf5",
    hyper_log_fname: str = "hyper_log.pkl",
    aggregate_seeds: bool = True,
) -> tuple[MetaLog, HyperLog]:
    """Return the curves of all runs, and a table with their settings and scores.

    Parameters
    ----------
    experiment_dir
        The results folder of an experiment or of a search.
    meta_log_fname, hyper_log_fname
        Accepted, and without meaning here.
    aggregate_seeds
        Whether the curves are averages over the seeds.

    Raises
    ------
    ResultsError
        When there are no results of ours.
    MissingExtraError
        When pandas is not installed.
    """
    results = _experiment(experiment_dir)
    runs = _finished_runs(results)
    return MetaLog(runs, _other_names(results), aggregate_seeds), _hyper_log(results, runs)


@with_installed_modules
def load_meta_log(log_fname: _Path, aggregate_seeds: bool = True) -> MetaLog:
    """Return the curves of all runs; the results folder may be named, or a file in it that the original would have."""
    results = _experiment(log_fname)
    return MetaLog(_finished_runs(results), _other_names(results), aggregate_seeds)


@with_installed_modules
def load_hyper_log(hyper_log_fpath: _Path) -> HyperLog:
    """Return the table of all runs; see ``load_meta_log``."""
    results = _experiment(hyper_log_fpath)
    return _hyper_log(results, _finished_runs(results))


@with_installed_modules
def load_log(log_fname: _Path, aggregate_seeds: bool = False) -> Any:
    """Return one run: its ``stats``, ``time`` and ``meta``, for each seed or averaged.

    Parameters
    ----------
    log_fname
        The folder of a configuration or of a seed, or a log.
    aggregate_seeds
        Whether to average over the seeds. Without it a log of one seed is returned as it is, several are
        ``.seed_0``, ``.seed_1``, ….
    """
    found = load(_folder(log_fname))
    if isinstance(found, ExperimentResults):
        return MetaLog(_finished_runs(found), _other_names(found), aggregate_seeds)
    if not isinstance(found, ConfigurationResults):
        folder = Path(_folder(log_fname))
        configuration = load((folder if folder.is_dir() else folder.parent).parent)
        assert isinstance(configuration, ConfigurationResults)
        runs = {configuration.name: configuration}
        seed = getattr(found, "seed", None)
        return MetaLog(runs, {}, aggregate_seeds=False)[configuration.name][f"seed_{seed}"]
    log = MetaLog(_finished({found.name: found}), {}, aggregate_seeds)
    if not len(log):
        raise ResultsError(f"{found.path}: no seed run is finished.")
    by_seed = log[found.name]
    return by_seed if aggregate_seeds or len(by_seed) > 1 else next(iter(by_seed.values()))


def _experiment(path: _Path) -> ExperimentResults:
    folder = _folder(path)
    found = load(folder)
    if not isinstance(found, ExperimentResults):
        raise ResultsError(f"{folder} is not the results folder of one experiment; mle_toolbox.load reads it.")
    return found


def _folder(path: _Path) -> Path:
    """Return a results folder from its own name, or from that of a file that the original would have in it."""
    given = Path(path).expanduser()
    folder = given.parent if given.name in (_META_LOG, _HYPER_LOG) else given
    if (folder / _META_LOG).is_file() and not ExperimentFolder(folder).record.exists():
        raise ResultsError(
            f"{folder / _META_LOG} is a log of the original mle-toolbox. `mle import {folder}` makes results of it, "
            "which this function and mle_toolbox.load read."
        )
    return folder


def _finished_runs(results: ExperimentResults) -> dict[str, ConfigurationResults]:
    return _finished({**results, **results.outside})


def _finished(runs: Mapping[str, ConfigurationResults]) -> dict[str, ConfigurationResults]:
    return {name: run for name, run in runs.items() if finished(run)}


def _other_names(results: ExperimentResults) -> dict[str, str]:
    """Return what the original called the trials; not where several would have the same name, each of another base."""
    trials = results.search.trials.values() if results.search is not None else ()
    n_of = Counter(each.original_id for each in trials)
    return {each.original_id: each.name for each in trials if each.original_id and n_of[each.original_id] == 1}


def _hyper_log(results: ExperimentResults, runs: Mapping[str, ConfigurationResults]) -> HyperLog:
    try:
        import pandas
    except ImportError as error:
        raise MissingExtraError(f"hyper_log is a table of pandas ({error}). Install it: pip install pandas") from None
    settings = _settings(results, runs)
    scores = _scores(results, runs)
    rows = [
        {**settings[name], "time_elapsed": _seconds(run), "run_id": name, **scores[name], **_provenance(run)}
        for name, run in runs.items()
    ]
    variables = list(dict.fromkeys(key for each in settings.values() for key in each))
    metrics = list(dict.fromkeys(key for each in scores.values() for key in each))
    columns = dict.fromkeys((*variables, "time_elapsed", "run_id", *metrics, *_PROVENANCE))
    return HyperLog(pandas.DataFrame(rows, columns=list(columns)), variables, metrics)


def _settings(results: ExperimentResults, runs: Mapping[str, ConfigurationResults]) -> dict[str, dict[str, Any]]:
    """Return what was searched, or what differs between the configurations, under names as short as possible."""
    if results.search is not None:
        trials = results.search.trials
        several = len(set(results.search.bases)) > 1
        base = {name: {"base_train_config": trials[name].base} if several else {} for name in runs}
        return {name: {**base[name], **trials[name].values} for name in runs}
    differences = results.differences()
    names = short_names(differing_keys(differences))
    return {name: {names[key]: value for key, value in differences[name].items()} for name in runs}


def _scores(results: ExperimentResults, runs: Mapping[str, ConfigurationResults]) -> dict[str, dict[str, float]]:
    """Return the score of each run in each metric, by the rules of the search or else the last value of the mean."""
    search = results.search
    known = dict.fromkeys(name for run in runs.values() for name in run.metric_names if run[name].ndim == 2)
    metrics = [name for name in search.metrics if name in known] if search is not None else []
    problem, aggregate = (search.problem_type, search.aggregate_seeds) if search is not None else ("final", "mean")
    maximum = search is not None and best_is_maximum(search, search.maximize is False)
    return {
        name: {
            metric: float(
                score_of(run, metric, problem, aggregate, best_is_maximum=maximum, confidence=0.95).estimate.value
            )
            for metric in metrics or known
            if metric in run
        }
        for name, run in runs.items()
    }


_PROVENANCE = ("log_paths", "experiment_dir", "config_fname", "model_ckpt", "seeds", "model_type", "log_fname")


def _provenance(run: ConfigurationResults) -> dict[str, Any]:
    seeds = finished(run)
    meta = provenance(seeds[0])
    logs = [str(each.path / "log.h5" if each.path.is_dir() else each.path) for each in seeds]
    return {
        "log_paths": logs[0] if len(logs) == 1 else logs,
        "experiment_dir": meta["experiment_dir"],
        "config_fname": meta["config_fname"],
        "model_ckpt": meta["model_ckpt"],
        "seeds": seeds[0].seed if len(seeds) == 1 else [each.seed for each in seeds],
        "model_type": meta["model_type"],
        "log_fname": logs[0],
    }


def _seconds(run: ConfigurationResults) -> float:
    """Return how long the seed runs took together."""
    return sum(_duration(each.run) for each in finished(run) if each.run is not None)


def _duration(record: RunRecord) -> float:
    try:
        return (datetime.fromisoformat(str(record.end)) - datetime.fromisoformat(str(record.start))).total_seconds()
    except ValueError:
        return float("nan")

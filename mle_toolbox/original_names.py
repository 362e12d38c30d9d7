"""The names that the original mle-toolbox offered: where they are here, or what replaces them.

Imports what a name needs only when it is asked for, from rooms above that it knows by name only.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from mle_toolbox.errors import OriginalNameError

__all__ = ["find", "find_in", "replacement"]

_LOGS, _UTILITIES, _CHARTS = (f"mle_toolbox.original.{each}" for each in ("result_logs", "utilities", "charts"))

# By the module that it was imported from: each name and the module that has it here.
_HERE: Mapping[str, Mapping[str, str]] = {
    "mle_toolbox": {
        **dict.fromkeys(("load_result_logs", "load_meta_log", "load_hyper_log", "load_log"), _LOGS),
        **dict.fromkeys(("MetaLog", "HyperLog"), _LOGS),
        "MLExperiment": "mle_toolbox.experiment.mle_experiment",
    },
    "mle_toolbox.utils": {
        **dict.fromkeys(("load_result_logs", "load_meta_log", "load_hyper_log", "load_log"), _LOGS),
        **dict.fromkeys(("MetaLog", "HyperLog"), _LOGS),
        **dict.fromkeys(("get_jax_os_ready", "print_framed", "set_random_seeds"), _UTILITIES),
        **dict.fromkeys(("load_pkl_object", "save_pkl_object"), _UTILITIES),
        **dict.fromkeys(("load_job_config", "load_config", "load_json_config", "load_yaml_config"), _UTILITIES),
        "load_model": _UTILITIES,
    },
    "mle_toolbox.visualize": dict.fromkeys(
        (
            *("visualize_1D_bar", "visualize_1D_line", "visualize_1D_lcurves"),
            *("visualize_2D_grid", "plot_2D_heatmap", "moving_smooth_ts"),
        ),
        _CHARTS,
    ),
}

_LOAD = "mle_toolbox.load(folder) reads the results of an experiment"
_PLOT = "`mle plot` and mle_toolbox.plots draw curves, values and heat maps"
_RUN = "`mle run exp.yaml` starts the seed runs, here or on a cluster"

# Wherever they were imported from: what replaces them.
_INSTEAD = {
    "MLELogger": "it is the logger of another package: 'from mle_logging import MLELogger' (pip install mle-logging), "
    "and `mle import` reads its files. A script with MLExperiment logs by mle.update_log",
    "MLE_Logger": "mle.log of MLExperiment is the logger",
    "DeepLogger": "mle.log of MLExperiment is the logger",
    "get_configs_ready": "MLExperiment() reads -config, -seed and -exp_dir: mle.train_config, mle.net_config",
    "load_experiment_config": "MLExperiment() reads the configuration: mle.train_config, mle.net_config",
    "parse_experiment_args": "MLExperiment() reads the command line: mle.seed, mle.experiment_dir",
    "get_extra_cmd_line_input": "mle.extra_config has the other options of the command line",
    "combine_experiments": "load each folder: {folder: mle_toolbox.load(folder) for folder in folders}, or several at "
    "once, mle_toolbox.load(*folders), to compare them",
    "mle_config": "there is no ~/mle_config.toml; profiles and settings lie in the project",
    "load_mle_toolbox_config": "there is no ~/mle_config.toml; profiles and settings lie in the project",
    "set_mle_config": "there is no ~/mle_config.toml; profiles and settings lie in the project",
    "check_single_job_args": "`mle run exp.yaml --dry-run` checks single_job_args and everything else",
    "determine_resource": "`mle run` finds the cluster itself, and `mle doctor` says which one",
    "load_run_log": _LOAD,
    "load_model_ckpt": "mle.model_ckpt is the model that -model_ckpt names",
    "subselect_meta_log": "MetaLog.filter(run_ids) does it",
    "subselect_hyper_log": "HyperLog.filter(…) does it",
    "mean_over_seeds": f"{_LOAD}, and .summary() averages over the seeds",
    "merge_hdf5_files": "`mle run` merges the logs of the seeds itself",
    "merge_seed_logs": "`mle run` merges the logs of the seeds itself",
    "merge_config_logs": "`mle run` merges the logs of the configurations itself",
    "hyper_log_to_df": "load_hyper_log(folder).hyper_log is the DataFrame",
    "get_closest_sub_df": "HyperLog.filter({name: value}) does it",
    "HypothesisTester": "`mle results` and mle_toolbox.load(folder).compare() test which configurations differ",
    "MLEQueue": _RUN,
    "MLEJob": _RUN,
    "Experiment": _RUN,
    "ExperimentQueue": _RUN,
    "spawn_multiple_configs": _RUN,
    "spawn_multiple_seeds_experiment": _RUN,
    "spawn_single_job": _RUN,
    "run_post_processing": "post_processing_args in the experiment file",
    "MLEProtocol": "every results folder has its own record, experiment.json; `mle status` and `mle results` show it",
    "MLEDashboard": "`mle status` shows what is running",
    "plot_1D_bar": "HyperLog.plot_1D_bar, or visualize_1D_bar of mle_toolbox.visualize",
    "plot_2D_heat": "HyperLog.plot_2D_heat, or visualize_2D_grid of mle_toolbox.visualize",
    **dict.fromkeys(("visualize_1D_lcurves_groups", "visualize_learning_curves"), _PLOT),
    "plot_1D_line": "visualize_1D_line of mle_toolbox.visualize",
    **dict.fromkeys(("animate_1D_lines", "animate_2D_grid", "animate_2D_scatter"), _PLOT),
    **dict.fromkeys(("animate_3D_scatter", "animate_3D_surface"), _PLOT),
}


def find(name: str) -> Any:
    """Return what ``from mle_toolbox import name`` gives in scripts of the original, or None if it had no such name.

    Raises
    ------
    OriginalNameError
        When there is no such thing here; says what replaces it.
    """
    # Its name until version 0.2.5.
    return find_in("mle_toolbox", "MLExperiment" if name == "MLE_Experiment" else name)


def find_in(module: str, name: str) -> Any:
    """Return a name that the original had in ``module``, or None; see ``find``."""
    if (place := _HERE[module].get(name)) is not None:
        return getattr(importlib.import_module(place), name)
    if (sentence := replacement(module, name)) is not None:
        raise OriginalNameError(sentence)
    return None


def replacement(module: str, name: str) -> str | None:
    """Return the sentence on a name that the original had and ``module`` lacks; None if there is nothing to say.

    >>> replacement("mle_toolbox", "mle_config")  # doctest: +ELLIPSIS
    "mle_toolbox has no 'mle_config', which the original had: there is no ~/mle_config.toml; ..."
    """
    if module not in _HERE or name in _HERE[module] or name == "MLE_Experiment":
        return None
    elsewhere = next((each for each, names in _HERE.items() if name in names), None)
    if elsewhere is not None:
        return f"{module} has no {name!r}. It is in {elsewhere}: 'from {elsewhere} import {name}'."
    if name in _INSTEAD:
        return f"{module} has no {name!r}, which the original had: {_INSTEAD[name]}."
    return None

"""Errors go from one process to another: a Pool whose worker raises what cannot be unpickled waits for ever."""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
import pkgutil
from collections.abc import Callable

import pytest

import mle_cluster
import mle_toolbox
import snakemake_executor_plugin_mle_sge
import snakemake_executor_plugin_mle_slurm
import snakemake_logger_plugin_mle
import snakemake_scheduler_plugin_mle
from mle_toolbox.errors import ExperimentFileError, Problem
from mle_toolbox.experiment.settings import MissingSettingError, Settings

PACKAGES = (
    mle_toolbox,
    mle_cluster,
    snakemake_executor_plugin_mle_sge,
    snakemake_executor_plugin_mle_slurm,
    snakemake_logger_plugin_mle,
    snakemake_scheduler_plugin_mle,
)
PROBLEMS = [Problem("a.json", 3, "unknown key 'lr'."), Problem("exp.yaml", 0, "it is empty.")]
MADE_OTHERWISE: dict[type, Callable[[], BaseException]] = {
    ExperimentFileError: lambda: ExperimentFileError(iter(PROBLEMS)),
    MissingSettingError: lambda: MissingSettingError("lrate", Settings({"lr": 1, "act": lambda: 0}, "train_config")),
}


def error_classes() -> list[type[BaseException]]:
    found: set[type[BaseException]] = set()
    for package in PACKAGES:
        names = [package.__name__]
        names += [each.name for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
        for name in names:
            if name.endswith("__main__") or ".templates" in name or ".frozen." in name:
                continue
            classes = vars(importlib.import_module(name)).values()
            found |= {each for each in classes if inspect.isclass(each) and issubclass(each, BaseException)}
    names = {package.__name__ for package in PACKAGES}
    return sorted((each for each in found if each.__module__.split(".")[0] in names), key=lambda each: each.__name__)


def test_every_error_class_is_looked_at() -> None:
    assert {"ExperimentFileError", "SchedulerError", "MissingSettingError", "UnknownNameError", "UsageError"} <= {
        each.__name__ for each in error_classes()
    }


@pytest.mark.parametrize("kind", error_classes(), ids=lambda kind: kind.__name__)
def test_an_error_arrives_in_another_process_as_it_was(kind: type[BaseException]) -> None:
    error = MADE_OTHERWISE.get(kind, lambda: kind("b.json: what it says, in words."))()
    error.add_note("raised by worker 3")

    for arrived in (pickle.loads(pickle.dumps(error)), pickle.loads(pickle.dumps(copy.copy(error)))):
        assert type(arrived) is kind
        assert str(arrived) == str(error)
        assert str(arrived)
        assert arrived.args == error.args
        assert arrived.__notes__ == error.__notes__
        assert getattr(arrived, "problems", None) == getattr(error, "problems", None)

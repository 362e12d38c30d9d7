"""Worker processes of a run (``multiprocessing``, joblib, data loaders) get a read-only view of it.

A spawned worker imports the script again, and with it executes ``mle = MLExperiment()``. In the worker, that is a view
of the run of the main process: settings, seed and folders are those of the run, whatever happened to its files and the
working directory since. The main process passes them in an environment variable; settings are read from
``config.json`` of the run.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mle_toolbox.errors import UsageError
from mle_toolbox.experiment.command_line import is_multiprocessing_child
from mle_toolbox.experiment.experiment_log import is_step_to_log
from mle_toolbox.experiment.inputs import RunInputs
from mle_toolbox.experiment.run_configuration import LoadedConfiguration
from mle_toolbox.experiment.settings import Settings
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.journal import ONLY_IN_THE_MAIN_PROCESS

__all__ = ["ReadOnlyLog", "hand_over", "inputs_of_parent", "worker_error"]

_VARIABLE = "MLE_RUN_OF_PARENT"


def hand_over(inputs: RunInputs, processes: Sequence[int] = ()) -> None:
    """Tell workers of this process, and of ``processes``, which run was started."""
    run = {
        "processes": [*processes, os.getpid()],
        "configuration": inputs.configuration.name,
        "file": inputs.configuration.file,
        "digest": inputs.configuration.digest,
        "seed": inputs.seed,
        "experiment_dir": str(inputs.experiment_dir),
        "extra": inputs.extra,
    }
    os.environ[_VARIABLE] = json.dumps(run)


def inputs_of_parent(find: Callable[[], RunInputs]) -> RunInputs | None:
    """Return the inputs of the run whose worker this process is, or None if it is not a worker.

    Parameters
    ----------
    find
        Returns the inputs of a run of this process itself. While a worker imports the script, that is always the run of
        its parent. Later it may be another run, which a worker can start like any other process.
    """
    if not is_multiprocessing_child():
        return None
    process = sys.modules["multiprocessing.process"]
    run = json.loads(os.environ.get(_VARIABLE, "null"))
    inputs = _inputs_of(run)
    # Set by multiprocessing while a spawned child imports the main module.
    if getattr(process.current_process(), "_inheriting", False):
        inputs = inputs or find()
    elif inputs is None or process.parent_process().pid not in run["processes"] or _folder(find()) != _folder(inputs):
        return None
    hand_over(inputs, run["processes"] if run is not None else ())  # a worker may have workers
    return inputs


def worker_error(what: str) -> UsageError:
    """Return the error for a call that only the main process of a run may make."""
    return UsageError(f"{what} is called in a worker process. {ONLY_IN_THE_MAIN_PROCESS}")


class ReadOnlyLog:
    """The log of a run in its workers: it knows when to log, but accepts no ticks."""

    def __init__(self, log_config: Settings, train_config: Settings, seed_dir: Path) -> None:
        self._log_config, self._train_config = log_config, train_config
        self.experiment_dir = f"{seed_dir}/"

    def ready_to_log(self, step: int) -> bool:
        """Return whether to log at this step; see ``ExperimentLog.ready_to_log``."""
        return is_step_to_log(step, self._log_config, self._train_config)

    def update_log(self, *_: Any, **__: Any) -> None:
        """Raise UsageError."""
        raise worker_error("update_log()")

    tick = update = update_log

    def save(self, *_: Any, **__: Any) -> None:
        """Raise UsageError."""
        raise worker_error("A method that saves")

    save_model = save_init_model = save_plot = save_extra = save

    def extend_tracking(self, names: Any) -> None:
        """Do nothing: a worker that executes the script again comes here as well."""


def _inputs_of(run: dict[str, Any] | None) -> RunInputs | None:
    """Return the inputs that the main process passed, with the configuration it saved in the run's folder."""
    if run is None:
        return None
    folder = ExperimentFolder(Path(run["experiment_dir"])).seed_run(run["configuration"], run["seed"])
    try:
        content = json.loads(folder.config.read_bytes())
    except (OSError, ValueError):
        return None
    return RunInputs(
        script=None,
        configuration=LoadedConfiguration(run["configuration"], run["file"], content, run["digest"], content),
        seed=run["seed"],
        experiment_dir=Path(run["experiment_dir"]),
        extra=run["extra"],
        identity="",  # only needed to write a record, which a worker does not
    )


def _folder(inputs: RunInputs) -> Path:
    return ExperimentFolder(inputs.experiment_dir).seed_run(inputs.configuration.name, inputs.seed).path

"""Worker processes of a run (``multiprocessing``, joblib, data loaders): they may look at it, and write nothing.

A worker that is spawned imports the script again, and with it ``mle = MLExperiment()``. There that is a view of the run
which the main process has begun: settings, seed and folders are those of the run, whatever has become of its files and
of the current folder since. The main process says what they are in a variable, which every child inherits.
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

__all__ = ["ReadOnlyLog", "hand_over", "inputs_of_parent", "refusal"]

_VARIABLE = "MLE_RUN_OF_PARENT"


def hand_over(inputs: RunInputs, processes: Sequence[int] = ()) -> None:
    """Let workers of this process, and of ``processes``, know which run has been begun."""
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
    """Return what the run was asked to do whose worker this process is, or None when it is none.

    Parameters
    ----------
    find
        Returns what this process itself would be asked to do. While a worker imports the script, that is the run of
        its parent. Later it may be another one, which a worker can do like any other process.
    """
    if not is_multiprocessing_child():
        return None
    process = sys.modules["multiprocessing.process"]
    run = json.loads(os.environ.get(_VARIABLE, "null"))
    inputs = _inputs_of(run)
    if getattr(process.current_process(), "_inheriting", False):
        inputs = inputs or find()
    elif inputs is None or process.parent_process().pid not in run["processes"] or _folder(find()) != _folder(inputs):
        return None
    hand_over(inputs, run["processes"] if run is not None else ())  # a worker may have workers
    return inputs


def refusal(what: str) -> UsageError:
    """Return the error for what only the main process of a run can do."""
    return UsageError(f"{what} is called in a worker process. {ONLY_IN_THE_MAIN_PROCESS}")


class ReadOnlyLog:
    """The log of a run as its workers see it: it knows when to log, and takes nothing."""

    def __init__(self, log_config: Settings, train_config: Settings) -> None:
        self._log_config, self._train_config = log_config, train_config

    def ready_to_log(self, step: int) -> bool:
        """Tell whether to log at this step; see ``ExperimentLog.ready_to_log``."""
        return is_step_to_log(step, self._log_config, self._train_config)

    def update_log(self, *_: Any, **__: Any) -> None:
        """Raise UsageError."""
        raise refusal("update_log()")

    tick = update = update_log

    def save(self, *_: Any, **__: Any) -> None:
        """Raise UsageError."""
        raise refusal("What saves")

    save_model = save_plot = save_extra = save


def _inputs_of(run: dict[str, Any] | None) -> RunInputs | None:
    """Return what the main process has handed over, with the configuration that it has written down for its run."""
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
        identity="",  # of use only to who writes a record
    )


def _folder(inputs: RunInputs) -> Path:
    return ExperimentFolder(inputs.experiment_dir).seed_run(inputs.configuration.name, inputs.seed).path

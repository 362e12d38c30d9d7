"""Hints for common mistakes with an experiment in a training script."""

from __future__ import annotations

from typing import Any

from mle_toolbox.errors import LogError
from mle_toolbox.experiment.early_end import NO_PACKAGE, RELATIVE_IMPORT

__all__ = ["hint_for"]


def hint_for(error: BaseException, experiment: Any) -> str | None:
    """Return what was probably meant by the code whose error ended the script, or None.

    An undefined name that is an attribute of the experiment (``train_config`` for ``mle.train_config``) is a mistake
    that the interpreter cannot explain; a relative import outside any package is one that it explains badly. Scripts of
    the original log metrics that no configuration names.
    """
    if isinstance(error, ImportError) and NO_PACKAGE in str(error):
        return RELATIVE_IMPORT
    if isinstance(error, LogError) and error.new_metric is not None:
        return (
            f"to log {error.new_metric!r}, add it to what_to_track in the configuration, or call "
            f"{_variable(error, experiment)}.log.extend_tracking([{error.new_metric!r}]) before."
        )
    name = getattr(error, "name", None)
    if isinstance(error, NameError) and isinstance(name, str) and name in dir(experiment):
        return f"{name!r} is not defined. Did you mean '{_variable(error, experiment)}.{name}'?"
    return None


def _variable(error: BaseException, experiment: Any) -> str:
    """Return the script's variable for the experiment, from the innermost frame of the error that has one."""
    found = "mle"
    traceback = error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        traceback = traceback.tb_next
        if str(frame.f_globals.get("__name__")).startswith("mle_toolbox."):
            continue  # to us it is `self`
        for names in (frame.f_globals, frame.f_locals):
            found = next((name for name, value in names.items() if value is experiment), found)
    return found

"""One line of help for the slips that people make with an experiment in a training script."""

from __future__ import annotations

from typing import Any

from mle_toolbox.experiment.early_end import NO_PACKAGE, RELATIVE_IMPORT

__all__ = ["hint_for"]


def hint_for(error: BaseException, experiment: Any) -> str | None:
    """Return what was probably meant where an error has ended the script, or None.

    A name that is missing and that the experiment has (``train_config`` for ``mle.train_config``) is the one slip
    that the interpreter itself cannot explain; an import that is relative although the script is in no package is one
    that it explains badly.
    """
    if isinstance(error, ImportError) and NO_PACKAGE in str(error):
        return RELATIVE_IMPORT
    name = getattr(error, "name", None)
    if isinstance(error, NameError) and isinstance(name, str) and name in dir(experiment):
        return f"{name!r} is not defined. Did you mean '{_variable(error, experiment)}.{name}'?"
    return None


def _variable(error: BaseException, experiment: Any) -> str:
    """Return what the script calls the experiment, nearest to where the error was raised."""
    found = "mle"
    traceback = error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        for names in (frame.f_globals, frame.f_locals):
            found = next((name for name, value in names.items() if value is experiment), found)
        traceback = traceback.tb_next
    return found

"""Writes TensorBoard event files in addition to the log, if ``tboard_fname`` is set.

The log matters more: a failure here is reported once and the run continues without event files.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mle_toolbox.experiment.session import notice
from mle_toolbox.installed_first import installed_modules

__all__ = ["TensorBoard", "scalar_of"]


class TensorBoard:
    """Writes every tick's scalars under their names; the first time variable is the step.

    Parameters
    ----------
    folder
        The folder of the event files; created at the first tick.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: Any = None
        self._failed = False
        self._first_step = 0
        self.last_step = -1
        """The step of the last tick, for a checkpoint."""

    def resume_behind(self, step: int) -> None:
        """Discard events that an interrupted attempt wrote after ``step``."""
        self._first_step, self.last_step = step + 1, step

    def update(
        self,
        n_ticks: int,
        time: Mapping[str, Any],
        metrics: Mapping[str, Any],
        figure: Any = None,
        grads: Any = None,
    ) -> None:
        """Write a tick; ``n_ticks`` includes it, and is the step if the time is not a whole number."""
        if self._failed or not self._open():
            return
        first = next(iter(time.values()), n_ticks)
        self.last_step = step = int(first) if float(first).is_integer() else n_ticks
        try:
            for name, value in metrics.items():
                if (scalar := scalar_of(value)) is not None:
                    self._writer.add_scalar(name, scalar, step)
            if figure is not None:
                # close=False: the script may go on drawing into its figure.
                self._writer.add_figure("figure", figure, step, close=False)
            if grads is not None:
                self._add_gradients(grads, step)
        except Exception as error:
            self._give_up(f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """Flush and close the files."""
        writer, self._writer = self._writer, None
        if writer is not None:
            try:
                writer.close()
            except Exception as error:
                self._give_up(f"{type(error).__name__}: {error}")

    def _open(self) -> bool:
        if self._writer is not None:
            return True
        try:
            writer = _writer_class()
        except ImportError as error:
            self._give_up(f"they need tensorboardX ({error}). Install it: pip install tensorboardX")
            return False
        # Files of an earlier attempt are kept; purge_step tells TensorBoard from which step on to ignore them.
        is_new = not self._folder.is_dir() or not any(self._folder.iterdir())
        try:
            self._writer = writer(str(self._folder), purge_step=None if is_new else self._first_step)
        except OSError as error:
            self._give_up(str(error))
        return self._writer is not None

    def _add_gradients(self, grads: Any, step: int) -> None:
        named = grads if isinstance(grads, Mapping) else {"gradients": grads}
        for name, values in named.items():
            self._writer.add_histogram(f"gradients/{name}" if named is grads else name, _array(values), step)

    def _give_up(self, reason: str) -> None:
        self._failed, self._writer = True, None
        notice(f"no TensorBoard files: {reason}")


def _writer_class() -> Any:
    """Import tensorboardX's writer, and not all of torch with it.

    Where torch is installed, tensorboardX imports it for the annotation of its arguments: more than a second and
    200 MB for every seed run of a script that uses numpy or jax.
    """
    # Another thread may be about to import torch, and must not find it missing.
    is_spared = "torch" not in sys.modules and threading.active_count() == 1
    if is_spared:
        sys.modules["torch"] = None  # type: ignore[assignment]  # how Python marks a module that cannot be imported
    try:
        with installed_modules():
            from tensorboardX import SummaryWriter
    finally:
        if is_spared:
            del sys.modules["torch"]
    return SummaryWriter


def _array(value: Any) -> Any:
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)


def scalar_of(value: Any) -> float | None:
    """Return the number in a value of a tick, or None if it is an array or was not measured."""
    if value is None:  # not measured at this tick
        return None
    if isinstance(value, (int, float)):
        return float(value)
    array = _array(value)
    return float(array) if array.ndim == 0 else None

"""Keeps some of the models that a script passes to ``update_log``: every k-th of them, and the best k.

What is kept is listed in ``models/kept_models.json``, each with its update, its time and its score, so that a run that
resumes goes on with the list of its last checkpoint.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mle_toolbox.log.atomic import replace_text

__all__ = ["KeptModels", "kept_models"]

_LIST = "kept_models.json"
_EVERY, _TOP = "every_k", "top_k"


@dataclass(frozen=True)
class _Kept:
    """One saved model."""

    kind: str
    file: str
    number: int
    """How many models had been passed, with this one."""
    update: int
    time: float | None
    score: float | None


class KeptModels:
    """Saves models as ``models/every_k_update_12.pt`` and ``models/top_k_update_12.pt``.

    Parameters
    ----------
    save
        Saves a model under a name, and returns its file.
    folder
        The folder of models.
    every
        Keep every k-th model that is passed; None: none.
    best
        Keep so many of the models with the best scores; None: none. Of equal scores the earlier one is kept.
    metric, minimize
        The metric that is the score, and whether a smaller one is better.
    time_name
        The time that is listed with each of them.
    """

    def __init__(
        self,
        save: Callable[[Any, str], Path],
        folder: Path,
        *,
        every: int | None,
        best: int | None,
        metric: str,
        minimize: bool,
        time_name: str,
    ) -> None:
        self._save, self._folder = save, folder
        self._every, self._best = every, best
        self._metric, self._sign = metric, -1.0 if minimize else 1.0
        self._time_name = time_name
        self._kept: list[_Kept] | None = None
        self.n_models = 0
        """Number of models passed so far."""

    def resume_at(self, n_updates: int, n_models: int | None = None) -> None:
        """Go on after an interrupted attempt, of which ``n_updates`` updates are kept; None: as many as are listed."""
        listed = _read(self._folder / _LIST)
        self._kept = [each for each in listed if each.update <= n_updates]
        for each in listed:
            if each not in self._kept:
                self._remove(each)
        last = max((each.number for each in self._kept), default=0)
        self.n_models = last if n_models is None else n_models

    def take(self, model: Any, update: int, time: Mapping[str, Any], metrics: Mapping[str, Any]) -> None:
        """Keep a model if it is due, or among the best.

        Parameters
        ----------
        model
            The model.
        update
            The number of the update that it came with.
        time, metrics
            What was logged at this update.
        """
        if self._kept is None:
            self.resume_at(0)
        self.n_models += 1
        moment = _Kept("", "", self.n_models, update, _number(time.get(self._time_name)), None)
        before = self._kept
        if self._every is not None and self.n_models % self._every == 0:
            self._keep(model, replace(moment, kind=_EVERY))
        score = _number(metrics.get(self._metric)) if self._best is not None else None
        if score is not None and self._is_among_the_best(score):
            self._keep(model, replace(moment, kind=_TOP, score=score))
            self._drop_the_worst()
        if self._kept != before:
            text = json.dumps([asdict(each) for each in self._kept or ()], indent=1) + "\n"
            replace_text(self._folder / _LIST, text)

    def _keep(self, model: Any, kept: _Kept) -> None:
        taken = {Path(each.file).stem for each in self._kept or ()}
        name = f"{kept.kind}_update_{kept.update}"
        # An update with a model and no metrics is not counted as an update.
        name = name if name not in taken else f"{name}_model_{kept.number}"
        self._kept = [*(self._kept or ()), replace(kept, file=self._save(model, name).name)]

    def _ranked(self) -> list[_Kept]:
        """Return the best so far, the worst of them last."""
        best = [each for each in self._kept or () if each.kind == _TOP]
        return sorted(best, key=lambda each: (-self._sign * (each.score or 0.0), each.number))

    def _is_among_the_best(self, score: float) -> bool:
        ranked = self._ranked()
        if len(ranked) < (self._best or 0):
            return True
        return self._sign * score > self._sign * (ranked[-1].score or 0.0)

    def _drop_the_worst(self) -> None:
        for worst in self._ranked()[self._best :]:
            self._kept = [each for each in self._kept or () if each != worst]
            self._remove(worst)

    def _remove(self, kept: _Kept) -> None:
        (self._folder / kept.file).unlink(missing_ok=True)


def kept_models(save: Callable[[Any, str], Path], folder: Path, log: Mapping[str, Any]) -> KeptModels | None:
    """Return what keeps models as log_config says, or None if it keeps none."""
    every, best = log.get("save_every_k_ckpt") or None, log.get("save_top_k_ckpt") or None
    if every is None and best is None:
        return None
    return KeptModels(
        save,
        folder,
        every=every,
        best=best,
        metric=log.get("top_k_metric_name") or log["what_to_track"][0],
        minimize=bool(log.get("top_k_minimize_metric")),
        time_name=log.get("ckpt_time_to_track") or log["time_to_track"][0],
    )


def _read(path: Path) -> list[_Kept]:
    try:
        found = [_Kept(**each) for each in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []
    # Only names that this module gives: the file is in a folder where a script may write too.
    return [each for each in found if each.file == Path(each.file).name and each.file.startswith((_EVERY, _TOP))]


def _number(value: Any) -> float | None:
    """Return a value as a number, or None if it is not a single finite one."""
    array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
    if array.size != 1 or array.dtype.kind not in "biuf":
        return None
    number = float(array.reshape(()))
    return number if math.isfinite(number) else None

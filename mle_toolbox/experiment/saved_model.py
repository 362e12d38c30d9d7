"""Reads a model that a run has saved, in any of the formats of ``Saver.save_model``."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from mle_toolbox.errors import UsageError
from mle_toolbox.installed_first import with_installed_modules

__all__ = ["read_model"]


@with_installed_modules
def read_model(path: str | Path) -> Any:
    """Return what is in a file of ``models/``: a state_dict, an estimator, an array, or whatever was pickled.

    Raises
    ------
    UsageError
        When there is no such file, or it cannot be read.
    """
    file = Path(path)
    try:
        match file.suffix:
            case ".pt":
                import torch

                return torch.load(file, map_location="cpu", weights_only=True)
            case ".joblib":
                import joblib

                return joblib.load(file)
            case ".npy" | ".npz":
                import numpy as np

                read = np.load(file, allow_pickle=False)
                return read if file.suffix == ".npy" else {name: read[name] for name in read.files}
        return pickle.loads(file.read_bytes())  # noqa: S301  (the user's own file)
    except Exception as error:  # a damaged pickle can raise anything
        raise UsageError(f"the model {str(file)!r} cannot be read: {type(error).__name__}: {error}.") from None

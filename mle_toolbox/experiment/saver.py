"""Saves models, figures and other objects of a script; each file is either complete or absent.

The format of a model depends on its type; a library is used only if the script has imported it.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mle_toolbox.errors import UsageError
from mle_toolbox.experiment.after_import import loaded
from mle_toolbox.experiment.session import notice
from mle_toolbox.installed_first import installed_modules
from mle_toolbox.layout import SeedFolder
from mle_toolbox.log.atomic import replace_file

__all__ = ["Saver"]

_Write = Callable[[Path], Any]


class Saver:
    """Writes into the folders ``models``, ``figures`` and ``extra`` of a seed run."""

    def __init__(self, folder: SeedFolder) -> None:
        self.folder = folder
        self._numbers = {"fig": 0, "extra": 0}
        self._has_said_pickled = False

    def save_model(self, model: Any, name: str = "final") -> Path:
        """Save a model as ``models/<name>`` and return the file.

        Parameters
        ----------
        model
            A torch module or state_dict is saved as state_dict, ``.pt``; a scikit-learn estimator as ``.joblib``; an
            array as ``.npy``; a dictionary of arrays as ``.npz``. Anything else is pickled, ``.pkl``, with a notice
            the first time.
        name
            Name of the file; its suffix is added.

        Raises
        ------
        UsageError
            When the name is no plain file name, or the model cannot be pickled.
        """
        _check_name(name, with_folders=False)
        suffix, write = _model_writer(model)
        if suffix == ".pkl" and not self._has_said_pickled:
            # Once: scripts save a model at every update.
            self._has_said_pickled = True
            notice(
                f"the model {name!r} is a {type(model).__name__} and was saved with pickle: reading it reliably takes "
                "the same code with the same versions of its libraries."
            )
        return self._write(self.folder.models, name if name.endswith(suffix) else name + suffix, write)

    def save_figure(self, figure: Any, name: str | None = None) -> Path:
        """Save a matplotlib figure as ``figures/<name>`` and return the file.

        Parameters
        ----------
        figure
            The figure, or axes in it.
        name
            Its suffix determines the format; ``.png`` without one. It may begin with folders (``epoch_1/loss``).
            ``fig_1``, ``fig_2``, … when no name is given.
        """
        name = name if name is not None else self._next("fig")
        _check_name(name)
        name = name if Path(name).suffix else f"{name}.png"
        # Axes have their figure as an attribute.
        figure = getattr(figure, "figure", None) or figure
        if not hasattr(figure, "savefig"):
            raise UsageError(f"save_figure takes a matplotlib figure, found {type(figure).__name__}.")
        kind = Path(name).suffix[1:]
        return self._write(self.folder.figures, name, lambda path: figure.savefig(path, format=kind))

    def save_extra(self, extra: Any, name: str | None = None) -> Path:
        """Save any object as ``extra/<name>`` and return the file.

        Parameters
        ----------
        extra
            The object.
        name
            With the suffix ``.json`` the object is written as JSON, otherwise pickled; ``.pkl`` is added to a name
            without a suffix. It may begin with folders (``epoch_1/state``). ``extra_1``, ``extra_2``, … when no name
            is given.
        """
        name = name if name is not None else self._next("extra")
        _check_name(name)
        name = name if Path(name).suffix else f"{name}.pkl"
        return self._write(self.folder.extra, name, _json(extra) if name.endswith(".json") else _pickle(extra))

    def _write(self, folder: Path, name: str, write: _Write) -> Path:
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise UsageError(f"{name!r} cannot be saved: a part of its folder is a file in {folder}.") from None
        replace_file(path, write)
        return path

    def _next(self, kind: str) -> str:
        self._numbers[kind] += 1
        return f"{kind}_{self._numbers[kind]}"


def _check_name(name: Any, *, with_folders: bool = True) -> None:
    parts = (name.split("/") if with_folders else [name]) if isinstance(name, str) else [""]
    if any(part in ("", ".", "..") or any(sign in part for sign in "/\\\0") for part in parts):
        wanted = "a plain file name, without '/' and not '..'"
        if with_folders:
            wanted = "a file name, with folders before it or without, none of them '..'"
        raise UsageError(
            f"The name of a saved file must be {wanted}; found {name!r}. "
            "The file is written to the folder of this seed run."
        )


def _model_writer(model: Any) -> tuple[str, _Write]:
    torch = loaded("torch")
    if torch is not None and hasattr(model, "state_dict"):
        return ".pt", lambda path: torch.save(model.state_dict(), path)
    if torch is not None and isinstance(model, dict) and any(map(torch.is_tensor, model.values())):
        return ".pt", lambda path: torch.save(model, path)
    sklearn = loaded("sklearn.base")
    if sklearn is not None and isinstance(model, sklearn.BaseEstimator):
        with installed_modules():
            import joblib

        return ".joblib", lambda path: joblib.dump(model, path)
    if _is_array(model):
        return ".npy", lambda path: _write_npy(path, np.asarray(model))
    if isinstance(model, Mapping) and model and all(isinstance(key, str) and _is_array(model[key]) for key in model):
        return ".npz", lambda path: _write_npz(path, model)
    return ".pkl", _pickle(model)


def _is_array(value: Any) -> bool:
    jax = loaded("jax")
    is_array = isinstance(value, np.ndarray) or (jax is not None and isinstance(value, jax.Array))
    return bool(is_array and value.dtype != object)


def _write_npy(path: Path, array: np.ndarray[Any, Any]) -> None:
    # Given a path, numpy would append .npy to that of the temporary file.
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=False)


def _write_npz(path: Path, arrays: Mapping[str, Any]) -> None:
    with installed_modules():
        import zipfile  # imports every compressor, and most scripts save no model

    # np.savez takes arrays as keyword arguments, so none of them could be called "file".
    with zipfile.ZipFile(path, "w", allowZip64=True) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)


def _json(value: Any) -> _Write:
    try:
        text = json.dumps(value, indent=2, ensure_ascii=False, default=_plain)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"A {type(value).__name__} cannot be written as JSON: {error}. Use a name that ends with .pkl."
        ) from None
    return lambda path: path.write_text(text + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    for method in ("to_dict", "tolist"):
        if hasattr(value, method):
            return getattr(value, method)()
    raise TypeError(f"{type(value).__name__} is not a JSON type")


def _pickle(value: Any) -> _Write:
    def write(path: Path) -> None:
        with path.open("wb") as file:
            try:
                pickle.dump(value, file, protocol=pickle.HIGHEST_PROTOCOL)
            except (pickle.PicklingError, TypeError, AttributeError) as error:
                raise UsageError(f"A {type(value).__name__} cannot be pickled: {error}.") from None

    return write

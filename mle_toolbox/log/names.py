"""Names of variables and groups that every reader of HDF5 can cope with."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["RESERVED", "safe_names"]

RESERVED = ("seed", "step", "length", "status")
"""Names of dimensions and coordinates, which no variable can have."""


def safe_names(names: Iterable[str], reserved: Iterable[str] = ()) -> dict[str, str]:
    """Return for each name the one that it has in a file, all different; most stay as they are.

    HDF5 reads "/" as a folder and "." as "here".

    >>> safe_names(["loss/train", "loss_train", "step"], reserved=["step"])
    {'loss/train': 'loss_train_', 'loss_train': 'loss_train', 'step': 'step_'}
    """
    names = tuple(names)
    taken = set(reserved)
    safe: dict[str, str] = {}
    for name in sorted(names, key=lambda each: each != _without_path(each)):  # those that may stay choose first
        candidate = _without_path(name)
        while candidate in taken:
            candidate += "_"
        taken.add(candidate)
        safe[name] = candidate
    return {name: safe[name] for name in names}


def _without_path(name: str) -> str:
    # A folder whose name is not UTF-8 reaches Python with lone surrogates, which HDF5 cannot write.
    name = name.encode("utf-8", "replace").decode()
    return "_" if name in ("", ".") else name.replace("/", "_")

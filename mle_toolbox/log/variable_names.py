"""Names of variables and groups that every reader of HDF5 can handle."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["OWN_NAMES", "own_names", "safe_names"]

OWN_NAMES = ("seed", "tick", "length", "status")
"""Our dimensions and coordinates, unless a variable of the user's has the name."""


def own_names(names: Iterable[str], own: Iterable[str] = OWN_NAMES) -> dict[str, str]:
    """Return for each of our names the one to use in a file with the user's, which keep theirs.

    >>> own_names(["tick", "loss"], ["seed", "tick"])
    {'seed': 'seed', 'tick': 'tick_'}
    """
    taken = set(names)
    found = {}
    for name in own:
        # The user's names stay: scripts and notebooks ask for their variables by them.
        candidate = name
        while candidate in taken:
            candidate += "_"
        taken.add(candidate)
        found[name] = candidate
    return found


def safe_names(names: Iterable[str]) -> dict[str, str]:
    """Return for each name the one to use in a file; all differ, and most are unchanged.

    HDF5 reads "/" as a group separator and "." as the current group.

    >>> safe_names(["loss/train", "loss_train"])
    {'loss/train': 'loss_train_', 'loss_train': 'loss_train'}
    """
    names = tuple(names)
    taken: set[str] = set()
    safe: dict[str, str] = {}
    for name in sorted(names, key=lambda each: each != _without_path(each)):  # unchanged ones choose first
        candidate = _without_path(name)
        while candidate in taken:
            candidate += "_"
        taken.add(candidate)
        safe[name] = candidate
    return {name: safe[name] for name in names}


def _without_path(name: str) -> str:
    # Python represents a folder name that is not UTF-8 by lone surrogates, which HDF5 cannot write.
    name = name.encode("utf-8", "replace").decode()
    return "_" if name in ("", ".") else name.replace("/", "_")

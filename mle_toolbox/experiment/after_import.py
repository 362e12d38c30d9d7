"""Calls a function at the end of a module's import, whenever a script imports it.

So libraries can be prepared (seeded) without importing them, and none that is imported later is forgotten.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

__all__ = ["loaded", "when_imported"]

_Action = Callable[[Any], None]


def when_imported(name: str, action: _Action) -> None:
    """Call ``action`` with a module: now if it is already imported, otherwise at the end of its import."""
    module = loaded(name)
    if module is not None:
        action(module)
        return
    _after_import.actions[name] = action
    if _after_import not in sys.meta_path:
        sys.meta_path.insert(0, _after_import)


def loaded(name: str) -> ModuleType | None:
    """Return a module if the script has completely imported it, or None."""
    module = sys.modules.get(name)
    return None if getattr(getattr(module, "__spec__", None), "_initializing", False) else module


class _AfterImport:
    """A finder that delegates to the others and adds an action to the loader it gets from them."""

    def __init__(self) -> None:
        self.actions: dict[str, _Action] = {}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        # Removed before the other finders are asked: they may import modules themselves and come back here.
        action = self.actions.pop(name, None)
        if action is None:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            # The finders after this one decide; this one only has to see the spec first.
            spec = find(name, path, target) if find is not None and finder is not self else None
            if spec is not None:
                _extend(spec.loader, action)
                return spec
        self.actions[name] = action
        return None


_after_import: Any = _AfterImport()


def _extend(loader: Any, action: _Action) -> None:
    execute = loader.exec_module

    def execute_and_act(module: ModuleType) -> None:
        execute(module)
        action(module)

    with contextlib.suppress(AttributeError):  # a loader written in C cannot be extended
        loader.exec_module = execute_and_act

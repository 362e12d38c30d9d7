"""What Snakemake looks for in the package of an executor plugin, imported on demand.

Snakemake imports every plugin at every start, also where its executor is not used.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

__all__ = ["on_demand"]

_MODULES = {"Executor": "executor", "common_settings": "executor", "ExecutorSettings": "settings"}


def on_demand(package: str) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a plugin's package, which has the modules ``executor`` and ``settings``."""

    def attribute(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{_MODULES[name]}"), name)

    return attribute

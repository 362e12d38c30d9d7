"""``mle_toolbox.visualize`` of the original mle-toolbox: the names that scripts import from it."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    from mle_toolbox.original_names import find_in

    if not name.startswith("_") and (found := find_in(__name__, name)) is not None:
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""The strategies of searches that learn, by their names; each is loaded when it is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mle_toolbox.search.schedule import Learning, Search
from mle_toolbox.search.space import Space

__all__ = ["search_of"]


def search_of(learning: Learning, space: Space, base: Mapping[str, Any]) -> Search:
    """Return the strategy of a search in a space, for one base configuration."""
    match learning.search_type:
        case "smbo":
            from mle_toolbox.search.smbo import Smbo

            return Smbo(learning, space)
        case "coordinate":
            from mle_toolbox.search.coordinate import Coordinate

            return Coordinate(learning, space, base)
        case "halving" | "hyperband":
            from mle_toolbox.search.halving import Halving

            return Halving(learning, space)
        case "pbt":
            from mle_toolbox.search.pbt import PBT

            return PBT(learning, space)
    raise KeyError(learning.search_type)

"""What a process has used: CPU time and memory, as they stand in ``run.json``."""

from __future__ import annotations

import resource
import sys
from typing import Any

__all__ = ["used_here", "used_resources"]

_MAX_RSS_UNIT = 1 if sys.platform == "darwin" else 2**10


def used_resources(*usages: resource.struct_rusage) -> dict[str, Any]:
    """Return ``max_rss_mb``, the largest resident memory in MiB of any of them, and ``cpu_seconds`` of all of them."""
    return {
        "max_rss_mb": round(max(usage.ru_maxrss for usage in usages) * _MAX_RSS_UNIT / 2**20, 1),
        "cpu_seconds": round(sum(usage.ru_utime + usage.ru_stime for usage in usages), 3),
    }


def used_here() -> dict[str, Any]:
    """Return what this process has used until now, and its children that have ended."""
    return used_resources(resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))

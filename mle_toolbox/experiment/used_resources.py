"""The CPU time and memory used by a process, as recorded in ``run.json``."""

from __future__ import annotations

import resource
import sys
from typing import Any

__all__ = ["used_here", "used_resources"]

# ru_maxrss is in bytes on macOS and in KiB on Linux.
_MAX_RSS_UNIT = 1 if sys.platform == "darwin" else 2**10


def used_resources(*usages: resource.struct_rusage) -> dict[str, Any]:
    """Return ``max_rss_mb``, the maximum of their resident memories in MiB, and the sum of their ``cpu_seconds``."""
    return {
        "max_rss_mb": round(max(usage.ru_maxrss for usage in usages) * _MAX_RSS_UNIT / 2**20, 1),
        "cpu_seconds": round(sum(usage.ru_utime + usage.ru_stime for usage in usages), 3),
    }


def used_here() -> dict[str, Any]:
    """Return the resources used so far by this process and its children that have ended."""
    return used_resources(resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))

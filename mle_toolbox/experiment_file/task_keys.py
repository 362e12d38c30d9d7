"""Which settings of its configurations an experiment file calls the task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mle_toolbox.experiment_file.dotted_keys import NO_TASK, flatten, key_named
from mle_toolbox.experiment_file.json_locate import JsonPath
from mle_toolbox.search.placement import plain

__all__ = ["read_task"]

_AT = ("meta_job_args", "task")


def read_task(
    meta: Mapping[str, Any], contents: Iterable[Mapping[str, Any]], searched: Iterable[tuple[str, str]] = ()
) -> tuple[tuple[str, ...] | None, list[tuple[JsonPath, str]]]:
    """Return the dotted keys of the task (none: there is no task; None: the file does not say), and the mistakes.

    Parameters
    ----------
    meta
        The section ``meta_job_args``.
    contents
        The configurations; of a search its base configurations.
    searched
        The variables of a search: their names, and the dotted keys of their values.
    """
    given = meta.get("task")
    # An empty list says "not used", as everywhere in the file.
    if not given:
        return None, []
    if given in (NO_TASK, [NO_TASK]):
        return (), []
    names = dict(searched)
    keys = [*names.values(), *(key for content in contents for key in flatten(plain(content)))]
    found: list[str] = []
    mistakes: list[tuple[JsonPath, str]] = []
    for index, wanted in enumerate([given] if isinstance(given, str) else given):
        key, trouble = (names[wanted], "") if wanted in names else key_named(wanted, keys, names.values())
        if key is None:
            path: JsonPath = _AT if isinstance(given, str) else (*_AT, index)
            mistakes.append((path, f"the task {wanted!r}: {trouble}"))
        else:
            found.append(key)
    return tuple(dict.fromkeys(found)), mistakes

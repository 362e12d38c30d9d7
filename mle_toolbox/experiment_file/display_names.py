"""The section ``display_names`` of an experiment file: what tables, figures and the report call configurations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mle_toolbox.errors import did_you_mean
from mle_toolbox.experiment_file.json_locate import JsonPath
from mle_toolbox.text import listed
from mle_toolbox.wording import found, location

__all__ = ["DISPLAY_NAMES", "read_display_names"]

DISPLAY_NAMES = "display_names"


def read_display_names(
    section: Any, configurations: Sequence[str], *, is_search: bool
) -> tuple[dict[str, str], list[tuple[JsonPath, str]]]:
    """Return the name for display of each configuration that has one, and the mistakes.

    Parameters
    ----------
    section
        The content of the section; what is no mapping counts as left out, since the schema reports it.
    configurations
        The names of all configurations.
    is_search
        Whether these are those of a search, whose trials are named by numbers.
    """
    entries = section.items() if isinstance(section, Mapping) else ()
    if is_search and entries:
        return {}, [
            ((DISPLAY_NAMES,), "display_names: the trials of a search are named by their numbers. Leave it out.")
        ]
    names: dict[str, str] = {}
    mistakes: list[tuple[JsonPath, str]] = []
    for name, shown in entries:
        at: JsonPath = (DISPLAY_NAMES, name)
        if name not in configurations:
            there = f"the names are {listed(map(repr, configurations), 12)}"
            near = did_you_mean(str(name), configurations)
            mistakes.append((at, f"display_names: there is no configuration {str(name)!r}; {there}.{near}"))
        elif not (isinstance(shown, str) and shown.strip() and shown.isprintable()):
            mistakes.append((at, f"{location(at)} must be text on one line, found {found(shown)}."))
        elif shown in names.values() or (shown != name and shown in configurations):
            other = next((each for each, known in names.items() if known == shown), shown)
            mistakes.append(
                (at, f"{location(at)} is {shown!r}, as is that of {other!r}. Every name must be different.")
            )
        else:
            names[name] = shown
    return names, mistakes

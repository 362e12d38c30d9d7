"""What the sections of a configuration are called, known also to a training script, which loads no schema."""

from __future__ import annotations

from collections.abc import Iterable

from mle_toolbox.errors import nearest

__all__ = ["NO_SECTIONS", "SECTIONS", "has_sections", "section_meant"]

SECTIONS = ("train_config", "net_config", "model_config", "log_config", "device_config")


NO_SECTIONS = (
    "the file has no sections. Put its keys into a section 'train_config', and write a section 'log_config' with "
    "time_to_track and what_to_track."
)


def has_sections(content: Iterable[str]) -> bool:
    """Return whether a configuration has any of the known sections, under its name or a misspelling of it."""
    return any(section in SECTIONS or section_meant(section) is not None for section in content)


def section_meant(section: str) -> str | None:
    """Return the known section of which ``section`` is clearly a misspelling, or None."""
    # Sections of any name are allowed, and the user's own `test_config` is as close to `net_config` as a typo would
    # be. So the first word must match, and only "config", the case or the separator may be wrong.
    if section in SECTIONS:
        return None
    head, _, tail = section.lower().replace("-", "_").replace(" ", "_").partition("_")
    for known in SECTIONS:
        word = known.removesuffix("_config")
        if section.lower() in (known, word + "config") or (head == word and nearest(tail, ["config"])):
            return known
    return None

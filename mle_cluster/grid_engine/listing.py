"""Readers of what Grid Engine prints for people, for the checks of a site."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mle_cluster.grid_engine.commands import ask

__all__ = ["Complex", "answer", "parse_complexes", "parse_listing", "seconds_of"]

_SECONDS = 10.0


@dataclass(frozen=True)
class Complex:
    """One resource of the site (a line of ``qconf -sc``)."""

    name: str
    shortcut: str
    kind: str
    requestable: str
    consumable: str


def answer(*command: str) -> str:
    """Return the output of a command of Grid Engine; SchedulerError when there is no answer within seconds."""
    return ask(command, seconds=_SECONDS)


def parse_listing(text: str) -> dict[str, str]:
    """Read the output of ``qconf -s…``: a key and a value per line, continued after a backslash."""
    lines = (line.split(None, 1) for line in text.replace("\\\n", " ").splitlines())
    return {words[0]: " ".join(words[1].split()) for words in lines if len(words) == 2}


def parse_complexes(text: str) -> dict[str, Complex]:
    """Read ``qconf -sc``; each resource is there under its name and its shortcut."""
    found: dict[str, Complex] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 8 and not line.startswith("#"):
            each = Complex(words[0], words[1], words[2], words[4], words[5])
            found |= {each.shortcut: each, each.name: each}
    return found


def seconds_of(text: str) -> float | None:
    """Read a time of Grid Engine, ``hh:mm:ss`` or seconds; None for INFINITY and values per machine."""
    if not re.fullmatch(r"[\d:]+", text):
        return None
    seconds = 0.0
    for part in text.split(":"):
        seconds = seconds * 60 + float(part or 0)
    return seconds

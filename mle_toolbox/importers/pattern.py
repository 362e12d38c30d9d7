"""Patterns that find configuration and seed in a path: ``{configuration}/seed_{seed}/*.csv``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mle_toolbox.errors import UsageError

__all__ = ["CONFIGURATION", "RUN", "SEED", "TASK", "Match", "PathPattern", "guess_pattern"]

CONFIGURATION, SEED, RUN, TASK = "configuration", "seed", "run", "task"

# A name in braces, **, *, ?, or a brace without its partner.
_TOKEN = re.compile(r"\{([^{}]*)\}|(\*\*/?)|(\*)|(\?)|([{}])")


@dataclass(frozen=True)
class Match:
    """The part of a path that the pattern covers, and the text for each name."""

    covered: str
    parts: dict[str, str]


class PathPattern:
    """A pattern for paths, relative to the imported folder, with forward slashes.

    ``{name}`` matches part of one folder's or file's name, ``*`` anything in one name, ``**`` any number of folders. A
    pattern that ends at a folder includes the files in it. ``{seed}`` matches a whole number.

    Parameters
    ----------
    text
        The pattern.

    Raises
    ------
    UsageError
        When the pattern is malformed.
    """

    def __init__(self, text: str) -> None:
        self.text = text.strip().removeprefix("./").rstrip("/")
        names = [match[1] for match in _TOKEN.finditer(self.text) if match[1] is not None]
        for name in names:
            if not name.isidentifier():
                raise UsageError(
                    f"--pattern {text}: {{{name}}} is not a name. Write {{configuration}}, {{seed}}, {{task}}, "
                    "{run}, or the name of a setting such as {lrate}."
                )
        self.names = tuple(dict.fromkeys(names))
        # The loose one is for the error only: to say that it is the seed which does not fit.
        self._exact = re.compile(self._regex(r"\d+") + r"(?P<_rest>/.*)?", re.DOTALL)
        self._loose = re.compile(self._regex(r"[^/]+?") + r"(?P<_rest>/.*)?", re.DOTALL)

    def match(self, path: str) -> Match | None:
        """Return the parts of a path, or None if it does not match."""
        found = self._exact.fullmatch(path)
        if found is None:
            return None
        parts = {name: found[name] for name in self.names}
        return Match(path[: len(path) - len(found["_rest"] or "")], parts)

    def text_at_seed(self, paths: Iterable[str]) -> str | None:
        """Return the text at ``{seed}`` of a path that would match if it were a whole number."""
        if SEED not in self.names:
            return None
        found = (self._loose.fullmatch(path) for path in paths)
        return next((each[SEED] for each in found if each is not None), None)

    def _regex(self, seed: str) -> str:
        regex, end, seen = "", 0, set()
        for token in _TOKEN.finditer(self.text):
            regex += re.escape(self.text[end : token.start()])
            end = token.end()
            name = token[1]
            if name is not None and name in seen:
                # A name that occurs twice must be the same text both times.
                regex += f"(?P={name})"
            elif name is not None:
                regex += f"(?P<{name}>{seed if name == SEED else '[^/]+?'})"
                seen.add(name)
            elif token[2]:
                regex += "(?:[^/]+/)*" if token[2].endswith("/") else ".*"
            elif token[3] or token[4]:
                regex += "[^/]*" if token[3] else "[^/]"
            else:
                raise UsageError(f"--pattern {self.text}: an unmatched brace.")
        return regex + re.escape(self.text[end:])


def guess_pattern(paths: Sequence[str]) -> str | None:
    """Return a pattern that probably fits the paths, or None if they give no clue.

    Above the seed, the one level of folders that varies is the configuration. If several vary, those whose names have a
    common start are settings, ``lr_{lr}``.
    """
    for path in paths:
        *folders, file = path.split("/")
        # From the innermost folder, and never the outermost: something has to be left for the configuration.
        for place in range(len(folders) - 1, 0, -1):
            marked = _mark_seed(folders[place])
            if marked != folders[place]:
                every = [other.split("/")[:-1] for other in paths]
                alike = [each for each in every if len(each) == len(folders) and _mark_seed(each[place]) == marked]
                levels = [list(dict.fromkeys(level)) for level in zip(*alike, strict=True)]
                below = [level[0] if len(level) == 1 else "*" for level in levels[place + 1 :]]
                # The part behind the last dot of an event file is a host or a process number, not an ending.
                ending = f"*{file[file.rindex('.') :]}" if "." in file and "tfevents" not in file else "*"
                return "/".join([*_mark_levels(levels[:place]), marked, *below, ending])
    return None


def _mark_seed(name: str) -> str:
    # "seed_3", "lr_0.1-run7", or just "3".
    return re.sub(r"^((?:.*[_=-])?(?:seed|run|s|rep|trial)[_=-]?)\d+$|^\d+$", r"\g<1>{seed}", name)


def _mark_levels(levels: Sequence[Sequence[str]]) -> list[str]:
    """Return the pattern of each level of folders, given the different names on it."""
    marked = [level[0] for level in levels]
    several = [place for place, level in enumerate(levels) if len(level) > 1] or [len(levels) - 1]
    # One level that varies is the configuration, whatever its names; only several need names of settings.
    starts = {place: _start(levels[place]) if len(several) > 1 else "" for place in several}
    without = [place for place in several if not starts[place]]
    for place, start in starts.items():
        name = re.sub(r"\W", "_", start.rstrip("_=-"))
        if without == [place]:
            name = CONFIGURATION
        elif not name or f"{{{name}}}" in "".join(marked) or name in (CONFIGURATION, SEED, RUN):
            name = chr(ord("a") + place)  # a name that the user can replace
        marked[place] = f"{start}{{{name}}}"
    return marked


def _start(names: Sequence[str]) -> str:
    """Return the words that all names start with: ``lr_`` for ``lr_0.1`` and ``lr_0.2``."""
    start = ""
    for word in re.findall(r"[^_=-]*[_=-]", names[0]):
        if not (word[0].isalpha() and all(name.startswith(start + word) for name in names)):
            break
        start += word
    return start

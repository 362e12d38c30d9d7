"""Which part of a path is the configuration, which the seed: ``{configuration}/seed_{seed}/*.csv``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mle_toolbox.errors import UsageError

__all__ = ["CONFIGURATION", "RUN", "SEED", "Match", "PathPattern", "guess_pattern"]

CONFIGURATION, SEED, RUN = "configuration", "seed", "run"

_TOKEN = re.compile(r"\{([^{}]*)\}|(\*\*/?)|(\*)|(\?)|([{}])")


@dataclass(frozen=True)
class Match:
    """What the path of a run says: the part of the path that the pattern covers, and the text for each name."""

    covered: str
    parts: dict[str, str]


class PathPattern:
    """A pattern for paths, relative to the imported folder, with forward slashes.

    ``{name}`` stands for a part of one folder's or file's name, ``*`` for anything in one name, ``**`` for any
    folders. A pattern that ends at a folder takes the files in it too. ``{seed}`` is a whole number.

    Parameters
    ----------
    text
        The pattern.

    Raises
    ------
    UsageError
        When it cannot be read.
    """

    def __init__(self, text: str) -> None:
        self.text = text.strip().removeprefix("./").rstrip("/")
        names = [match[1] for match in _TOKEN.finditer(self.text) if match[1] is not None]
        for name in names:
            if not name.isidentifier():
                raise UsageError(
                    f"--pattern {text}: {{{name}}} is no name. Write {{configuration}}, {{seed}}, {{run}}, or the "
                    "name of a setting such as {lrate}."
                )
        self.names = tuple(dict.fromkeys(names))
        self._exact = re.compile(self._regex(r"\d+") + r"(?P<_rest>/.*)?", re.DOTALL)
        self._loose = re.compile(self._regex(r"[^/]+?") + r"(?P<_rest>/.*)?", re.DOTALL)

    def match(self, path: str) -> Match | None:
        """Return what a path says, None when it does not fit."""
        found = self._exact.fullmatch(path)
        if found is None:
            return None
        parts = {name: found[name] for name in self.names}
        return Match(path[: len(path) - len(found["_rest"] or "")], parts)

    def text_at_seed(self, paths: Iterable[str]) -> str | None:
        """Return what stands where the seed should, when only that keeps a path from fitting."""
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
    """Return a pattern that most likely fits, from the look of the paths; None when they tell nothing.

    Above the seed, the one level of folders that is not the same everywhere is the configuration. Of several, those
    whose names begin alike are settings, ``lr_{lr}``.
    """
    for path in paths:
        *folders, file = path.split("/")
        for place in range(len(folders) - 1, 0, -1):
            marked = _mark_seed(folders[place])
            if marked != folders[place]:
                every = [other.split("/")[:-1] for other in paths]
                alike = [each for each in every if len(each) == len(folders) and _mark_seed(each[place]) == marked]
                levels = [list(dict.fromkeys(level)) for level in zip(*alike, strict=True)]
                below = [level[0] if len(level) == 1 else "*" for level in levels[place + 1 :]]
                ending = f"*{file[file.rindex('.') :]}" if "." in file and "tfevents" not in file else "*"
                return "/".join([*_mark_levels(levels[:place]), marked, *below, ending])
    return None


def _mark_seed(name: str) -> str:
    return re.sub(r"^((?:.*[_=-])?(?:seed|run|s|rep|trial)[_=-]?)\d+$|^\d+$", r"\g<1>{seed}", name)


def _mark_levels(levels: Sequence[Sequence[str]]) -> list[str]:
    """Return what stands for each level of folders, of which the different names are given."""
    marked = [level[0] for level in levels]
    several = [place for place, level in enumerate(levels) if len(level) > 1] or [len(levels) - 1]
    starts = {place: _start(levels[place]) if len(several) > 1 else "" for place in several}
    without = [place for place in several if not starts[place]]
    for place, start in starts.items():
        name = re.sub(r"\W", "_", start.rstrip("_=-"))
        if without == [place]:
            name = CONFIGURATION
        elif not name or f"{{{name}}}" in "".join(marked) or name in (CONFIGURATION, SEED, RUN):
            name = chr(ord("a") + place)
        marked[place] = f"{start}{{{name}}}"
    return marked


def _start(names: Sequence[str]) -> str:
    """Return the words that all names begin with, ``lr_`` of ``lr_0.1`` and ``lr_0.2``."""
    start = ""
    for word in re.findall(r"[^_=-]*[_=-]", names[0]):
        if not (word[0].isalpha() and all(name.startswith(start + word) for name in names)):
            break
        start += word
    return start

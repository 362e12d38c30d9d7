"""Which keys of ``param_search_args`` a file has, under one name each, whichever of the two forms it is in.

A key in the wrong section is reported and then read as if it stood where it belongs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mle_toolbox.errors import did_you_mean
from mle_toolbox.search.final_settings import FINAL
from mle_toolbox.search.mistakes import (
    ROOT,
    Mistake,
    at,
    is_missing,
    is_whole,
    misspelt,
    must_be,
    unknown_key,
    whole_number,
)
from mle_toolbox.search.search_keys import (
    BLOCKS,
    FLAT,
    REQUIRED_BLOCKS,
    REQUIRED_IN_FLAT,
    advice_on,
    is_flat,
    with_keys_at_home,
)
from mle_toolbox.wording import JsonPath

__all__ = ["GivenKeys"]

_WORDS = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}


class GivenKeys:
    """The values by their keys' names in the form with three blocks, and what was found wrong so far.

    Parameters
    ----------
    section
        ``param_search_args``, with at least one key.
    """

    def __init__(self, section: Mapping[str, Any]) -> None:
        self.flat = is_flat(section)
        self.values: dict[str, Any] = {}
        """Without those that are null, which count as not given."""
        self.paths: dict[str, JsonPath] = {}
        """Where each of them is; that of ``search_params`` also where it is missing."""
        self.mistakes: list[Mistake]
        self.notes: list[str] = []
        """What the user should know although it is no mistake."""
        whole, self.mistakes = (dict(section), []) if self.flat else with_keys_at_home(section)
        # In both forms at the same place: it is none of the original's keys.
        self._take({FINAL: whole.pop(FINAL, None)}, (), {FINAL: FINAL})
        if self.flat:
            self._take_flat(whole)
        else:
            self._take_blocks(whole)
        self.paths.setdefault(
            "search_params", ("params_to_search",) if self.flat else ("search_config", "search_params")
        )

    def mistake(self, path: JsonPath, sentence: str) -> None:
        """Note a mistake."""
        self.mistakes.append((path, sentence))

    def take_unknown(self, path: JsonPath, known: Sequence[str]) -> None:
        """Note a key that does not exist."""
        advice = advice_on(str(path[-1]), path[:-1], known, flat=self.flat)
        self.mistakes.append(unknown_key(path, advice))

    def must_be(self, name: str, expected: str | Mapping[str, Any], advice: str = "") -> None:
        """Note that a key has another value than expected."""
        self.mistakes.append(must_be(self.paths[name], expected, self.values[name], advice))

    # -- values of one kind; None, or the default, where there is a mistake

    def choice(self, name: str, choices: Sequence[str], default: str) -> str | None:
        """Return one of several words."""
        value = self.values.get(name, default)
        if value in choices:
            return str(value)
        advice = did_you_mean(value, choices) if isinstance(value, str) else ""
        if value == "median" and "p50" in choices:
            advice = " The median is 'p50'."
        self.must_be(name, {"enum": choices}, advice)
        return None

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return true or false, which may be written as 1 or 0."""
        value = self.values.get(name, default)
        if isinstance(value, int) and value in (0, 1):
            return bool(value)
        word = _WORDS.get(value.lower()) if isinstance(value, str) else None
        self.must_be(name, "true or false", f" Write {word} without quotes." if word else "")
        return default

    def whole_number(self, name: str, least: int, default: int | None = None) -> int | None:
        """Return a number without fraction."""
        value: int | None = self.values.get(name, default)
        if value is None or is_whole(value, least):
            return value
        self.must_be(name, whole_number(least))
        return None

    def different(
        self, name: str, is_good: Callable[[Any], bool], expected: Mapping[str, Any]
    ) -> tuple[Any, ...] | None:
        """Return the entries of a list, each of which is as expected and different from the others."""
        path, entries, before = self.paths[name], self.values[name], len(self.mistakes)
        for index, entry in enumerate(entries):
            if not is_good(entry):
                self.mistakes.append(must_be((*path, index), expected, entry))
            elif entry in entries[:index]:
                self.mistake((*path, index), f"{at(path)} contains {entry!r} more than once.")
        return tuple(entries) if len(self.mistakes) == before else None

    # -- which keys there are

    def _take(self, section: Mapping[str, Any], around: JsonPath, names: Mapping[str, str]) -> None:
        """Take the values of a section whose keys have these names in the form with three blocks."""
        for key, value in section.items():
            name = names.get(key)
            if name is None:
                self.take_unknown((*around, key), list(names))
            elif value is not None and name in self.paths:
                other = self.paths[name][-1]
                self.mistake((*around, key), f"{key!r} and {other!r} are two names of one key. Remove one of them.")
            elif value is not None:
                self.paths[name], self.values[name] = (*around, key), value

    def _take_flat(self, section: Mapping[str, Any]) -> None:
        self._take(section, (), FLAT)
        for key in REQUIRED_IN_FLAT:
            if FLAT[key] not in self.values and not misspelt(key, section, FLAT):
                self.mistakes.append(is_missing((key,)))

    def _take_blocks(self, section: Mapping[str, Any]) -> None:
        blocks = [key for key in section if key in BLOCKS]
        older = [key for key in section if key in FLAT] if blocks else []
        for block, content in section.items():
            if block in older:
                continue
            if block not in BLOCKS:
                self.take_unknown((block,), (*BLOCKS, FINAL))
            elif isinstance(content, Mapping):
                self._take(content, (block,), {key: key for key in BLOCKS[block]})
            elif content is not None:
                self.mistakes.append(must_be((block,), "a section with keys", content))
        # The number of trials of these follows from their settings.
        follows = str(self.values.get("search_type")).lower() in ("halving", "hyperband")
        for block, what in REQUIRED_BLOCKS.items():
            is_required = not follows or block != "search_resources"
            if is_required and section.get(block) is None and not misspelt(block, section, BLOCKS):
                self.mistakes.append(is_missing((block,), what))
        for key in older:
            name = FLAT[key]
            home = next((block for block, keys in BLOCKS.items() if name in keys), None)
            advice = f"Move it to {home} as {name!r}." if home else "Remove it."
            both = f"{key!r} belongs to the older form of {ROOT}, {blocks[0]!r} to the one with three blocks"
            self.mistake((key,), f"{both}. {advice}")

"""Parses the command line of a training script: ``-config -seed -exp_dir`` and the script's own arguments.

Parsed by hand, because a value may start with a dash (``-config -odd.json``, ``-shift -0.5``) and argparse takes such a
value for an option. Anything that the script may want for itself is accepted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mle_toolbox.errors import UsageError
from mle_toolbox.experiment_file.argument_words import parse_value

__all__ = ["Arguments", "other_words", "parse_arguments", "parse_seed", "parse_value"]

_OPTIONS = {
    "-config": "config_fname",
    "--config": "config_fname",
    "--config_fname": "config_fname",
    "-seed": "seed_id",
    "--seed": "seed_id",
    "--seed_id": "seed_id",
    "-exp_dir": "experiment_dir",
    "--exp_dir": "experiment_dir",
    "--experiment_dir": "experiment_dir",
}
_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_LARGEST_SEED = 2**32 - 1


@dataclass
class Arguments:
    """The parsed command line; None for options that are not given."""

    config_fname: str | None = None
    seed_id: int | None = None
    experiment_dir: str | None = None
    stray: list[str] = field(default_factory=list)
    """Words that belong to no option: ``configs/a.json`` in ``train.py configs/a.json``."""
    extra: dict[str, Any] = field(default_factory=dict)
    """All other options: ``-foo 3`` is ``{"foo": 3}``, an option without a value is True, one with several a list."""


def parse_arguments(words: Sequence[str]) -> Arguments:
    """Parse a command line, without the script's own name.

    Parameters
    ----------
    words
        The arguments. The word after one of our three options is its value, whatever it looks like; ``-config=VALUE``
        works as well. After any other option only numbers may start with a dash; ``-inf`` and ``-nan`` are options
        where no value is expected. Parsing stops at ``--``.

    Raises
    ------
    UsageError
        When one of our three options has no value, or the seed is not a whole number.

    Examples
    --------
    >>> parse_arguments(["-config", "-odd.json", "-shift", "-0.5", "--quick"]).extra
    {'shift': -0.5, 'quick': True}
    """
    arguments = Arguments()
    values: dict[str, list[Any]] = {}
    current: list[Any] = arguments.stray
    is_expected = False
    rest = iter(words)
    for word in rest:
        if word == "--":
            break
        name, has_value, value = word.partition("=")
        if name in _OPTIONS:
            _set(arguments, name, value if has_value else next(rest, None))
            current, is_expected = arguments.stray, False
        elif _is_option(word) or (not is_expected and word.startswith("-") and word[1:2].isalpha()):
            current = values[name.lstrip("-")] = [parse_value(value)] if has_value else []
            is_expected = not has_value
        else:
            current.append(word if current is arguments.stray else parse_value(word))
    arguments.extra = {name: given if len(given) > 1 else (given or [True])[0] for name, given in values.items()}
    return arguments


def other_words(words: Sequence[str]) -> list[str]:
    """Return a command line without our three options and their values.

    >>> other_words(["-config", "a.json", "-lr", "3", "-seed=1", "--quick"])
    ['-lr', '3', '--quick']
    """
    others: list[str] = []
    rest = iter(words)
    for word in rest:
        name, has_value, _ = word.partition("=")
        if word == "--":
            return [*others, word, *rest]
        if name not in _OPTIONS:
            others.append(word)
        elif not has_value:
            next(rest, None)
    return others


def parse_seed(value: Any, where: str) -> int:
    """Return a seed as a plain integer; ``where`` names its source in messages.

    Raises
    ------
    UsageError
        When it is not a whole number from 0 to 2**32 - 1, the range that numpy accepts.
    """
    if isinstance(value, str) and _INTEGER.fullmatch(value) and len(value) < 1000:
        value = int(value)
    is_whole = not isinstance(value, (bool, float, str)) and hasattr(value, "__index__")
    if not is_whole or not 0 <= int(value) <= _LARGEST_SEED:
        raise UsageError(f"{where}: a seed must be a whole number from 0 to {_LARGEST_SEED}, found {value!r}.")
    return int(value)


def _set(arguments: Arguments, option: str, value: str | None) -> None:
    if not value or value in _OPTIONS:
        found = "nothing" if not value else f"the option {value!r}"
        raise UsageError(f"{option} needs a value, found {found}. Write {option} VALUE.")
    name = _OPTIONS[option]
    setattr(arguments, name, parse_seed(value, option) if name == "seed_id" else value)


def _is_option(word: str) -> bool:
    return word.startswith("-") and bool(word.strip("-")) and isinstance(parse_value(word), str)

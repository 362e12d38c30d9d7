"""The settings that differ between configurations, as dotted keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mle_toolbox.experiment_file.dotted_keys import flatten
from mle_toolbox.search.placement import settings_of
from mle_toolbox.text import value_key, value_text

__all__ = ["differing", "differing_keys", "flatten", "short_names", "value_text"]


def differing(contents: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return, for each configuration, the dotted keys whose values differ between configurations.

    Parameters
    ----------
    contents
        The content of each configuration's file, by its name.

    Returns
    -------
    dict
        For each configuration the keys that it has, in the order of the files, those of ``log_config`` last. Which
        trial a configuration continues is none of them.
    """
    flat = {name: flatten(settings_of(content)) for name, content in contents.items()}
    # A missing key, None here, differs from null, which is a text.
    kept = [
        key
        for key in differing_keys(flat)
        if len({value_key(each[key]) if key in each else None for each in flat.values()}) > 1
    ]
    return {name: {key: each[key] for key in kept if key in each} for name, each in flat.items()}


def differing_keys(differences: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return all keys in what ``differing`` returned, those of ``log_config`` last.

    >>> differing_keys({"a": {"log_config.verbose": 1}, "b": {"train_config.lrate": 0.1}})
    ['train_config.lrate', 'log_config.verbose']
    """
    keys = dict.fromkeys(key for each in differences.values() for key in each)
    # Tables show the first few keys only, and settings of the logging rarely explain a result.
    return sorted(keys, key=lambda key: key.startswith("log_config."))


def short_names(keys: Iterable[str]) -> dict[str, str]:
    """Return the shortest ending of each dotted key that is unique.

    >>> short_names(["train_config.lrate", "train_config.size", "net_config.size"])
    {'train_config.lrate': 'lrate', 'train_config.size': 'train_config.size', 'net_config.size': 'net_config.size'}
    """
    keys = tuple(keys)
    found = {}
    for key in keys:
        parts = key.split(".")
        endings = (".".join(parts[start:]) for start in range(len(parts) - 1, -1, -1))
        unique = (end for end in endings if sum(f".{each}".endswith(f".{end}") for each in keys) == 1)
        found[key] = next(unique, key)
    return found

"""Settings of a configuration as dotted keys, and which of them a user means by a shorter name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from mle_toolbox.errors import did_you_mean
from mle_toolbox.text import listed

__all__ = ["NO_TASK", "flatten", "key_named"]

NO_TASK = "none"
"""In place of the key of a task: the configurations are all of one task, whatever their settings are called."""


def flatten(content: Mapping[str, Any], prefix: str = "", *, quoted: bool = True) -> dict[str, Any]:
    """Return a nested mapping as a flat one with dotted keys; lists and empty mappings are kept as values.

    A name with a dot in it is quoted, unless ``quoted`` is False.

    >>> flatten({"train_config": {"lrate": 0.1, "sizes": [8, 8]}, "net_config": {}})
    {'train_config.lrate': 0.1, 'train_config.sizes': [8, 8], 'net_config': {}}
    """
    flat: dict[str, Any] = {}
    for name, value in content.items():
        key = prefix + (json.dumps(name, ensure_ascii=False) if quoted and "." in name else name)
        if isinstance(value, Mapping) and value:
            flat.update(flatten(value, f"{key}.", quoted=quoted))
        else:
            flat[key] = value
    return flat


def key_named(wanted: str, keys: Iterable[str], differing: Iterable[str] = ()) -> tuple[str | None, str]:
    """Return the key that is meant by a name, or None and a sentence that says why there is none.

    A key may be written as in a search (``env/name``) and without its first parts, as long as that is unambiguous; of
    several keys that end so, one that differs between configurations is meant.

    >>> key_named("env", ["train_config.env", "train_config.lrate"])
    ('train_config.env', '')
    """
    everything, name = tuple(dict.fromkeys(keys)), wanted.replace("/", ".")
    apart = [key for key in everything if key in set(differing)]
    for known in (apart, everything):
        exact = [key for key in known if key in (wanted, name)]
        fitting = exact or [key for key in known if key.endswith(f".{name}")]
        if len(fitting) > 1:
            return None, f"it may be {listed(fitting)}; give the whole key."
        if fitting:
            return fitting[0], ""
    # A short name is nearest to the last part of a key, which would be far from the whole of it.
    nearest = dict.fromkeys([*(key.rpartition(".")[2] for key in everything), *everything])
    if apart:
        there = f"Settings that differ: {listed(apart)}."
    else:
        there = f"There is {listed(everything, 12)}." if everything else "There are no settings."
    return None, f"no configuration has this key. {there}{did_you_mean(name, nearest)}"

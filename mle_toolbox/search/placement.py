"""Where the value of a search variable is in a configuration, and configurations with such values.

A variable is named as in the original: "x" or "train:x" is a key of ``train_config``, "model:x" one of
``model_config``, and "a/b/c" is nested. Knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["CONTINUES", "PREFIXES", "SECTIONS", "place_of", "plain", "settings_of", "value_at", "with_values"]

Place = tuple[str, ...]

CONTINUES = "continues"
"""The key, at the top of a configuration, that names the one from whose checkpoint its runs go on."""

SECTIONS = {"train": "train_config", "model": "model_config"}
"""The sections that can be searched, by the prefix of a variable's name."""

PREFIXES = {"train_config": "", "model_config": "model:", "net_config": "model:"}
"""What to write before the name of a variable in a section; train_config needs nothing."""


def place_of(name: str, content: Mapping[str, Any]) -> Place:
    """Return the path of a variable in a configuration.

    Parameters
    ----------
    name
        As in the experiment file.
    content
        The base configuration. If it has no ``train_config``, the keys of ``train_config`` are looked for at its top,
        and ``net_config`` is the older name of ``model_config``.

    Examples
    --------
    >>> base = {"train_config": {"lrate": 0.1}, "net_config": {"units": 8}}
    >>> place_of("es_config/sigma_init", base), place_of("model:units", base), place_of("lrate", {"lrate": 0.1})
    (('train_config', 'es_config', 'sigma_init'), ('net_config', 'units'), ('lrate',))
    """
    if name == f"/{CONTINUES}":  # no name of a variable
        return (CONTINUES,)
    prefix, colon, rest = name.partition(":")
    section = SECTIONS.get(prefix) if colon else None
    rest = rest if section else name
    section = section or "train_config"
    if section == "model_config" and content.get("model_config") is None and content.get("net_config") is not None:
        section = "net_config"
    top: Place = () if section == "train_config" and "train_config" not in content else (section,)
    around = value_at(content, top)
    keys = tuple(rest.split("/"))
    # A key that is written with a slash in the configuration itself is meant as it is written there.
    if len(keys) > 1 and isinstance(around, Mapping) and rest in around and keys[0] not in around:
        keys = (rest,)
    return (*top, *keys)


def value_at(content: Any, place: Place, default: Any = None) -> Any:
    """Return the value at a path, or ``default`` where there is none."""
    for key in place:
        if not isinstance(content, Mapping) or key not in content:
            return default
        content = content[key]
    return content


def with_values(content: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration with the values of a trial; ``content`` itself does not change.

    Parameters
    ----------
    content
        The base configuration; nested mappings may be read-only, lists tuples.
    values
        By the names of the variables.

    Returns
    -------
    dict
        Of dicts, lists and scalars. Groups that the base lacks are made; everything else in a group is kept. The
        original replaced the whole group in "model:a/b", and made 0 and 1 of booleans.

    Examples
    --------
    >>> with_values({"train_config": {"es_config": {"elite": 0.5}}}, {"es_config/sigma": 0.1, "bias": True})
    {'train_config': {'es_config': {'elite': 0.5, 'sigma': 0.1}, 'bias': True}}
    """
    configuration: dict[str, Any] = plain(content)
    for name, value in values.items():
        *groups, last = place_of(name, content)
        around = configuration
        for group in groups:
            if around.get(group) is None:  # a section that is null is left out
                around[group] = {}
            around = around[group]
        around[last] = plain(value)
    return configuration


def settings_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration without the trial that it continues, which is where its runs come from and no setting.

    >>> settings_of({"continues": "trial_0003", "train_config": {"lrate": 0.1}})
    {'train_config': {'lrate': 0.1}}
    """
    return {key: value for key, value in content.items() if key != CONTINUES}


def plain(value: Any) -> Any:
    """Return a copy made of dicts, lists and scalars."""
    if isinstance(value, Mapping):
        return {key: plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return value

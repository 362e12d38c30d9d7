"""Whether the names of the variables fit each other and the base configuration. Knows nothing of their values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mle_toolbox.errors import nearest
from mle_toolbox.search.placement import PREFIXES, SECTIONS, Place, value_at
from mle_toolbox.wording import found

__all__ = ["trouble_with_name"]

_NOT_SEARCHABLE = ("log_config", "device_config")


def trouble_with_name(
    name: str, places: Mapping[str, Place], base: Mapping[str, Any], choices: tuple[Any, ...] | None
) -> str | None:
    """Return what is wrong with the name of a variable, in a sentence; None if nothing is.

    Parameters
    ----------
    name
        As in the experiment file.
    places
        Where each variable is in the base configuration, by name, in the order of the file.
    base
        The base configuration.
    choices
        Of this variable, if it has a list of them.
    """
    place = places[name]
    if not name or not all(place):
        return f"{name!r} is not the name of a key in a configuration."
    return _clash(name, places) or _wrong_section(name, place, base) or _no_such_key(name, places, base, choices)


def _clash(name: str, places: Mapping[str, Place]) -> str | None:
    place = places[name]
    for other, elsewhere in places.items():
        if other == name:
            return None  # each pair is reported once, at its second name
        shorter = min(len(place), len(elsewhere))
        if place[:shorter] != elsewhere[:shorter]:
            continue
        if place == elsewhere:
            return f"{name!r} and {other!r} are the same key of the configuration. Remove one of them."
        outer, inner = (name, other) if len(place) < len(elsewhere) else (other, name)
        return f"{inner!r} is a part of {outer!r}, so both would set it. Remove one of them."
    return None


def _wrong_section(name: str, place: Place, base: Mapping[str, Any]) -> str | None:
    prefix, colon, rest = name.partition(":")
    known = value_at(base, place) is not None
    if colon and prefix not in SECTIONS and not known:
        if f"{prefix}_config" in _NOT_SEARCHABLE:
            return f"{name!r}: {prefix}_config cannot be searched, only train_config and model_config."
        meant = nearest(prefix, SECTIONS)
        way_out = f"Did you mean '{meant}:{rest}'?" if meant else "'train:x' and 'model:x' are possible."
        return f"{name!r} has an unknown prefix, {prefix!r}. {way_out}"
    head, slash, tail = (rest if colon else name).partition("/")
    # A group of train_config may have such a name as well; then it is meant.
    in_train = place[0] == "train_config" and not isinstance(value_at(base, ("train_config", head)), Mapping)
    ours = slash and in_train and head in base
    if (ours and head in _NOT_SEARCHABLE) or place[0] in _NOT_SEARCHABLE:
        return f"{name!r}: {head} cannot be searched, only train_config and model_config."
    if ours and head in PREFIXES:
        return f"{name!r} would be a key in train_config. Write '{PREFIXES[head]}{tail}'."
    if place == ("train_config", "seed_id"):
        return f"{name!r} cannot be searched: the seed is that of the seed run. Use num_seeds_per_eval."
    return None


def _no_such_key(
    name: str, places: Mapping[str, Place], base: Mapping[str, Any], choices: tuple[Any, ...] | None
) -> str | None:
    """Say what is wrong with a name that the base configuration lacks, if it is a misspelling.

    The original made a missing key, and whole missing groups, and people rely on it: of 507 variables in 221 public
    experiment files 62 are not in the base configuration, because the script has a default, and none of these has
    a name like another one there. So a name is refused only if the base configuration has a similar one that is not
    searched itself.
    """
    around: Any = base
    place = places[name]
    for depth, key in enumerate(place):
        if around is None and depth == 1 and place[0] == "model_config":  # left out
            return None
        if not isinstance(around, Mapping):
            group = "/".join(place[1:depth]) or place[0]
            return f"{name!r}: {group!r} is {found(around)} in the base configuration, so it has no {key!r}."
        if key not in around:
            return _dotted(name, key, around) or _similar_key(name, places, depth, around)
        around = around[key]
    if isinstance(around, Mapping) and around and not all(isinstance(each, Mapping) for each in choices or ()):
        inner = next(iter(around))
        return f"{name!r} is a section of the base configuration. Name a key in it, like '{name}/{inner}'."
    return None


def _dotted(name: str, key: str, around: Mapping[str, Any]) -> str | None:
    """Say how a key in a group is named, where the name has dots for it, as in many other programs."""
    keys = tuple(key.split("."))
    if len(keys) == 1 or value_at(around, keys) is None:
        return None
    return f"{name!r} is not in the base configuration. Did you mean {name.replace(key, '/'.join(keys))!r}?"


def _similar_key(name: str, places: Mapping[str, Place], depth: int, around: Mapping[str, Any]) -> str | None:
    place = places[name]
    if depth == 0 and place[0] == "model_config":
        return None
    searched = {elsewhere[depth] for elsewhere in places.values() if elsewhere[:depth] == place[:depth]}
    similar = nearest(place[depth], [key for key in around if key not in searched])
    if similar is None:
        return None
    keys = list(place)
    keys[depth] = similar
    prefix = name.partition(":")[0] + ":" if name.startswith(("train:", "model:")) else ""
    top = 1 if place[0] in PREFIXES else 0
    right = prefix + "/".join(keys[top:])
    section = place[0] if top else "the base configuration"
    return f"{name!r} is not in {section}. Did you mean {right!r}? If not, add it to the base configuration."

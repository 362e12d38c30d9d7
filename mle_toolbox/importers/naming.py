"""Groups imported runs into configurations, names these, and assigns seeds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mle_toolbox.errors import ResultsError, UsageError, did_you_mean
from mle_toolbox.importers.imported_run import ImportedRun
from mle_toolbox.importers.pattern import CONFIGURATION, RUN, SEED
from mle_toolbox.log.log_data import LogData
from mle_toolbox.results.differences import differing, flatten, short_names, value_text
from mle_toolbox.text import listed

__all__ = ["NamedRun", "name_runs"]

_SEED_KEYS = ("seed", "random_seed", "rng_seed", "seed_id")
# The name becomes that of a folder.
_LONGEST = 80


@dataclass(frozen=True)
class NamedRun:
    """A run with its configuration and seed; ``numbered`` if the seed is just a number assigned here."""

    configuration: str
    seed: int
    numbered: bool
    settings: Mapping[str, Any]
    run: ImportedRun


@dataclass(frozen=True)
class _Placed:
    group: str | None
    settings: Mapping[str, Any]
    seed: int | None
    run: ImportedRun


def name_runs(runs: Iterable[tuple[Mapping[str, str], ImportedRun]], seed_key: str | None = None) -> list[NamedRun]:
    """Assign a configuration and a seed to every run.

    Parameters
    ----------
    runs
        Each with the parts of its path, by the names in the pattern.
    seed_key
        The setting that is the seed, a dotted key or a name in the pattern; by default a setting with a usual name for
        it, such as ``seed`` or ``random_seed``.

    Notes
    -----
    A configuration is its name, from the path or the log, together with all settings (other names in the pattern, and
    those in the log) but the seed: runs that differ in any of them are different configurations. If a name is not
    unique, or there is none, the settings that differ become the name.

    Raises
    ------
    ResultsError
        When two runs have the same configuration and seed.
    UsageError
        When ``seed_key`` is not a setting, or its value is not a seed.
    """
    placed = [_place(parts, run, seed_key) for parts, run in runs]
    groups: dict[tuple[str | None, str], list[_Placed]] = {}
    for each in placed:
        groups.setdefault((each.group, json.dumps(each.settings, sort_keys=True, default=str)), []).append(each)
    members = [(group, list(entries)) for (group, _), entries in groups.items()]
    names = _names([(group, entries[0].settings) for group, entries in members])
    return [
        named
        for name, (_, entries) in sorted(zip(names, members, strict=True), key=lambda each: _natural(each[0]))
        for named in _with_seeds(name, entries)
    ]


def _place(parts: Mapping[str, str], run: ImportedRun, seed_key: str | None) -> _Placed:
    logged = flatten(run.settings, quoted=False)
    own = {name: _value(text) for name, text in parts.items() if name not in (CONFIGURATION, SEED, RUN)}
    settings = {**logged, **own}
    if seed_key is not None:
        if SEED in parts and seed_key in own:
            raise UsageError(
                f"--seed-key {seed_key}: the pattern marks another part as {{seed}}. Leave one of them out."
            )
        _check_seed_key(seed_key, settings, run.source)
    # The path takes precedence over the log: the user has chosen the pattern for these files.
    found = seed_key if seed_key is not None else _seed_setting(logged)
    from_settings = _as_seed(settings.pop(found)) if found is not None else None
    seed = int(parts[SEED]) if SEED in parts else run.seed if run.seed is not None else from_settings
    return _Placed(parts.get(CONFIGURATION, run.group), settings, seed, run)


def _check_seed_key(wanted: str, settings: Mapping[str, Any], source: str) -> None:
    if wanted not in settings:
        there = f"the settings are {listed(map(repr, settings), 5)}" if settings else "there are no settings"
        raise UsageError(f"--seed-key {wanted}: {source} has no such setting; {there}.{did_you_mean(wanted, settings)}")
    if _as_seed(settings[wanted]) is None:
        raise UsageError(f"--seed-key {wanted}: {source} has {settings[wanted]!r} there, which is not a whole number.")


def _seed_setting(settings: Mapping[str, Any]) -> str | None:
    # The shortest of several, so that `seed` counts and not `env.seed`.
    fitting = [key for key in settings if key.rpartition(".")[2].lower() in _SEED_KEYS]
    return min(fitting, key=len) if fitting and _as_seed(settings[min(fitting, key=len)]) is not None else None


def _as_seed(value: Any) -> int | None:
    # True is an int in Python, and no seed.
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _with_seeds(name: str, entries: Sequence[_Placed]) -> list[NamedRun]:
    """Return the runs of a configuration with their seeds."""
    if any(each.seed is None for each in entries):
        # If one has no seed, all are numbered: a number must not mean a seed in one run and a position in another.
        ordered = sorted(entries, key=lambda each: _natural(each.run.source))
        return [NamedRun(name, number, True, _nested(each.settings), each.run) for number, each in enumerate(ordered)]
    by_seed: dict[int, _Placed] = {}
    for each in entries:
        seed = -1 if each.seed is None else each.seed
        by_seed[seed] = _the_one(name, seed, by_seed[seed], each) if seed in by_seed else each
    return [NamedRun(name, seed, False, _nested(each.settings), each.run) for seed, each in sorted(by_seed.items())]


def _the_one(name: str, seed: int, one: _Placed, other: _Placed) -> _Placed:
    """Return the run to use of two with the same seed: the one that ended well, or either if they are copies."""
    # Copies are usual: mle-logging leaves the log of a seed beside the merged one.
    if _same_log(one.run.log, other.run.log):
        return one
    done = [each for each in (one, other) if each.run.status == "done"]
    if len(done) != 1:
        raise ResultsError(
            f"{one.run.source} and {other.run.source} are both seed {seed} of {name!r}. Mark in the pattern what "
            "tells them apart: as a setting, such as {version}, or as {run} instead of {seed}."
        )
    lost = other if done[0] is one else one
    remark = f"{lost.run.source} did not end well and is left out: {done[0].run.source} is the same seed."
    return replace(done[0], run=replace(done[0].run, remarks=(*done[0].run.remarks, remark)))


def _same_log(one: LogData, other: LogData) -> bool:
    return one.columns.keys() == other.columns.keys() and all(
        np.array_equal(values, other.columns[name], equal_nan=True) for name, values in one.columns.items()
    )


def _nested(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return dotted keys as nested settings; a key that has a value of its own and keys below it stays dotted."""
    nested: dict[str, Any] = {}
    for key, value in settings.items():
        *parents, last = key.split(".")
        place = nested
        for parent in parents:
            place = place.setdefault(parent, {}) if isinstance(place, dict) else place
        if isinstance(place, dict) and last not in place:
            place[last] = value
        else:
            nested[key] = value
    return nested


def _names(groups: Sequence[tuple[str | None, Mapping[str, Any]]]) -> list[str]:
    """Return a name for each configuration; all differ and can be folder names."""
    # Compared without case, because some file systems do so.
    names: list[str] = []
    for group, settings in groups:
        alike = [other for name, other in groups if name == group]
        name = group if group is not None and len(alike) == 1 else _described(group, settings, alike)
        clean = _clean(name or "runs")
        taken = clean.casefold() in (each.casefold() for each in names)
        names.append(f"{clean} ({len(names)})" if taken else clean)
    return names


def _described(group: str | None, settings: Mapping[str, Any], alike: Sequence[Mapping[str, Any]]) -> str:
    # Only among runs of the same name: settings in which other configurations differ would just lengthen it.
    differ = differing({str(place): {**each} for place, each in enumerate(alike)})
    keys = list(dict.fromkeys(key for each in differ.values() for key in each))
    titles = short_names(keys)
    parts = [f"{titles[key]}={value_text(settings[key])}" for key in keys if key in settings]
    return ",".join([*([group] if group else []), *parts])


def _clean(name: str) -> str:
    # Braces are wildcards to Snakemake, and a leading dot would hide the folder.
    text = "".join("_" if char in "/\\{}" or not char.isprintable() else char for char in name).strip().lstrip(".")
    return (text[:_LONGEST] or "runs").rstrip()


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _natural(text: str) -> list[tuple[bool, int, str]]:
    """Return a sort key that puts ``run_10`` after ``run_9``."""
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in re.split(r"(\d+)", text)]

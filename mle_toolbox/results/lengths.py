"""Finished runs that are shorter than their siblings: many scripts stop early, but some were cut short unnoticed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from mle_toolbox.results.differences import flatten
from mle_toolbox.results.seed import SeedResults
from mle_toolbox.seed_ranges import seeds_in_words

__all__ = ["length_remark", "short_configurations"]

# A run is far shorter below this share of the median length of its siblings.
_FAR_SHORTER = 0.5


def length_remark(runs: Iterable[SeedResults]) -> str | None:
    """Return a sentence when the finished runs of a configuration differ in length, None when they do not."""
    ticks = {run.seed: run.n_ticks for run in runs if _is_whole_run(run)}
    if len(set(ticks.values())) < 2:
        return None
    # The median, so that one run that was cut short does not lower the bar for itself.
    few = _FAR_SHORTER * float(np.median(list(ticks.values())))
    short = [seed for seed, length in ticks.items() if length < few]
    rest = [length for seed, length in ticks.items() if seed not in short]
    if not short:
        return f"the seed runs differ in length: {_span(ticks.values())} ticks."
    have = f"{seeds_in_words(short)} {'has' if len(short) == 1 else 'have'}"
    siblings = "its" if len(short) == 1 else "their"
    siblings += " sibling" if len(rest) == 1 else " siblings"
    was = "was it" if len(short) == 1 else "were they"
    return f"{have} {_span(ticks[seed] for seed in short)} ticks, {siblings} {_span(rest)}: {was} cut short?"


def short_configurations(
    runs: Mapping[str, Iterable[SeedResults]], contents: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    """Return a sentence for each configuration whose runs are far shorter than those of all others like it.

    Only where nothing else explains it: the others all have one length, and the configurations share the settings for
    logging and every whole number, since any of those may be a number of epochs or a batch size.
    """
    lengths = {name: {run.n_ticks for run in each if _is_whole_run(run)} for name, each in runs.items()}
    alike: dict[str, list[str]] = {}
    for name, ticks in lengths.items():
        if ticks and contents.get(name):
            alike.setdefault(_whole_numbers(contents[name]), []).append(name)
    found = {}
    for names in alike.values():
        full = max(max(lengths[name]) for name in names)
        short = [name for name in names if max(lengths[name]) < _FAR_SHORTER * full]
        # At least two others have to agree; of two configurations either may be the odd one.
        if len(short) < len(names) - 1 and all(lengths[name] == {full} for name in names if name not in short):
            for name in short:
                found[name] = f"{_span(lengths[name])} ticks, the other configurations {full:,}: was it cut short?"
    return found


def _whole_numbers(content: Mapping[str, Any]) -> str:
    """Return, as text, the settings that can decide how many ticks a run has."""
    decisive = {
        key: value
        for key, value in flatten(content).items()
        if key.startswith("log_config.")
        or isinstance(value, list | int)
        or (isinstance(value, float) and value.is_integer())
    }
    return repr(sorted(decisive.items()))


def _is_whole_run(run: SeedResults) -> bool:
    # Ticks that a damaged file has lost are reported as damage.
    return run.status == "done" and run.damage is None


def _span(lengths: Iterable[int]) -> str:
    several = sorted(set(lengths))
    return f"{several[0]:,}" if len(several) == 1 else f"{several[0]:,} to {several[-1]:,}"

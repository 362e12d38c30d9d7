"""The words of ``param_search_args``: the keys of its two forms, and the types of search.

The form with three blocks is that of mle-toolbox 0.2.9 and later, the flat one is older. Knows nothing of values.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from typing import Any

from mle_toolbox.errors import did_you_mean, nearest
from mle_toolbox.search.final_settings import FINAL, FINAL_KEYS
from mle_toolbox.search.mistakes import ROOT, Mistake, suggestion, unknown_key
from mle_toolbox.search.step_settings import STEP_SETTINGS
from mle_toolbox.search.strategy_settings import NAMES_OF_THE_SEARCH_SEED, STRATEGY_SETTINGS
from mle_toolbox.wording import JsonPath

__all__ = [
    "BLOCKS",
    "FLAT",
    "KINDS",
    "REQUIRED_BLOCKS",
    "REQUIRED_IN_FLAT",
    "SEARCH_TYPES",
    "SECTION_KEYS",
    "SEED_RUNG_KEYS",
    "WITHOUT_LEARNING",
    "advice_on",
    "is_flat",
    "search_name",
    "with_keys_at_home",
]

SEARCH_TYPES: Mapping[str, str] = {
    "grid": "Grid",
    "random": "Random",
    "smbo": "SMBO",
    "coordinate": "Coordinate",
    "halving": "Halving",
    "hyperband": "Hyperband",
    "pbt": "PBT",
}
"""The types of search, each as it is written in messages."""
_PROPER_NAMES = ("smbo", "hyperband", "pbt")
WITHOUT_LEARNING = ("grid", "random")

KINDS = ("categorical", "real", "integer")
"""Of variables."""
SEED_RUNG_KEYS = ("min", "max", "halving_coeff")
"""What ``num_seeds_per_eval`` holds where better trials get more seeds."""

# Settings of strategies under their older names: with another search_type the original did not read them either.
_OLD_SECTIONS = ("smbo_config", "nevergrad_config")

BLOCKS: Mapping[str, tuple[str, ...]] = {
    "search_logging": (
        "max_objective",
        "aggregate_seeds",
        "problem_type",
        "eval_metrics",
        "reload_log",
        "no_results_logging",
        "verbose_log",
    ),
    "search_resources": (
        "num_search_batches",
        "num_evals_per_batch",
        "num_total_evals",
        "max_running_evals",
        "max_running_jobs",
        "num_seeds_per_eval",
        "random_seeds",
    ),
    "search_config": (
        "search_type",
        "search_schedule",
        "search_params",
        "search_config",
        "search_seed",
        *_OLD_SECTIONS,
    ),
}
"""The keys of each block."""
REQUIRED_BLOCKS = {
    "search_resources": "how many trials with how many seeds",
    "search_config": "what is searched",
}
"""The blocks that a file must have, each with what it is for."""

FLAT: Mapping[str, str] = {
    "search_type": "search_type",
    "params_to_search": "search_params",
    "num_search_batches": "num_search_batches",
    "num_iter_per_batch": "num_evals_per_batch",
    "num_evals_per_iter": "num_seeds_per_eval",
    "random_seeds": "random_seeds",
    "search_seed": "search_seed",
    "eval_metrics": "eval_metrics",
    "eval_score_type": "eval_metrics",
    "maximize_objective": "max_objective",
    "problem_type": "problem_type",
    "hyperlog_fname": "hyperlog_fname",
    "reload_log": "reload_log",
    "verbose_logging": "verbose_log",
    "no_results_logging": "no_results_logging",
    **{key: key for key in _OLD_SECTIONS},
}
"""The keys of the flat form, each with its name in the one with three blocks."""
REQUIRED_IN_FLAT = ("search_type", "num_search_batches", "num_iter_per_batch", "maximize_objective", "problem_type")

SECTION_KEYS: Mapping[JsonPath, tuple[str, ...]] = {
    (): (*BLOCKS, FINAL),
    **{(block,): keys for block, keys in BLOCKS.items()},
    ("search_config", "search_params"): KINDS,
    ("search_config", "search_config"): (*STRATEGY_SETTINGS, *STEP_SETTINGS),
    ("search_resources", "num_seeds_per_eval"): SEED_RUNG_KEYS,
    (FINAL,): FINAL_KEYS,
}
"""Every key of the form with three blocks, by the path of its section in ``param_search_args``."""


def search_name(search_type: str) -> str:
    """Return what a search of this type is called in a sentence, without its article.

    >>> search_name("pbt"), search_name("grid")
    ('PBT search', 'grid search')
    """
    return f"{SEARCH_TYPES[search_type] if search_type in _PROPER_NAMES else search_type} search"


def is_flat(section: Mapping[str, Any]) -> bool:
    """Whether a section has the older form: none of the blocks, and rather the names of that form."""
    of_blocks = {key for keys in BLOCKS.values() for key in keys}
    older, later = section.keys() & FLAT.keys(), section.keys() & of_blocks
    return not section.keys() & BLOCKS.keys() and bool(older - of_blocks or (older and not later - FLAT.keys()))


def with_keys_at_home(section: Mapping[str, Any]) -> tuple[dict[str, Any], list[Mistake]]:
    """Report every known key that is in the wrong section, and put it where it belongs.

    So the other mistakes are about the search that was meant, and nothing is reported as missing that is there.
    """
    whole = copy.deepcopy(dict(section))
    mistakes: list[Mistake] = []
    for here, own in SECTION_KEYS.items():
        # Below search_params, what is no kind of variable is a variable, and that may have any name.
        around = None if own is KINDS else _inside(whole, here)
        for key in [key for key in around or () if key not in own]:
            home = _home_of(key, here)
            if around is None or home is None:
                continue
            mistakes.append(unknown_key((*here, key), f" It belongs in {_shown(home)}."))
            value, belongs = around.pop(key), _inside(whole, home, make=True)
            if belongs is not None:
                belongs.setdefault(key, value)
    return whole, mistakes


def advice_on(key: str, here: JsonPath, known: Collection[str], *, flat: bool) -> str:
    """Return advice on an unknown key, with a leading space: the key that was meant, or where it belongs.

    Parameters
    ----------
    key, here
        The key, and the section in which it stands.
    known
        The keys of this section.
    flat
        Whether the file has the flat form.
    """
    if key in NAMES_OF_THE_SEARCH_SEED and "search_seed" in known:
        return " Did you mean 'search_seed'?"
    known = [name for name in known if name not in _OLD_SECTIONS]
    in_other_form = {**{name: older for older, name in FLAT.items()}, **FLAT}
    if (other := in_other_form.get(key)) in known:
        return f" Did you mean {other!r}?"
    if flat and (home := _home_of(key, ())) is not None:
        return f" It belongs in {_shown(home)} of the form with three blocks, and this is the older one."
    if not flat and did_you_mean(key, known) == "":
        meant = nearest(key, [name for keys in SECTION_KEYS.values() for name in keys])
        if meant is not None and (home := _home_of(meant, here)) is not None:
            return f" Did you mean {meant!r} in {_shown(home)}?"
    return suggestion(key, known)


def _home_of(key: str, here: JsonPath) -> JsonPath | None:
    """Return the section that has this key, where ``here`` has not: of several, the one inside ``here``."""
    homes = [path for path, keys in SECTION_KEYS.items() if key in keys]
    return min(homes, key=lambda path: path[: len(here)] != here, default=None)


def _shown(home: JsonPath) -> str:
    """Return the name of a section in a sentence about its place."""
    return ".".join(map(str, home)) or ROOT


def _inside(section: dict[str, Any], path: JsonPath, *, make: bool = False) -> dict[str, Any] | None:
    """Return the section at a path, which is made on request; None where there is none, or something else."""
    inner = section
    for part in map(str, path):
        if make and inner.get(part) is None:
            inner[part] = {}
        below: Any = inner.get(part)
        if not isinstance(below, dict):
            return None
        inner = below
    return inner

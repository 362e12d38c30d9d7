"""The settings of strategies that do not train over steps: ``search_config`` in the block of the same name.

Those of Halving, Hyperband and PBT are read by ``step_settings.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mle_toolbox.search.mistakes import Mistake, at, is_whole, must_be, suggestion, unknown_key, whole_number
from mle_toolbox.text import listed
from mle_toolbox.wording import JsonPath

__all__ = ["NAMES_OF_THE_SEARCH_SEED", "STRATEGY_SETTINGS", "read_strategy_settings"]

NAMES_OF_THE_SEARCH_SEED = ("seed", "seed_id", "random_seed", "random_state")
"""Under what other names people know ``search_seed``."""


def _is_list_of_names(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)


_SETTINGS: Mapping[str, Mapping[str, tuple[Mapping[str, Any], Callable[[Any], bool]]]] = {
    "smbo": {
        "n_initial_points": (whole_number(1), lambda value: is_whole(value, 1)),
        "metric_to_model": ({"x-expected": "the name of a metric"}, lambda value: isinstance(value, str)),
    },
    "coordinate": {
        "order": ({"x-expected": "a list of the variables, each once"}, _is_list_of_names),
        "defaults": (
            {"x-expected": "a section with the value of a variable for each of its keys"},
            lambda value: isinstance(value, Mapping),
        ),
    },
}
STRATEGY_SETTINGS = tuple(key for settings in _SETTINGS.values() for key in settings)
"""The keys of all of them."""

_NOT_SUPPORTED = ("refine_after", "refine_top_k")
# Of scikit-optimize, which the original used for SMBO.
_OF_SKOPT = ("base_estimator", "acq_function")


def read_strategy_settings(
    search_type: str, given: Any, path: JsonPath
) -> tuple[dict[str, Any], list[Mistake], list[str]]:
    """Read the settings of a strategy.

    Parameters
    ----------
    search_type
        One that does not train over steps.
    given
        The section, None where the file has none.
    path
        Where it is in ``param_search_args``.

    Returns
    -------
    settings, mistakes, notes
        The settings that have a meaning and no mistake; the notes name those of the original that have none.
    """
    if given is None:
        return {}, [], []
    if not isinstance(given, Mapping):
        return {}, [must_be(path, "a section with keys", given)], []
    own = _SETTINGS.get(search_type, {})
    unused = [key for key in _OF_SKOPT if search_type == "smbo" and key in given]
    settings: dict[str, Any] = {}
    mistakes: list[Mistake] = []
    notes: list[str] = []
    for key, value in given.items():
        here = (*path, key)
        if key in _NOT_SUPPORTED:
            if value is not None and search_type != "grid":
                what = "shrinking the space around the best trials is not supported yet. Remove it"
                mistakes.append((here, f"{at(here)}: {what}; every point is drawn from the whole space."))
        elif key in own:
            rule, is_good = own[key]
            if value is not None and is_good(value):
                settings[key] = value
            elif value is not None:
                mistakes.append(must_be(here, rule, value))
        elif key in NAMES_OF_THE_SEARCH_SEED:
            mistakes.append(unknown_key(here, " The seed of the search is search_seed, one level up."))
        elif key not in unused:
            none = "A grid search has no settings of its own" if search_type == "grid" else "It has no such setting"
            mistakes.append(unknown_key(here, suggestion(key, own) if own else f" {none}; remove it."))
    if named := [key for key in unused if given[key] is not None]:
        are = "is a setting" if len(named) == 1 else "are settings"
        notes.append(f"{listed(named)} {are} of scikit-optimize and not used: SMBO proposes by TPE (Optuna).")
    return settings, mistakes, notes

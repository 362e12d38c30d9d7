"""How many trials a search has, with which seeds, and how many of them at a time: the block ``search_resources``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mle_toolbox.search.given_keys import GivenKeys
from mle_toolbox.search.mistakes import ROOT, at, is_missing, is_whole, misspelt, must_be, whole_number
from mle_toolbox.search.search_keys import SEARCH_TYPES, SEED_RUNG_KEYS, WITHOUT_LEARNING
from mle_toolbox.search.seed_rungs import SeedRungs, seeds_by_rung
from mle_toolbox.search.step_settings import OVER_STEPS
from mle_toolbox.text import listed

__all__ = ["DEFAULT_WINDOW", "read_budget", "read_schedule", "read_seeds", "read_window"]

DEFAULT_WINDOW = 4
"""Trials under way at a time where the file does not say it. Never taken from the machine: the trials depend on it."""

_BATCHES = ("num_search_batches", "num_evals_per_batch")
_SEED_LIMIT = 2**32 - 1


def read_schedule(given: GivenKeys, search_type: str | None) -> str | None:
    """Return "sync" or "async"; a search that learns has batches only where the file has them."""
    by_batches = any(name in given.values for name in _BATCHES) or search_type in OVER_STEPS
    learns = search_type not in (None, *WITHOUT_LEARNING)
    schedule = given.choice("search_schedule", ("sync", "async"), "async" if learns and not by_batches else "sync")
    if search_type in OVER_STEPS:
        return "sync"
    if learns and search_type != "coordinate" and schedule == "sync" and not by_batches:
        path = given.paths["search_schedule"]
        way_out = "Give num_search_batches and num_evals_per_batch, or write 'async'"
        given.mistake(path, f"{at(path)} is 'sync', but there are no batches. {way_out}.")
    return schedule


def read_budget(given: GivenKeys, schedule: str | None) -> tuple[int, int]:
    """Return the number of trials and the size of a batch; any numbers where there is a mistake."""
    before = len(given.mistakes)
    batches, per_batch, total = (given.whole_number(name, 1) for name in (*_BATCHES, "num_total_evals"))
    if len(given.mistakes) > before:
        return 0, 0
    product = batches * per_batch if batches and per_batch else None
    if total and product and total != product:
        other = f"num_search_batches x num_evals_per_batch is {product}"
        advice = "Make them agree, or remove num_total_evals."
        given.mistake(given.paths["num_total_evals"], f"num_total_evals is {total}, but {other}. {advice}")
    budget = total or product or 0
    if not budget:
        _budget_is_missing(given, schedule)
    return budget, per_batch or budget


def _budget_is_missing(given: GivenKeys, schedule: str | None) -> None:
    block = "search_resources"
    # In the flat form, and where the block or one of its keys is wrong, that has been reported.
    if given.flat or any(path[:1] == (block,) or f"{block!r}" in said for path, said in given.mistakes):
        return
    missing = [name for name in _BATCHES if name not in given.values]
    if schedule == "async" and len(missing) == len(_BATCHES):
        given.mistakes.append(is_missing((block, "num_total_evals"), "how many trials"))
        return
    are = "are" if len(missing) > 1 else "is"
    product = f"The number of trials is {' x '.join(_BATCHES)}."
    given.mistake((block,), f"{listed(map(repr, missing))} in {ROOT}.{block} {are} missing. {product}")


def read_window(given: GivenKeys, seeds: tuple[int, ...]) -> int:
    """Return how many trials may be under way at a time."""
    trials, jobs = given.whole_number("max_running_evals", 1), given.whole_number("max_running_jobs", 1)
    if trials is not None or jobs is None:
        return trials or DEFAULT_WINDOW
    # Twice as many as fill the jobs: the order is fixed, so one slow trial would leave the others idle.
    return 2 * -(-jobs // max(len(seeds), 1))


def read_seeds(given: GivenKeys, search_type: str | None, *, ranks: bool) -> tuple[tuple[int, ...], SeedRungs | None]:
    """Return the seeds of every trial, and which further ones better trials get.

    Parameters
    ----------
    given, search_type
        What the file says.
    ranks
        Whether the search ranks its trials: else none is better than another.
    """
    explicit = _explicit_seeds(given)
    number = given.values.get("num_seeds_per_eval")
    if isinstance(number, Mapping):
        rungs = _seed_rungs(given, search_type, number, explicit, ranks=ranks)
        return (explicit or (0,) if rungs is None else rungs.seeds[0]), rungs
    number = given.whole_number("num_seeds_per_eval", 1, 1)
    if "random_seeds" not in given.values:
        return tuple(range(number or 0)), None
    if explicit and number and "num_seeds_per_eval" in given.values and number != len(explicit):
        said = f"{given.paths['num_seeds_per_eval'][-1]} is {number}, but random_seeds lists {len(explicit)}"
        given.notes.append(f"{said}: the list applies, as in the original.")
    return explicit or (), None


def _explicit_seeds(given: GivenKeys) -> tuple[int, ...] | None:
    if "random_seeds" not in given.values:
        return None
    seeds, rule = given.values["random_seeds"], whole_number(0, _SEED_LIMIT)
    if isinstance(seeds, list | tuple) and seeds:
        return given.different("random_seeds", lambda seed: is_whole(seed, 0, _SEED_LIMIT), rule)
    given.must_be("random_seeds", {**rule, "x-expected": f"a list of whole numbers from 0 to {_SEED_LIMIT}"})
    return None


def _seed_rungs(
    given: GivenKeys,
    search_type: str | None,
    section: Mapping[str, Any],
    explicit: tuple[int, ...] | None,
    *,
    ranks: bool,
) -> SeedRungs | None:
    """Return which seeds better trials get; None where there is a mistake."""
    path, before = given.paths["num_seeds_per_eval"], len(given.mistakes)
    if search_type in OVER_STEPS:
        instead = f"{SEARCH_TYPES[search_type]} gives them more training steps. Use one number of seeds"
        given.mistake(path, f"{path[-1]} gives better trials more seeds, but {instead}.")
        return None
    for key in section:
        if key not in SEED_RUNG_KEYS:
            given.take_unknown((*path, key), SEED_RUNG_KEYS)
    numbers = {"halving_coeff": 2, **{key: value for key, value in section.items() if value is not None}}
    for key, smallest in (("min", 1), ("max", 1), ("halving_coeff", 2)):
        if key in numbers and not is_whole(numbers[key], smallest):
            given.mistakes.append(must_be((*path, key), whole_number(smallest), numbers.pop(key)))
        elif key not in numbers and not misspelt(key, section, SEED_RUNG_KEYS):
            given.mistakes.append(is_missing((*path, key)))
    least, most = numbers.get("min"), numbers.get("max")
    if least is not None and most is not None and most <= least:
        what = f"the best trials must get more seeds than the {least} of every trial, found {most}"
        given.mistake((*path, "max"), f"{at((*path, 'max'))}: {what}.")
    elif explicit is not None and most is not None and len(explicit) != most:
        said = f"random_seeds lists {len(explicit)} seeds, but the best trials get {most}"
        given.mistake(given.paths["random_seeds"], f"{said} ({'.'.join(map(str, path))}.max). Make them agree.")
    # A list of seeds with a mistake has been reported.
    is_open = explicit is None and "random_seeds" in given.values
    if len(given.mistakes) > before or least is None or most is None or is_open:
        return None
    if not ranks:
        given.mistake(
            path, f"{path[-1]} gives the better trials more seeds, but this search ranks nothing (eval_metrics)."
        )
    return SeedRungs(seeds_by_rung(explicit or range(most), least, numbers["halving_coeff"]), numbers["halving_coeff"])

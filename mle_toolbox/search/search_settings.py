"""What ``param_search_args`` of an experiment file says, in either of its two forms.

Here it is put together: the keys come from ``given_keys.py``, each block has a reader of its own, and the
variables are read by ``variables.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mle_toolbox.errors import did_you_mean
from mle_toolbox.search.final_settings import FINAL, FinalSettings, read_final, seeds_of_the_final
from mle_toolbox.search.given_keys import GivenKeys
from mle_toolbox.search.mistakes import ROOT, Mistake, at, is_missing, must_be
from mle_toolbox.search.search_keys import SEARCH_TYPES, WITHOUT_LEARNING
from mle_toolbox.search.search_metrics import learned_first, read_metrics
from mle_toolbox.search.search_resources import DEFAULT_WINDOW, read_budget, read_schedule, read_seeds, read_window
from mle_toolbox.search.seed_rungs import SeedRungs
from mle_toolbox.search.step_settings import OVER_STEPS, StepSettings, read_step_settings
from mle_toolbox.search.strategy_settings import read_strategy_settings
from mle_toolbox.text import listed
from mle_toolbox.wording import JsonPath

__all__ = [
    "DEFAULT_SEARCH_SEED",
    "MAX_TRIALS",
    "SearchSettings",
    "read_search_settings",
    "too_many_trials",
    "untracked_metrics",
]

DEFAULT_SEARCH_SEED = 42
"""That of the original, whose generator was another one: the points differ."""

MAX_TRIALS = 100_000
"""Of one base configuration; every seed run is a job of Snakemake, which cannot plan more."""

_OTHER_NAMES = {"tpe": "smbo"}
_NOT_SUPPORTED = {
    "nevergrad": "its optimizers depend on the number of workers and on the whole budget, so a search could neither "
    "grow nor move to another machine. Use 'SMBO'"
}
_AGGREGATES = ("mean", "p10", "p25", "p50", "p75", "p90")
_PROBLEM_TYPES = ("final", "best", "mean")


@dataclass(frozen=True)
class SearchSettings:
    """A search, without its variables."""

    search_type: str
    """"grid", "random", "smbo", "coordinate", "halving", "hyperband" or "pbt"."""
    metrics: tuple[str, ...]
    """The metrics that are scored; the first one ranks the trials. Empty: nothing is ranked."""
    maximize: bool
    """Whether a trial is better when its score is higher; one flag for all metrics."""
    problem_type: str
    """How a curve becomes a score: "final", "best" or "mean"."""
    best_is_maximum: bool
    """Whether the "best" of a curve is its highest value; in the flat form always, whatever ``maximize`` says."""
    aggregate_seeds: str
    """"mean" or a percentile: "p10", "p25", "p50", "p75", "p90"."""
    budget: int
    """Trials of each base configuration; a space with fewer points has fewer."""
    batch_size: int
    """Only for the name that the original would have given to a trial."""
    schedule: str
    """"sync" or "async"; for the same name."""
    seed: int
    """Of the generator that draws the points of a random search."""
    seeds: tuple[int, ...]
    """Of the seed runs of every trial."""
    no_results_logging: bool
    """Nothing is scored or ranked."""
    flat: bool
    """Whether the section has the flat form."""
    params: Mapping[str, Any] = field(default_factory=dict)
    """The section of the variables, unchecked."""
    params_path: JsonPath = ()
    """Where that section is in ``param_search_args``."""
    budget_path: JsonPath = ()
    """Where the budget is."""
    seed_rungs: SeedRungs | None = None
    """Which trials run with more seeds than ``seeds``; None: none does."""
    notes: tuple[str, ...] = ()
    """What the user should know of these settings, although they are valid: sentences."""
    final: FinalSettings | None = None
    """How the winner is confirmed with fresh seeds; None: it is not."""
    window: int = DEFAULT_WINDOW
    """Of a search that learns: how many trials may be under way at a time, where the schedule is "async"."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the strategy."""

    type_path: JsonPath = ()
    """Where the file names the strategy."""

    @property
    def learns(self) -> bool:
        """Whether trials depend on the results of earlier ones."""
        return self.search_type not in WITHOUT_LEARNING

    def original_id(self, index: int) -> str:
        """Return the name, like ``b_1_eval_7``, that the original would have given to a base's trial ``index``."""
        if self.schedule == "async":
            return f"b_0_eval_{index}"
        batch, place = divmod(index, self.batch_size)
        return f"b_{batch + 1}_eval_{place}"


def read_search_settings(section: Any) -> tuple[SearchSettings | None, list[Mistake]]:
    """Read ``param_search_args``.

    Returns
    -------
    settings, mistakes
        The settings are None where there are mistakes. The variables are not read.
    """
    if not isinstance(section, Mapping) or not section:
        return None, [must_be((), "a section with keys", section)]
    given = GivenKeys(section)
    search_type = _search_type(given)
    problem_type = given.choice("problem_type", _PROBLEM_TYPES, "final")
    aggregate = given.choice("aggregate_seeds", _AGGREGATES, "mean")
    maximize = given.flag("max_objective", default=True)
    unscored = given.flag("no_results_logging")
    for without_meaning in ("reload_log", "verbose_log"):
        given.flag(without_meaning)
    if not isinstance(given.values.get("hyperlog_fname", ""), str):
        given.must_be("hyperlog_fname", "the name of a file")
    metrics = read_metrics(given, unscored=unscored)
    steps = _over_steps(given, search_type)
    schedule = read_schedule(given, search_type)
    if search_type in OVER_STEPS:
        budget = batch_size = 0 if steps is None else steps.budget
        options, budget_key = {} if steps is None else dict(steps.options), "search_config"
    else:
        budget, batch_size = read_budget(given, schedule)
        options = _strategy(given, search_type)
        budget_key = "num_total_evals" if "num_total_evals" in given.values else "num_search_batches"
    seeds, seed_rungs = read_seeds(given, search_type, ranks=metrics != () and not unscored)
    window = read_window(given, seeds)
    seed = given.whole_number("search_seed", 0, DEFAULT_SEARCH_SEED)
    final = _final(given, search_type, metrics, seeds if seed_rungs is None else seed_rungs.seeds[-1])
    params = _params(given)
    if search_type is not None and search_type not in WITHOUT_LEARNING:
        metrics = learned_first(given, search_type, metrics, options.pop("metric_to_model", None), unscored=unscored)
    if given.mistakes or search_type is None:
        return None, given.mistakes
    _remarks(given, metrics, maximize=maximize, problem_type=problem_type)
    settings = SearchSettings(
        search_type=search_type,
        metrics=() if unscored else metrics or (),
        maximize=maximize,
        problem_type=problem_type or "",
        best_is_maximum=given.flat or maximize,
        aggregate_seeds=aggregate or "",
        budget=budget,
        batch_size=batch_size,
        schedule=schedule or "",
        seed=seed or 0,
        seeds=seeds,
        no_results_logging=unscored,
        flat=given.flat,
        params=params,
        params_path=given.paths["search_params"],
        budget_path=given.paths[budget_key],
        window=window,
        options=options,
        type_path=(ROOT, *given.paths.get("search_type", ())),
        seed_rungs=seed_rungs,
        notes=tuple(given.notes),
        final=final,
    )
    return settings, []


def untracked_metrics(settings: SearchSettings, tracked: Iterable[str], configuration: str) -> Iterator[str]:
    """Yield a sentence for every metric of the search that a base configuration does not track."""
    tracked = list(tracked)
    for metric in settings.metrics:
        if metric not in tracked:
            lists = f"what_to_track of {configuration} lists {listed(map(repr, tracked)) or 'nothing'}"
            parts = [part.strip() for part in metric.split(",")]
            several = f" Write a list: [{', '.join(map(repr, parts))}]." if set(parts) <= set(tracked) else ""
            yield f"the metric {metric!r} is not tracked: {lists}.{several or did_you_mean(metric, tracked)}"


def too_many_trials(settings: SearchSettings, size: int | None) -> str | None:
    """Return a sentence if a space of so many points, or of any number, gives a base configuration too many trials."""
    # A large budget for a small grid means all of it.
    number = settings.budget if size is None else min(settings.budget, size)
    return f"{number:,} trials are too many: at most {MAX_TRIALS:,} are supported." if number > MAX_TRIALS else None


def _search_type(given: GivenKeys) -> str | None:
    value = given.values.get("search_type", "grid")
    name = value.lower() if isinstance(value, str) else ""
    name = _OTHER_NAMES.get(name, name)
    if name in SEARCH_TYPES:
        return name
    if name in _NOT_SUPPORTED:
        path = given.paths["search_type"]
        given.mistake(path, f"{at(path)} is {value!r}, which is not supported: {_NOT_SUPPORTED[name]}.")
    else:
        *first, last = map(repr, SEARCH_TYPES.values())
        advice = did_you_mean(value, SEARCH_TYPES.values()) if isinstance(value, str) else ""
        given.must_be("search_type", f"{', '.join(first)} or {last}", advice)
    return None


def _strategy(given: GivenKeys, search_type: str | None) -> dict[str, Any]:
    """Return the settings of a strategy that does not train over steps."""
    name = "smbo_config" if search_type == "smbo" and "search_config" not in given.values else "search_config"
    if search_type is None or name not in given.values:
        return {}
    settings, mistakes, notes = read_strategy_settings(search_type, given.values[name], given.paths[name])
    given.mistakes += mistakes
    given.notes += notes
    return settings


def _over_steps(given: GivenKeys, search_type: str | None) -> StepSettings | None:
    """Return the settings of a search over training steps; None where it is none, or has a mistake."""
    if search_type not in OVER_STEPS or search_type is None:
        return None
    if given.flat:
        said = f"{at(('search_type',))} is {given.values['search_type']!r}, which has its own settings"
        given.mistake(("search_type",), f"{said}. Use the form with three blocks.")
        return None
    generations, unused = None, ["num_total_evals", "num_evals_per_batch"]
    if search_type != "pbt":
        unused.append("num_search_batches")
    else:
        generations = given.whole_number("num_search_batches", 1)
        if "num_search_batches" not in given.values:
            missing = is_missing(("search_resources", "num_search_batches"), "how many generations there are")
            given.mistakes.append(missing)
    if named := [key for key in unused if key in given.values]:
        are = "are" if len(named) > 1 else "is"
        given.notes.append(f"{listed(named)} {are} not used: the number of trials follows from search_config.")
    path = given.paths.get("search_config", ("search_config", "search_config"))
    steps, mistakes = read_step_settings(search_type, given.values.get("search_config"), generations, path)
    given.mistakes += mistakes
    return steps


def _final(
    given: GivenKeys, search_type: str | None, metrics: tuple[str, ...] | None, seeds: tuple[int, ...]
) -> FinalSettings | None:
    final, mistakes = read_final(given.values.get(FINAL), search_type)
    given.mistakes += mistakes
    if final is None:
        return None
    # Where it is on by default, the search itself needs a metric, which is said elsewhere.
    if FINAL in given.values and (metrics == () or given.values.get("no_results_logging") is True):
        given.mistake((FINAL,), f"{FINAL} chooses a winner, but this search ranks nothing (eval_metrics).")
    if trouble := seeds_of_the_final(seeds):
        key = "random_seeds" if "random_seeds" in given.values else "num_seeds_per_eval"
        given.mistake(given.paths.get(key, ()), trouble)
    return final


def _params(given: GivenKeys) -> Mapping[str, Any]:
    path, params = given.paths["search_params"], given.values.get("search_params")
    if isinstance(params, Mapping) and params:
        return params
    if params is not None:
        given.must_be("search_params", "a section with categorical, real or integer variables")
    elif not any(not where or where[0] == path[0] for where, _ in given.mistakes):
        given.mistakes.append(is_missing(path, "the variables, below categorical, real and integer"))
    return {}


def _remarks(given: GivenKeys, metrics: tuple[str, ...] | None, *, maximize: bool, problem_type: str | None) -> None:
    if metrics and "max_objective" not in given.values:
        given.notes.append("max_objective is not given, so higher scores are better, as in the original.")
    if given.flat and not maximize and problem_type == "best":
        given.notes.append(
            "problem_type 'best' is the highest value of a curve in this older form, although lower scores are "
            "better; in the form with three blocks it is the lowest."
        )

"""What ``param_search_args`` of an experiment file says, in either of its two forms.

The form with the blocks ``search_logging``, ``search_resources`` and ``search_config`` (mle-toolbox 0.2.9 on), or the
flat one before it. What the variables are is read by ``space.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mle_toolbox.errors import did_you_mean, nearest
from mle_toolbox.text import listed
from mle_toolbox.wording import JsonPath, found, hint, location

__all__ = [
    "DEFAULT_SEARCH_SEED",
    "MAX_TRIALS",
    "Mistake",
    "SearchSettings",
    "read_search_settings",
    "untracked_metrics",
]

Mistake = tuple[JsonPath, str]
"""Where it is, as a path in ``param_search_args``, and a sentence."""

DEFAULT_SEARCH_SEED = 42
"""That of the original, whose generator was another one: the points differ."""

MAX_TRIALS = 100_000
"""Of one base configuration; every seed run is a job of Snakemake, which cannot plan more."""

_ROOT = "param_search_args"
_BLOCKS: Mapping[str, tuple[str, ...]] = {
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
        "max_running_jobs",
        "num_seeds_per_eval",
        "random_seeds",
    ),
    "search_config": ("search_type", "search_schedule", "search_params", "search_config", "search_seed"),
}
# The flat form has other names for some keys.
_FLAT: Mapping[str, str] = {
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
}
_REQUIRED_IN_FLAT = ("search_type", "num_search_batches", "num_iter_per_batch", "maximize_objective", "problem_type")
# Settings of strategies: with another search_type the original did not read them either.
_OF_OTHER_TYPES = ("smbo_config", "nevergrad_config")

_TYPES = ("grid", "random")
_NOT_YET = {
    "smbo": "SMBO",
    "nevergrad": "Nevergrad",
    "coordinate": "Coordinate",
    "halving": "Halving",
    "hyperband": "Hyperband",
    "pbt": "PBT",
}
_AGGREGATES = ("mean", "p10", "p25", "p50", "p75", "p90")
_PROBLEM_TYPES = ("final", "best", "mean")
_SEED_LIMIT = 2**32 - 1
# Under what other names people know the seed of the generator.
_NAMES_OF_THE_SEARCH_SEED = ("seed", "seed_id", "random_seed", "random_state")


@dataclass(frozen=True)
class SearchSettings:
    """A search, without its variables."""

    search_type: str
    """"grid" or "random"."""
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
    """Trials of each base configuration."""
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
    notes: tuple[str, ...] = ()
    """What the user should know of these settings, although they are valid: sentences."""

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
        The settings are None where a mistake leaves one of them open. The variables are not read.
    """
    reader = _Reader()
    settings = reader.settings(section)
    return (None if reader.mistakes else settings), reader.mistakes


def untracked_metrics(settings: SearchSettings, tracked: Iterable[str], configuration: str) -> Iterator[str]:
    """Yield a sentence for every metric of the search that a base configuration does not track."""
    tracked = list(tracked)
    for metric in settings.metrics:
        if metric not in tracked:
            lists = f"what_to_track of {configuration} lists {listed(map(repr, tracked)) or 'nothing'}"
            yield f"the metric {metric!r} is not tracked: {lists}.{did_you_mean(metric, tracked)}"


class _Reader:
    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []
        self.notes: list[str] = []
        self.paths: dict[str, JsonPath] = {}
        self.values: dict[str, Any] = {}
        self.flat = False

    def settings(self, section: Any) -> SearchSettings | None:
        if not isinstance(section, Mapping) or not section:
            self._wrong((), "a section with keys", section)
            return None
        self._collect(section)
        search_type = self._search_type()
        problem_type = self._choice("problem_type", _PROBLEM_TYPES, "final")
        aggregate = self._choice("aggregate_seeds", _AGGREGATES, "mean")
        maximize = self._flag("max_objective", default=True)
        unscored = self._flag("no_results_logging", default=False)
        for name in ("reload_log", "verbose_log"):
            self._flag(name, default=False)
        self._hyperlog_name()
        metrics = self._metrics()
        if metrics == () and not unscored:
            self._metrics_are_missing()
        schedule = self._choice("search_schedule", ("sync", "async"), "sync")
        budget, batch_size = self._budget(schedule)
        seeds = self._seeds()
        seed = self._whole_number("search_seed", 0, DEFAULT_SEARCH_SEED)
        self._strategy(search_type)
        params = self._params()
        known = (search_type, problem_type, aggregate, maximize, unscored, metrics, budget, seeds, seed, params)
        if any(each is None for each in known):
            return None
        self._remarks(metrics, maximize, problem_type)
        return SearchSettings(
            search_type=search_type or "",
            metrics=() if unscored else metrics or (),
            maximize=bool(maximize),
            problem_type=problem_type or "",
            best_is_maximum=self.flat or bool(maximize),
            aggregate_seeds=aggregate or "",
            budget=budget or 0,
            batch_size=batch_size or 1,
            schedule=schedule or "sync",
            seed=seed or 0,
            seeds=seeds or (),
            no_results_logging=bool(unscored),
            flat=self.flat,
            params=params or {},
            params_path=self.paths["search_params"],
            notes=tuple(self.notes),
        )

    # -- which keys there are

    def _collect(self, section: Mapping[str, Any]) -> None:
        blocks = [key for key in section if key in _BLOCKS]
        flat = [key for key in section if key in _FLAT or key in _OF_OTHER_TYPES]
        self.flat = bool(flat) and not blocks
        if blocks and flat:
            self._mix(section, blocks, flat)
        elif self.flat:
            self._collect_flat(section)
        else:
            self._collect_blocks(section)

    def _mix(self, section: Mapping[str, Any], blocks: list[str], flat: list[str]) -> None:
        self._collect_blocks({key: value for key, value in section.items() if key not in flat})
        for key in flat:
            name = _FLAT.get(key, key)
            home = next((block for block, keys in _BLOCKS.items() if name in keys), None)
            renamed = "" if name == key else f" as {name!r}"
            advice = f"Move it to {home}{renamed}." if home else "Remove it."
            both = f"{key!r} belongs to the older form of {_ROOT}, {blocks[0]!r} to the one with three blocks"
            self._mistake((key,), f"{both}. {advice}")

    def _collect_flat(self, section: Mapping[str, Any]) -> None:
        for key, value in section.items():
            if key in _OF_OTHER_TYPES:
                continue
            if key not in _FLAT:
                self._unknown((key,), key, _FLAT)
                continue
            name = _FLAT[key]
            if name in self.paths and value is not None:
                other = self.paths[name][-1]
                self._mistake((key,), f"{key!r} and {other!r} are two names of one key. Remove one of them.")
            elif value is not None:
                self.paths[name], self.values[name] = (key,), value
        for key in _REQUIRED_IN_FLAT:
            if _FLAT[key] not in self.values and not self._misspelt(section, key, _FLAT):
                self._mistake((), f"{location((_ROOT, key))} is missing.")
        self.paths.setdefault("search_params", ("params_to_search",))

    def _collect_blocks(self, section: Mapping[str, Any]) -> None:
        self.paths["search_params"] = ("search_config", "search_params")
        for block, content in section.items():
            home = next((name for name, keys in _BLOCKS.items() if block in keys), None)
            if block not in _BLOCKS and home is not None:
                self._mistake((block,), f"unknown key {block!r} in {_ROOT}. It belongs in {home}.")
            elif block not in _BLOCKS:
                self._unknown((block,), block, _BLOCKS)
            elif content is None:
                continue
            elif not isinstance(content, Mapping):
                self._wrong((block,), "a section with keys", content)
            else:
                self._collect_block(block, content)
        for block in ("search_resources", "search_config"):
            if not isinstance(section.get(block), Mapping) and not self._misspelt(section, block, _BLOCKS):
                what = "how many trials with how many seeds" if block == "search_resources" else "what is searched"
                if section.get(block) is None:
                    self._mistake((), f"{location((_ROOT, block))} is missing: {what}.")

    def _collect_block(self, block: str, content: Mapping[str, Any]) -> None:
        for key, value in content.items():
            if block == "search_config" and key in _OF_OTHER_TYPES:
                continue
            if key in _BLOCKS[block]:
                if value is not None:
                    self.paths[key], self.values[key] = (block, key), value
                continue
            home = next((other for other, keys in _BLOCKS.items() if key in keys), None)
            if home is not None:
                where = f"unknown key {key!r} in {_ROOT}.{block}. It belongs in {home}."
                self._mistake((block, key), where)
                self.paths.setdefault(key, (block, key))
            else:
                self._unknown((block, key), key, _BLOCKS[block])

    def _misspelt(self, section: Mapping[str, Any], key: str, known: Iterable[str]) -> bool:
        """Whether a key was meant that has been reported as unknown."""
        return nearest(key, [other for other in section if other not in known]) is not None

    # -- single keys

    def _search_type(self) -> str | None:
        value = self.values.get("search_type", "Grid")
        if isinstance(value, str) and value.lower() in _TYPES:
            return value.lower()
        here = self.paths["search_type"]
        if isinstance(value, str) and value.lower() in _NOT_YET:
            said = f"{location((_ROOT, *here))} is {value!r}: this strategy of the original is not supported yet"
            self._mistake(here, f"{said}. Use 'Grid' or 'Random'.")
        else:
            self._wrong(here, "'Grid' or 'Random'", value, ["Grid", "Random", *_NOT_YET.values()])
        return None

    def _choice(self, name: str, choices: tuple[str, ...], default: str) -> str | None:
        value = self.values.get(name, default)
        if value in choices:
            return str(value)
        self._wrong(self.paths[name], f"one of {', '.join(map(repr, choices))}", value, choices)
        return None

    def _flag(self, name: str, *, default: bool) -> bool | None:
        value = self.values.get(name, default)
        if isinstance(value, bool):
            return value
        words = ("true", "false", "yes", "no", "on", "off")
        if isinstance(value, str) and value.lower() in words:
            here = location((_ROOT, *self.paths[name]))
            way_out = f"Write {'true' if words.index(value.lower()) % 2 == 0 else 'false'} without quotes"
            self._mistake(self.paths[name], f"{here} must be true or false, found {found(value)}. {way_out}.")
        else:
            self._wrong(self.paths[name], "true or false", value)
        return None

    def _whole_number(self, name: str, least: int, default: int | None = None) -> int | None:
        value = self.values.get(name, default)
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        if value is not None:
            self._wrong(self.paths[name], f"a whole number of at least {least}", value)
        return None

    def _hyperlog_name(self) -> None:
        name = self.values.get("hyperlog_fname")
        if name is not None and not isinstance(name, str):
            self._wrong(self.paths["hyperlog_fname"], "the name of a file", name)

    def _metrics(self) -> tuple[str, ...] | None:
        given, path = self.values.get("eval_metrics", []), self.paths.get("eval_metrics", ())
        names = [given] if isinstance(given, str) else given
        # The original's default of the newer form is the empty list; in the older form the key is required.
        empty = self.flat and not names and "eval_metrics" in self.values
        if not isinstance(names, list | tuple) or empty:
            self._wrong(path, "a metric or a list of metrics", given)
            return None
        before = len(self.mistakes)
        for index, name in enumerate(names):
            here = (*path, index) if names is given else path
            if not isinstance(name, str) or not name:
                self._wrong(here, "the name of a metric", name)
            elif name in names[:index]:
                self._mistake(here, f"{location((_ROOT, *path))} contains {name!r} more than once.")
        return tuple(names) if len(self.mistakes) == before else None

    def _metrics_are_missing(self) -> None:
        if self.flat:
            if not any("eval_metrics" in sentence for _, sentence in self.mistakes):
                self._mistake((), f"{location((_ROOT, 'eval_metrics'))} is missing: the metrics that rank the trials.")
        else:
            self.notes.append("Without eval_metrics in search_logging no trial is scored, and nothing is ranked.")

    def _budget(self, schedule: str | None) -> tuple[int | None, int | None]:
        batches = self._whole_number("num_search_batches", 1)
        per_batch = self._whole_number("num_evals_per_batch", 1)
        total = self._whole_number("num_total_evals", 1)
        self._whole_number("max_running_jobs", 1)
        invalid = any(
            name in self.values and number is None
            for name, number in (
                ("num_search_batches", batches),
                ("num_evals_per_batch", per_batch),
                ("num_total_evals", total),
            )
        )
        if invalid:
            return None, None
        product = batches * per_batch if batches is not None and per_batch is not None else None
        if total is None and product is None:
            self._budget_is_missing(schedule, batches, per_batch)
            return None, None
        if total is not None and product is not None and total != product:
            other = f"num_search_batches x num_evals_per_batch is {product}"
            advice = "Make them agree, or remove num_total_evals."
            self._mistake(self.paths["num_total_evals"], f"num_total_evals is {total}, but {other}. {advice}")
            return None, None
        budget = total if total is not None else product
        if budget is not None and budget > MAX_TRIALS:
            key = self.paths["num_total_evals" if total is not None else "num_search_batches"]
            self._mistake(key, f"{budget:,} trials are too many: at most {MAX_TRIALS:,} are supported.")
            return None, None
        return budget, per_batch if per_batch is not None else budget

    def _budget_is_missing(self, schedule: str | None, batches: int | None, per_batch: int | None) -> None:
        resources: JsonPath = ("search_resources",)
        # In the flat form, and where the block or one of its keys is wrong, that has been reported.
        if self.flat or any(path[:1] == resources or "'search_resources'" in said for path, said in self.mistakes):
            return
        if schedule == "async" and batches is per_batch is None:
            self._mistake(resources, f"{location((_ROOT, *resources, 'num_total_evals'))} is missing: how many trials.")
            return
        numbers = {"num_search_batches": batches, "num_evals_per_batch": per_batch}
        missing = listed(repr(name) for name, number in numbers.items() if number is None)
        verb = "are" if batches is per_batch is None else "is"
        product = "The number of trials is num_search_batches x num_evals_per_batch."
        self._mistake(resources, f"{missing} in {'.'.join((_ROOT, *map(str, resources)))} {verb} missing. {product}")

    def _seeds(self) -> tuple[int, ...] | None:
        number = self._whole_number("num_seeds_per_eval", 1, 1)
        explicit = self.values.get("random_seeds")
        if explicit is None:
            return tuple(range(number)) if number is not None else None
        path = self.paths["random_seeds"]
        expected = f"a list of whole numbers from 0 to {_SEED_LIMIT}"
        if not isinstance(explicit, list | tuple) or not explicit:
            self._wrong(path, expected, explicit)
            return None
        before = len(self.mistakes)
        for index, seed in enumerate(explicit):
            if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed <= _SEED_LIMIT:
                self._wrong((*path, index), f"a whole number from 0 to {_SEED_LIMIT}", seed)
            elif seed in explicit[:index]:
                self._mistake((*path, index), f"{location((_ROOT, *path))} contains {seed!r} more than once.")
        given = "num_seeds_per_eval" in self.values
        if given and number is not None and number != len(explicit):
            key = self.paths["num_seeds_per_eval"][-1]
            said = f"{key} is {number}, but random_seeds lists {len(explicit)}"
            self.notes.append(f"{said}: the list applies, as in the original.")
        return tuple(explicit) if len(self.mistakes) == before else None

    def _strategy(self, search_type: str | None) -> None:
        """Check the settings of the strategy: grid has none, and those of random change its results."""
        settings = self.values.get("search_config")
        if settings is None or search_type is None:
            return
        path = self.paths["search_config"]
        if not isinstance(settings, Mapping):
            self._wrong(path, "a section with keys", settings)
            return
        for key, value in settings.items():
            here = f"{key!r} in {'.'.join(map(str, (_ROOT, *path)))}"
            if key in ("refine_after", "refine_top_k"):
                if value is None or search_type == "grid":
                    continue
                what = "shrinking the space around the best trials is not supported yet. Remove it"
                self._mistake((*path, key), f"{here}: {what}; every point is drawn from the whole space.")
            elif key in _NAMES_OF_THE_SEARCH_SEED:
                self._mistake((*path, key), f"unknown key {here}. The seed of the search is search_seed, one level up.")
            else:
                kind = "A grid search has no settings of its own" if search_type == "grid" else "It has no such setting"
                self._mistake((*path, key), f"unknown key {here}. {kind}; remove it.")

    def _params(self) -> Mapping[str, Any] | None:
        path = self.paths["search_params"]
        params = self.values.get("search_params")
        if isinstance(params, Mapping) and params:
            return params
        if "search_params" in self.values:
            self._wrong(path, "a section with categorical, real or integer variables", params)
        elif not any(not at or at[0] == path[0] for at, _ in self.mistakes):
            what = "the variables, below categorical, real and integer"
            self._mistake(path[:-1], f"{location((_ROOT, *path))} is missing: {what}.")
        return None

    def _remarks(self, metrics: tuple[str, ...] | None, maximize: bool | None, problem_type: str | None) -> None:
        if metrics and "max_objective" not in self.values:
            self.notes.append("max_objective is not given, so higher scores are better, as in the original.")
        if self.flat and not maximize and problem_type == "best":
            self.notes.append(
                "problem_type 'best' is the highest value of a curve in this older form, although lower scores are "
                "better; in the form with three blocks it is the lowest."
            )

    # -- sentences

    def _mistake(self, path: JsonPath, sentence: str) -> None:
        self.mistakes.append((path, sentence))

    def _wrong(self, path: JsonPath, expected: str, value: Any, choices: Iterable[str] = ()) -> None:
        suggestion = did_you_mean(value, choices) if isinstance(value, str) else ""
        if value == "median" and "p50" in choices:
            suggestion = " The median is 'p50'."
        advice = suggestion or hint(value, {"type": "integer"} if "whole number" in expected else {})
        self._mistake(path, f"{location((_ROOT, *path))} must be {expected}, found {found(value)}.{advice}")

    def _unknown(self, path: JsonPath, key: str, known: Iterable[str]) -> None:
        known = list(known)
        where = ".".join((_ROOT, *map(str, path[:-1])))
        advice = did_you_mean(key, known) or f" Valid names are {listed(map(repr, known), None)}."
        if key in _NAMES_OF_THE_SEARCH_SEED and "search_seed" in known:
            advice = " Did you mean 'search_seed'?"
        self._mistake(path, f"unknown key {key!r} in {where}.{advice}")

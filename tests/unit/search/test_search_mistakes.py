"""Every mistake in ``param_search_args``, with its place and its exact sentence."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mle_toolbox.search.search_keys import SECTION_KEYS
from mle_toolbox.search.search_settings import SearchSettings, read_search_settings, untracked_metrics
from mle_toolbox.search.space import in_another_section, missing_names
from mle_toolbox.search.variables import read_space

BASE = {
    "train_config": {"lrate": 0.1, "batch_size": 32, "es_config": {"sigma_init": 0.1, "elite": 0.5}, "bias": True},
    "model_config": {"units": 8},
    "log_config": {"time_to_track": ["epoch"], "what_to_track": ["loss", "accuracy"]},
}
BLOCKS = {
    "search_logging": {"max_objective": False, "eval_metrics": ["loss"], "problem_type": "best"},
    "search_resources": {"num_search_batches": 1, "num_evals_per_batch": 4, "num_seeds_per_eval": 2},
    "search_config": {
        "search_type": "Grid",
        "search_schedule": "sync",
        "search_params": {"categorical": {"lrate": [0.1, 0.2]}},
    },
}
FLAT = {
    "search_type": "grid",
    "params_to_search": {"categorical": {"lrate": [0.1, 0.2]}},
    "num_search_batches": 2,
    "num_iter_per_batch": 3,
    "num_evals_per_iter": 2,
    "eval_metrics": "loss",
    "maximize_objective": True,
    "problem_type": "final",
    "hyperlog_fname": "hyper_log.pkl",
    "reload_log": False,
    "verbose_logging": True,
}
LEFT_OUT = object()
SMBO_SPACE = {"search_config.search_params": {"real": {"lrate": {"begin": 0.1, "end": 0.2}}}}
IN_LOGGING = "param_search_args.search_logging"
IN_RESOURCES = "param_search_args.search_resources"
IN_CONFIG = "param_search_args.search_config"
EITHER = "'Grid', 'Random', 'SMBO', 'Coordinate', 'Halving', 'Hyperband' or 'PBT'"
IF_NOT = "If not, add it to the base configuration."


def changed(section: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return the section with the values at dotted paths replaced, or left out."""
    section = copy.deepcopy(section)
    for path, value in changes.items():
        *blocks, key = path.split(".")
        inner = section
        for block in blocks:
            inner = inner[block]
        if value is LEFT_OUT:
            del inner[key]
        else:
            inner[key] = value
    return section


def settings_of(section: Any) -> SearchSettings:
    settings, mistakes = read_search_settings(section)
    assert mistakes == []
    assert settings is not None
    return settings


def mistakes_in(section: Any, base: dict[str, Any] = BASE) -> Iterator[tuple[str, str]]:
    """Yield every mistake: the last part of its path, and its sentence."""
    settings, mistakes = read_search_settings(section)
    if settings is not None:
        mistakes = mistakes + read_space(settings, base)[1]
    for path, sentence in mistakes:
        yield ".".join(map(str, path)), sentence


WRONG_BLOCKS: list[tuple[dict[str, Any], str, str]] = [
    (
        {"search_config.search_type": "Nevergrad"},
        "search_config.search_type",
        f"'search_type' in {IN_CONFIG} is 'Nevergrad', which is not supported: its optimizers depend on the number of "
        "workers and on the whole budget, so a search could neither grow nor move to another machine. Use 'SMBO'.",
    ),
    (
        {"search_config.search_type": "tpe", "search_logging.eval_metrics": ["loss", "accuracy"], **SMBO_SPACE},
        "search_logging.eval_metrics",
        "search_type 'SMBO' learns from one metric, and eval_metrics lists 2. List one of them, or name it in "
        "metric_to_model of search_config.",
    ),
    (
        {
            "search_config.search_type": "SMBO",
            "search_logging.eval_metrics": ["loss", "accuracy"],
            "search_config.search_config": {"metric_to_model": "los"},
            **SMBO_SPACE,
        },
        "search_logging.eval_metrics",
        "search_type 'SMBO' learns from one metric, and eval_metrics lists 2. metric_to_model, 'los', is none of them. "
        "Did you mean 'loss'?",
    ),
    (
        {"search_config.search_type": "SMBO", "search_logging.eval_metrics": LEFT_OUT, **SMBO_SPACE},
        "search_logging",
        f"'eval_metrics' in {IN_LOGGING} is missing: search_type 'SMBO' learns from a metric.",
    ),
    (
        {"search_config.search_type": "SMBO", "search_logging.no_results_logging": True, **SMBO_SPACE},
        "search_logging.no_results_logging",
        "search_type 'SMBO' learns from results. Remove no_results_logging.",
    ),
    (
        {"search_config.search_type": "SMBO", "search_resources": {"num_total_evals": 9}, **SMBO_SPACE},
        "search_config.search_schedule",
        f"'search_schedule' in {IN_CONFIG} is 'sync', but there are no batches. Give num_search_batches and "
        "num_evals_per_batch, or write 'async'.",
    ),
    (
        {"search_config.search_type": "SMBO", "search_config.search_config": {"n_initial_pionts": 3}, **SMBO_SPACE},
        "search_config.search_config.n_initial_pionts",
        f"unknown key 'n_initial_pionts' in {IN_CONFIG}.search_config. Did you mean 'n_initial_points'?",
    ),
    (
        {"search_config.search_type": "SMBO", "search_config.search_config": {"n_initial_points": 0}, **SMBO_SPACE},
        "search_config.search_config.n_initial_points",
        f"'n_initial_points' in {IN_CONFIG}.search_config must be a whole number of at least 1, found 0.",
    ),
    (
        {"search_config.search_type": "SMBO", "search_resources.max_running_evals": 0, **SMBO_SPACE},
        "search_resources.max_running_evals",
        f"'max_running_evals' in {IN_RESOURCES} must be a whole number of at least 1, found 0.",
    ),
    (
        {"search_config.search_type": "Coordinate", "search_config.search_config": {"order": ["lrat"]}},
        "search_config.search_config.order",
        f"'order' in {IN_CONFIG}.search_config must list every variable once: 'lrate'.",
    ),
    (
        {"search_config.search_type": "Coordinate", "search_config.search_config": {"defaults": {"lrat": 0.1}}},
        "search_config.search_config.defaults.lrat",
        f"unknown variable 'lrat' in {IN_CONFIG}.search_config.defaults. Did you mean 'lrate'?",
    ),
    (
        {"search_config.search_type": "Gird"},
        "search_config.search_type",
        f"'search_type' in {IN_CONFIG} must be {EITHER}, found the text 'Gird'. Did you mean 'Grid'?",
    ),
    (
        {"search_config.search_schedule": "asink"},
        "search_config.search_schedule",
        f"'search_schedule' in {IN_CONFIG} must be one of 'sync', 'async', found the text 'asink'. "
        "Did you mean 'async'?",
    ),
    (
        {"search_config.search_params": LEFT_OUT},
        "search_config",
        f"'search_params' in {IN_CONFIG} is missing: the variables, below categorical, real and integer.",
    ),
    (
        {"search_config.search_config": {"refine_after": 5}, "search_config.search_type": "Random"},
        "search_config.search_config.refine_after",
        f"'refine_after' in {IN_CONFIG}.search_config: shrinking the space around the best trials is not supported "
        "yet. Remove it; every point is drawn from the whole space.",
    ),
    (
        {"search_config.seed": 5},
        "search_config.seed",
        f"unknown key 'seed' in {IN_CONFIG}. Did you mean 'search_seed'?",
    ),
    (
        {"search_config.search_seed": "five"},
        "search_config.search_seed",
        f"'search_seed' in {IN_CONFIG} must be a whole number of at least 0, found the text 'five'.",
    ),
    (
        {"search_resources.num_search_batches": LEFT_OUT},
        "search_resources",
        f"'num_search_batches' in {IN_RESOURCES} is missing. "
        "The number of trials is num_search_batches x num_evals_per_batch.",
    ),
    (
        {"search_config.search_schedule": "async", "search_resources": {"max_running_jobs": 4}},
        "search_resources",
        f"'num_total_evals' in {IN_RESOURCES} is missing: how many trials.",
    ),
    (
        {"search_resources.num_evals_per_batch": 0},
        "search_resources.num_evals_per_batch",
        f"'num_evals_per_batch' in {IN_RESOURCES} must be a whole number of at least 1, found 0.",
    ),
    (
        {"search_resources.num_evals_per_batch": "10"},
        "search_resources.num_evals_per_batch",
        f"'num_evals_per_batch' in {IN_RESOURCES} must be a whole number of at least 1, found the text '10'. "
        "Write 10 without quotes.",
    ),
    (
        {"search_resources.num_total_evals": 5},
        "search_resources.num_total_evals",
        "num_total_evals is 5, but num_search_batches x num_evals_per_batch is 4. "
        "Make them agree, or remove num_total_evals.",
    ),
    (
        {"search_resources.random_seeds": [4, 4]},
        "search_resources.random_seeds.1",
        f"'random_seeds' in {IN_RESOURCES} contains 4 more than once.",
    ),
    (
        {"search_resources.random_seeds": [0, -1]},
        "search_resources.random_seeds.1",
        f"entry 2 of 'random_seeds' in {IN_RESOURCES} must be a whole number from 0 to 4294967295, found -1.",
    ),
    (
        {"search_logging.aggregate_seeds": "median"},
        "search_logging.aggregate_seeds",
        f"'aggregate_seeds' in {IN_LOGGING} must be one of 'mean', 'p10', 'p25', 'p50', 'p75', 'p90', "
        "found the text 'median'. The median is 'p50'.",
    ),
    (
        {"search_logging.problem_type": "finall"},
        "search_logging.problem_type",
        f"'problem_type' in {IN_LOGGING} must be one of 'final', 'best', 'mean', found the text 'finall'. "
        "Did you mean 'final'?",
    ),
    (
        {"search_logging.max_objective": "True"},
        "search_logging.max_objective",
        f"'max_objective' in {IN_LOGGING} must be true or false, found the text 'True'. Write true without quotes.",
    ),
    (
        {"search_logging.eval_metrics": ["loss", "loss"]},
        "search_logging.eval_metrics.1",
        f"'eval_metrics' in {IN_LOGGING} contains 'loss' more than once.",
    ),
    (
        {"search_logging.eval_metric": "loss"},
        "search_logging.eval_metric",
        f"unknown key 'eval_metric' in {IN_LOGGING}. Did you mean 'eval_metrics'?",
    ),
    (
        {"search_resources.eval_metrics": "loss"},
        "search_resources.eval_metrics",
        f"unknown key 'eval_metrics' in {IN_RESOURCES}. It belongs in search_logging.",
    ),
    (
        {"search_loging": {}},
        "search_loging",
        "unknown key 'search_loging' in param_search_args. Did you mean 'search_logging'?",
    ),
    (
        {"search_resources": LEFT_OUT},
        "",
        "'search_resources' in param_search_args is missing: how many trials with how many seeds.",
    ),
    ({"search_config": LEFT_OUT}, "", "'search_config' in param_search_args is missing: what is searched."),
    (
        {"search_logging": True},
        "search_logging",
        "'search_logging' in param_search_args must be a section with keys, found true.",
    ),
    (
        {"num_iter_per_batch": 5},
        "num_iter_per_batch",
        "'num_iter_per_batch' belongs to the older form of param_search_args, 'search_logging' to the one with three "
        "blocks. Move it to search_resources as 'num_evals_per_batch'.",
    ),
]


@pytest.mark.parametrize(("changes", "where", "sentence"), WRONG_BLOCKS)
def test_a_mistake_in_the_form_with_three_blocks_is_one_sentence(
    changes: dict[str, Any], where: str, sentence: str
) -> None:
    assert list(mistakes_in(changed(BLOCKS, changes))) == [(where, sentence)]


def test_the_number_of_trials_at_a_time_is_checked_whatever_else_is_wrong() -> None:
    wrong = {"search_resources.max_running_evals": 0, "search_logging.problem_type": "finall"}

    assert len(list(mistakes_in(changed(BLOCKS, wrong)))) == 2


WRONG_FLAT: list[tuple[dict[str, Any], str, str]] = [
    ({"maximize_objective": LEFT_OUT}, "", "'maximize_objective' in param_search_args is missing."),
    (
        {"eval_metrics": LEFT_OUT},
        "",
        "'eval_metrics' in param_search_args is missing: the metrics that rank the trials.",
    ),
    (
        {"eval_score_type": "loss"},
        "eval_score_type",
        "'eval_score_type' and 'eval_metrics' are two names of one key. Remove one of them.",
    ),
    (
        {"num_evals_per_iter": LEFT_OUT, "num_eval_per_iter": 3},
        "num_eval_per_iter",
        "unknown key 'num_eval_per_iter' in param_search_args. Did you mean 'num_evals_per_iter'?",
    ),
    (
        {"search_type": "hyperband"},
        "search_type",
        "'search_type' in param_search_args is 'hyperband', which has its own settings. Use the form with three "
        "blocks.",
    ),
    (
        {"params_to_search": {"categoric": {"lrate": [1]}}},
        "params_to_search.categoric",
        "unknown kind 'categoric' in param_search_args.params_to_search. Did you mean 'categorical'?",
    ),
]


@pytest.mark.parametrize(("changes", "where", "sentence"), WRONG_FLAT)
def test_a_mistake_in_the_flat_form_is_one_sentence(changes: dict[str, Any], where: str, sentence: str) -> None:
    assert list(mistakes_in(changed(FLAT, changes))) == [(where, sentence)]


@pytest.mark.parametrize("section", [None, {}, [1], "grid"])
def test_a_section_that_is_none_is_refused(section: Any) -> None:
    (mistake,) = mistakes_in(section)

    assert mistake[1].startswith("'param_search_args' must be a section with keys, found ")


NAMES: list[tuple[dict[str, Any], str, str]] = [
    (
        {"categorical": {"es_config.elite": [1]}},
        "categorical.es_config.elite",
        "'es_config.elite' is not in the base configuration. Did you mean 'es_config/elite'?",
    ),
    (
        {"categorical": {"lrate": "0.1, 1e-2"}},
        "categorical.lrate",
        "'lrate' has one choice, the text '0.1, 1e-2'. Write a list: [0.1, 1e-2].",
    ),
    (
        {"categorical": {"lrate": ["np.logspace(-5, -1, 5)"]}},
        "categorical.lrate.0",
        "'lrate' has the choice 'np.logspace(-5, -1, 5)', which is text: nothing is computed. List the values, or give "
        "begin, end and bins in real or integer.",
    ),
    (
        {"categorical": {"lrat": [1]}},
        "categorical.lrat",
        f"'lrat' is not in train_config. Did you mean 'lrate'? {IF_NOT}",
    ),
    (
        {"categorical": {"es_config/sigma_int": [1]}},
        "categorical.es_config/sigma_int",
        f"'es_config/sigma_int' is not in train_config. Did you mean 'es_config/sigma_init'? {IF_NOT}",
    ),
    (
        {"categorical": {"es_confg/elite": [1]}},
        "categorical.es_confg/elite",
        f"'es_confg/elite' is not in train_config. Did you mean 'es_config/elite'? {IF_NOT}",
    ),
    (
        {"categorical": {"model:unit": [1]}},
        "categorical.model:unit",
        f"'model:unit' is not in model_config. Did you mean 'model:units'? {IF_NOT}",
    ),
    (
        {"categorical": {"modle:units": [1]}},
        "categorical.modle:units",
        "'modle:units' has an unknown prefix, 'modle'. Did you mean 'model:units'?",
    ),
    (
        {"categorical": {"log:what_to_track": [1]}},
        "categorical.log:what_to_track",
        "'log:what_to_track': log_config cannot be searched, only train_config and model_config.",
    ),
    (
        {"categorical": {"log_config/what_to_track": [1]}},
        "categorical.log_config/what_to_track",
        "'log_config/what_to_track': log_config cannot be searched, only train_config and model_config.",
    ),
    (
        {"categorical": {"model_config/units": [1]}},
        "categorical.model_config/units",
        "'model_config/units' would be a key in train_config. Write 'model:units'.",
    ),
    (
        {"categorical": {"seed_id": [1, 2]}},
        "categorical.seed_id",
        "'seed_id' cannot be searched: the seed is that of the seed run. Use num_seeds_per_eval.",
    ),
    (
        {"categorical": {"lrate": [1], "train:lrate": [2]}},
        "categorical.train:lrate",
        "'train:lrate' and 'lrate' are the same key of the configuration. Remove one of them.",
    ),
    (
        {"categorical": {"es_config/elite": [1], "es_config": [{"elite": 2}]}},
        "categorical.es_config",
        "'es_config/elite' is a part of 'es_config', so both would set it. Remove one of them.",
    ),
    (
        {"categorical": {"lrate": [1]}, "real": {"lrate": {"begin": 0, "end": 1, "bins": 2}}},
        "real.lrate",
        "'lrate' stands in categorical and in real. Remove one of them.",
    ),
    (
        {"categorical": {"es_config": ["small", "large"]}},
        "categorical.es_config",
        "'es_config' is a section of the base configuration. Name a key in it, like 'es_config/sigma_init'.",
    ),
    (
        {"categorical": {"lrate/decay": [1]}},
        "categorical.lrate/decay",
        "'lrate/decay': 'lrate' is 0.1 in the base configuration, so it has no 'decay'.",
    ),
    ({"categorical": {"a//b": [1]}}, "categorical.a//b", "'a//b' is not the name of a key in a configuration."),
]
VALUES: list[tuple[dict[str, Any], str, str]] = [
    (
        {"categorical": {"lrate": []}},
        "categorical.lrate",
        "'lrate' has no choices, found an empty list. Give a list of its values.",
    ),
    (
        {"categorical": {"lrate": None}},
        "categorical.lrate",
        "'lrate' has no choices, found no value (null). Give a list of its values.",
    ),
    (
        {"categorical": {"lrate": [0.1, "5 e-4"]}},
        "categorical.lrate.1",
        "'lrate' is a number, and its choice '5 e-4' is text. Write 0.0005 without quotes.",
    ),
    (
        {"categorical": {"bias": ["true", False]}},
        "categorical.bias.0",
        "'bias' is true or false, and its choice 'true' is text. Write true without quotes.",
    ),
    (
        {"categorical": {"lrate": [0.1, float("inf")]}},
        "categorical.lrate.1",
        "'lrate' has the choice inf, which JSON cannot express. Use finite values.",
    ),
    (
        {"categorical": {"lrate": {"begin": 0, "end": 1, "bins": 2}}},
        "categorical.lrate",
        "'lrate' has a begin and is in categorical. Move it to real or integer.",
    ),
    (
        {"categorical": {"es_config": {"elite": [0.1, 0.2]}}},
        "categorical.es_config",
        "'es_config' must have a list of choices, found a section with keys. A nested key is named 'es_config/elite'.",
    ),
    (
        {"real": {"lrate": [0.1, 0.2]}},
        "real.lrate",
        "'lrate' must have begin, end and bins, found a list. A list of values belongs in categorical.",
    ),
    (
        {"real": {"lrate": {"begin": 0.2, "end": 0.1, "bins": 3}}},
        "real.lrate.begin",
        "'begin' of 'lrate' is 0.2, greater than its 'end', 0.1.",
    ),
    (
        {"real": {"lrate": {"begin": 0.1, "end": 0.2}}},
        "real.lrate.bins",
        "'bins' of 'lrate' is missing: how many values the grid has between begin and end, both included.",
    ),
    (
        {"real": {"lrate": {"begin": 0.1, "end": 0.2, "bins": None}}},
        "real.lrate.bins",
        "'bins' of 'lrate' is missing: how many values the grid has between begin and end, both included.",
    ),
    (
        {"real": {"lrate": {"begin": 0.1, "end": 0.2, "bin": 3}}},
        "real.lrate.bin",
        "unknown key 'bin' of 'lrate'. Did you mean 'bins'?",
    ),
    (
        {"real": {"lrate": {"begin": 0.1, "end": 0.2, "bins": 3, "prior": "log-uniform"}}},
        "real.lrate.prior",
        "'prior' of 'lrate': the bins of a grid are evenly spaced. List the values in categorical, or use search_type "
        "'Random'.",
    ),
    (
        {"real": {"lrate": {"begin": "low", "end": 0.2, "bins": 3}}},
        "real.lrate.begin",
        "'begin' of 'lrate' must be a number, found the text 'low'.",
    ),
    (
        {"real": {"lrate": {"begin": "5 e-4", "end": 0.2, "bins": 3}}},
        "real.lrate.begin",
        "'begin' of 'lrate' must be a number, found the text '5 e-4'. Write 0.0005 without quotes.",
    ),
    (
        {"real": {"lrate": {"end": 0.2, "bins": 3}}},
        "real.lrate.begin",
        "'begin' of 'lrate' is missing: it must have begin, end and bins.",
    ),
    (
        {"real": {"lrate": {"begin": -1e308, "end": 1e308, "bins": 3}}},
        "real.lrate.end",
        "'lrate' has too wide a range, from -1e+308 to 1e+308.",
    ),
    (
        {"integer": {"batch_size": {"begin": 1.5, "end": 3, "bins": 2}}},
        "integer.batch_size.begin",
        "'begin' of 'batch_size' must be a whole number, found 1.5.",
    ),
    (
        {"integer": {"batch_size": {"begin": 1, "end": 3, "bins": 0}}},
        "integer.batch_size.bins",
        "'bins' of 'batch_size' must be a whole number of at least 1, found 0.",
    ),
    (
        {"integer": {"batch_size": {"begin": 1, "end": 3, "bins": 200_000}}},
        "integer.batch_size.bins",
        "'batch_size' has 200,000 values; at most 100,000 are supported.",
    ),
    (
        {"integer": {"batch_size": {"begin": 1, "end": 9, "bins": 2, "spacing": 2}}},
        "integer.batch_size.spacing",
        "'batch_size' has bins and spacing. Remove one of them.",
    ),
    (
        {"integer": {"batch_size": {"begin": 4, "end": 4, "spacing": 2}}},
        "integer.batch_size.spacing",
        "'batch_size' has no values: with spacing the end, 4, is left out. Use bins.",
    ),
    ({"reals": {}}, "reals", f"unknown kind 'reals' in {IN_CONFIG}.search_params. Did you mean 'real'?"),
    (
        {"categorical": [1]},
        "categorical",
        f"'categorical' in {IN_CONFIG}.search_params must be a section with one key for each variable, found a list.",
    ),
    ({"categorical": None}, "", "no variable is listed. Name them below categorical, real or integer."),
]


@pytest.mark.parametrize(("params", "where", "sentence"), NAMES + VALUES)
def test_a_mistake_in_a_variable_is_one_sentence(params: dict[str, Any], where: str, sentence: str) -> None:
    found = list(mistakes_in(changed(BLOCKS, {"search_config.search_params": params})))

    assert found == [(".".join(filter(None, ("search_config.search_params", where))), sentence)]


RANDOM_VALUES: list[tuple[dict[str, Any], str, str]] = [
    (
        {"real": {"lrate": {"begin": 0.1, "end": 0.2, "prior": "loguniform"}}},
        "real.lrate.prior",
        "'prior' of 'lrate' must be 'uniform' or 'log-uniform', found the text 'loguniform'. "
        "Did you mean 'log-uniform'?",
    ),
    (
        {"real": {"lrate": {"begin": 0, "end": 0.2, "prior": "log-uniform"}}},
        "real.lrate.begin",
        "'begin' of 'lrate' must be greater than 0 for the prior 'log-uniform', found 0.0.",
    ),
    (
        {"integer": {"batch_size": {"begin": 1, "end": 9, "spacing": 2}}},
        "integer.batch_size.spacing",
        "'spacing' of 'batch_size' applies to a grid search only. Remove it.",
    ),
]


@pytest.mark.parametrize(("params", "where", "sentence"), RANDOM_VALUES)
def test_a_mistake_in_a_variable_of_a_random_search_is_one_sentence(
    params: dict[str, Any], where: str, sentence: str
) -> None:
    section = changed(BLOCKS, {"search_config.search_params": params, "search_config.search_type": "Random"})

    assert list(mistakes_in(section)) == [(f"search_config.search_params.{where}", sentence)]


def test_a_metric_that_is_not_tracked_gets_the_nearest_one() -> None:
    settings = settings_of(changed(BLOCKS, {"search_logging.eval_metrics": ["los", "accuracy"]}))

    assert list(untracked_metrics(settings, ["loss", "accuracy"], "base.yaml")) == [
        "the metric 'los' is not tracked: what_to_track of base.yaml lists 'loss' and 'accuracy'. Did you mean 'loss'?"
    ]


# -- what is no mistake


def test_both_forms_say_the_same() -> None:
    blocks = settings_of(
        {
            "search_logging": {
                "max_objective": True,
                "eval_metrics": "loss",
                "problem_type": "final",
                "reload_log": False,
                "verbose_log": True,
            },
            "search_resources": {"num_search_batches": 2, "num_evals_per_batch": 3, "num_seeds_per_eval": 2},
            "search_config": {"search_params": FLAT["params_to_search"]},
        }
    )
    flat = settings_of(FLAT)

    for name in ("search_type", "metrics", "maximize", "problem_type", "aggregate_seeds", "budget", "seeds", "params"):
        assert getattr(blocks, name) == getattr(flat, name)
    assert [flat.original_id(index) for index in (0, 2, 3)] == ["b_1_eval_0", "b_1_eval_2", "b_2_eval_0"]


def test_an_asynchronous_search_has_its_number_of_trials() -> None:
    section = changed(
        BLOCKS,
        {"search_config.search_schedule": "async", "search_resources": {"num_total_evals": 7, "max_running_jobs": 2}},
    )

    settings = settings_of(section)

    assert (settings.budget, settings.seeds, settings.original_id(6)) == (7, (0,), "b_0_eval_6")


def test_smbo_has_batches_or_a_window() -> None:
    smbo = {"search_config.search_type": "SMBO", "search_config.search_schedule": LEFT_OUT, **SMBO_SPACE}

    batches = settings_of(changed(BLOCKS, smbo))
    resources = {"num_total_evals": 40, "max_running_jobs": 12, "num_seeds_per_eval": 3}
    window = settings_of(changed(BLOCKS, {**smbo, "search_resources": resources}))
    given = settings_of(changed(BLOCKS, {**smbo, "search_resources": {**resources, "max_running_evals": 5}}))

    assert (batches.schedule, batches.batch_size, batches.learns) == ("sync", 4, True)
    # Twice as many trials as fill the jobs.
    assert (window.schedule, window.window, given.window) == ("async", 8, 5)


def test_settings_of_smbo_in_the_original_are_taken_or_named() -> None:
    settings = {"n_initial_points": 5, "base_estimator": "GP", "acq_function": "gp_hedge"}
    smbo = {"search_config.search_type": "SMBO", "search_config.smbo_config": settings, **SMBO_SPACE}

    blocks = settings_of(changed(BLOCKS, smbo))
    several = {"search_type": "smbo", "eval_metrics": ["loss", "accuracy"], "smbo_config": settings}
    flat = settings_of(changed(FLAT, several))

    for each in (blocks, flat):
        assert each.options == {"n_initial_points": 5}
        assert each.metrics[0] == "loss"
        said = "base_estimator and acq_function are settings of scikit-optimize and not used"
        assert f"{said}: SMBO proposes by TPE (Optuna)." in each.notes


def test_a_missing_key_has_the_default_of_the_original() -> None:
    section = changed(BLOCKS, {"search_logging": LEFT_OUT, "search_config": {"search_params": {"real": None}}})
    section["search_resources"] = {"num_search_batches": 1, "num_evals_per_batch": 1}
    settings = settings_of(section)

    assert (settings.search_type, settings.problem_type, settings.aggregate_seeds) == ("grid", "final", "mean")
    assert (settings.maximize, settings.metrics, settings.seeds) == (True, (), (0,))
    assert settings.notes == ("Without eval_metrics in search_logging no trial is scored, and nothing is ranked.",)


def test_an_empty_list_of_metrics_ranks_nothing_and_says_so_where_it_is_the_default() -> None:
    settings = settings_of(changed(BLOCKS, {"search_logging.eval_metrics": []}))
    unscored = {"search_logging.eval_metrics": [], "search_logging.no_results_logging": True}
    _, mistakes = read_search_settings(changed(FLAT, {"eval_metrics": []}))

    assert settings.metrics == ()
    assert "Without eval_metrics in search_logging no trial is scored, and nothing is ranked." in settings.notes
    assert not any("eval_metrics" in note for note in settings_of(changed(BLOCKS, unscored)).notes)
    assert [path for path, _ in mistakes] == [("eval_metrics",)]


def test_the_list_of_seeds_replaces_another_number_of_seeds_with_a_word() -> None:
    differs = settings_of(changed(BLOCKS, {"search_resources.random_seeds": [1, 5, 3]}))
    agrees = settings_of(changed(BLOCKS, {"search_resources.random_seeds": [1, 5]}))

    assert differs.seeds == (1, 5, 3)
    assert "num_seeds_per_eval is 2, but random_seeds lists 3: the list applies, as in the original." in differs.notes
    assert agrees.seeds == (1, 5)
    assert not any("random_seeds" in note for note in agrees.notes)


def test_the_best_of_a_curve_is_its_maximum_in_the_flat_form_whatever_the_direction() -> None:
    flat = settings_of(changed(FLAT, {"problem_type": "best", "maximize_objective": False}))
    blocks = settings_of(BLOCKS)

    assert (flat.maximize, flat.best_is_maximum, blocks.best_is_maximum) == (False, True, False)
    assert "the highest value of a curve in this older form" in flat.notes[0]


def test_a_name_without_a_similar_one_in_the_base_is_added_to_it() -> None:
    params = {"categorical": {"env_name": ["a", "b"], "es_config/mean_decay": [0, 1], "lrate": [1, 2]}}
    settings = settings_of(changed(BLOCKS, {"search_config.search_params": params}))

    space, mistakes = read_space(settings, BASE)

    assert mistakes == []
    assert missing_names(space, BASE) == ["env_name", "es_config/mean_decay"]


def test_a_name_that_only_the_network_has_is_told_apart_from_it() -> None:
    params = {"categorical": {"units": [1, 2], "model:units": [1, 2], "depth": [1]}}
    settings = settings_of(changed(BLOCKS, {"search_config.search_params": params}))

    assert in_another_section(read_space(settings, BASE)[0], BASE) == {"units": "model:units"}


def test_keys_of_the_other_form_are_suggested_under_their_name_in_this_one() -> None:
    flat = changed(FLAT, {"search_params": FLAT["params_to_search"], "params_to_search": LEFT_OUT})
    blocks = changed(BLOCKS, {"search_resources.num_evals_per_iter": 3})

    said = [sentence for _, sentence in (*mistakes_in(flat), *mistakes_in(blocks))]

    assert any("'search_params' in param_search_args. Did you mean 'params_to_search'?" in each for each in said)
    assert any(f"'num_evals_per_iter' in {IN_RESOURCES}. Did you mean 'num_seeds_per_eval'?" in each for each in said)


# Every section of the form with three blocks, and in each at least one key of its own.
ALL_SECTIONS = {
    "search_logging": {"max_objective": False, "eval_metrics": ["loss"], "problem_type": "final"},
    "search_resources": {"num_total_evals": 4, "num_seeds_per_eval": {"min": 1, "max": 4}},
    "search_config": {
        "search_type": "SMBO",
        "search_schedule": "async",
        "search_params": {"real": {"lrate": {"begin": 0.1, "end": 0.2}}},
        "search_config": {"n_initial_points": 3},
        "search_seed": 4,
    },
    "search_final": {"num_finalists": 2},
}
PLACED = [
    (home, key)
    for home, keys in SECTION_KEYS.items()
    for key in keys
    # Two sections have this name.
    if key != "search_config" and key in functools.reduce(lambda section, part: section[part], home, ALL_SECTIONS)
]


@pytest.mark.parametrize(("home", "key"), PLACED)
def test_a_key_in_another_section_than_its_own_is_the_only_mistake_and_is_told_its_own(
    home: tuple[str, ...], key: str
) -> None:
    for here, keys in SECTION_KEYS.items():
        # No section can stand in itself, and below search_params any name is one of a variable.
        if key in keys or here[: len(home) + 1] == (*home, key) or "search_params" in here:
            continue
        section = copy.deepcopy(ALL_SECTIONS)
        away, around = (functools.reduce(lambda inner, part: inner[part], path, section) for path in (home, here))
        around[key] = away.pop(key)

        found = list(mistakes_in(section))

        where, there = ".".join(("param_search_args", *here)), ".".join(home) or "param_search_args"
        assert found == [(".".join((*here, key)), f"unknown key {key!r} in {where}. It belongs in {there}.")]


def test_all_keys_one_level_too_high_are_taken_for_the_form_with_three_blocks() -> None:
    section = {key: value for block in BLOCKS.values() for key, value in block.items()}

    found = dict(mistakes_in(section))

    assert found.keys() == section.keys()
    assert found["search_type"] == "unknown key 'search_type' in param_search_args. It belongs in search_config."


def test_a_key_that_only_the_later_form_has_is_told_so_in_the_older_one() -> None:
    (said,) = [sentence for _, sentence in mistakes_in({**FLAT, "search_schedule": "sync"})]

    assert said == (
        "unknown key 'search_schedule' in param_search_args. It belongs in search_config of the form with three "
        "blocks, and this is the older one."
    )


def test_a_misspelt_key_in_another_section_is_found_there() -> None:
    (said,) = [sentence for _, sentence in mistakes_in({**BLOCKS, "num_search_batchs": 3})]

    assert said.endswith("Did you mean 'num_search_batches' in search_resources?")


@pytest.mark.parametrize("nothing", ["", [], None])
def test_no_metric_may_be_written_in_any_way(nothing: Any) -> None:
    assert settings_of(changed(BLOCKS, {"search_logging.eval_metrics": nothing})).metrics == ()


def test_metrics_in_one_text_are_a_list_that_was_meant() -> None:
    settings = settings_of(changed(BLOCKS, {"search_logging.eval_metrics": "loss, accuracy"}))

    (sentence,) = untracked_metrics(settings, ["loss", "accuracy"], "base.json")

    assert sentence.endswith("lists 'loss' and 'accuracy'. Write a list: ['loss', 'accuracy'].")


def test_a_similar_name_that_is_searched_itself_is_no_suggestion() -> None:
    params = {"categorical": {"lrate": [1, 2], "lrate_2": [1, 2]}}

    assert list(mistakes_in(changed(BLOCKS, {"search_config.search_params": params}))) == []


def test_a_group_of_train_config_may_be_called_like_a_section() -> None:
    base = changed(BASE, {"train_config.model_config": {"depth": 1}})
    params = {"categorical": {"model_config/depth": [1, 2], "model_config/use_cnn": [True, False]}}

    assert list(mistakes_in(changed(BLOCKS, {"search_config.search_params": params}), base)) == []


def test_a_base_without_sections_has_its_variables_at_the_top() -> None:
    base = {"lrate": 0.1, "log_config": {}}

    space, mistakes = read_space(settings_of(BLOCKS), base)

    assert mistakes == []
    assert space.variables[0].place == ("lrate",)


def test_the_flat_form_draws_from_the_bins_of_a_grid() -> None:
    params = {"real": {"lrate": {"begin": 0.0, "end": 1.0, "bins": 3}}}
    settings = settings_of(changed(FLAT, {"search_type": "random", "params_to_search": params}))

    space, _ = read_space(settings, BASE)

    assert space.variables[0].choices == (0.0, 0.5, 1.0)


def test_truth_values_may_be_written_as_0_and_1() -> None:
    settings = settings_of(changed(BLOCKS, {"search_logging.max_objective": 1, "search_logging.verbose_log": 0}))

    assert settings.maximize is True


def test_settings_of_another_strategy_are_not_read() -> None:
    section = changed(
        BLOCKS, {"search_config.smbo_config": {"base_estimator": "GP"}, "search_config.search_config": None}
    )

    assert settings_of(section).search_type == "grid"


def test_lists_and_sections_are_choices_like_others() -> None:
    params = {"categorical": {"layers": [[64, 64], [32]], "optimizer": [{"name": "adam"}, None]}}
    settings = settings_of(changed(BLOCKS, {"search_config.search_params": params}))

    space, mistakes = read_space(settings, BASE)

    assert mistakes == []
    assert space.variables[0].choices == ([64, 64], [32])
    assert space.contains({"layers": [32], "optimizer": None})


# -- whatever is written

KEYS = [
    *("search_logging", "search_resources", "search_config", "search_type", "search_params", "params_to_search"),
    *("num_search_batches", "num_evals_per_batch", "num_total_evals", "num_seeds_per_eval", "random_seeds"),
    *("eval_metrics", "problem_type", "max_objective", "categorical", "real", "integer", "begin", "end", "bins"),
    *("prior", "spacing", "lrate", "es_config/elite", "model:units", "train:lrate", "", ":", "/", "x:y", "a/b"),
]
NUMBERS = st.booleans() | st.integers() | st.floats() | st.sampled_from([2**1024, -(2**1024), 1e308])
SCALARS = st.none() | NUMBERS | st.sampled_from(["Grid", "random", "1e-3", "", "loss"])
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


PLACES = ["search_logging", "search_resources", "search_config", "search_config.search_params"]


@given(ANYTHING, st.sampled_from(PLACES))
def test_whatever_a_section_holds_the_answer_is_sentences(content: Any, place: str) -> None:
    for section in (content, changed(BLOCKS, {place: content}), changed(FLAT, {"params_to_search": content})):
        for _, sentence in mistakes_in(section):
            assert sentence.endswith((".", "?"))
            assert "\n" not in sentence


@given(ANYTHING, ANYTHING)
def test_whatever_a_base_configuration_holds_the_answer_is_sentences(train: Any, model: Any) -> None:
    params = {"categorical": {"es_config/elite": [1], "model:units": [2], "lrate": ["a"], "a/b/c": [None]}}
    section = changed(BLOCKS, {"search_config.search_params": params})

    for base in ({"train_config": train, "model_config": model}, {"train_config": train}, {"lrate": train}):
        for _, sentence in mistakes_in(section, base):
            assert sentence.endswith((".", "?"))


@given(st.sampled_from(["real", "integer"]), NUMBERS, NUMBERS, NUMBERS, st.sampled_from(["Grid", "Random"]))
def test_whatever_the_bounds_of_a_variable_are_the_answer_is_sentences_or_values(
    kind: str, begin: Any, end: Any, bins: Any, search_type: str
) -> None:
    variable = {"begin": begin, "end": end, "bins": bins}
    params = {kind: {"batch_size": variable}}
    section = changed(BLOCKS, {"search_config.search_params": params, "search_config.search_type": search_type})

    space, mistakes = read_space(settings_of(section), BASE)

    assert bool(mistakes) != bool(space.variables)

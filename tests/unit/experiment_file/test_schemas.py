"""The schemas are good schemas, and the one place of every key, description and default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mle_toolbox.experiment import run_configuration
from mle_toolbox.experiment_file.reserved_names import OWN_IN_PROJECT, trouble_with_file_name, trouble_with_stem
from mle_toolbox.experiment_file.schema import load_schema
from mle_toolbox.layout import SeedFolder, names_in
from mle_toolbox.project_profiles import profile_names
from mle_toolbox.search.search_keys import SECTION_KEYS

SCHEMAS = ("experiment", "configuration")


def keys_of(
    rules: Mapping[str, Any], root: Mapping[str, Any], at: str = ""
) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Yield every key of a schema with its rules and whether it is required."""
    for key, inner in rules.get("properties", {}).items():
        if "$ref" in inner:
            inner = {**root["$defs"][inner["$ref"].removeprefix("#/$defs/")], **inner}
        yield f"{at}{key}", inner, key in rules.get("required", [])
        yield from keys_of(inner, root, f"{at}{key}.")


ALL_KEYS = [
    pytest.param(name, rules, required, load_schema(schema), id=f"{schema}:{name}")
    for schema in SCHEMAS
    for name, rules, required in keys_of(load_schema(schema), load_schema(schema))
]

# What is left out of a file has no value there, but means something; the description says what.
NO_DEFAULT = {
    "meta_job_args.job_type",
    "meta_job_args.experiment_type",
    "multi_config_args",
    "multi_experiment_args.config_fnames",
    "multi_config_args.config_fnames",
    "param_search_args",
    "model_config",
    "device_config",
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_is_a_json_schema(name: str) -> None:
    Draft202012Validator.check_schema(load_schema(name))


@pytest.mark.parametrize(("name", "rules", "required", "root"), ALL_KEYS)
def test_every_key_has_a_description_and_when_optional_a_default_that_fits(
    name: str, rules: Mapping[str, Any], required: bool, root: Mapping[str, Any]
) -> None:
    assert rules["description"].endswith((".", "script."))
    assert required or "default" in rules or name in NO_DEFAULT

    if "default" in rules:
        Draft202012Validator({**rules, "$defs": root["$defs"]}).validate(rules["default"])


@pytest.mark.parametrize("section", ["meta_job_args", "multi_experiment_args", "multi_config_args", "single_job_args"])
def test_sections_of_the_experiment_file_take_no_unknown_key(section: str) -> None:
    root = load_schema("experiment")
    rules = {key: inner for key, inner, _ in keys_of(root, root)}[section]

    assert rules["additionalProperties"] is False


def test_a_training_script_knows_the_same_keys_of_log_config_without_loading_the_schema() -> None:
    known = load_schema("configuration")["properties"]["log_config"]["properties"]

    assert set(run_configuration._LOG_KEYS) == set(known)


def test_no_name_of_ours_in_the_project_is_free_for_results() -> None:
    assert {*profile_names(), "Snakefile", "profiles"} <= set(OWN_IN_PROJECT)


@pytest.mark.parametrize("name", ["experiment.json", "results.h5", "results.csv", "report.html", "report.log"])
def test_no_name_of_ours_in_a_results_folder_is_free_for_a_configuration(name: str) -> None:
    assert "is the name of a file that mle-toolbox writes" in (trouble_with_stem(name) or "")


@pytest.mark.parametrize("name", names_in(SeedFolder))
def test_no_name_of_ours_in_a_seed_folder_is_free_for_a_log_file(name: str) -> None:
    assert "is the name of a file that mle-toolbox itself writes" in (trouble_with_file_name(name) or "")


def test_the_keys_that_belong_in_param_search_args_are_those_that_are_read() -> None:
    section = load_schema("experiment")["properties"]["param_search_args"]

    assert tuple(section["x-keys"]) == SECTION_KEYS[()]

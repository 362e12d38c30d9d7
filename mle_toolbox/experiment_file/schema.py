"""Checking data against one of our JSON Schemas, in words for the person who wrote it.

Knows the schemas' keywords and annotations, nothing of experiments. What has a mistake is left out of the data
that comes back, and defaults are filled in, so that later checks see only well-formed values and everything wrong
in a file is found in one go.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from mle_toolbox.bundle import schemas_dir
from mle_toolbox.errors import Problem, did_you_mean, nearest
from mle_toolbox.experiment_file.json_locate import JsonPath
from mle_toolbox.experiment_file.wording import expected, found, hint, place, shortened
from mle_toolbox.text import listed

__all__ = ["Checked", "check_schema", "load_schema"]

LineOf = Callable[[JsonPath], int]
Rules = Mapping[str, Any]


@dataclass(frozen=True)
class Checked:
    """What is left of a file after its check against a schema."""

    data: Any
    """The data without everything that has a mistake, and with defaults filled in."""
    problems: tuple[Problem, ...]


@functools.cache
def load_schema(name: str) -> Mapping[str, Any]:
    """Return the schema ``workflow/schemas/<name>.schema.yaml``."""
    text = (schemas_dir() / f"{name}.schema.yaml").read_text(encoding="utf-8")
    # libyaml is ten times faster; the schemas are ours, so its poorer messages do not matter.
    schema: Mapping[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    return schema


def check_schema(data: Any, lines: LineOf, file: str, schema: str) -> Checked:
    """Check the content of a file.

    Parameters
    ----------
    data
        The content: mappings, lists and scalars.
    lines
        Gives the line of an entry by its path.
    file
        What the file is called in messages.
    schema
        ``"experiment"`` or ``"configuration"``.
    """
    rules = load_schema(schema)
    mistakes: dict[JsonPath, str] = {}
    for error in _validator(schema).iter_errors(data):
        for path, message in _explained(error, rules):
            mistakes.setdefault(path, message)
    usable = _with_defaults(_without(data, (), mistakes.keys()), rules, rules)
    return Checked(usable, tuple(Problem(file, lines(path), message) for path, message in mistakes.items()))


@functools.cache
def _validator(schema: str) -> Any:
    # "$" also matches before a final line end, which ECMA's does not; a name that ends with one must not pass.
    def whole_pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
        if isinstance(instance, str) and (not re.search(pattern, instance) or instance.endswith("\n")):
            yield ValidationError(f"{instance!r} does not match {pattern!r}")

    checker: Any = extend(Draft202012Validator, {"pattern": whole_pattern})  # type: ignore[no-untyped-call]
    return checker(load_schema(schema))


def _explained(error: ValidationError, root: Rules) -> Iterator[tuple[JsonPath, str]]:
    """Yield the places that one error of jsonschema is about, and a sentence for each."""
    path: JsonPath = tuple(error.absolute_path)
    rules, value = _rules_at(path, root), error.instance
    if "propertyNames" in error.absolute_schema_path and isinstance(value, str):
        way_out = f"Expected {expected(rules['propertyNames'])}."
        yield (*path, value), f"{shortened(value)!r} is no key for {place(path)}. {way_out}"
    elif error.validator == "additionalProperties" and isinstance(value, Mapping):
        yield from _unknown_keys(value, rules, path, root)
    elif error.validator == "required" and isinstance(value, Mapping):
        yield from _missing_keys(value, rules, path)
    elif error.validator == "uniqueItems" and isinstance(value, list):
        yield from _repeated_entries(value, path)
    else:
        yield path, _wrong_value(value, rules, path)


def _rules_at(path: JsonPath, root: Rules) -> Rules:
    """Return what the schema says about the entry at ``path``, as the one who reads ``path`` would look it up."""
    rules = root
    for part in path:
        if isinstance(part, int):
            rules = rules["items"]
        else:
            properties = rules.get("properties", {})
            rules = properties[part] if part in properties else rules["additionalProperties"]
        rules = _resolved(rules, root)
    return rules


def _unknown_keys(
    section: Mapping[str, Any], rules: Rules, path: JsonPath, root: Rules
) -> Iterator[tuple[JsonPath, str]]:
    known, refused = rules["properties"], rules.get("x-refused", {})
    kind = f"key {{!r}} in {'.'.join(map(str, path))}" if path else "section {!r}"
    for key in section:
        what = kind.format(key)
        if key in refused:
            way_out = f": {refused[key]}" if refused[key] else ""
            yield (*path, key), f"{what} is known from the original mle-toolbox and not supported (yet){way_out}."
        elif key not in known:
            home = _home_of(key, root)
            near = did_you_mean(key, known) or f" Known are {listed(map(repr, known), None)}."
            advice = f" It belongs in {home}." if home else near
            yield (*path, key), f"unknown {what}.{advice}"


def _home_of(key: str, root: Rules) -> str | None:
    for section, rules in root["properties"].items():
        if key in _resolved(rules, root).get("properties", {}):
            return str(section)
    return None


def _missing_keys(section: Mapping[str, Any], rules: Rules, path: JsonPath) -> Iterator[tuple[JsonPath, str]]:
    known = rules["properties"]
    unknown = [key for key in section if key not in known]
    for key in rules["required"]:
        if key in section:
            continue
        misspelt = nearest(key, unknown)
        if misspelt is None:
            yield (*path, key), f"{place((*path, key))} is missing. {known[key]['description']}"
        elif rules.get("additionalProperties", True) is not False:
            # Where any key is allowed nobody else complains about the misspelt one.
            missing = f"{place((*path, key))} is missing, and {misspelt!r} is not known."
            yield (*path, misspelt), f"{missing} Did you mean {key!r}?"


def _repeated_entries(entries: list[Any], path: JsonPath) -> Iterator[tuple[JsonPath, str]]:
    for index, entry in enumerate(entries):
        if entry in entries[:index]:
            yield (*path, index), f"{place(path)} holds {entry!r} more than once."


def _wrong_value(value: Any, rules: Rules, path: JsonPath) -> str:
    refused = rules.get("x-refused-values", {})
    if isinstance(value, str) and value in refused:
        return f"{place(path)} is {value!r}: {refused[value]}."
    if not path:
        advice = " Is a blank missing behind a ':'?" if isinstance(value, str) and ":" in value else ""
        return f"the file must hold {expected(rules)}, found {found(value)}.{advice}"
    suggestion = did_you_mean(value, rules["enum"]) if isinstance(value, str) and _has_names(rules) else ""
    return f"{place(path)} must be {expected(rules)}, found {found(value)}.{suggestion or hint(value, rules)}"


def _has_names(rules: Rules) -> bool:
    return "enum" in rules and all(isinstance(choice, str) for choice in rules["enum"])


def _resolved(rules: Rules, root: Rules) -> Rules:
    """Return ``rules`` with its ``$ref`` followed; its own keywords go before those of the definition."""
    if "$ref" not in rules:
        return rules
    return {**root["$defs"][rules["$ref"].removeprefix("#/$defs/")], **rules}


def _without(value: Any, path: JsonPath, wrong: Collection[JsonPath]) -> Any:
    """Return ``value`` without the entries at the paths ``wrong``."""
    if path in wrong:
        return None
    if isinstance(value, Mapping):
        kept = {key: member for key, member in value.items() if (*path, key) not in wrong}
        return {key: _without(member, (*path, key), wrong) for key, member in kept.items()}
    if isinstance(value, list):
        indices = [index for index in range(len(value)) if (*path, index) not in wrong]
        return [_without(value[index], (*path, index), wrong) for index in indices]
    return value


def _with_defaults(value: Any, rules: Rules, root: Rules) -> Any:
    """Return ``value`` with the defaults of absent keys filled in, sections first."""
    rules = _resolved(rules, root)
    if not isinstance(value, Mapping) or "properties" not in rules:
        return value
    filled = dict(value)
    for key, inner in rules["properties"].items():
        inner = _resolved(inner, root)
        if key in filled or "default" in inner:
            filled[key] = _with_defaults(filled.get(key, inner.get("default")), inner, root)
    return filled

"""Checks data against one of our JSON Schemas, with messages for the person who wrote the file.

Knows the keywords and annotations of the schemas, nothing of experiments. The data it returns has no invalid values and
all defaults, so that later checks see valid values only and all mistakes of a file are reported at once.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from mle_toolbox.bundle import schemas_dir
from mle_toolbox.errors import Problem, did_you_mean, nearest
from mle_toolbox.experiment_file.json_locate import JsonPath
from mle_toolbox.experiment_file.log_keys import is_unused
from mle_toolbox.text import listed
from mle_toolbox.wording import expected, found, hint, location, shortened

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

__all__ = ["Checked", "LineOf", "check_schema", "load_schema"]

LineOf = Callable[[JsonPath], int]
Rules = Mapping[str, Any]


@dataclass(frozen=True)
class Checked:
    """The result of checking a file against a schema."""

    data: Any
    """The data without invalid values, with defaults filled in."""
    problems: tuple[Problem, ...]


@functools.cache
def load_schema(name: str) -> Mapping[str, Any]:
    """Return the schema ``workflow/schemas/<name>.schema.yaml``."""
    text = (schemas_dir() / f"{name}.schema.yaml").read_text(encoding="utf-8")
    # libyaml is ten times faster. Its error messages are worse, but the schemas are ours and valid.
    schema: Mapping[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    return schema


def check_schema(data: Any, lines: LineOf, file: str, schema: str) -> Checked:
    """Check the content of a file.

    Parameters
    ----------
    data
        The content: mappings, lists and scalars.
    lines
        Returns the line of an entry, given its path.
    file
        The file's name in messages.
    schema
        ``"experiment"`` or ``"configuration"``.
    """
    rules = load_schema(schema)
    mistakes: dict[JsonPath, str | None] = {}
    for error in _validator(schema).iter_errors(data):
        for path, message in _explained(error, rules):
            # jsonschema may report a value several times (type, then pattern); the first message is enough.
            mistakes.setdefault(path, message)
    usable = _with_defaults(_without(data, (), mistakes.keys()), rules, rules)
    said = ((path, message) for path, message in mistakes.items() if message is not None)
    return Checked(usable, tuple(Problem(file, lines(path), message) for path, message in said))


@functools.cache
def _validator(schema: str) -> Any:
    # Commands that look at a results folder load this module and check nothing; the import takes 0.07 s.
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError
    from jsonschema.validators import extend

    # Python's "$" also matches before a final newline, unlike that of ECMA, and a name must not end with one.
    def whole_pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
        if isinstance(instance, str) and (not re.search(pattern, instance) or instance.endswith("\n")):
            yield ValidationError(f"{instance!r} does not match {pattern!r}")

    checker: Any = extend(Draft202012Validator, {"pattern": whole_pattern})  # type: ignore[no-untyped-call]
    return checker(load_schema(schema))


def _explained(error: ValidationError, root: Rules) -> Iterator[tuple[JsonPath, str | None]]:
    """Yield the path of every entry that one error of jsonschema concerns, with a message.

    The message is None for an entry that is left out without one: its value says that it is not used.
    """
    path: JsonPath = tuple(error.absolute_path)
    rules, value = _rules_at(path, root), error.instance
    if "propertyNames" in error.absolute_schema_path and isinstance(value, str):
        way_out = f"Expected {expected(rules['propertyNames'])}."
        yield (*path, value), f"{shortened(value)!r} is not a valid key in {location(path)}. {way_out}"
    elif error.validator == "additionalProperties" and isinstance(value, Mapping):
        yield from _unknown_keys(value, rules, path, root)
    elif error.validator == "required" and value == {} and rules.get("default", ...) is None:
        yield path, None
    elif error.validator == "required" and isinstance(value, Mapping):
        yield from _missing_keys(value, rules, path)
    elif error.validator == "uniqueItems" and isinstance(value, list):
        for index, entry in enumerate(value):
            if entry in value[:index]:
                yield (*path, index), f"{location(path)} contains {entry!r} more than once."
    elif _says_unused(value, rules):
        yield path, None
    else:
        yield path, _wrong_value(value, rules, path)


def _says_unused(value: Any, rules: Rules) -> bool:
    """Return whether an invalid value of an optional entry means that it is left out: ``false``, ``[]``, ``""``."""
    is_empty = value is False or (isinstance(value, str | list | Mapping) and not value)
    return is_empty and not rules.get("default", True)


def _rules_at(path: JsonPath, root: Rules) -> Rules:
    """Return the part of the schema that describes the entry at ``path``."""
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
) -> Iterator[tuple[JsonPath, str | None]]:
    known, refused, without_effect = (rules.get(kind, {}) for kind in ("properties", "x-refused", "x-without-effect"))
    kind = f"key {{!r}} in {'.'.join(map(str, path))}" if path else "section {!r}"
    for key, value in section.items():
        what = kind.format(key)
        if key in without_effect or (key in refused and is_unused(value)):
            yield (*path, key), None
        elif key in refused:
            way_out = f": {refused[key]}" if refused[key] else ""
            yield (*path, key), f"{what} belongs to the original mle-toolbox and is not supported (yet){way_out}."
        elif key not in known:
            # A valid key in the wrong section is more likely than a misspelling of another one.
            sections = {name: _resolved(inner, root) for name, inner in root["properties"].items()}
            holding = (
                name
                for name, inner in sections.items()
                if key in {*inner.get("properties", ()), *inner.get("x-keys", ())}
            )
            home = next(holding, None)
            within = (name for name, inner in known.items() if path and key in inner.get("properties", {}))
            home = next(within, home)
            also_called = {name: each for each, names in rules.get("x-also-called", {}).items() for name in names}
            meant = also_called.get(key.lower())
            near = f" Did you mean {meant!r}?" if meant else did_you_mean(key, [*known, *refused, *without_effect])
            near = near or f" Valid names are {listed(map(repr, known), None)}."
            advice = f" It belongs in {home}." if home else near
            yield (*path, key), f"unknown {what}.{advice}"


def _missing_keys(section: Mapping[str, Any], rules: Rules, path: JsonPath) -> Iterator[tuple[JsonPath, str]]:
    known = rules["properties"]
    of_the_original = {**rules.get("x-refused", {}), **rules.get("x-without-effect", {})}
    unknown = [key for key in section if key not in known and key not in of_the_original]
    is_open = rules.get("additionalProperties", True) is not False
    missing_keys = {
        key: nearest(key, unknown) or next((each for each in unknown if key.startswith(f"{each}_")), None)
        for key in rules["required"]
        if key not in section
    }
    for key, misspelt in missing_keys.items():
        # Where any key is allowed, one that resembles two missing ones ("es_config") is a misspelling of neither.
        if misspelt is None or (is_open and list(missing_keys.values()).count(misspelt) > 1):
            yield (*path, key), f"{location((*path, key))} is missing. {known[key]['description']}"
        elif is_open:
            # Where any key is allowed, the misspelt one is not reported as unknown.
            missing = f"{location((*path, key))} is missing, and {misspelt!r} is not a known name."
            yield (*path, misspelt), f"{missing} Did you mean {key!r}?"


def _wrong_value(value: Any, rules: Rules, path: JsonPath) -> str:
    refused = rules.get("x-refused-values", {})
    if isinstance(value, str) and value in refused:
        return f"{location(path)} is {value!r}: {refused[value]}."
    if not path:
        advice = " Is a space missing after a ':'?" if isinstance(value, str) and ":" in value else ""
        return f"the file must contain {expected(rules)}, found {found(value)}.{advice}"
    choices = [choice for choice in rules.get("enum", ()) if isinstance(choice, str)]
    suggestion = did_you_mean(value, choices) if isinstance(value, str) else ""
    return f"{location(path)} must be {expected(rules)}, found {found(value)}.{suggestion or hint(value, rules)}"


def _resolved(rules: Rules, root: Rules) -> Rules:
    """Return ``rules`` with its ``$ref`` resolved; its own keywords override those of the definition."""
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
    """Return ``value`` with the defaults of absent keys, at all levels."""
    rules = _resolved(rules, root)
    if not isinstance(value, Mapping) or "properties" not in rules:
        return value
    filled = dict(value)
    for key, inner in rules["properties"].items():
        inner = _resolved(inner, root)
        if key in filled or "default" in inner:
            given = filled.get(key, inner.get("default"))
            # A section that is null is left out.
            given = inner.get("default") if given is None and "properties" in inner else given
            filled[key] = _with_defaults(given, inner, root)
    return filled

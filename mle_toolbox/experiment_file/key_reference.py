"""The tables of keys, made from the JSON Schemas: for `mle keys` and for the documentation.

``python -m mle_toolbox.experiment_file.key_reference PAGE`` renews those in a page of the documentation.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mle_toolbox.experiment_file.schema import load_schema

__all__ = ["FILES", "keys_in_markdown", "sections", "with_keys"]

Schema = Mapping[str, Any]

FILES = ("experiment", "configuration")
"""The files that have keys: the experiment file, and a configuration of a script."""

_KEYS = re.compile(r"^(<!-- keys of (\w+) -->\n).*?^(<!-- end of keys -->)$", re.MULTILINE | re.DOTALL)
_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "section",
}


def with_keys(page: str) -> str:
    """Return a page of the documentation with the keys between its marks as they are now."""
    return _KEYS.sub(lambda match: f"{match[1]}\n{keys_in_markdown(match[2])}\n{match[3]}", page)


def sections(name: str) -> tuple[str, ...]:
    """Return the sections of one of `FILES`."""
    return tuple(load_schema(name)["properties"])


def keys_in_markdown(name: str, *only: str) -> str:
    """Return the keys of one of `FILES`, or of some of its sections: a heading and a table for each."""
    schema = load_schema(name)
    return "\n".join(
        _section(key, _resolved(rules, schema), key in schema["required"], schema)
        for key, rules in schema["properties"].items()
        if not only or key in only
    )


def _section(name: str, rules: Schema, required: bool, schema: Schema) -> str:
    lines = [f"### {name}", "", rules["description"] + (" Required." if required else ""), ""]
    # A section under a later name has the keys of the first one; they are listed once.
    if "properties" in rules and not _is_other_name(rules):
        lines += _table(rules, schema)
        inner = {key: _resolved(each, schema) for key, each in rules["properties"].items()}
        listed = [section.get("properties") for section in schema["properties"].values()]
        for key, each in inner.items():
            # Where a section takes the keys of another one, its description says so.
            if "properties" in each and not any(each["properties"] is known for known in listed):
                lines += [f"Keys of `{key}`:", "", *_table(each, schema)]
        lines += [*_refused(rules)]
    return "\n".join(lines)


def _table(rules: Schema, schema: Schema) -> list[str]:
    lines = ["| Key | Value | Default | Meaning |", "| --- | --- | --- | --- |"]
    lines += [
        _row(key, _resolved(each, schema), key in rules.get("required", []), schema)
        for key, each in rules["properties"].items()
    ]
    return [*lines, ""]


def _is_other_name(rules: Schema) -> bool:
    return str(rules["description"]).startswith(("Later name of ", "Earlier name of ", "Other name of "))


def _row(key: str, rules: Schema, required: bool, schema: Schema) -> str:
    cells = [f"`{key}`", _value(rules, schema), _default(rules, required), rules["description"]]
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _default(rules: Schema, required: bool) -> str:
    if required:
        return "required"
    if rules.get("default") is None:
        return ""
    return f"`{json.dumps(rules['default'])}`"


def _value(rules: Schema, schema: Schema) -> str:
    """Return what is allowed there: the choices, or the type with its smallest value."""
    if "enum" in rules:
        return ", ".join(f"`{choice if isinstance(choice, str) else json.dumps(choice)}`" for choice in rules["enum"])
    types = rules["type"] if isinstance(rules["type"], list) else [rules["type"]]
    items = f"list ({_value(_resolved(rules['items'], schema), schema)})" if "items" in rules else _WORDS["array"]
    words = " or ".join({**_WORDS, "array": items}[each] for each in types if each != "null")
    if "minimum" in rules:
        words += f", at least {rules['minimum']}"
    return words


def _refused(rules: Schema) -> Iterator[str]:
    known = rules.get("x-refused", {})
    if known:
        names = ", ".join(f"`{name}`" for name in known)
        yield f"Keys of the original mle-toolbox that are refused, with a sentence on what to do instead: {names}.\n"


def _resolved(rules: Schema, schema: Schema) -> Schema:
    """Follow a reference inside the schema; keywords beside it take precedence."""
    if "$ref" not in rules:
        return rules
    target: Any = schema
    for part in rules["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return {**_resolved(target, schema), **rules}


if __name__ == "__main__":
    for page in map(Path, sys.argv[1:]):
        page.write_text(with_keys(page.read_text(encoding="utf-8")), encoding="utf-8")

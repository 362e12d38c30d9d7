"""Makes the tables of keys in the documentation from the JSON Schemas, so that they are always true.

A line ``{{ keys of experiment }}`` in a page becomes the keys of ``workflow/schemas/experiment.schema.yaml``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

__all__ = ["on_page_markdown", "reference"]

Schema = Mapping[str, Any]

_SCHEMAS = Path(__file__).resolve().parents[2] / "workflow" / "schemas"
_PLACEHOLDER = re.compile(r"^\{\{ keys of (\w+) \}\}$", re.MULTILINE)
_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "section",
}


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Fill the placeholders of a page; MkDocs calls this for every page."""
    return _PLACEHOLDER.sub(lambda match: reference(match[1]), markdown)


def reference(name: str) -> str:
    """Return the reference of one schema as Markdown: a heading and a table for every section."""
    schema = yaml.safe_load((_SCHEMAS / f"{name}.schema.yaml").read_text(encoding="utf-8"))
    required = schema["required"]
    sections = schema["properties"].items()
    return "\n".join(_section(key, _resolved(rules, schema), key in required, schema) for key, rules in sections)


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
    """Say what belongs there: the choices, or the type with its smallest value."""
    if "enum" in rules:
        return ", ".join(f"`{choice if isinstance(choice, str) else json.dumps(choice)}`" for choice in rules["enum"])
    types = rules["type"] if isinstance(rules["type"], list) else [rules["type"]]
    words = " or ".join(_WORDS[each] for each in types if each != "null")
    if "items" in rules:
        words = f"list ({_value(_resolved(rules['items'], schema), schema)})"
    if "minimum" in rules:
        words += f", at least {rules['minimum']}"
    return words


def _refused(rules: Schema) -> Iterator[str]:
    known = rules.get("x-refused", {})
    if known:
        names = ", ".join(f"`{name}`" for name in known)
        yield f"Keys of the original mle-toolbox that are refused, with a sentence on what to do instead: {names}.\n"


def _resolved(rules: Schema, schema: Schema) -> Schema:
    """Follow a reference inside the schema; what stands beside it comes first."""
    if "$ref" not in rules:
        return rules
    target: Any = schema
    for part in rules["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return {**_resolved(target, schema), **rules}

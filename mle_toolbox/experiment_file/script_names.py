"""Finds names that a training script uses but never defines, and suggests what was probably meant.

pyflakes finds them. Here its possible false alarms are dropped and suggestions are added.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from pyflakes.checker import Checker
from pyflakes.messages import UndefinedName

from mle_toolbox.errors import did_you_mean
from mle_toolbox.experiment_file.script_tree import ScriptTree
from mle_toolbox.experiment_file.sections import SECTIONS
from mle_toolbox.text import listed

__all__ = ["OFFERED_BY_EXPERIMENT", "undefined_names"]

# Names that people tend to write without `mle.` in front.
OFFERED_BY_EXPERIMENT = frozenset(
    {
        *SECTIONS,
        "extra_config",
        "log",
        "update_log",
        "ready_to_log",
        "seed",
        "seed_id",
        "seed_dir",
        "experiment_dir",
        "config_name",
        "rng",
        "save_model",
        "save_figure",
        "save_plot",
        "save_extra",
        "checkpoint",
        "resume",
    }
)

_USUAL_IMPORTS = {
    "MLExperiment": "from mle_toolbox import MLExperiment",
    "np": "import numpy as np",
    "jnp": "import jax.numpy as jnp",
    "nn": "from torch import nn",
    "plt": "import matplotlib.pyplot as plt",
    "pd": "import pandas as pd",
    "Path": "from pathlib import Path",
    **{
        name: f"import {name}"
        for name in ("jax", "json", "math", "numpy", "optax", "os", "pickle", "random", "scipy", "sys", "time", "torch")
    },
}
_GUARDS = {"NameError", "Exception", "BaseException"}
_LONGEST_INDEX = 2


def undefined_names(script: ScriptTree) -> Iterator[tuple[int, str]]:
    """Yield first line and message for every name that is used but never defined, with a suggestion."""
    if script.is_left_alone or _defines_names_on_the_fly(script):
        return
    uses: dict[str, list[ast.Name]] = {}
    for node in _found_by_pyflakes(script):
        if not _may_be_right(node, script):
            uses.setdefault(node.id, []).append(node)
    for name, nodes in uses.items():
        lines = sorted({node.lineno for node in nodes})
        first = min(nodes, key=lambda node: (node.lineno, node.col_offset))
        other = ", ".join(map(str, lines[1:]))
        others = f" (also on line{'s' if len(lines) > 2 else ''} {other})" if other else ""
        yield lines[0], f"undefined name {name!r}{others}.{_hint(first, script)}"


def _found_by_pyflakes(script: ScriptTree) -> list[ast.Name]:
    try:
        # pyflakes recurses more deeply than the parser, which has accepted the script.
        messages = Checker(script.tree).messages
    except RecursionError:
        return []
    # A name in a quoted annotation has no node of its own, and is never evaluated.
    nodes = {(node.lineno, node.col_offset, node.id): node for node in script.names}
    undefined = [message for message in messages if type(message) is UndefinedName]
    keys = [(message.lineno, message.col, message.message_args[0]) for message in undefined]
    return [nodes[key] for key in keys if key in nodes]


def _defines_names_on_the_fly(script: ScriptTree) -> bool:
    for node in script.nodes:
        match node:
            case ast.alias(name="*" | "builtins" | "gettext") | ast.Name(id="__builtins__"):
                return True
            case ast.Call(func=ast.Name(id="exec" | "globals")) | ast.Call(func=ast.Name(id="vars"), args=[]):
                return True
    return False


def _may_be_right(node: ast.Name, script: ScriptTree) -> bool:
    return (
        script.is_line_left_alone(node.lineno)
        or node.id in script.deleted_names
        # Used above the line that assigns it, which is fine in a loop from the second iteration on.
        or any(node.id in script.bound_names(scope) for scope in script.scopes(node))
        or _is_in_annotation(node, script)
        # A name that is guarded by `except NameError` once may be used without a guard elsewhere.
        or any(other.id == node.id and _is_guarded(other, script) for other in script.names)
    )


def _is_in_annotation(node: ast.AST, script: ScriptTree) -> bool:
    child = node
    for parent in script.above(node):
        match parent:
            case ast.arg(annotation=annotation) | ast.AnnAssign(annotation=annotation) if annotation is child:
                return True
            case ast.FunctionDef(returns=returns) | ast.AsyncFunctionDef(returns=returns) if returns is child:
                return True
        child = parent
    return False


def _is_guarded(node: ast.AST, script: ScriptTree) -> bool:
    """Return whether a statement around ``node`` catches NameError."""
    child = node
    for parent in script.above(node):
        if isinstance(parent, ast.Try | ast.TryStar) and child in parent.body:
            caught = [handler.type for handler in parent.handlers]
            if any(kind is None or _names(kind) & _GUARDS for kind in caught):
                return True
        if isinstance(parent, ast.With) and any(_names(item.context_expr) & _GUARDS for item in parent.items):
            return True
        child = parent
    return False


def _names(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _hint(node: ast.Name, script: ScriptTree) -> str:
    name, scopes = node.id, script.scopes(node)
    holder = script.experiment_variable(node)
    # From the most specific guess to the least specific: the spelling alone comes last.
    if name in OFFERED_BY_EXPERIMENT and holder is not None:
        return f" Did you mean '{holder}.{name}'?"
    if name in _USUAL_IMPORTS:
        return f" Is '{_USUAL_IMPORTS[name]}' missing?"
    loops = [variable for scope in scopes[:1] for variable in script.loop_variables(scope)]
    if len(name) <= _LONGEST_INDEX and loops:
        here = "variable here is" if len(loops) == 1 else "variables here are"
        return f" The loop {here} {listed(map(repr, loops), None)}."
    if name in OFFERED_BY_EXPERIMENT:
        return f" It belongs to MLExperiment: 'mle = MLExperiment()', then 'mle.{name}'."
    known = {known for scope in scopes for known in script.bound_names(scope)}
    return did_you_mean(name, sorted(known)) or did_you_mean(name, dir(builtins))

"""The syntax tree of a training script: scopes, parents, and the variable that holds the experiment."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator

__all__ = ["Scope", "ScriptTree"]

Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

_NO_QA = re.compile(r"#\s*noqa\b", re.IGNORECASE)
_NO_QA_FILE = re.compile(r"^\s*#\s*(?:flake8|ruff)\s*:\s*noqa\b", re.IGNORECASE | re.MULTILINE)


class ScriptTree:
    """The syntax tree of one script."""

    def __init__(self, tree: ast.Module, source: bytes) -> None:
        self.tree = tree
        # Only searched for comments, so wrong characters do not matter. Lines as ast counts them: splitlines()
        # would also split at form feeds.
        self._text = source.decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
        self._lines = self._text.split("\n")
        self.nodes = list(ast.walk(tree))
        self.names = [node for node in self.nodes if isinstance(node, ast.Name)]
        self.parents = {child: node for node in self.nodes for child in ast.iter_child_nodes(node)}

    @property
    def is_left_alone(self) -> bool:
        """Whether a comment tells linters to ignore the whole file."""
        return _NO_QA_FILE.search(self._text) is not None

    def is_line_left_alone(self, line: int) -> bool:
        """Return whether the line ends with ``# noqa``."""
        return line <= len(self._lines) and _NO_QA.search(self._lines[line - 1]) is not None

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes around ``node``, innermost first."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def scopes(self, node: ast.AST) -> list[Scope]:
        """Return the functions around ``node``, innermost first, followed by the module."""
        return [around for around in self.above(node) if isinstance(around, Scope)]

    def bound_names(self, scope: Scope) -> dict[str, int]:
        """Return how often each name is bound in ``scope`` itself, not in nested functions."""
        counts: dict[str, int] = {}
        for node in self._own_nodes(scope):
            for name in _names_bound_by(node):
                counts[name] = counts.get(name, 0) + 1
        return counts

    def loop_variables(self, scope: Scope) -> list[str]:
        """Return the variables of the ``for`` loops of ``scope``, in source order."""
        loops = [node for node in self._own_nodes(scope) if isinstance(node, ast.For | ast.AsyncFor)]
        targets = [
            name
            for loop in sorted(loops, key=lambda loop: (loop.lineno, loop.col_offset))
            for name in ast.walk(loop.target)
            if isinstance(name, ast.Name)
        ]
        return list(dict.fromkeys(name.id for name in targets))

    def experiment_variable(self, node: ast.AST) -> str | None:
        """Return the variable that holds the ``MLExperiment`` at ``node``, or None."""
        for scope in self.scopes(node):
            bound = self.bound_names(scope)
            for name in ("mle", *self._experiment_variables):
                is_parameter = any(name == argument.arg for argument in _parameters(scope))
                if name in bound and (is_parameter or name in self._experiment_variables):
                    return name
        return None

    @functools.cached_property
    def deleted_names(self) -> set[str]:
        """Names that are deleted by ``del`` somewhere."""
        return {node.id for node in self.names if isinstance(node.ctx, ast.Del)}

    @functools.cached_property
    def _experiment_variables(self) -> list[str]:
        """Names that are assigned ``MLExperiment(…)`` somewhere."""
        found: list[str] = []
        for node in self.nodes:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=made):
                    pass
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.Call() as made):
                    pass
                case ast.withitem(context_expr=made, optional_vars=ast.Name(id=name)):
                    pass
                case _:
                    continue
            if isinstance(made, ast.Call) and getattr(made.func, "attr", getattr(made.func, "id", "")) in (
                "MLExperiment",
                "MLE_Experiment",
            ):
                found.append(name)
        return found

    def _own_nodes(self, scope: Scope) -> Iterator[ast.AST]:
        waiting = list(ast.iter_child_nodes(scope))
        while waiting:
            node = waiting.pop(0)
            yield node
            if not isinstance(node, Scope | ast.ClassDef):
                waiting += ast.iter_child_nodes(node)


def _names_bound_by(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            yield from ((alias.asname or alias.name).split(".")[0] for alias in aliases)
        case ast.ExceptHandler(name=str() as name):
            yield name
        case ast.MatchAs(name=str() as name) | ast.MatchStar(name=str() as name):
            yield name
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            yield from names


def _parameters(scope: Scope) -> list[ast.arg]:
    if isinstance(scope, ast.Module):
        return []
    arguments = scope.args
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]

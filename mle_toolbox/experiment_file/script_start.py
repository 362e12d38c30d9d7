"""Checks that a script works when `mle run` starts it: as a file, with ``-config``, ``-seed`` and ``-exp_dir``.

Reports only what is certain: relative imports that fail, imports of names that only the original had, and what
``argparse`` does with our three options.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mle_toolbox.experiment_file.script_tree import ScriptTree
from mle_toolbox.original_names import replacement
from mle_toolbox.text import listed

__all__ = ["trouble_at_start"]

_PASSED = ("-config", "-seed", "-exp_dir")
_STRICT, _TOLERANT = ("parse_args", "parse_intermixed_args"), ("parse_known_args", "parse_known_intermixed_args")
# A statement inside these nodes is executed whenever they are.
_PLAIN = (
    *(ast.Expr, ast.Assign, ast.AnnAssign, ast.Return, ast.With, ast.withitem, ast.NamedExpr),
    *(ast.Tuple, ast.Call, ast.Attribute, ast.Subscript, ast.Starred, ast.keyword),
)


def trouble_at_start(script: ScriptTree) -> Iterator[tuple[int, str]]:
    """Yield line and message for everything that makes a script fail at its start, or gives it a wrong value."""
    found = [*_relative_imports(script), *_imports_of_the_original(script)]
    # A script that modifies sys.argv probably takes care of our options itself.
    if not any(_touches_argv(node, script) for node in script.nodes):
        found += [each for parser in _parsers(script) for each in parser.trouble()]
    if not script.is_left_alone:
        yield from ((line, message) for line, message in found if not script.is_line_left_alone(line))


def _relative_imports(script: ScriptTree) -> Iterator[tuple[int, str]]:
    if any(node.id == "__package__" for node in script.names):
        return
    for node in script.nodes:
        if not isinstance(node, ast.ImportFrom) or node.level == 0 or not _runs_at_start(node, script):
            continue
        found = f"from {'.' * node.level}{node.module or ''} import {', '.join(alias.name for alias in node.names)}"
        message = f"{found!r} fails: a script that is started as a file does not belong to a package."
        if node.level == 1:
            absolute = f"from {node.module} import …" if node.module else f"import {node.names[0].name}"
            yield node.lineno, f"{message} Write {absolute!r}: its folder is searched first."
        else:
            yield node.lineno, f"{message} Use the full name of the package, installed by 'pip install -e .'."


def _imports_of_the_original(script: ScriptTree) -> Iterator[tuple[int, str]]:
    """Yield the imports of what the original mle-toolbox had and this one lacks."""
    for node in script.nodes:
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            said = [sentence for each in node.names if (sentence := replacement(node.module, each.name)) is not None]
            if said and _runs_at_start(node, script):
                yield from ((node.lineno, sentence) for sentence in said)


def _touches_argv(node: ast.AST, script: ScriptTree) -> bool:
    is_argv = (isinstance(node, ast.Attribute) and node.attr == "argv") or (
        isinstance(node, ast.alias) and node.name == "argv"
    )
    return is_argv and not _is_whole_command_line(script.parents[node])


def _is_whole_command_line(node: ast.AST) -> bool:
    match node:
        case ast.Subscript(
            value=ast.Attribute(attr="argv"),
            slice=ast.Slice(lower=ast.Constant(value=1), upper=None, step=None),
            ctx=ast.Load(),
        ):
            return True
    return False


@dataclass(frozen=True)
class _Parser:
    """An ``ArgumentParser`` of the script, all of whose uses are known."""

    options: Sequence[tuple[ast.Call, Sequence[str]]]
    """Each ``add_argument`` call with its names or flags."""
    parses: Sequence[ast.Call]
    """The calls that certainly parse the command line."""

    def trouble(self) -> Iterator[tuple[int, str]]:
        if not self.parses:
            return
        names = {name for _, given in self.options for name in given}
        unknown = [passed for passed in _PASSED if not any(name.startswith(passed) for name in names)]
        for call, given in self.options:
            for name in given:
                yield from ((call.lineno, _clash(name, passed, given)) for passed in unknown if passed[:2] == name)
            if given and not given[0].startswith("-") and unknown:
                yield (
                    call.lineno,
                    f"argparse takes the value of {unknown[0]!r}, which `mle run` passes, for the argument "
                    f"{given[0]!r}. Make it an option ('--{given[0]}'), and parse with parse_known_args().",
                )
        strict = [call for call in self.parses if _method(call) in _STRICT]
        if unknown and strict:
            yield (
                strict[0].lineno,
                f"{_method(strict[0])}() ends the script, because `mle run` passes "
                f"{listed(map(repr, unknown), None)}, which this parser does not know. "
                "Write 'args, _ = parser.parse_known_args()': MLExperiment() reads them itself.",
            )


def _clash(name: str, passed: str, given: Sequence[str]) -> str:
    long = next((f" ({other!r} alone)" for other in given if other.startswith("--")), "")
    return (
        f"argparse takes {passed!r}, which `mle run` passes, for {name!r} with the value {passed[2:]!r}. Drop the "
        f"one-letter name{long}, and parse with parse_known_args()."
    )


def _parsers(script: ScriptTree) -> Iterator[_Parser]:
    for node in script.nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=made, args=[], keywords=keywords)):
                pass
            case _:
                continue
        is_parser = getattr(made, "attr", getattr(made, "id", None)) == "ArgumentParser"
        # Other arguments (parents, prefix_chars) may add options or change what counts as one.
        plain = {"description", "prog", "usage", "epilog", "formatter_class", "add_help", "allow_abbrev"}
        if not is_parser or not {keyword.arg for keyword in keywords} <= plain:
            continue
        # A parameter of the same name could be another parser.
        if any(isinstance(each, ast.arg) and each.arg == name for each in script.nodes):
            continue
        uses = [each for each in script.names if each.id == name]
        if sum(isinstance(each.ctx, ast.Store) for each in uses) == 1 and (parser := _all_in_sight(uses, script)):
            yield parser


def _all_in_sight(uses: Sequence[ast.Name], script: ScriptTree) -> _Parser | None:
    """Return the parser, or None if it is passed elsewhere or has options that are not literals."""
    options, parses = [], []
    for use in uses:
        if isinstance(use.ctx, ast.Store):
            continue
        method = script.parents[use]
        call = script.parents[method]
        if not (isinstance(method, ast.Attribute) and isinstance(call, ast.Call) and call.func is method):
            return None
        if method.attr == "add_argument":
            names = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            if len(names) != len(call.args) or not _has_plain_nargs(call):
                return None
            # In an `if`, a loop or a `try` the option may or may not exist.
            if not all(isinstance(each, _PLAIN) for each in _up_to_scope(call, script)):
                return None
            options.append((call, names))
        elif method.attr in (*_STRICT, *_TOLERANT):
            if _reads_command_line(call) and _runs_at_start(call, script):
                parses.append(call)
        elif method.attr not in ("set_defaults", "print_help", "print_usage", "format_help", "error"):
            return None
    return _Parser(options, parses)


def _has_plain_nargs(call: ast.Call) -> bool:
    """Return whether an option does not take all that follows (REMAINDER) and has no computed keywords."""
    for keyword in call.keywords:
        if keyword.arg is None or (keyword.arg == "nargs" and not isinstance(keyword.value, ast.Constant)):
            return False
        if keyword.arg == "nargs" and getattr(keyword.value, "value", None) == "...":
            return False
    return True


def _reads_command_line(call: ast.Call) -> bool:
    given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "args")]
    return not given or _is_whole_command_line(given[0]) or getattr(given[0], "value", 0) is None


def _runs_at_start(node: ast.AST, script: ScriptTree, seen: tuple[ast.AST, ...] = ()) -> bool:
    """Return whether the script certainly reaches ``node``, unless it ends before."""
    around = list(_up_to_scope(node, script))
    if not all(isinstance(each, _PLAIN) or _is_main_guard(each, script) for each in around):
        return False
    scope = script.parents[around[-1] if around else node]
    if isinstance(scope, ast.Module):
        return True
    is_plain = isinstance(scope, ast.FunctionDef) and not scope.decorator_list and scope not in seen
    if not is_plain or not isinstance(script.parents[scope], ast.Module) or isinstance(node, ast.ImportFrom):
        return False
    assert isinstance(scope, ast.FunctionDef)
    # An earlier return or raise may skip the node.
    leaves = [each for each in ast.walk(scope) if isinstance(each, ast.Return | ast.Raise | ast.Yield | ast.Await)]
    line = getattr(node, "lineno", 0)
    if any(each.lineno < line for each in leaves):
        return False
    calls = [script.parents[use] for use in script.names if use.id == scope.name and isinstance(use.ctx, ast.Load)]
    return any(
        isinstance(call, ast.Call)
        and getattr(call.func, "id", None) == scope.name
        and _runs_at_start(call, script, (*seen, scope))
        for call in calls
    )


def _up_to_scope(node: ast.AST, script: ScriptTree) -> Iterator[ast.AST]:
    """Yield the nodes around ``node`` up to its function or module."""
    for each in script.above(node):
        if isinstance(each, ast.Module | ast.FunctionDef):
            return
        yield each


def _is_main_guard(node: ast.AST, script: ScriptTree) -> bool:
    match node:
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"), ops=[ast.Eq()]), orelse=[]):
            return isinstance(script.parents[node], ast.Module)
    return False


def _method(call: ast.Call) -> str:
    assert isinstance(call.func, ast.Attribute)
    return call.func.attr

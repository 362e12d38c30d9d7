"""Whether a script can be started as `mle run` starts it: as a file, with ``-config``, ``-seed`` and ``-exp_dir``.

Says only what is certain: that a relative import fails, and what ``argparse`` does with our three options.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mle_toolbox.experiment_file.script_tree import ScriptTree
from mle_toolbox.text import listed

__all__ = ["trouble_at_start"]

_PASSED = ("-config", "-seed", "-exp_dir")
_STRICT, _TOLERANT = ("parse_args", "parse_intermixed_args"), ("parse_known_args", "parse_known_intermixed_args")
# What may stand around a statement that is run whenever what is around it is run.
_PLAIN = (
    *(ast.Expr, ast.Assign, ast.AnnAssign, ast.Return, ast.With, ast.withitem, ast.NamedExpr),
    *(ast.Tuple, ast.Call, ast.Attribute, ast.Subscript, ast.Starred, ast.keyword),
)


def trouble_at_start(script: ScriptTree) -> Iterator[tuple[int, str]]:
    """Yield the line of everything that ends a script when it is started, or gives it a wrong value, and a message."""
    found = list(_relative_imports(script))
    # Who changes the command line knows what is on it.
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
        message = f"{found!r} fails: a script that is started as a file is in no package."
        if node.level == 1:
            absolute = f"from {node.module} import …" if node.module else f"import {node.names[0].name}"
            yield node.lineno, f"{message} Write {absolute!r}: its folder is searched first."
        else:
            yield node.lineno, f"{message} Import by the full name of the package (pip install -e .)."


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
    """One ``ArgumentParser`` of the script whose every use is in sight."""

    options: Sequence[tuple[ast.Call, Sequence[str]]]
    """Each ``add_argument`` with the names that it gives."""
    parses: Sequence[ast.Call]
    """Where it certainly reads the command line."""

    def trouble(self) -> Iterator[tuple[int, str]]:
        if not self.parses:
            return
        names = {name for _, given in self.options for name in given}
        unknown = [passed for passed in _PASSED if not any(name.startswith(passed) for name in names)]
        for call, given in self.options:
            for name in given:
                yield from ((call.lineno, _clash(name, passed, given)) for passed in unknown if passed[:2] == name)
            if given and not given[0].startswith("-") and unknown:
                yield call.lineno, _positional(given[0], unknown[0])
        strict = [call for call in self.parses if _method(call) in _STRICT]
        if unknown and strict:
            yield strict[0].lineno, _strict(unknown, _method(strict[0]))


def _clash(name: str, passed: str, given: Sequence[str]) -> str:
    long = next((f" ({other!r} alone)" for other in given if other.startswith("--")), "")
    return (
        f"argparse takes {passed!r}, which `mle run` passes, for {name!r} with the value {passed[2:]!r}. Leave the "
        f"name of one letter out{long}, and parse with parse_known_args()."
    )


def _positional(name: str, passed: str) -> str:
    return (
        f"argparse takes the value of {passed!r}, which `mle run` passes, for the argument {name!r}. Make it an option "
        f"('--{name}'), and parse with parse_known_args()."
    )


def _strict(unknown: Sequence[str], method: str) -> str:
    passed = listed(map(repr, unknown), None)
    return (
        f"{method}() ends the script, because `mle run` passes {passed}, which this parser does not know. "
        "Write 'args, _ = parser.parse_known_args()': MLExperiment() reads them itself."
    )


def _parsers(script: ScriptTree) -> Iterator[_Parser]:
    for node in script.nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=made, args=[], keywords=keywords)):
                pass
            case _:
                continue
        is_parser = getattr(made, "attr", getattr(made, "id", None)) == "ArgumentParser"
        plain = {"description", "prog", "usage", "epilog", "formatter_class", "add_help", "allow_abbrev"}
        if not is_parser or not {keyword.arg for keyword in keywords} <= plain:
            continue
        # The same name twice could be two parsers.
        if any(isinstance(each, ast.arg) and each.arg == name for each in script.nodes):
            continue
        uses = [each for each in script.names if each.id == name]
        if sum(isinstance(each.ctx, ast.Store) for each in uses) == 1 and (parser := _all_in_sight(uses, script)):
            yield parser


def _all_in_sight(uses: Sequence[ast.Name], script: ScriptTree) -> _Parser | None:
    """Return the parser, or None where it is given away, or has options that are not written out."""
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
            if len(names) != len(call.args) or not _has_plain_nargs(call) or not _is_in_one_piece(call, script):
                return None
            options.append((call, names))
        elif method.attr in (*_STRICT, *_TOLERANT):
            if _reads_command_line(call) and _runs_at_start(call, script):
                parses.append(call)
        elif method.attr not in ("set_defaults", "print_help", "print_usage", "format_help", "error"):
            return None
    return _Parser(options, parses)


def _has_plain_nargs(call: ast.Call) -> bool:
    """Whether it neither takes whatever follows (REMAINDER), nor has keywords that are not written out."""
    for keyword in call.keywords:
        if keyword.arg is None or (keyword.arg == "nargs" and not isinstance(keyword.value, ast.Constant)):
            return False
        if keyword.arg == "nargs" and getattr(keyword.value, "value", None) == "...":
            return False
    return True


def _is_in_one_piece(call: ast.Call, script: ScriptTree) -> bool:
    """Whether the option is there whenever the code around is run: not in an ``if``, a loop or a ``try``."""
    return all(isinstance(each, _PLAIN) for each in _up_to_scope(call, script))


def _reads_command_line(call: ast.Call) -> bool:
    given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "args")]
    return not given or _is_whole_command_line(given[0]) or getattr(given[0], "value", 0) is None


def _runs_at_start(node: ast.AST, script: ScriptTree, seen: tuple[ast.AST, ...] = ()) -> bool:
    """Whether a script that is started comes to ``node`` for certain, unless it ends before."""
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
    """Yield what is around ``node`` inside its function or module; what cannot be judged counts as such."""
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

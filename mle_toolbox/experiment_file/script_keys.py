"""Compares the keys that a script logs with the names that its configurations track.

Reports nothing unless the keys are literal: a dictionary display in the call, or a variable that is assigned such a
dictionary once and not modified before the call.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from mle_toolbox.errors import nearest
from mle_toolbox.experiment_file.added_metrics import may_add_metrics
from mle_toolbox.experiment_file.configuration_reader import ConfigurationFile
from mle_toolbox.experiment_file.log_keys import OWN_CLOCKS
from mle_toolbox.experiment_file.script_tree import Scope, ScriptTree

__all__ = ["wrong_keys"]

_TRACKED = ("time_to_track", "what_to_track")
_ARGUMENTS = (("time_tick", "clock_tick"), ("stats_tick",))
_HARMLESS_CALLS = {"print", "len", "str", "repr", "dict", "sorted", "list"}


@dataclass(frozen=True)
class _LogCall:
    """One call of ``update_log``: the keys of times and of metrics with their lines; None where they are unknown."""

    line: int
    keys: tuple[Mapping[str, int] | None, Mapping[str, int] | None]


@dataclass(frozen=True, order=True)
class _Difference:
    line: int
    key: str
    is_extra: bool
    kind: int
    """0: a time, 1: a metric."""


def wrong_keys(
    script: ScriptTree, configurations: Sequence[ConfigurationFile], path: Path
) -> Iterator[tuple[int, str]]:
    """Yield line and message for every key that is logged but not tracked, or tracked but not logged.

    A script may have several calls and choose between them by configuration. So a configuration is reported only when
    no call matches it, and then against the call with the fewest differences. A call may leave out metrics; a metric
    that no call logs is a mistake, provided that the keys of all calls are known. Names that are passed to
    ``extend_tracking`` are tracked as well.
    """
    nodes = [node for node in script.nodes if _is_log_call(node, script)]
    calls = [_log_call(node, script) for node in nodes if not _saves_only_a_model(node)]
    added = _added_names(script, path)
    if not calls or any(call.keys == (None, None) for call in calls) or script.is_left_alone:
        return
    found: dict[tuple[_Difference, str], list[ConfigurationFile]] = {}
    for file in configurations:
        tracked = _tracked(file)
        if tracked is None:
            continue
        metrics = [call.keys[1] for call in calls]
        measured = None if None in metrics else {key for keys in metrics for key in keys or ()}
        differences = min((_differences(call, tracked, measured, added) for call in calls), key=len)
        for difference in differences:
            names = str(list(tracked[difference.kind]))
            # One message for all configurations that track the same names.
            found.setdefault((difference, names), []).append(file)
    for (difference, _), files in found.items():
        if not script.is_line_left_alone(difference.line):
            yield difference.line, _sentence(difference, files)


def _saves_only_a_model(node: ast.AST) -> bool:
    """Return whether an update has a model and certainly no metrics, and so logs no tick."""
    if not isinstance(node, ast.Call):
        return False
    stats = _argument(node, 1, _ARGUMENTS[1])
    return isinstance(stats, ast.Dict) and not stats.keys and _argument(node, 2, ("model",)) is not None


def _added_names(script: ScriptTree, path: Path) -> Sequence[str] | None:
    """Return the names that the script tracks by ``extend_tracking``, or None if some of them are not known."""
    names: list[str] = []
    if not may_add_metrics(path):
        return names
    for node in script.nodes:
        match node:
            case ast.Attribute(attr="extend_tracking") | ast.Constant(value="extend_tracking"):
                call = script.parents[node]
            case _:
                continue
        given = call.args[0] if isinstance(call, ast.Call) and call.func is node and len(call.args) == 1 else None
        if not isinstance(given, ast.List | ast.Tuple):
            return None
        literals = [each.value for each in given.elts if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        if len(literals) != len(given.elts):
            return None
        names += literals
    return names or None


def _tracked(file: ConfigurationFile) -> tuple[Sequence[str], Sequence[str]] | None:
    """Return the names that a configuration tracks, or None when it is invalid or leaves them to the script."""
    if file.configuration is None or file.problems:
        return None
    log = file.configuration.content.get("log_config")
    if log is None:
        return None
    return log["time_to_track"], log["what_to_track"]


def _differences(
    call: _LogCall,
    tracked: tuple[Sequence[str], Sequence[str]],
    measured: Set[str] | None,
    added: Sequence[str] | None,
) -> list[_Difference]:
    """Return the differences.

    ``measured`` are the metrics that any call logs, ``added`` those that the script tracks itself; None if unknown.
    """
    found = []
    for kind, keys in enumerate(call.keys):
        if keys is None:
            continue
        extra = [key for key in keys if key not in tracked[kind]]
        if kind == 1:
            extra = [key for key in extra if added is not None and key not in added]
        elsewhere: Collection[str] = OWN_CLOCKS if kind == 0 else tracked[1] if measured is None else measured
        missing = [name for name in tracked[kind] if name not in keys and name not in elsewhere]
        # "metrix" for "metric1" is one mistake, not two.
        meant = {nearest(key, missing) for key in extra}
        found += [_Difference(keys[key], key, True, kind) for key in extra]
        found += [_Difference(call.line, name, False, kind) for name in missing if name not in meant]
    return found


def _sentence(difference: _Difference, files: Sequence[ConfigurationFile]) -> str:
    tracked = _tracked(files[0])
    own, other = (tracked or ((), ()))[difference.kind], (tracked or ((), ()))[1 - difference.kind]
    others = f" (and in {len(files) - 1} more)" if len(files) > 1 else ""
    holds = f"{_TRACKED[difference.kind]} in {files[0].name}{others} is {list(own)}"
    if not difference.is_extra:
        return f"{difference.key!r} is tracked but not logged: {holds}."
    if difference.key in other:
        kind = "a time: pass it in the first" if difference.kind else "a metric: pass it in the second"
        return f"{difference.key!r} is tracked as {kind} dictionary of update_log; {holds}."
    meant = nearest(difference.key, own)
    advice = f" Did you mean {meant!r}?" if meant is not None else ""
    return f"{difference.key!r} is logged but not tracked: {holds}.{advice}"


def _is_log_call(node: ast.AST, script: ScriptTree) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr="update_log", value=owner)):
            return _is_experiment(owner, script) or _is_log(owner, script)
        case ast.Call(func=ast.Attribute(attr="update", value=owner)):
            return _is_log(owner, script)
    return False


def _is_experiment(node: ast.AST, script: ScriptTree) -> bool:
    return isinstance(node, ast.Name) and node.id == script.experiment_variable(node)


def _is_log(node: ast.AST, script: ScriptTree) -> bool:
    match node:
        case ast.Attribute(attr="log", value=owner):
            return _is_experiment(owner, script)
        case ast.Name(id="log"):
            # `log` is never defined, so the author forgot `mle.` in front of it.
            return all("log" not in script.bound_names(scope) for scope in script.scopes(node))
    return False


def _log_call(node: ast.AST, script: ScriptTree) -> _LogCall:
    if not isinstance(node, ast.Call):
        raise TypeError
    time, stats = (_keys(_argument(node, index, names), node, script) for index, names in enumerate(_ARGUMENTS))
    return _LogCall(node.lineno, (time, stats))


def _argument(call: ast.Call, index: int, names: Sequence[str]) -> ast.expr | None:
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        return None
    if index < len(call.args):
        return call.args[index]
    return next((keyword.value for keyword in call.keywords if keyword.arg in names), None)


def _keys(argument: ast.expr | None, call: ast.Call, script: ScriptTree) -> Mapping[str, int] | None:
    if isinstance(argument, ast.Name):
        argument = _only_value(argument, call, script)
    if not isinstance(argument, ast.Dict):
        return None
    keys: dict[str, int] = {}
    for key in argument.keys:
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            return None
        keys[key.value] = key.lineno
    return keys


def _only_value(name: ast.Name, call: ast.Call, script: ScriptTree) -> ast.expr | None:
    """Return the value of ``name`` if it is assigned exactly once, in the same function, and cannot have changed."""
    scope = script.scopes(call)[0]
    if script.bound_names(scope).get(name.id) != 1:
        return None
    values = []
    for node in ast.walk(scope):
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name.id:
                values.append(value)
            case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value) if target == name.id:
                values.append(value)
            case ast.Name(id=other, ctx=ast.Load()) if other == name.id and not _only_reads(node, script, scope):
                return None
            case ast.Global() | ast.Nonlocal() if name.id in node.names:
                return None
    return values[0] if len(values) == 1 else None


def _only_reads(node: ast.Name, script: ScriptTree, scope: Scope) -> bool:
    """Return whether this use of a dictionary certainly leaves its keys unchanged."""
    if script.scopes(node)[0] is not scope:
        return False
    match script.parents[node]:
        case ast.Call(func=ast.Name(id=function)):
            return function in _HARMLESS_CALLS
        case (ast.Call() | ast.keyword()) as parent:
            call = parent if isinstance(parent, ast.Call) else script.parents[parent]
            return node is not getattr(call, "func", None) and _is_log_call(call, script)
        case ast.Subscript(ctx=ast.Load()) | ast.FormattedValue():
            return True
    return False

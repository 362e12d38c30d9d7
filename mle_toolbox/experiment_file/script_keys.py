"""Keys that a script logs against the names that its configurations track.

Says nothing unless the keys can be read off the script: a dictionary written out in the call, or a name that is set
once to such a dictionary and not touched until the call.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from mle_toolbox.errors import nearest
from mle_toolbox.experiment_file.configuration_reader import ConfigurationFile
from mle_toolbox.experiment_file.script_tree import Scope, ScriptTree

__all__ = ["wrong_keys"]

# Filled in by the log itself when they are tracked and not given.
_FILLED_IN = frozenset({"time", "time_elapsed", "num_updates"})
_TRACKED = ("time_to_track", "what_to_track")
_ARGUMENTS = (("time_tick", "clock_tick"), ("stats_tick",))
_HARMLESS_CALLS = {"print", "len", "str", "repr", "dict", "sorted", "list"}


@dataclass(frozen=True)
class _LogCall:
    """One call of ``update_log``: the keys of times and of metrics with their lines, None where unknown."""

    line: int
    keys: tuple[Mapping[str, int] | None, Mapping[str, int] | None]


@dataclass(frozen=True, order=True)
class _Difference:
    line: int
    key: str
    is_extra: bool
    kind: int
    """0: a time, 1: a metric."""


def wrong_keys(script: ScriptTree, configurations: Sequence[ConfigurationFile]) -> Iterator[tuple[int, str]]:
    """Yield line and sentence for every key that is logged but not tracked, or tracked but not logged.

    A script may log in several places and choose one by the configuration. So a configuration has a mistake only when
    no call fits it, and then the nearest call is named. A call may leave out metrics; one that no call has is a
    mistake, as far as all of them can be read.
    """
    calls = [_log_call(node, script) for node in script.nodes if _is_log_call(node, script)]
    if not calls or any(call.keys == (None, None) for call in calls) or script.is_left_alone:
        return
    found: dict[tuple[_Difference, str], list[ConfigurationFile]] = {}
    for file in configurations:
        tracked = _tracked(file)
        if tracked is None:
            continue
        metrics = [call.keys[1] for call in calls]
        measured = None if None in metrics else {key for keys in metrics for key in keys or ()}
        differences = min((_differences(call, tracked, measured) for call in calls), key=len)
        for difference in differences:
            names = str(list(tracked[difference.kind]))
            found.setdefault((difference, names), []).append(file)
    for (difference, _), files in found.items():
        if not script.is_line_left_alone(difference.line):
            yield difference.line, _sentence(difference, files)


def _tracked(file: ConfigurationFile) -> tuple[Sequence[str], Sequence[str]] | None:
    """Return the names that a configuration tracks, or None when it has mistakes of its own."""
    if file.configuration is None or file.problems:
        return None
    log = file.configuration.content["log_config"]
    return log["time_to_track"], log["what_to_track"]


def _differences(
    call: _LogCall, tracked: tuple[Sequence[str], Sequence[str]], measured: Set[str] | None
) -> list[_Difference]:
    """Return what does not fit; ``measured`` are the metrics that any call has, None where that is not known."""
    found = []
    for kind, keys in enumerate(call.keys):
        if keys is None:
            continue
        extra = [key for key in keys if key not in tracked[kind]]
        elsewhere = _FILLED_IN if kind == 0 else tracked[1] if measured is None else measured
        missing = [name for name in tracked[kind] if name not in keys and name not in elsewhere]
        # "metrix" for "metric1" is one slip, not two.
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
        place = "a time: give it in the first" if difference.kind else "a metric: give it in the second"
        return f"{difference.key!r} is tracked as {place} dictionary of update_log; {holds}."
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
            # Never defined: the slip of leaving out `mle.`.
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
    """Return what ``name`` is set to, when that is done once in the same function and it cannot have changed."""
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
    """Say whether this use of a dictionary leaves its keys as they are."""
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

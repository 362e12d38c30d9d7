"""Checks a training script without running it.

Reports only what is certain: a false alarm would keep a good script from running, while a missed mistake shows at the
first tick. So names that may exist, and keys that are computed, are ignored.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Sequence
from pathlib import Path

from mle_toolbox.errors import Problem
from mle_toolbox.experiment_file.configuration_reader import ConfigurationFile
from mle_toolbox.experiment_file.script_keys import wrong_keys
from mle_toolbox.experiment_file.script_names import undefined_names
from mle_toolbox.experiment_file.script_start import trouble_at_start
from mle_toolbox.experiment_file.script_tree import ScriptTree

__all__ = ["check_plain_script", "check_script"]


def check_script(path: Path, name: str, configurations: Sequence[ConfigurationFile]) -> list[Problem]:
    """Return the mistakes in a training script.

    Parameters
    ----------
    path
        The script; it exists.
    name
        Its name in messages.
    configurations
        The configurations it runs with: the names they track are compared with the keys that it logs.

    Returns
    -------
    list of Problem
        A syntax error; or undefined names, keys that are logged but not tracked or the other way round, and code that
        fails as soon as `mle run` starts the script.
    """
    script = _read(path, name)
    if not isinstance(script, ScriptTree):
        return script
    found = [*undefined_names(script), *wrong_keys(script, configurations, path), *trouble_at_start(script)]
    return [Problem(name, line, message) for line, message in found]


def check_plain_script(path: Path, name: str) -> list[Problem]:
    """Return the mistakes in a script that is no training script: a syntax error, or undefined names."""
    script = _read(path, name)
    if not isinstance(script, ScriptTree):
        return script
    return [Problem(name, line, message) for line, message in undefined_names(script)]


def _read(path: Path, name: str) -> ScriptTree | list[Problem]:
    try:
        source = path.read_bytes()
        tree = _parse(source, name)
    except OSError as error:
        return [Problem(name, 0, f"this file cannot be read: {error.strerror}.")]
    except SyntaxError as error:
        said = error.msg.rstrip(".")
        if isinstance(error, TabError):
            said = "tabs and spaces are mixed in the indentation. Use spaces only"
        return [Problem(name, error.lineno or 0, f"syntax error: {said}.")]
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        said = str(error) or "it is nested too deeply"  # the parser raises MemoryError without a message
        return [Problem(name, 0, f"Python cannot parse this script: {said.rstrip('.')}.")]
    return ScriptTree(tree, source)


def _parse(source: bytes, name: str) -> ast.Module:
    with warnings.catch_warnings():
        # An invalid escape such as "\d" is only a warning, and no reason to reject a script.
        warnings.simplefilter("ignore")
        # The compiler finds more than the parser, such as a `return` outside a function.
        compile(source, name, "exec", dont_inherit=True)
        return ast.parse(source, name)

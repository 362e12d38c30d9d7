"""What can be said about a training script without running it.

Only what is certain: a false alarm would keep a good script from running, a missed mistake shows at the first tick.
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

__all__ = ["check_script"]


def check_script(path: Path, name: str, configurations: Sequence[ConfigurationFile]) -> list[Problem]:
    """Return the mistakes of a training script.

    Parameters
    ----------
    path
        The script; it exists.
    name
        What it is called in messages.
    configurations
        What the script is run with: their tracked names are compared with the keys that it logs.

    Returns
    -------
    list of Problem
        A syntax error, or undefined names, keys that are logged but not tracked (or the other way round), and what
        ends the script as soon as `mle run` starts it.
    """
    try:
        source = path.read_bytes()
        tree = _parse(source, name)
    except OSError as error:
        return [Problem(name, 0, f"this file cannot be read: {error.strerror}.")]
    except SyntaxError as error:
        return [Problem(name, error.lineno or 0, _explain(error))]
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        said = str(error) or "it is nested too deep"  # a MemoryError of the parser has no words
        return [Problem(name, 0, f"Python cannot read this script: {said.rstrip('.')}.")]
    script = ScriptTree(tree, source)
    found = [*undefined_names(script), *wrong_keys(script, configurations), *trouble_at_start(script)]
    return [Problem(name, line, message) for line, message in found]


def _parse(source: bytes, name: str) -> ast.Module:
    with warnings.catch_warnings():
        # An odd escape such as "\d" is a warning, and no reason to refuse a script.
        warnings.simplefilter("ignore")
        # The compiler finds more than the parser, such as a `return` outside a function.
        compile(source, name, "exec", dont_inherit=True)
        return ast.parse(source, name)


def _explain(error: SyntaxError) -> str:
    if isinstance(error, TabError):
        return "syntax error: tabs and blanks are mixed in the indentation. Use blanks only."
    return f"syntax error: {error.msg.rstrip('.')}."

"""The options that a script declares for itself, and in which form it therefore expects its arguments.

Read from the source, without running it: calls of ``add_argument`` (argparse and what is built on it), click's
``option`` and absl's ``DEFINE_…`` with names that are written out. The original passes ``-name value``, which argparse
does not take for ``--name``: ``parse_args`` refuses it, and ``parse_known_args`` ignores it in silence.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mle_toolbox.errors import did_you_mean
from mle_toolbox.experiment_file.argument_words import words_of

__all__ = ["ScriptOptions", "read_options"]

_DECLARATIONS = {"add_argument", "option", "add_option"}
_SWITCHES = {"store_true", "store_false"}
# Where one of these is imported there may be options that cannot be read here.
_OTHER_PARSERS = {
    *("fire", "hydra", "tyro", "typer", "jsonargparse", "simple_parsing", "docopt", "plac", "tap", "pyrallis", "chz"),
    *(
        "omegaconf",
        "ml_collections",
        "gin",
        "sacred",
        "pydantic_settings",
        "cyclopts",
        "defopt",
        "configargparse",
        "draccus",
    ),
}
_OTHER_NAMES = re.compile(r"\b(extra_config|HfArgumentParser|argv|getopt|optparse|from_argparse_args)\b")


@dataclass(frozen=True)
class ScriptOptions:
    """The options of one script."""

    declared: Mapping[str, str] = field(default_factory=dict)
    """How each option is written, with its dashes, by its name with underscores; one with two dashes has precedence."""
    switches: Mapping[str, str | None] = field(default_factory=dict)
    """Of the options without a value: how they are written to say no, or None where they are left out for that."""
    is_all: bool = False
    """Whether the script certainly has no other options, and does not read ``mle.extra_config``."""

    def words(self, extra: Mapping[str, Any]) -> list[str]:
        """Return ``extra_cmd_line_input`` as the arguments that the script expects."""
        words: list[str] = []
        for name, value in extra.items():
            option = self.declared.get(_plain(name))
            if option is None:
                words += words_of({name: value})
            elif _plain(name) in self.switches and isinstance(value, bool):
                words += filter(None, [option if value else self.switches[_plain(name)]])
            else:
                first, *rest = words_of({name: value})
                words += [option + first.removeprefix(f"-{name}"), *rest]
        return words

    def notices(self, extra: Mapping[str, Any], script: str) -> Iterator[str]:
        """Yield what the user should know: the form of the arguments, and which the script certainly ignores."""
        declared = {name: value for name, value in extra.items() if _plain(name) in self.declared}
        if (words := self.words(declared)) != list(words_of(declared)):
            yield f"extra_cmd_line_input is passed in the form that {script} declares: {shlex.join(words)}"
        if self.is_all:
            for name in extra.keys() - declared.keys():
                advice = did_you_mean(name, [option.lstrip("-") for option in self.declared.values()])
                yield (
                    f"extra_cmd_line_input: {script} declares no option {name!r} and does not read mle.extra_config, "
                    f"so it makes no difference.{advice}"
                )


def read_options(script: Path) -> ScriptOptions:
    """Return the options that a Python script, and the modules beside it that it imports, declare."""
    declared: dict[str, str] = {}
    switches: dict[str, str | None] = {}
    is_all = True
    for source in _sources(script):
        if source is None:
            is_all = False
            continue
        text, tree = source
        is_all = is_all and not _OTHER_NAMES.search(text) and _OTHER_PARSERS.isdisjoint(_imported(tree))
        for option, no in _declarations(tree):
            name = _plain(option)
            if name not in declared or option.startswith("--") > declared[name].startswith("--"):
                declared[name] = option
                if no is not ...:
                    switches[name] = no
    return ScriptOptions(declared, switches, is_all and bool(declared))


def _sources(script: Path) -> Iterator[tuple[str, ast.Module] | None]:
    """Yield the script and the modules beside it that it imports; None for one that cannot be read."""
    first = _source(script)
    yield first
    if first is None:
        return
    for name in sorted(_imported(first[1])):
        for path in (script.parent / f"{name}.py", script.parent / name / "__init__.py"):
            if path.is_file():
                yield _source(path)


def _source(path: Path) -> tuple[str, ast.Module] | None:
    try:
        text = path.read_text(encoding="utf-8")
        return text, ast.parse(text)
    # Mistakes are reported elsewhere.
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _imported(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found.add(node.module.partition(".")[0])
    return found


def _declarations(tree: ast.Module) -> Iterator[tuple[str, Any]]:
    """Yield each option, and for one without a value how to say no (None: by leaving it out); else ``...``."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        texts = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        if called.startswith("DEFINE_") and texts:
            # absl: --name=value, and for booleans --noname.
            yield f"--{texts[0]}", f"--no{texts[0]}" if called in ("DEFINE_bool", "DEFINE_boolean") else ...
        elif called in _DECLARATIONS:
            action = next((each.value for each in node.keywords if each.arg == "action"), None)
            flag = next((each.value for each in node.keywords if each.arg == "is_flag"), None)
            for text in texts:
                yes, _, no = text.partition("/")  # click: --shout/--no-shout
                if not yes.startswith("-"):
                    continue
                if isinstance(action, ast.Constant) and action.value in _SWITCHES:
                    yield yes, None
                elif getattr(action, "attr", getattr(action, "id", "")) == "BooleanOptionalAction":
                    yield yes, f"--no-{yes.removeprefix('--')}"
                elif no or (isinstance(flag, ast.Constant) and flag.value is True):
                    yield yes, no or None
                else:
                    yield yes, ...


def _plain(option: str) -> str:
    return option.lstrip("-").replace("-", "_")

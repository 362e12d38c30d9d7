"""`mle completion`: what a shell needs to complete commands, options, configurations and metrics."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from mle_toolbox.errors import MLEToolboxError

__all__ = ["add_arguments", "call", "complete", "words_so_far"]

SHELLS = ("bash", "zsh", "fish")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("shell", choices=SHELLS, help="the shell to set up")


def call(arguments: argparse.Namespace) -> int:
    """Print the code for the shell."""
    from argcomplete.shell_integration import shellcode

    print(shellcode(["mle", "mle-gen-snakefile"], shell=arguments.shell))
    return 0


def words_so_far() -> list[str]:
    """Return the words of the line that a shell wants completed, the first one without its folder."""
    # Only to find the command: argcomplete itself splits the line as the shell does.
    program, *others = os.environ.get("COMP_LINE", "mle").split() or ["mle"]
    return [os.path.basename(program), *others]  # noqa: PTH119


def complete(parser: argparse.ArgumentParser) -> None:
    """Write the completions and end the process."""
    import argcomplete

    for action in _actions(parser):
        names = _NAMES.get(action.dest)
        if names is not None and action.choices is None:
            action.completer = _completer(names)  # type: ignore[attr-defined]
    argcomplete.autocomplete(parser)


def _actions(parser: argparse.ArgumentParser) -> Iterable[argparse.Action]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield from _actions(each)


def _completer(names: Callable[[Path], Iterable[str]]) -> Callable[..., list[str]]:
    def found(prefix: str, **_: object) -> list[str]:
        from mle_toolbox.cli.choice import result_folders

        try:
            return [name for name in names(result_folders(())[0]) if name.startswith(prefix)]
        # Whatever is wrong here, a shell is no place to say it.
        except (MLEToolboxError, OSError, ValueError):
            return []

    return found


def _configurations(folder: Path) -> Iterable[str]:
    from mle_toolbox.results import Configurations, load

    results = load(folder)
    return list(results) if isinstance(results, Configurations) else []


def _metrics(folder: Path) -> Iterable[str]:
    from mle_toolbox.results import Configurations, load

    results = load(folder)
    return results.metrics if isinstance(results, Configurations) else []


def _sections(_: Path) -> Iterable[str]:
    from mle_toolbox.experiment_file.key_reference import FILES, sections

    return [*FILES, *(section for each in FILES for section in sections(each))]


# By the name of the argument.
_NAMES: dict[str, Callable[[Path], Iterable[str]]] = {
    "configuration": _configurations,
    "configurations": _configurations,
    "compare": _configurations,
    "metric": _metrics,
    "section": _sections,
}

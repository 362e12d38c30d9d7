"""The commands `mle` and `mle-gen-snakefile`.

A command parses, calls one function of the package and prints: results on stdout, everything else on stderr. Exit
status 0 done, 1 something ran and failed, 2 the user's mistake, 130 interrupted. A command's module is imported when
it is called, so that `mle --help` does not pay for all of them.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from mle_toolbox import __version__
from mle_toolbox.errors import MLEToolboxError, did_you_mean

__all__ = ["generate_main", "main"]

_COMMANDS = {
    "init": "write a new project folder that runs at once",
    "run": "run an experiment, or what is missing of it, and show its results",
    "status": "show which seed runs are done, running or failed",
    "logs": "print what a seed run wrote to stdout and stderr",
    "generate": "write the Snakefile and the profiles (the same as mle-gen-snakefile)",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `mle`; returns the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    command = next((each for each in given if not each.startswith("-")), None)
    if command is not None and command not in _COMMANDS:
        hint = did_you_mean(command, _COMMANDS) or f" The commands are {', '.join(_COMMANDS)}."
        print(f"mle: there is no command {command!r}.{hint}", file=sys.stderr)
        return 2
    parser = argparse.ArgumentParser(
        prog="mle",
        description="Run one training script under several configurations and many seeds.",
        epilog="`mle COMMAND --help` explains a command.",
    )
    parser.add_argument("--version", action="version", version=f"mle-toolbox {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, explanation in _COMMANDS.items():
        subparser = commands.add_parser(name, help=explanation, description=explanation.capitalize() + ".")
        if name == command:
            _prepare(name, subparser)
    return _call(parser, given)


def generate_main(arguments: Sequence[str] | None = None) -> int:
    """Run `mle-gen-snakefile`; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="mle-gen-snakefile", description="Write the Snakefile and the profiles of an experiment file."
    )
    _prepare("generate", parser)
    return _call(parser, list(sys.argv[1:] if arguments is None else arguments))


def _prepare(command: str, parser: argparse.ArgumentParser) -> None:
    module = import_module(f"mle_toolbox.cli.{command}")
    module.add_arguments(parser)
    parser.set_defaults(call=module.call)


def _call(parser: argparse.ArgumentParser, given: list[str]) -> int:
    """Parse and call; the one place where an error becomes a line and an exit status."""
    parsed = parser.parse_args(given)
    try:
        status: int = parsed.call(parsed)
        sys.stdout.flush()
    except MLEToolboxError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of a pipe (`mle status | head`) has left. Python would complain again while it shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return status

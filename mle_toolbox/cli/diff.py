"""`mle diff`: what differs between two seed runs."""

from __future__ import annotations

import argparse

from mle_toolbox.cli.consoles import output_console, print_words
from mle_toolbox.cli.seed_runs import RUN_HELP, find_seed_run
from mle_toolbox.seed_run.run_differences import differences

__all__ = ["add_arguments", "call"]

_STYLES = {"@@": "cyan", "--": "bold", "++": "bold", "-": "red", "+": "green"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("one", metavar="RUN", help=RUN_HELP)
    parser.add_argument("other", metavar="RUN", help="the seed run to compare it with")


def call(arguments: argparse.Namespace) -> int:
    """Print the differences, most important first."""
    one, other = find_seed_run(arguments.one), find_seed_run(arguments.other)
    found = differences(one, other)
    console = output_console()
    for heading, lines in found.values.items():
        console.print(heading, style="bold")
        width = max(len(name) for name, _, _ in lines)
        for name, before, after in lines:
            console.print(f"  {name:<{width}}  {before} → {after}", markup=False)
    if found.code:
        console.print("code", style="bold")
    for line in found.code:
        style = _STYLES.get(line[:2]) or _STYLES.get(line[:1], "")
        console.print(line, style=style, markup=False)
    if not found:
        print_words(
            console, "Nothing differs: configuration, arguments, seed, code, packages and machine are the same."
        )
    return 0

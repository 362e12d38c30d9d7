"""`mle keys`: the keys of the experiment file and of configurations, with what they mean; Markdown in a pipe."""

from __future__ import annotations

import argparse

from mle_toolbox.cli.consoles import output_console
from mle_toolbox.errors import UsageError, did_you_mean
from mle_toolbox.experiment_file.key_reference import FILES, keys_in_markdown, sections

__all__ = ["EXAMPLES", "add_arguments", "call"]

EXAMPLES = {
    "mle keys": "all keys of the experiment file",
    "mle keys single_job_args": "those of one section",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument(
        "section",
        nargs="*",
        metavar="SECTION",
        help="a section such as single_job_args or log_config, or configuration for all sections of a configuration; "
        "default: the sections of the experiment file",
    )


def call(arguments: argparse.Namespace) -> int:
    """Print the keys."""
    text, console = "\n".join(_keys(arguments.section)), output_console()
    if console.is_terminal:
        from rich.markdown import Markdown

        console.print(Markdown(text), soft_wrap=False)
    else:
        print(text)
    return 0


def _keys(wanted: list[str]) -> list[str]:
    found = []
    for name in wanted or [FILES[0]]:
        file = next((each for each in FILES if name == each or name in sections(each)), None)
        if file is None:
            known = [*FILES, *(section for each in FILES for section in sections(each))]
            hint = did_you_mean(name, known) or f" There are {', '.join(known)}."
            raise UsageError(f"{name}: no section is called that.{hint}")
        found.append(keys_in_markdown(file, *(() if name in FILES else (name,))))
    return found

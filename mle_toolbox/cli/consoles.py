"""Where commands print: results on stdout, everything else on stderr."""

from __future__ import annotations

import textwrap

from rich.console import Console
from rich.text import Text

from mle_toolbox.text import AS_WIDE_AS_NEEDED, broken

__all__ = ["error_console", "output_console", "print_words"]


def output_console() -> Console:
    """Return the console for results; as wide as needed when stdout is not a terminal."""
    # Without a terminal rich assumes 80 columns, and would cut the tables of a log file or a pipe.
    console = Console(highlight=False, soft_wrap=True)
    return console if console.is_terminal else Console(highlight=False, width=AS_WIDE_AS_NEEDED)


def error_console() -> Console:
    """Return the console for everything but results."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def print_words(console: Console, text: str, style: str = "", *, indent: int = 0) -> None:
    """Print sentences, on a terminal broken between words; commands and files to copy are lines that are indented."""
    # Not broken by rich: `mle` itself reports mistakes, and must not wait for the import of rich to do so.
    lines = broken(text, max(console.width - indent, 1)) if console.is_terminal else text
    console.print(Text(textwrap.indent(lines, " " * indent), style), soft_wrap=True)

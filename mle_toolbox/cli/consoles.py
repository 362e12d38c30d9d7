"""Where commands print: results on stdout, everything else on stderr."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from mle_toolbox.text import AS_WIDE_AS_NEEDED

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
    """Print a sentence, on a terminal broken between words; not for commands and paths, which are copied from there."""
    if console.is_terminal:
        console.print(Padding(Text(text, style), (0, 0, 0, indent), expand=False), soft_wrap=False)
    else:
        console.print(Text(" " * indent + text, style))

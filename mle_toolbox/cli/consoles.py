"""Where commands print: results on stdout, everything else on stderr."""

from __future__ import annotations

from rich.console import Console

from mle_toolbox.render.rendered import AS_WIDE_AS_NEEDED

__all__ = ["error_console", "output_console"]


def output_console() -> Console:
    """Return the console for results; as wide as needed when stdout is not a terminal."""
    # Without a terminal rich assumes 80 columns, and would cut the tables of a log file or a pipe.
    console = Console(highlight=False, soft_wrap=True)
    return console if console.is_terminal else Console(highlight=False, width=AS_WIDE_AS_NEEDED)


def error_console() -> Console:
    """Return the console for everything but results."""
    return Console(stderr=True, highlight=False, soft_wrap=True)

"""Look up a name that may be misspelt, and suggest the nearest one."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from mle_toolbox.errors import ResultsError, did_you_mean

__all__ = ["UnknownNameError", "known_names", "unknown_name"]


class UnknownNameError(ResultsError, KeyError):
    """There is nothing of this name in the results; the message lists what there is."""

    def __str__(self) -> str:
        # KeyError would show the repr of the message, in quotes.
        return str(self.args[0])


def unknown_name(name: object, choices: Iterable[str], where: str) -> UnknownNameError:
    """Return the error for a name that is not among ``choices``; ``where`` begins the sentence."""
    choices = tuple(choices)
    there_is = f"Available: {', '.join(map(repr, choices))}." if choices else "There are none yet."
    hint = did_you_mean(name, choices) if isinstance(name, str) else ""
    return UnknownNameError(f"{where} has no {name!r}. {there_is}{hint}")


def known_names(given: str | Iterable[str], choices: Collection[str], where: str) -> tuple[str, ...]:
    """Return one name or several as a tuple; ``where`` begins the sentence when one is not among ``choices``."""
    # One name is not to be selected letter by letter.
    names = (given,) if isinstance(given, str) or not isinstance(given, Iterable) else tuple(given)
    for name in names:
        if name not in choices:
            raise unknown_name(name, choices, where)
    return names

"""Looking something up by a name that may be misspelt."""

from __future__ import annotations

from collections.abc import Iterable

from mle_toolbox.errors import ResultsError, did_you_mean

__all__ = ["UnknownNameError", "unknown_name"]


class UnknownNameError(ResultsError, KeyError):
    """There is nothing of this name in the results; says what there is."""

    def __str__(self) -> str:
        return str(self.args[0])


def unknown_name(name: object, choices: Iterable[str], where: str) -> UnknownNameError:
    """Return the error for a name that is not among ``choices``; ``where`` begins the sentence."""
    choices = tuple(choices)
    there_is = f"There is {', '.join(map(repr, choices))}." if choices else "There is nothing yet."
    hint = did_you_mean(name, choices) if isinstance(name, str) else ""
    return UnknownNameError(f"{where} has no {name!r}. {there_is}{hint}")

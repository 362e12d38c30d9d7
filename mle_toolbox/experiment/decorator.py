"""``@experiment(...)``: a function that gets its ``MLExperiment`` when it is called, as in the original mle-toolbox."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from mle_toolbox.errors import UsageError
from mle_toolbox.experiment.mle_experiment import MLExperiment

__all__ = ["experiment"]


def experiment(*arguments: Any, **keywords: Any) -> Callable[..., Any]:
    """Return a decorator that passes an experiment as first argument to a function.

    Parameters
    ----------
    *arguments, **keywords
        Those of ``MLExperiment``, the name of the default configuration first.

    Returns
    -------
    Callable
        The decorator. The experiment is made when the function is called, and is closed when it returns. Without
        arguments the parentheses may be left out.

    Examples
    --------
    >>> @experiment("configs/base.json", create_jax_prng=True)  # doctest: +SKIP
    ... def main(mle, depth):
    ...     mle.update_log({"step": 0}, {"loss": 1.0})
    >>> main(depth=3)  # doctest: +SKIP
    """
    if len(arguments) == 1 and not keywords and callable(arguments[0]):
        decorated: Callable[..., Any] = experiment()(arguments[0])
        return decorated

    def decorate(function: Any) -> Callable[..., Any]:
        if not callable(function):
            raise UsageError(f"@experiment(…) stands above a function, found {function!r}.")

        @functools.wraps(function)
        def run(*given: Any, **named: Any) -> Any:
            made = MLExperiment(*arguments, **keywords)
            result = function(made, *given, **named)
            # Only here: an error that ends the script is handled at its end, with all that is known by then.
            made.close()
            return result

        return run

    return decorate

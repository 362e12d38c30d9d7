"""Whether higher or lower is better for a metric, guessed from its name."""

from __future__ import annotations

import re

__all__ = ["direction"]

# fmt: off
_LOWER = frozenset((
    "bpc", "bpd", "cer", "cost", "costs", "crossentropy", "deviance", "distance", "divergence", "duration", "err",
    "error", "errors", "failure", "failures", "fid", "fpr", "gap", "kl", "latency", "loss", "losses", "mae", "mape",
    "mpe", "mse", "msle", "nll", "perplexity", "ppl", "regret", "residual", "rmse", "rmsle", "runtime", "seconds",
    "smape", "time", "violation", "violations", "wer",
))
# fmt: on
_ENDINGS = ("loss", "error", "cost", "regret")


def direction(metric: str) -> str:
    """Return "lower" for metrics that are better when lower (loss, error, regret, time, …), else "higher".

    A guess from the words of the name; where it decides something, the output has to say so.

    >>> direction("test/logLoss"), direction("val_accuracy"), direction("RMSE_1")
    ('lower', 'higher', 'lower')
    """
    # camelCase: logLoss is two words.
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", metric)
    # RMSE_1, loss2: a number at the end does not change the meaning.
    words = [word.rstrip("0123456789") for word in re.findall(r"[a-z0-9]+", apart.lower())]
    return "lower" if any(word in _LOWER or word.endswith(_ENDINGS) for word in words) else "higher"

"""What the keys of log_config mean together, and which values say that something is not used.

Standard library only: training scripts use it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = [
    "DEFAULT_BOARD",
    "OWN_CLOCKS",
    "WANDB_MISSING",
    "board_name",
    "is_unused",
    "is_wandb_used",
    "may_overwrite",
    "printed_every",
    "printed_names",
    "without_secrets",
]

OWN_CLOCKS = ("time", "time_elapsed", "num_updates")
"""Times that the log itself knows at every update: they can be tracked and printed without being passed."""

WANDB_MISSING = (
    "the package wandb is not installed: pip install 'mle-toolbox-snakemake[wandb]', or set use_wandb to false"
)
DEFAULT_BOARD = "events"
"""Name of the TensorBoard log where use_tboard asks for one and tboard_fname does not name it."""


def is_unused(value: Any) -> bool:
    """Return whether a value only says that something is not used: null, false, 0, or empty, also inside a list.

    >>> [is_unused(value) for value in (None, False, 0, "", [], {}, [None], {"project": None})]
    [True, True, True, True, True, True, True, True]
    >>> [is_unused(value) for value in (True, 1, "no", ["node7"])]
    [False, False, False, False]
    """
    if isinstance(value, Mapping):
        return all(is_unused(member) for member in value.values())
    if isinstance(value, list | tuple):
        return all(is_unused(member) for member in value)
    return not value


def printed_every(log: Mapping[str, Any]) -> int | None:
    """Return that every k-th update is printed, or None if none is."""
    verbose = log.get("verbose")
    if verbose is not None and not verbose:
        return None
    return log.get("print_every_k_updates", 1 if verbose else None) or None


def printed_names(log: Mapping[str, Any], printed: str, tracked: str) -> Sequence[str]:
    """Return the names under the key ``printed``, or all that are tracked where it does not list any."""
    names: Any = log.get(printed)
    return names if isinstance(names, list | tuple) else log[tracked]


def may_overwrite(log: Mapping[str, Any]) -> bool:
    """Return whether a run that is started by hand may replace the finished log of an earlier one."""
    return bool(log.get("overwrite_experiment_dir") or log.get("overwrite"))


def board_name(log: Mapping[str, Any]) -> str | None:
    """Return the name of the TensorBoard log, or None if none is written."""
    wanted, name = log.get("use_tboard"), log.get("tboard_fname") or None
    if wanted is None:
        return name
    return (name or DEFAULT_BOARD) if wanted else None


def is_wandb_used(log: Mapping[str, Any]) -> bool:
    """Return whether ticks are sent to Weights & Biases."""
    settings = log.get("wandb_config")
    # Invalid configurations are reported elsewhere.
    mode = settings.get("mode") if isinstance(settings, Mapping) else None
    return bool(log.get("use_wandb")) and (mode or os.environ.get("WANDB_MODE")) != "disabled"


def without_secrets(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a configuration without the API key of ``wandb_config``: results are given to others.

    It stays a valid configuration, whose runs use the key of the environment.
    """
    log = content.get("log_config")
    if not isinstance(log, Mapping):
        return dict(content)
    wandb = log.get("wandb_config")
    if not isinstance(wandb, Mapping) or not wandb.get("key"):
        return dict(content)
    without_key = {name: value for name, value in wandb.items() if name != "key"}
    return {**content, "log_config": {**log, "wandb_config": without_key}}

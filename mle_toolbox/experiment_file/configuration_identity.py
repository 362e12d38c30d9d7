"""The identity of a seed run: a digest of everything that determines its numbers. Runs of one identity may be averaged.

It covers the configuration, except keys that only affect printing or names, and the script's extra arguments. Standard
library only: training scripts use it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mle_toolbox.experiment_file.json_file import content_digest
from mle_toolbox.experiment_file.log_keys import is_unused
from mle_toolbox.experiment_file.sections import SECTIONS

__all__ = ["ONLY_SHOWN", "identity_of"]

ONLY_SHOWN = (
    "time_to_print",
    "what_to_print",
    "print_every_k_updates",
    "verbose",
    "use_tboard",
    "tboard_fname",
    "overwrite_experiment_dir",
    "overwrite",
    "model_type",
    "save_every_k_ckpt",
    "save_top_k_ckpt",
    "top_k_metric_name",
    "top_k_minimize_metric",
    "ckpt_time_to_track",
    "use_wandb",
    "wandb_config",
)
"""Keys of log_config that affect no number: ``x-decides-numbers: false`` in the schema; a test compares the two."""


def identity_of(content: Mapping[str, Any], arguments: Sequence[str]) -> str:
    """Return the identity of a configuration's seed runs, as 64 hexadecimal digits.

    Parameters
    ----------
    content
        The configuration. The order of keys and of metrics is ignored, and so are empty sections and log
        settings that are not used. Which time variable comes first does count, because it is the x axis.
    arguments
        The script's arguments besides configuration, seed and results folder, in order.
    """
    # Seed and code determine the numbers, too, but are compared separately: all seeds share a configuration, and a
    # finished run of older code stays valid. If a fixed typo in a message changed the identity, it would cost a week.
    counts = {
        name: value
        for name, value in content.items()
        if name != "model_config" and value != {} and not (value is None and name in SECTIONS)
    }
    if content.get("model_config"):
        counts["net_config"] = content["model_config"]  # two names for the same section
    if isinstance(log := content.get("log_config"), Mapping):
        relevant = {name: value for name, value in log.items() if name not in ONLY_SHOWN and not is_unused(value)}
        if isinstance(log.get("what_to_track"), list | tuple):
            relevant["what_to_track"] = sorted(map(str, log["what_to_track"]))
        if isinstance(log.get("time_to_track"), list | tuple):
            first, *others = [*map(str, log["time_to_track"]), ""]
            relevant["time_to_track"] = [first, *sorted(others)]
        counts["log_config"] = relevant
    return content_digest([counts, list(arguments)])

"""What decides the numbers of a seed run, as one digest: two runs of one identity may be averaged.

Counts: what the configuration says, without what only prints or names, and the further arguments of the script. Seed
and code belong to it as well; they are compared by whoever has them, because runs of several seeds share a
configuration, and a finished run of older code is kept. Standard library only: training scripts use it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mle_toolbox.experiment_file.json_file import content_digest

__all__ = ["ONLY_SHOWN", "identity_of"]

ONLY_SHOWN = (
    "time_to_print",
    "what_to_print",
    "print_every_k_updates",
    "tboard_fname",
    "overwrite_experiment_dir",
    "model_type",
)
"""Keys of log_config that decide no number: ``x-decides-numbers: false`` in the schema, which a test compares."""


def identity_of(content: Mapping[str, Any], arguments: Sequence[str]) -> str:
    """Return what decides the numbers of a configuration's seed runs, as 64 hexadecimal digits.

    Parameters
    ----------
    content
        What the configuration says. Neither the order of keys counts, nor that of metrics, nor a key that has its
        default value; the first time variable does, as it is the x axis.
    arguments
        What the script is given besides configuration, seed and results folder, in order.
    """
    return content_digest([_what_counts(content), list(arguments)])


def _what_counts(content: Mapping[str, Any]) -> dict[str, Any]:
    counts = {name: value for name, value in content.items() if name != "model_config" and value != {}}
    if content.get("model_config"):
        counts["net_config"] = content["model_config"]  # two names of one section
    log = content.get("log_config")
    if isinstance(log, Mapping):
        counts["log_config"] = _what_counts_in_log(log)
    return counts


def _what_counts_in_log(log: Mapping[str, Any]) -> dict[str, Any]:
    counts = {name: value for name, value in log.items() if name not in ONLY_SHOWN and value is not None}
    if isinstance(log.get("what_to_track"), list | tuple):
        counts["what_to_track"] = sorted(map(str, log["what_to_track"]))
    if isinstance(log.get("time_to_track"), list | tuple):
        first, *others = [*map(str, log["time_to_track"]), ""]
        counts["time_to_track"] = [first, *sorted(others)]
    return counts

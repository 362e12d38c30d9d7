"""The configuration that a trial makes of its base configuration. Quick to import: jobs that ask wait for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mle_toolbox.experiment_file.json_file import content_digest
from mle_toolbox.experiment_file.log_keys import without_secrets
from mle_toolbox.search.placement import with_values
from mle_toolbox.search.trials import Trial

__all__ = ["content_of_trial", "is_made_from"]


def content_of_trial(trial: Trial, base: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a trial's configuration."""
    # The API key stays in the base configuration, where the seed runs find it: results are given to others.
    return with_values(without_secrets(base), {**trial.values, **trial.extra})


def is_made_from(base: Mapping[str, Any], trial: Trial) -> bool:
    """Return whether a trial on disk was asked with this content of its base configuration."""
    return content_digest(content_of_trial(trial, base)) == trial.digest

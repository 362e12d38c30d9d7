"""What can be said about a training script without running it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mle_toolbox.errors import Problem
from mle_toolbox.experiment_file.configuration import ConfigurationFile

__all__ = ["check_script"]


def check_script(path: Path, name: str, configurations: Sequence[ConfigurationFile]) -> list[Problem]:
    """Return the mistakes of a script; unsure ones are not reported."""
    return []

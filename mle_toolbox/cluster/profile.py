"""What a profile says about the scheduler, read from its config.yaml as Snakemake reads it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mle_toolbox.bundle import profiles_dir
from mle_toolbox.profiles import resolve_profile

__all__ = ["EXECUTOR", "Profile", "find_profile", "read_profile"]

EXECUTOR = "mle-sge"


@dataclass(frozen=True)
class Profile:
    """One profile; ``file`` is None when there is none that can be read."""

    name: str
    file: Path | None
    keys: dict[str, Any]

    @property
    def uses_grid_engine(self) -> bool:
        """Whether it hands jobs to our executor."""
        return self.keys.get("executor") == EXECUTOR

    def setting(self, name: str) -> str:
        """Return a setting of the executor as text (``queue`` for ``mle-sge-queue``); empty when it is not set."""
        value = self.keys.get(f"{EXECUTOR}-{name}")
        return "" if value is None else str(value)


def find_profile(name: str, project: Path) -> Path:
    """Return the folder of the profile that `mle run --profile NAME` uses: the project's own comes first.

    Where there is none, it is the one that would be written into the project, or the name itself.
    """
    own, shipped = project / "profiles" / name, profiles_dir() / name
    if own.is_dir():
        return own
    return resolve_profile(name, project) or (shipped if shipped.is_dir() else Path(name))


def read_profile(name: str, project: Path) -> Profile:
    """Read the profile that `mle run --profile NAME` uses; a file that is no YAML has no keys."""
    file = find_profile(name, project) / "config.yaml"
    try:
        keys = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return Profile(name, None, {})
    return Profile(name, file, keys if isinstance(keys, dict) else {})

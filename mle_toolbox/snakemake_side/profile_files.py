"""What a profile says about the scheduler, read from its config.yaml as Snakemake reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from mle_toolbox.bundle import profiles_dir
from mle_toolbox.profiles import resolve_profile

__all__ = ["EXECUTOR", "Profile", "find_profile", "from_folder", "profile_file", "read_profile"]

EXECUTOR = "mle-sge"
_FILE = re.compile(r"(profile|config)(\.v(?P<version>\d+)\+)?\.yaml")


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
        """Return a setting of the executor as text (``queue`` for ``mle-sge-queue``); empty when it is none."""
        value = self.keys.get(f"{EXECUTOR}-{name}")
        return "" if value is None or isinstance(value, list | dict) else str(value)


def from_folder(path: Path, folder: Path) -> str:
    """Return a path in ``folder`` as it is written there, for a Snakemake that is started there; any other as it is."""
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def find_profile(name: str, project: Path) -> Path:
    """Return the folder of the profile that `mle run --profile NAME` uses: the project's own comes first.

    Where there is none, it is the one that would be written into the project, or the name itself.
    """
    own, shipped = project / "profiles" / name, profiles_dir() / name
    if own.is_dir():
        return own
    return resolve_profile(name, project) or (shipped if shipped.is_dir() else Path(name))


def profile_file(name: str, project: Path) -> Path | None:
    """Return the file of that profile as Snakemake chooses it (snakemake/cli.py, get_profile_dir), None without one.

    A profile may also be given as its file, and have a file for each major version of Snakemake (``config.v9+.yaml``).
    """
    place = find_profile(name, project)
    if place.is_file():
        return place
    found = {each: _FILE.fullmatch(each.name) for each in place.glob("*.yaml")}
    since = {each: int(match["version"] or 0) for each, match in found.items() if match is not None}
    if any(since.values()):
        this = int(version("snakemake").split(".")[0])
        since = {each: major for each, major in since.items() if major <= this}
    return max(since, key=lambda each: since[each], default=None)


def read_profile(name: str, project: Path) -> Profile:
    """Read the profile that `mle run --profile NAME` uses; a file that is no YAML has no keys."""
    file = profile_file(name, project)
    if file is None:
        return Profile(name, None, {})
    try:
        keys = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return Profile(name, None, {})
    return Profile(name, file, keys if isinstance(keys, dict) else {})

"""Profiles as Snakemake finds and reads them: the folder of a name, the file in it, the meaning of a value.

Snakemake looks for `./NAME`, then in the user's and the system's configuration folder, never in `profiles/`
(snakemake/cli.py, get_profile_dir).
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mle_toolbox.bundle import profiles_dir
from mle_toolbox.snakemake_side.assumptions import DEFAULT_PROFILES
from mle_toolbox.surroundings import home

__all__ = [
    "Profile",
    "find_profile",
    "from_folder",
    "is_computed",
    "profile_file",
    "read_profile",
    "resolve_profile",
    "site_profiles_dir",
    "text_of_value",
    "truth_of_text",
    "unread_profile",
    "user_profiles_dir",
]

_FILE = re.compile(r"(profile|config)(\.v(?P<version>\d+)\+)?\.yaml")
# A profile with this key is a template (https://yte-template-engine.github.io).
_COMPUTED = "__use_yte__"
# What the parser of executor settings takes for true and false.
_BOOLEANS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True)
class Profile:
    """One profile; ``file`` is None when there is none that can be read."""

    name: str
    file: Path | None
    keys: dict[str, Any]

    @property
    def shown_file(self) -> str:
        """Its file as the user would type it from here."""
        if self.file is None:
            return "the profile"
        try:
            return str(self.file.relative_to(Path.cwd()))
        except ValueError:
            return str(self.file)

    def setting(self, name: str) -> str:
        """Return a setting of its executor as text (``queue`` for ``mle-sge-queue``); empty when not set."""
        value = self.keys.get(f"{self.keys.get('executor')}-{name}")
        return "" if value is None or isinstance(value, list | dict) else str(value)


def from_folder(path: Path, folder: Path) -> str:
    """Return a path relative to ``folder``, where Snakemake is started, if it lies in it."""
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def find_profile(name: str, project: Path) -> Path:
    """Return the folder of the profile that `mle run --profile NAME` uses: the project's own comes first.

    If there is none, it is the one that would be written into the project, or the name itself.
    """
    # Snakemake never looks into `profiles/`, so `mle run` passes it the path.
    own, shipped = project / "profiles" / name, profiles_dir() / name
    if own.is_dir():
        return own
    return resolve_profile(name, project) or (shipped if shipped.is_dir() else Path(name))


def resolve_profile(name: str, project: Path) -> Path | None:
    """Return what Snakemake takes for ``--profile NAME`` in ``project``, or None."""
    candidates = (project / name, user_profiles_dir() / name, site_profiles_dir() / name)
    return next((each for each in candidates if os.path.lexists(each)), None)


def user_profiles_dir() -> Path:
    """Return the folder in which Snakemake looks for the user's own profiles."""
    # Without a home, `~` is not expanded and Snakemake looks into a folder of that name.
    place = home() or Path("~")
    if sys.platform == "darwin":
        return place / "Library" / "Application Support" / "snakemake"
    return Path(os.environ.get("XDG_CONFIG_HOME") or place / ".config") / "snakemake"


def site_profiles_dir() -> Path:
    """Return the folder in which Snakemake looks for the profiles of the site."""
    if sys.platform == "darwin":
        return Path("/Library/Application Support/snakemake")
    first = (os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)[0]
    return Path(first) / "snakemake"


def profile_file(name: str, project: Path) -> Path | None:
    """Return the file of the profile that `mle run --profile NAME` uses as Snakemake chooses it, None without one.

    A profile may also be given as its file, and have a file for each major version of Snakemake (``config.v9+.yaml``).
    """
    place = find_profile(name, project)
    if place.is_file():
        return place
    found = {each: _FILE.fullmatch(each.name) for each in place.glob("*.yaml")}
    since = {each: int(match["version"] or 0) for each, match in found.items() if match is not None}
    # Of the files for this version and older ones the newest counts, and then the installed version matters.
    if any(since.values()):
        # Only here, and its import takes longer than reading the profile.
        from importlib.metadata import version

        this = int(version("snakemake").split(".")[0])
        since = {each: major for each, major in since.items() if major <= this}
    return max(since, key=lambda each: since[each], default=None)


def read_profile(name: str, project: Path) -> Profile:
    """Read the profile that `mle run --profile NAME` uses; a file that is not YAML has no keys."""
    file = profile_file(name, project)
    if file is None:
        return Profile(name, None, {})
    try:
        keys = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return Profile(name, None, {})
    return Profile(name, file, keys if isinstance(keys, dict) else {})


def unread_profile(project: Path) -> Path | None:
    """Return the profile of the project that a `snakemake` started by hand reads unasked, and `mle run` does not."""
    return next((each for each in map(Path, DEFAULT_PROFILES) if (project / each).exists()), None)


def is_computed(keys: dict[str, Any]) -> bool:
    """Whether a profile is a template, whose keys and values only Snakemake's template engine knows."""
    return _COMPUTED in keys


def text_of_value(value: object) -> str:
    """Return the text that Snakemake makes of a value of any type.

    It takes a text that names something in the folder of the profile for that path, and an empty one for the folder.
    """
    return os.path.expandvars(str(value))


def truth_of_text(text: str) -> bool:
    """Return the boolean that a setting of an executor becomes.

    Raises
    ------
    ValueError
        When it is neither.
    """
    if text.lower() not in _BOOLEANS:
        raise ValueError(text)
    return _BOOLEANS[text.lower()]

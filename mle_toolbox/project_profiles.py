"""The profiles that are written into a project, and whether a bare `--profile NAME` means them.

Snakemake does not look for a profile in `profiles/` (snakemake_side/profile_files.py). So a link `NAME` is put beside
the Snakefile where the name means nothing yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mle_toolbox.bundle import profiles_dir
from mle_toolbox.errors import UsageError
from mle_toolbox.generate import Outcome, WrittenFile, compare_stamped, write_stamped
from mle_toolbox.snakemake_side.profile_files import resolve_profile, site_profiles_dir, user_profiles_dir

__all__ = [
    "InstalledProfile",
    "check_profiles",
    "install_profiles",
    "known_profiles",
    "profile_names",
]


@dataclass(frozen=True)
class InstalledProfile:
    """One profile of a project.

    ``meant`` is the profile that a bare ``--profile NAME`` uses in the project, whoever it belongs to.
    """

    name: str
    files: tuple[WrittenFile, ...]
    meant: Path | None

    @property
    def folder(self) -> Path:
        """Where the files of this profile lie."""
        return self.files[0].path.parent

    @property
    def is_meant(self) -> bool:
        """Whether the bare name means this profile."""
        return self.meant is not None and self.meant.resolve() == self.folder.resolve()

    @property
    def outcome(self) -> Outcome:
        """What became of the files; that one was kept is worth more than that others were written."""
        outcomes = {each.outcome for each in self.files}
        for outcome in (Outcome.KEPT, Outcome.WRITTEN):
            if outcome in outcomes:
                return outcome
        return Outcome.UNCHANGED


def profile_names() -> tuple[str, ...]:
    """Return the names of the profiles that the package ships."""
    return tuple(sorted(each.name for each in profiles_dir().iterdir() if (each / "config.yaml").is_file()))


def known_profiles(project: Path) -> tuple[str, ...]:
    """Return the names that mean something behind ``--profile``: shipped, of the project, the user or the site."""
    folders = (project / "profiles", user_profiles_dir(), site_profiles_dir())
    found = {file.parent.name for folder in folders for file in folder.glob("*/*.yaml")}
    return tuple(sorted(found.union(profile_names())))


def install_profiles(project: Path, *, for_user: bool = False, force: bool = False) -> list[InstalledProfile]:
    """Copy the profiles into a project (or the user's Snakemake configuration) and link their bare names.

    Parameters
    ----------
    project
        The project folder, where `snakemake` will be typed.
    for_user
        Write into the user's Snakemake configuration folder instead, where every project finds them.
    force
        Overwrite files that the user edited.
    """
    target = user_profiles_dir() if for_user else project / "profiles"
    if for_user and "~" in target.parts:
        raise UsageError(
            "There is no home into which profiles could be written: HOME is not set. Set it, or leave out the option."
        )
    installed = []
    for name in profile_names():
        files = tuple(_copy(name, target / name, force=force))
        if resolve_profile(name, project) is None:
            (project / name).symlink_to(Path("profiles") / name)
        installed.append(InstalledProfile(name, files, resolve_profile(name, project)))
    return installed


def check_profiles(project: Path) -> list[WrittenFile]:
    """Compare a project's profiles with what would be written; writes nothing."""
    return [
        compare_stamped(project / "profiles" / name / each.name, each.read_text(encoding="utf-8"))
        for name in profile_names()
        if not _is_source(project / "profiles" / name, name)
        for each in _shipped(name)
    ]


def _shipped(name: str) -> list[Path]:
    return sorted(each for each in (profiles_dir() / name).iterdir() if each.is_file())


def _is_source(target: Path, name: str) -> bool:
    """Whether this is a checkout of mle-toolbox itself, whose profiles are the ones that are shipped."""
    return target.resolve() == (profiles_dir() / name).resolve()


def _copy(name: str, target: Path, *, force: bool) -> list[WrittenFile]:
    if _is_source(target, name):
        return [WrittenFile(target / each.name, Outcome.UNCHANGED) for each in _shipped(name)]
    return [write_stamped(target / each.name, each.read_text(encoding="utf-8"), force=force) for each in _shipped(name)]

"""Writes the profiles into a project, and checks whether a bare `--profile NAME` finds them.

Snakemake does not look for a profile in `profiles/` (snakemake_side/profile_files.py). So if the name does not mean
anything yet, a link `NAME` is put beside the Snakefile.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from mle_toolbox.bundle import profiles_dir
from mle_toolbox.errors import UsageError
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.generate import Outcome, WrittenFile, compare_stamped, write_stamped
from mle_toolbox.snakemake_side.profile_files import resolve_profile, site_profiles_dir, user_profiles_dir

__all__ = [
    "InstalledProfile",
    "check_profiles",
    "install_profiles",
    "known_profiles",
    "link_profiles",
    "profile_names",
]


@dataclass(frozen=True)
class InstalledProfile:
    """One profile of a project.

    ``meant`` is the profile that a bare ``--profile NAME`` uses in the project; it may be the user's or the site's.
    """

    name: str
    files: tuple[WrittenFile, ...]
    meant: Path | None

    @property
    def folder(self) -> Path:
        """The folder of this profile."""
        return self.files[0].path.parent

    @property
    def is_meant(self) -> bool:
        """Whether the bare name means this profile."""
        return self.meant is not None and self.meant.resolve() == self.folder.resolve()

    @property
    def outcome(self) -> Outcome:
        """The result for all files of the profile."""
        # If one was kept and others written, the user has to know about the one that was kept.
        outcomes = {each.outcome for each in self.files}
        for outcome in (Outcome.KEPT, Outcome.WRITTEN):
            if outcome in outcomes:
                return outcome
        return Outcome.UNCHANGED


def profile_names() -> tuple[str, ...]:
    """Return the names of the profiles that the package ships."""
    return tuple(sorted(each.name for each in profiles_dir().iterdir() if (each / "config.yaml").is_file()))


def known_profiles(project: Path) -> tuple[str, ...]:
    """Return the names that ``--profile`` accepts: shipped profiles, and those of project, user and site."""
    folders = (project / "profiles", user_profiles_dir(), site_profiles_dir())
    # Any YAML file makes a folder a profile: Snakemake also reads config.v8+.yaml and the like.
    found = {file.parent.name for folder in folders for file in folder.glob("*/*.yaml")}
    return tuple(sorted(found.union(profile_names())))


def install_profiles(project: Path, *, for_user: bool = False, force: bool = False) -> list[InstalledProfile]:
    """Copy the profiles into a project (or the user's Snakemake configuration) and link their bare names.

    Parameters
    ----------
    project
        The project folder, in which the user will run `snakemake`.
    for_user
        Write into the user's Snakemake configuration instead, for all projects.
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
        # A name that already means something, a profile of the user's or the site's, is left alone.
        if resolve_profile(name, project) is None:
            (project / name).symlink_to(Path("profiles") / name)
        installed.append(InstalledProfile(name, files, resolve_profile(name, project)))
    return installed


def link_profiles(plan: Plan) -> None:
    """Link the bare names of a project's profiles beside an experiment file whose paths start elsewhere."""
    folder = plan.experiment_file.parent
    if plan.given or folder.resolve() == plan.project_dir.resolve():
        return
    for name in profile_names():
        # The folder of the experiment file may be read-only.
        with contextlib.suppress(OSError):
            profile = plan.project_dir / "profiles" / name
            if profile.is_dir() and resolve_profile(name, folder) is None:
                (folder / name).symlink_to(os.path.relpath(profile.resolve(), folder.resolve()))


def check_profiles(project: Path) -> list[WrittenFile]:
    """Compare a project's profiles with those that would be written; writes nothing."""
    # A checkout of mle-toolbox would compare each file with itself, which has no stamp.
    return [
        compare_stamped(project / "profiles" / name / each.name, each.read_text(encoding="utf-8"))
        for name in profile_names()
        if not _is_source(project / "profiles" / name, name)
        for each in _shipped(name)
    ]


def _shipped(name: str) -> list[Path]:
    return sorted(each for each in (profiles_dir() / name).iterdir() if each.is_file())


def _is_source(target: Path, name: str) -> bool:
    """Return whether this is a checkout of mle-toolbox itself, whose profiles are the shipped ones."""
    return target.resolve() == (profiles_dir() / name).resolve()


def _copy(name: str, target: Path, *, force: bool) -> list[WrittenFile]:
    if _is_source(target, name):
        return [WrittenFile(target / each.name, Outcome.UNCHANGED) for each in _shipped(name)]
    return [write_stamped(target / each.name, each.read_text(encoding="utf-8"), force=force) for each in _shipped(name)]

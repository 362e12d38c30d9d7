"""Writes the files of `mle-gen-snakefile` into a project, and recognises those that the user has edited.

A written file ends with a stamp, the hash of the rest. If the stamp does not match, the user has edited the file, and
it is kept. Knows nothing of the workflow's content, and imports nothing slow.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from mle_toolbox.errors import UsageError
from mle_toolbox.experiment_file.path_starts import setting_of_snakefile, snakefile_names
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.layout import ExperimentFolder

__all__ = [
    "Outcome",
    "WrittenFile",
    "belongs_to",
    "check_snakefile",
    "compare_stamped",
    "link_beside",
    "snakefile_for",
    "write_snakefile",
    "write_stamped",
]

# A comment in Snakefiles and in the YAML of profiles alike, so it can end either.
_STAMP = "# stamp: "

_SNAKEFILE = '''\
# The workflow of {title}, written by mle-gen-snakefile.
#
# One job for each configuration and seed, one merge for each configuration, one file and one report of all
# results. What runs is read from the experiment file at every call: to add seeds or configurations, edit that file
# and run again.
# This file is yours. Rules of your own can follow below; once edited, it is never overwritten without --force.

from mle_toolbox.bundle import workflow_dir

config.setdefault("experiment_file", {name})
{starts}

include: workflow_dir() / "main.smk"


rule all:
    """All seed runs, merges, results and the report; add what you want to be made besides."""
    input:
        all_results,


'''


_STARTS = """\
# Where the paths of that file start, from the folder of this Snakefile. Snakemake goes there wherever it is typed.
config.setdefault("paths_start", {start})
"""
_ELSEWHERE = """\
# Paths that start in another folder, from there.
config.setdefault("paths_elsewhere", {elsewhere})
"""
_GIVEN = """\
# Values of the command line, in place of those of the experiment file.
config.setdefault("given", {given})
"""


class Outcome(Enum):
    """The result for one file."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    KEPT = "kept as you edited it"
    DIFFERENT = "differs from what would be written"


@dataclass(frozen=True)
class WrittenFile:
    """A file of the project and the result for it."""

    path: Path
    outcome: Outcome


def snakefile_for(plan: Plan) -> Path:
    """Return the Snakefile of an experiment: the first name in its folder that no other experiment has."""
    if plan.given:
        # Drivers with different values run side by side, and each job of theirs reads its Snakefile again.
        return ExperimentFolder(plan.experiment_path).snakefile
    mine = plan.words[0]
    for name in snakefile_names(plan.experiment_file):
        snakefile = plan.project_dir / name
        if not snakefile.exists() or belongs_to(snakefile) == mine:
            return snakefile
    parts = [part for part in Path(mine).with_suffix("").parts if part != ".."]
    return plan.project_dir / f"{'_'.join(parts)}.smk"


def write_snakefile(plan: Plan, output: Path, *, force: bool = False) -> WrittenFile:
    """Write the Snakefile of an experiment.

    Parameters
    ----------
    plan
        The experiment.
    output
        The Snakefile; in the project folder, where the paths of the experiment file start, or in the results folder.
    force
        Also overwrite a file that was edited, is another experiment's, or was not written by us.

    Raises
    ------
    UsageError
        When ``output`` belongs to another experiment, was not written by us, or is in another folder.
    """
    _require_beside(plan, output)
    if not force:
        _require_ours(plan, output)
    return write_stamped(output, _snakefile_text(plan, output), force=force)


def link_beside(plan: Plan, snakefile: Path) -> None:
    """Link the Snakefile beside an experiment file whose paths start elsewhere.

    So `snakemake` typed there, and every command that is given this experiment file, means the same files.
    """
    folder = plan.experiment_file.parent
    if plan.given or folder.resolve() == plan.project_dir.resolve():
        return
    target = os.path.relpath(os.path.realpath(snakefile), os.path.realpath(folder))
    # The folder of the experiment file may be read-only; the results keep the choice as well.
    with contextlib.suppress(OSError):
        for name in snakefile_names(plan.experiment_file):
            link = folder / name
            if link.is_symlink() and os.readlink(link) == target:  # noqa: PTH115
                return
            if _is_replaceable(link, plan):
                link.unlink(missing_ok=True)
                link.symlink_to(target)
                return


def check_snakefile(plan: Plan, output: Path) -> WrittenFile:
    """Compare the file on disk with the one that would be written; writes nothing."""
    _require_beside(plan, output)
    return compare_stamped(output, _snakefile_text(plan, output))


def belongs_to(snakefile: Path) -> str | None:
    """Return the experiment file that a Snakefile of ours names, or None if it is not ours."""
    # Not the stamp: an edited Snakefile still belongs to its experiment.
    named = setting_of_snakefile(_read(snakefile) or "", "experiment_file")
    return named if isinstance(named, str) else None


def write_stamped(path: Path, text: str, *, force: bool = False) -> WrittenFile:
    """Write ``text`` and its stamp, unless the existing file was edited; a second call changes nothing."""
    present, wanted = _read(path), _stamped(text)
    if present == wanted:
        return WrittenFile(path, Outcome.UNCHANGED)
    if present is not None and _is_edited(present) and not force:
        return WrittenFile(path, Outcome.KEPT)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(wanted, encoding="utf-8")
    return WrittenFile(path, Outcome.WRITTEN)


def compare_stamped(path: Path, text: str) -> WrittenFile:
    """Return whether `write_stamped` would leave the file unchanged; writes nothing."""
    same = _read(path) == _stamped(text)
    return WrittenFile(path, Outcome.UNCHANGED if same else Outcome.DIFFERENT)


def _snakefile_text(plan: Plan, output: Path) -> str:
    name = plan.words[0]
    # Without its quotes, but escaped: a file name with a line break must not end the comment.
    return _SNAKEFILE.format(
        title=json.dumps(name)[1:-1], name=json.dumps(name, ensure_ascii=False), starts=_starts_text(plan, output)
    )


def _starts_text(plan: Plan, output: Path) -> str:
    """Return the lines on where paths start; none if they start beside the experiment file and the Snakefile."""
    start = _relative(plan.project_dir, output.absolute().parent)
    if plan.starts_beside and not plan.given and start == ".":
        return ""
    elsewhere = {path: _relative(folder, plan.project_dir) for path, folder in plan.paths_elsewhere.items()}
    text = _STARTS.format(start=json.dumps(start, ensure_ascii=False))
    if elsewhere:
        text += _ELSEWHERE.format(elsewhere=json.dumps(elsewhere, ensure_ascii=False))
    if plan.given:
        text += _GIVEN.format(given=json.dumps(dict(plan.given), ensure_ascii=False))
    return text


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(os.path.realpath(path), os.path.realpath(folder))).as_posix()


def _is_replaceable(link: Path, plan: Plan) -> bool:
    """Return whether a link to the Snakefile may take this place beside the experiment file."""
    if not os.path.lexists(link):
        return True
    if link.is_symlink():  # one to a workflow of the user's stays, as one to that of another experiment
        return not link.exists() or belongs_to(link) == plan.words[0]
    present = _read(link) or ""
    # One of ours, from when the paths started here.
    return belongs_to(link) == plan.experiment_file.name and not _is_edited(present)


def _require_beside(plan: Plan, output: Path) -> None:
    # The folder is resolved and not the file, which may itself be a link to a shared Snakefile.
    folder = output.absolute().parent.resolve()
    if folder == plan.project_dir.resolve() or (plan.given and folder == plan.experiment_path.resolve()):
        return
    if plan.starts_beside:
        where = f"beside {plan.experiment_file.name} in {plan.project_dir}"
        why = "the paths in that file are relative to its folder"
    else:
        where, why = f"in {plan.project_dir}", f"the paths of {plan.experiment_file.name} start there"
    raise UsageError(f"--output {output}: the Snakefile must lie {where}, because {why}.")


def _require_ours(plan: Plan, output: Path) -> None:
    if not output.exists():
        return
    owner, mine = belongs_to(output), plan.words[0]
    suggestion = f"--output {_free_name(plan)} writes beside it, --force replaces it."
    if owner is None:
        raise UsageError(f"{output.name} was not written by mle-gen-snakefile. {suggestion}")
    if owner != mine:
        raise UsageError(f"{output.name} belongs to {owner}, not to {mine}. {suggestion}")


def _free_name(plan: Plan) -> str:
    """Return a name for the Snakefile that no other experiment of the folder has."""
    free = snakefile_for(plan).name
    return free if free != "Snakefile" else f"{plan.experiment_file.stem}.smk"


def _stamped(text: str) -> str:
    return f"{text}{_STAMP}{_digest(text)}\n"


def _is_edited(present: str) -> bool:
    body, _, stamp = present.rpartition(_STAMP)
    return stamp.strip() != _digest(body)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        return ""  # not ours, so it counts as edited

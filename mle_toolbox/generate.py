"""Writes the files of `mle-gen-snakefile` into a project, and recognises those that the user has edited.

A written file ends with a stamp, the hash of the rest. If the stamp does not match, the user has edited the file, and
it is kept. Knows nothing of the workflow's content, and imports nothing slow.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from mle_toolbox.errors import UsageError
from mle_toolbox.experiment_file.plan import Plan

__all__ = [
    "Outcome",
    "WrittenFile",
    "belongs_to",
    "check_snakefile",
    "compare_stamped",
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


include: workflow_dir() / "main.smk"


rule all:
    """All seed runs, merges, results and the report; add what you want to be made besides."""
    input:
        all_results,


'''


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


def write_snakefile(plan: Plan, output: Path, *, force: bool = False) -> WrittenFile:
    """Write the Snakefile of an experiment.

    Parameters
    ----------
    plan
        The experiment.
    output
        The Snakefile; beside the experiment file, because the paths in that are relative to its folder.
    force
        Also overwrite a file that was edited, is another experiment's, or was not written by us.

    Raises
    ------
    UsageError
        When ``output`` belongs to another experiment, was not written by us, or is not beside the experiment file.
    """
    _require_beside(plan, output)
    if not force:
        _require_ours(plan, output)
    return write_stamped(output, _snakefile_text(plan), force=force)


def check_snakefile(plan: Plan, output: Path) -> WrittenFile:
    """Compare the file on disk with the one that would be written; writes nothing."""
    _require_beside(plan, output)
    return compare_stamped(output, _snakefile_text(plan))


def belongs_to(snakefile: Path) -> str | None:
    """Return the experiment file that a Snakefile of ours names, or None if it is not ours."""
    text = _read(snakefile)
    # Not the stamp: an edited Snakefile still belongs to its experiment.
    # The line that the template writes, which an edit may have broken.
    found = re.search(r'^config\.setdefault\("experiment_file", (".*")\)$', text or "", re.MULTILINE)
    if found is None:
        return None
    try:
        return str(json.loads(found.group(1)))
    except ValueError:
        return None


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


def _snakefile_text(plan: Plan) -> str:
    name = plan.experiment_file.name
    # Without its quotes, but escaped: a file name with a line break must not end the comment.
    return _SNAKEFILE.format(title=json.dumps(name)[1:-1], name=json.dumps(name, ensure_ascii=False))


def _require_beside(plan: Plan, output: Path) -> None:
    # The folder is resolved and not the file, which may itself be a link to a shared Snakefile.
    if output.absolute().parent.resolve() != plan.project_dir.resolve():
        raise UsageError(
            f"--output {output}: the Snakefile must lie beside {plan.experiment_file.name} in {plan.project_dir}, "
            "because the paths in that file are relative to its folder."
        )


def _require_ours(plan: Plan, output: Path) -> None:
    if not output.exists():
        return
    owner, mine = belongs_to(output), plan.experiment_file.name
    suggestion = f"--output {Path(mine).stem}.smk writes beside it, --force replaces it."
    if owner is None:
        raise UsageError(f"{output.name} was not written by mle-gen-snakefile. {suggestion}")
    if owner != mine:
        raise UsageError(f"{output.name} belongs to {owner}, not to {mine}. {suggestion}")


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

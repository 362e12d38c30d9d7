"""Checks that a file named in the experiment file exists, and suggests the nearest one if it does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from mle_toolbox.errors import did_you_mean
from mle_toolbox.experiment_file.reserved_names import variable_in
from mle_toolbox.experiment_file.source_text import trouble_with_file
from mle_toolbox.snakemake_side.assumptions import trouble_with_path

__all__ = ["trouble_with_named_file"]

# A folder may hold a data set of a million files, and this runs before every start.
_MAX_SUGGESTIONS = 1000


def trouble_with_named_file(
    project_dir: Path, written: Path, *suffixes: str, searched: Sequence[Path] = ()
) -> str | None:
    """Return what is wrong with a file named in the experiment file, or None.

    Parameters
    ----------
    project_dir
        Folder to which ``written`` is relative.
    written
        The path as the experiment file gives it.
    suffixes
        The suffixes that it may have, such as ``".json"``; case is ignored.
    searched
        Further folders in which the path might have started, and in which near names are suggested.
    """
    name = str(written)
    if (variable := variable_in(name)) is not None:
        return f"{name!r} {variable}."
    if written.suffix.lower() not in suffixes:
        kinds = " or ".join(filter(None, [", ".join(suffixes[:-1]), suffixes[-1]]))
        return f"{name!r} must be a {kinds} file.{_without_arguments(project_dir, name, suffixes)}"
    if (braces := trouble_with_path(name)) is not None:
        return f"{braces}. Choose another name."
    trouble = trouble_with_file(project_dir / written)
    if trouble is None:
        return None
    folders = dict.fromkeys((project_dir, *searched)) if "exist" in trouble else {}
    near = [each for folder in folders for each in _alternatives(folder, written, suffixes)]
    # The same name with another suffix is nearer than another name.
    same = [each for each in near if Path(each).with_suffix("") == written.with_suffix("")]
    advice = f" Did you mean {same[0]!r}?" if same else did_you_mean(name, near)
    return f"{name!r} {trouble}.{advice}"


def _without_arguments(project_dir: Path, name: str, suffixes: Sequence[str]) -> str:
    """Return the file that is there without what was written behind its name, or with the suffix that is missing."""
    first, *arguments = name.split() or [""]
    meant = next((each for each in (first, *(first + end for end in suffixes)) if (project_dir / each).is_file()), None)
    if meant is None or not meant.endswith(tuple(suffixes)):
        return ""
    rest = " Arguments of the script belong in extra_cmd_line_input." if arguments else ""
    return f" Did you mean {meant!r}?{rest}"


def _alternatives(project_dir: Path, written: Path, suffixes: Sequence[str]) -> list[str]:
    folder = project_dir / written.parent
    try:
        if folder.is_dir():
            near = sorted(islice(_with_suffix(folder.glob("*"), suffixes), _MAX_SUGGESTIONS))
            return [str(written.parent / path.name) for path in near]
        # The folder itself is misspelt, so look for the file in all of them.
        near = sorted(islice(_with_suffix(project_dir.glob("*/*"), suffixes), _MAX_SUGGESTIONS))
        return [str(path.relative_to(project_dir)) for path in near]
    except (OSError, ValueError):
        return []


def _with_suffix(paths: Iterable[Path], suffixes: Sequence[str]) -> Iterator[Path]:
    return (path for path in paths if path.suffix in suffixes)

"""Decides in which folder the paths of an experiment file start.

A path may start in the folder of the experiment file or, as in the original mle-toolbox, in the folder where the
command is typed: the one of them from which it exists. The script decides for the experiment: where its path starts,
there the results go and Snakemake runs. That choice is kept, in ``experiment.json`` and in the Snakefile, which is also
linked beside the experiment file, so that the same command typed elsewhere means the same files.
"""

from __future__ import annotations

import filecmp
import json
import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mle_toolbox.layout import ExperimentFolder

__all__ = [
    "PathChoice",
    "Starts",
    "choose_starts",
    "found_above",
    "kept_choice",
    "setting_of_snakefile",
    "snakefile_names",
    "starts_as_typed",
    "which_folder",
]


@dataclass(frozen=True)
class PathChoice:
    """In which folders the paths of one experiment file start."""

    start: Path
    """Absolute: where the path of the script starts."""
    elsewhere: Mapping[str, Path] = field(default_factory=dict)
    """The paths, as written, that start in another folder, with that folder."""


@dataclass(frozen=True)
class Starts:
    """The choice for every path of an experiment file, and what is wrong with it."""

    choice: PathChoice
    troubles: Mapping[Path, str] = field(default_factory=dict)
    """For paths for which no choice can be made; in the words of a message that follows the name of the file."""
    missing: Mapping[Path, tuple[Path, ...]] = field(default_factory=dict)
    """The paths that exist nowhere, with the folders that were searched, where these were several."""

    def placed(self, written: Path) -> Path:
        """Return a path as it is called from the start folder; absolute paths stay."""
        folder = self.choice.elsewhere.get(str(written))
        if folder is None:
            return written
        return Path(os.path.relpath(os.path.realpath(folder), os.path.realpath(self.choice.start))) / written


def choose_starts(
    file: Path,
    script: Path | None,
    configurations: Sequence[Path],
    *,
    typed_in: Path | None = None,
    kept: PathChoice | None = None,
    on_command_line: Collection[Path] = (),
) -> Starts:
    """Choose the folder for the script and each configuration.

    Parameters
    ----------
    file
        The experiment file, absolute.
    script, configurations
        Paths as written.
    typed_in
        The folder where the command is typed; None: only the folder of the experiment file counts.
    kept
        The choice that was made before, which holds for every path that exists by it.
    on_command_line
        Those of the paths that were given there: like any path on a command line they start where it is typed.
    """
    places = _places(file.parent, typed_in, kept)
    if len(places) == 1 and kept is None:
        return Starts(PathChoice(file.parent))
    names = [path for path in (script, *configurations) if path is not None and not path.is_absolute()]
    found = {path: _found_from(path, places) for path in names}
    troubles: dict[Path, str] = {}
    chosen: dict[Path, Path] = {}
    for path, folders in found.items():
        before = _kept_place(path, kept)
        if path in on_command_line and typed_in is not None and _found_from(path, [typed_in]):
            chosen[path] = typed_in
        elif before is not None:
            chosen[path] = before
        elif len(folders) == 1 or (folders and _are_one_file(path, folders)):
            chosen[path] = folders[0]
        elif folders:
            troubles[path] = _twice(path, folders, file.parent, typed_in)
    start = kept.start if kept is not None else _first(chosen, names, script, file.parent)
    if kept is not None and script in chosen and not _is_same(chosen[script], start):
        # The results must not move because a file did.
        troubles[script] = (
            f"does not exist from {str(start)!r}, where the paths of this experiment start since it was first started. "
            f"It exists as {os.path.normpath(chosen[script] / script)!r}: move it back, or, to start anew, remove the "
            f"Snakefile and the results in {str(start)!r}."
        )
    elsewhere = {str(path): folder for path, folder in chosen.items() if not _is_same(folder, start)}
    missing = {path: tuple(places) for path, folders in found.items() if not folders and len(places) > 1}
    return Starts(PathChoice(start, elsewhere), troubles, missing)


def starts_as_typed(
    file: Path,
    script: Path | None,
    configurations: Sequence[Path],
    results: Path | None,
    typed_in: Path,
    on_command_line: Collection[Path] = (),
) -> Starts:
    """Choose the folders for a command: as recorded if there is a record, else by where the files are.

    ``results`` is the results folder as written; the rest is as in ``choose_starts``.
    """
    paths = [path for path in (script, *configurations) if path is not None]
    all_beside = _is_same(typed_in, file.parent) and all(_found_from(path, [file.parent]) for path in paths)
    has_results = results is not None and ExperimentFolder(file.parent / results).record.exists()
    # The usual case, in which no record has to be read: all is here, the results as well.
    kept = _in_snakefile(file) if all_beside and has_results else kept_choice(file, results, typed_in)
    return choose_starts(file, script, configurations, typed_in=typed_in, kept=kept, on_command_line=on_command_line)


def kept_choice(file: Path, results: Path | None, typed_in: Path | None) -> PathChoice | None:
    """Return the choice that was made for an experiment file before, or None.

    Parameters
    ----------
    file
        The experiment file, absolute.
    results
        Its results folder as written.
    typed_in
        The folder where the command is typed.
    """
    generated = _in_snakefile(file)
    if results is None:
        return generated
    near = [file.parent, typed_in, *file.parent.parents]
    if generated is not None:
        near = [generated.start]
    for folder in near:
        if folder is not None and (recorded := _recorded(folder / results, file)) is not None:
            return recorded
    return generated


def snakefile_names(file: Path) -> tuple[str, str]:
    """Return the names that the Snakefile of an experiment file may have, in the order of preference."""
    return "Snakefile", f"{file.stem}.smk"


def setting_of_snakefile(text: str, key: str) -> Any:
    """Return the value that a Snakefile of ours sets for a key of ``config``, or None.

    >>> setting_of_snakefile('config.setdefault("experiment_file", "exp.yaml")', "experiment_file")
    'exp.yaml'
    """
    # The line that the template writes, which an edit may have broken.
    found = re.search(rf'^config\.setdefault\("{key}", (.+)\)$', text, re.MULTILINE)
    try:
        return json.loads(found.group(1)) if found is not None else None
    except ValueError:
        return None


def found_above(path: Path, folder: Path) -> Path | None:
    """Return the nearest folder above ``folder`` from which a relative path is a file, or None."""
    if path.is_absolute():
        return None
    return next((each for each in folder.parents if os.path.isfile(each / path)), None)  # noqa: PTH113


def _places(beside: Path, typed_in: Path | None, kept: PathChoice | None) -> list[Path]:
    """Return the folders to search, each once."""
    others = [typed_in] if typed_in is not None else []
    if kept is not None:
        others = [kept.start, *others, *kept.elsewhere.values()]
    places = [beside]
    for folder in others:
        if not any(_is_same(folder, each) for each in places):
            places.append(folder)
    return places


def _found_from(path: Path, places: Iterable[Path]) -> list[Path]:
    """Return the folders from which a path is a file, else those from which it is anything."""
    places = list(places)
    # os.path and not Path: a name may be too long or contain what no name can.
    files = [folder for folder in places if os.path.isfile(folder / path)]  # noqa: PTH113
    return files or [folder for folder in places if os.path.lexists(folder / path)]


def _kept_place(path: Path, kept: PathChoice | None) -> Path | None:
    if kept is None:
        return None
    before = (kept.elsewhere.get(str(path)), kept.start)
    return next((folder for folder in before if folder is not None and _found_from(path, [folder])), None)


def _first(chosen: Mapping[Path, Path], names: Iterable[Path], script: Path | None, beside: Path) -> Path:
    """Return the start folder: that of the script, or of the first configuration if the script's path is absolute."""
    if script is not None and not script.is_absolute():
        return chosen.get(script, beside)
    return next((chosen[name] for name in names if name in chosen), beside)


def _are_one_file(path: Path, folders: Sequence[Path]) -> bool:
    """Whether a path names the same file from every folder, or copies with the same content."""
    first = folders[0] / path
    return all(_is_same(first, other / path) or _is_copy(first, other / path) for other in folders[1:])


def _is_copy(one: Path, other: Path) -> bool:
    try:
        return one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False


def _twice(path: Path, folders: Sequence[Path], beside: Path, typed_in: Path | None) -> str:
    ways = [f"{os.path.normpath(each / path)!r} (from {which_folder(each, beside, typed_in)})" for each in folders]
    return (
        f"exists twice, and they differ: {' and '.join(ways)}. Paths may start in either folder; "
        "remove or rename one of the two files, or write its full path."
    )


def which_folder(folder: Path, beside: Path, typed_in: Path | None) -> str:
    """Return what a folder is to an experiment file, in words."""
    if _is_same(folder, beside):
        return "the folder of the experiment file"
    if typed_in is not None and _is_same(folder, typed_in):
        return "the folder where the command is typed"
    return "where the paths of this experiment start"


def _in_snakefile(file: Path) -> PathChoice | None:
    """Return the choice in the Snakefile of an experiment file, which is beside it or linked there."""
    for name in snakefile_names(file):
        snakefile = Path(os.path.realpath(file.parent / name))
        try:
            text = snakefile.read_text(encoding="utf-8")
        except (OSError, ValueError):
            continue
        start, named = setting_of_snakefile(text, "paths_start"), setting_of_snakefile(text, "experiment_file")
        if isinstance(start, str) and isinstance(named, str):
            folder = _normal(snakefile.parent / start)
            elsewhere = setting_of_snakefile(text, "paths_elsewhere") or {}
            if _is_same(folder / named, file) and isinstance(elsewhere, dict):
                return PathChoice(folder, {path: _normal(folder / each) for path, each in elsewhere.items()})
    return None


def _recorded(results: Path, file: Path) -> PathChoice | None:
    """Return the choice in ``experiment.json`` of a results folder, if that is of this experiment file."""
    try:
        record = json.loads(ExperimentFolder(results).record.read_bytes())
        named, start, elsewhere = record["experiment_file"], record.get("paths_start"), record.get("paths_elsewhere")
        real = Path(os.path.realpath(results))
        if not _is_same(real / named, file):
            return None
        folders = {str(path): _normal(real / folder) for path, folder in (elsewhere or {}).items()}
        return PathChoice(_normal(real / start) if start is not None else file.parent, folders)
    # Anything that a damaged record can raise; `mle run` writes it again.
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _normal(path: Path) -> Path:
    return Path(os.path.normpath(path))


def _is_same(one: Path, other: Path) -> bool:
    return one == other or os.path.realpath(one) == os.path.realpath(other)

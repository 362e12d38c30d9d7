"""Finds the project files that a script imports, from its text alone; nothing is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

__all__ = ["imported_files"]

# Every start waits for this.
_MOST_FILES = 5_000


def imported_files(scripts: Iterable[Path], folders: Sequence[Path]) -> list[Path]:
    """Return the scripts and all files that they import from ``folders``, directly or through one another.

    Parameters
    ----------
    scripts
        Where to start. A file that cannot be read or parsed is returned too, but imports nothing.
    folders
        Where modules are looked for, in this order: the folders of the project, never those of the environment.
    """
    found: dict[Path, None] = {}
    due = [each for each in scripts if each.is_file()]
    # Depth first, and each file once: modules that import each other are usual.
    while due and len(found) < _MOST_FILES:
        file = due.pop()
        if file not in found:
            found[file] = None
            due += _imports_of(file, folders)
    return list(found)


def _imports_of(file: Path, folders: Sequence[Path]) -> Iterator[Path]:
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _files_of(alias.name, folders)
        elif isinstance(node, ast.ImportFrom):
            places = [file.parents[node.level - 1]] if 0 < node.level <= len(file.parents) else folders
            # `from a import b`: b may be a module or a name in a. Of a name there is no file, so nothing is yielded.
            for alias in node.names:
                yield from _files_of(".".join(filter(None, (node.module, alias.name))), places)
            if node.level and not node.module:
                yield from _initial(places[0])
        elif isinstance(node, ast.Call) and _is_import_call(node.func) and node.args:
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str) and not name.value.startswith("."):
                yield from _files_of(name.value, folders)


def _is_import_call(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)
    return name in ("import_module", "__import__")


def _files_of(dotted: str, folders: Sequence[Path]) -> Iterator[Path]:
    """Yield the files that importing a dotted name runs; its last part may also be a name inside a module."""
    # The first folder that has the top-level name decides, as on sys.path.
    first, *rest = dotted.split(".")
    for folder in folders:
        place = folder / first
        if (folder / f"{first}.py").is_file() or place.is_dir():
            break
    else:
        return
    yield from _module(place)
    for name in rest:
        place = place / name
        yield from _module(place)


def _module(place: Path) -> Iterator[Path]:
    if (file := place.with_name(f"{place.name}.py")).is_file() and not (place / "__init__.py").is_file():
        yield file
    yield from _initial(place)


def _initial(folder: Path) -> Iterator[Path]:
    if (file := folder / "__init__.py").is_file():
        yield file

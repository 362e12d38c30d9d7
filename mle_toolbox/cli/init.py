"""`mle init`: a new project folder that runs at once."""

from __future__ import annotations

import argparse
import shlex
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from mle_toolbox.errors import UsageError

__all__ = ["add_arguments", "call"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("folder", nargs="?", help="the new folder; it must be empty or not exist")


def call(arguments: argparse.Namespace) -> int:
    """Write the project and say what to type next."""
    if arguments.folder is None:
        raise UsageError(
            "`mle init` needs the name of the new project's folder: mle init FOLDER. (In the original mle-toolbox it "
            "wrote ~/mle_config.toml; here there are no settings of that kind, and profiles lie in the project.)"
        )
    if not arguments.folder:
        raise UsageError("The name of the new folder is empty.")
    folder = Path(arguments.folder)
    if folder.is_dir() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty. Give the name of a new folder.")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file. Give the name of a new folder.")
    template = resources.files("mle_toolbox") / "templates" / "project"
    for name in _copy(template, folder):
        print(f"wrote {folder / name}")
    # `cd` would take a name that begins with a dash for an option.
    typed = f"./{folder}" if str(folder).startswith("-") else str(folder)
    print(f"next: cd {shlex.quote(typed)} && mle run exp.yaml")
    return 0


def _copy(source: Traversable, target: Path) -> list[Path]:
    """Copy a folder; returns the files, relative to it."""
    target.mkdir(parents=True, exist_ok=True)
    copied: list[Path] = []
    for each in sorted(source.iterdir(), key=lambda entry: entry.name):
        # pip compiles every .py file that it installs, templates included.
        if each.is_dir() and each.name != "__pycache__":
            copied += [Path(each.name) / name for name in _copy(each, target / each.name)]
        elif each.is_file():
            (target / each.name).write_bytes(each.read_bytes())
            copied.append(Path(each.name))
    return copied

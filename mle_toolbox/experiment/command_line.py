"""The command line this process was actually started with, and the folder to which its relative paths refer.

A script may change the working directory or ``sys.argv`` (for a parser of its own) before it creates its
``MLExperiment``. The original command line still counts: a run that ignored it would silently do another run's work.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from mle_toolbox.layout import LAUNCHED_BY_VARIABLE, SHELL_ARGUMENTS_VARIABLE, SHELL_SCRIPT_VARIABLE

__all__ = [
    "SEED_RUN_VARIABLE",
    "ShellScript",
    "is_in_launched_run",
    "is_multiprocessing_child",
    "launcher",
    "shell_script",
    "start_folder",
    "words_as_typed",
]

SEED_RUN_VARIABLE = "MLE_SEED_RUN"
"""Set by the launcher to the folder of the run that it starts."""

# Options of the Python interpreter, which come before the script's name.
_OPTIONS_WITH_A_WORD = ("-W", "-X", "--check-hash-based-pycs")
_FLAGS_BEFORE_A_VALUE = "bBdEiIOPqRsSuvVx?h"


def _folder_now() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109  (a string, like PWD)
    except OSError:  # the folder was removed
        return None


# Nearly all scripts import us before they change the working directory.
_FOLDER_AT_IMPORT = _folder_now()


def is_in_launched_run() -> bool:
    """Return whether this process is the script that the launcher started, or a multiprocessing worker of it.

    Never what a script in shell has started: that chooses folder and arguments of its programs.
    """
    if SHELL_SCRIPT_VARIABLE in os.environ:
        return False
    # A program that the script starts inherits the variables but is not part of the run: it may do runs of its own.
    launcher = os.environ.get(LAUNCHED_BY_VARIABLE, "").partition(" ")[0]
    return launcher != "" and (launcher == str(os.getppid()) or is_multiprocessing_child())


class ShellScript(NamedTuple):
    """The script in shell that the launcher has started."""

    path: Path
    """Absolute."""
    digest: str
    """SHA-256 of what ran."""
    arguments: list[str]
    """Its arguments besides our own."""


def shell_script() -> ShellScript | None:
    """Return the script in shell that has started this process, or one above it; None if there is none."""
    digest, _, path = os.environ.get(SHELL_SCRIPT_VARIABLE, "").partition(" ")
    if not path:
        return None
    return ShellScript(Path(path), digest, json.loads(os.environ.get(SHELL_ARGUMENTS_VARIABLE, "[]")))


def launcher() -> int:
    """Return the process id of the launcher of this launched run."""
    known = os.environ.get(LAUNCHED_BY_VARIABLE, "").partition(" ")[0]
    return int(known) if SHELL_SCRIPT_VARIABLE in os.environ and known.isdecimal() else os.getppid()


def is_multiprocessing_child() -> bool:
    """Return whether multiprocessing, or a library built on it, started this process."""
    process = sys.modules.get("multiprocessing.process")
    if process is None:
        return False
    # A spawned child that is still importing the script has no parent_process() yet.
    return bool(process.parent_process() is not None or getattr(process.current_process(), "_inheriting", False))


def words_as_typed() -> list[str]:
    """Return the arguments with which the script was started, whatever happened to ``sys.argv`` since."""
    if is_in_launched_run() and "-config" in sys.orig_argv:
        return sys.orig_argv[sys.orig_argv.index("-config") :]
    program, words = _program_and_words(sys.orig_argv)
    main_file = _main_file() or ""
    if program is not None and (main_file == program or main_file.endswith(f"/{program}")):
        return words
    # Under another program (`-m cProfile`, `coverage run`) the script is one of that program's arguments.
    behind = [number for number, word in enumerate(words) if sys.argv and word == sys.argv[0]]
    # A spawned child has the arguments of its parent in sys.argv, and those of multiprocessing in orig_argv.
    return words[behind[0] + 1 :] if behind else list(sys.argv[1:])


def start_folder(is_right: Callable[[Path], bool] | None = None) -> Path:
    """Return the working directory in which this process was started.

    It is certain if the launcher started the script, or if the script was named by a relative path. Otherwise the
    working directory at the import of this package and ``PWD`` (which programs that change the directory may not
    update) are tried.

    Parameters
    ----------
    is_right
        Chooses between folders that are not certain: the first one for which it returns True is taken.
    """
    if is_in_launched_run():
        return Path(os.environ[LAUNCHED_BY_VARIABLE].partition(" ")[2])
    known = _folder_of_relative_script()
    if known is not None:
        return known
    possible = [_FOLDER_AT_IMPORT, os.environ.get("PWD"), _original_folder_of_parent()]
    folders = [Path(each) for each in possible if each is not None and Path(each).is_absolute()]
    if is_right is not None:
        folders = [each for each in folders if is_right(each)] or folders
    return folders[0] if folders else Path.cwd()


def _folder_of_relative_script() -> Path | None:
    """Return the folder that Python put before the script's name to make ``__main__.__file__`` absolute."""
    program, _ = _program_and_words(sys.orig_argv)
    main_file = _main_file()
    if program is None or main_file is None or Path(program).is_absolute() or not main_file.endswith(f"/{program}"):
        return None
    return Path(main_file.removesuffix(f"/{program}") or "/")


def _original_folder_of_parent() -> str | None:
    folder = getattr(sys.modules.get("multiprocessing.process"), "ORIGINAL_DIR", None)
    return os.fsdecode(folder) if isinstance(folder, str | bytes) else None


def _main_file() -> str | None:
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    return file if isinstance(file, str) else None


def _program_and_words(command: Sequence[str]) -> tuple[str | None, list[str]]:
    """Split the command line of Python; the program is None if it is not a file (``-m``, ``-c``)."""
    words = iter(command[1:])
    for word in words:
        if not word.startswith("-") or word == "-":
            return word, list(words)
        if word == "--":
            return next(words, None), list(words)
        flags = word[1:].lstrip(_FLAGS_BEFORE_A_VALUE)
        if word.startswith("--"):
            flags = ""
        if word in _OPTIONS_WITH_A_WORD or flags in ("W", "X"):
            next(words, None)
        elif flags.startswith(("m", "c")):
            if len(flags) == 1:
                next(words, None)
            return None, list(words)
    return None, []

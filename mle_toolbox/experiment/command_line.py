"""The command line that this process was really started with, and the folder that its relative paths are meant from.

A script may go elsewhere (``os.chdir``) or change ``sys.argv`` (for a parser of its own) before it makes its
``MLExperiment``. The command line counts all the same: a run that ignores it does another run's work, and says nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

__all__ = [
    "LAUNCHED_BY_VARIABLE",
    "SEED_RUN_VARIABLE",
    "is_in_launched_run",
    "is_multiprocessing_child",
    "start_folder",
    "words_as_typed",
]

SEED_RUN_VARIABLE = "MLE_SEED_RUN"
"""Where the launcher writes the folder of the run that it starts."""
LAUNCHED_BY_VARIABLE = "MLE_LAUNCHED_BY"
"""Where the launcher writes its process number, a blank, and the folder in which it starts the script."""

_OPTIONS_WITH_A_WORD = ("-W", "-X", "--check-hash-based-pycs")
_FLAGS_BEFORE_A_VALUE = "bBdEiIOPqRsSuvVx?h"


def _folder_now() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109  (as the variable PWD has it: text)
    except OSError:  # somebody has removed it
        return None


# Scripts import us before they go elsewhere, nearly always.
_FOLDER_AT_IMPORT = _folder_now()


def is_in_launched_run() -> bool:
    """Tell whether this process is the script that the launcher has started, or a worker of multiprocessing in it.

    A program that the script starts inherits the variables of the run and is none of it: it may do runs of its own.
    """
    launcher = os.environ.get(LAUNCHED_BY_VARIABLE, "").partition(" ")[0]
    return launcher != "" and (launcher == str(os.getppid()) or is_multiprocessing_child())


def is_multiprocessing_child() -> bool:
    """Tell whether multiprocessing, or what is built on it, has started this process."""
    process = sys.modules.get("multiprocessing.process")
    if process is None:
        return False
    # While a spawned child imports the script, it has no parent yet.
    return bool(process.parent_process() is not None or getattr(process.current_process(), "_inheriting", False))


def words_as_typed() -> list[str]:
    """Return the arguments of the script that this process was started with, whatever became of ``sys.argv``."""
    if is_in_launched_run() and "-config" in sys.orig_argv:
        return sys.orig_argv[sys.orig_argv.index("-config") :]
    program, words = _program_and_words(sys.orig_argv)
    if program is not None and _is_main_file(program):
        return words
    # Under another program (`-m cProfile`, `coverage run`) the script is one of its words.
    behind = [number for number, word in enumerate(words) if sys.argv and word == sys.argv[0]]
    # A spawned child has the arguments of its parent in sys.argv, and in orig_argv those of multiprocessing.
    return words[behind[0] + 1 :] if behind else list(sys.argv[1:])


def start_folder(is_right: Callable[[Path], bool] | None = None) -> Path:
    """Return the folder in which this process began.

    It is known where the launcher has started the script, and where the script was named by a relative path. Else it
    is where the script was when it imported this package, or where the shell says it was (``PWD``, which other
    programs may have left as it was).

    Parameters
    ----------
    is_right
        What a folder that is not known for sure has to answer with True, if any of them does.
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
    """Return what Python has put before the script's name to make ``__main__.__file__`` of it."""
    program, _ = _program_and_words(sys.orig_argv)
    main_file = _main_file()
    if program is None or main_file is None or Path(program).is_absolute() or not main_file.endswith(f"/{program}"):
        return None
    return Path(main_file.removesuffix(f"/{program}") or "/")


def _original_folder_of_parent() -> str | None:
    folder = getattr(sys.modules.get("multiprocessing.process"), "ORIGINAL_DIR", None)
    return os.fsdecode(folder) if isinstance(folder, str | bytes) else None


def _is_main_file(program: str) -> bool:
    main_file = _main_file()
    return main_file is not None and (main_file == program or main_file.endswith(f"/{program}"))


def _main_file() -> str | None:
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    return file if isinstance(file, str) else None


def _program_and_words(command: Sequence[str]) -> tuple[str | None, list[str]]:
    """Split a command line of Python; the program is None where it is no file (``-m``, ``-c``)."""
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

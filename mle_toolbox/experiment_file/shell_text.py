"""Reads the text of a training script in shell: which shell runs it, and which files it names.

The launcher uses this before it can import packages, so only what is built into Python is imported here, and `re`.
"""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Shell", "is_shell_script", "named_files", "possible_folders", "shell_of"]

# `bash script` is how the original starts all of them, and many that say #!/bin/sh use arrays and [[ … ]].
_RUN_BY_BASH = ("sh", "bash", "dash", "ash")
_TAKE_TEXT = ("bash", "zsh", "ksh", "mksh", "sh")
# Linux limits one argument to 128 KiB.
_LONGEST_ARGUMENT = 120 << 10
_OWN_NAME = re.compile(rb"\bBASH_SOURCE\[0\]|\bBASH_SOURCE\b(?!\[)")
_FILE = re.compile(r"[^\s'\"`;|&<>()$={}]+\.(?:py|sh|bash)\b")
_FOLDER = re.compile(r"(?<![\w.-])\w[\w.-]*(?:/[\w.-]+)*(?![\w.-])")
_MODULE = re.compile(r"\s-m\s+([A-Za-z_][\w.]*)")


class Shell:
    """The program that runs a script.

    Parameters
    ----------
    program
        Its name, to be looked up on PATH, or its path.
    options
        Its options from the first line of the script.
    """

    def __init__(self, program: str, options: tuple[str, ...] = ()) -> None:
        self.program = program
        self.options = options

    @property
    def name(self) -> str:
        """The name without its folder."""
        return os.path.basename(self.program)

    @property
    def is_login(self) -> bool:
        """Whether it reads the profile of the machine first, which sets PATH anew."""
        return any(each == "--login" or re.fullmatch(r"-[a-zA-Z]*l[a-zA-Z]*", each) for each in self.options)

    def command(self, text: bytes, path: str) -> list[str | bytes]:
        """Return the command that runs the script, to which its arguments are added.

        A shell reads a script while it runs it, so one that is edited meanwhile goes on with other lines. So where a
        shell accepts it, the text is passed as a whole; names, line numbers and ``dirname "$0"`` are those of the file.

        Parameters
        ----------
        text
            What is run.
        path
            The file that it comes from.
        """
        start: list[str | bytes] = [self.program, *self.options]
        if self.name not in _TAKE_TEXT or len(text) > _LONGEST_ARGUMENT or b"\0" in text:
            return [*start, path]
        if self.name == "bash":
            text = _OWN_NAME.sub(b"0", text)
        if self.is_login:
            # In place of the line that names the shell, so that all others keep their numbers.
            first, end, rest = text.partition(b"\n")
            text = b'PATH="$MLE_PATH:$PATH"' + end + rest if first.startswith(b"#") else text
        return [*start, "-c", text, path]


def is_shell_script(path: str | os.PathLike[str]) -> bool:
    """Return whether a training script is one in shell, by its name."""
    return os.fspath(path).lower().endswith(".sh")


def shell_of(text: bytes) -> Shell:
    """Return the shell for a script: that of its first line, but bash for all that look like it, and without a line.

    >>> shell_of(b"#!/usr/bin/env -S bash -l").options
    ('-l',)
    """
    first = text.partition(b"\n")[0].rstrip(b"\r")
    words = first[2:].decode(errors="surrogateescape").split() if first.startswith(b"#!") else []
    if words and os.path.basename(words[0]) == "env":
        words = [each for each in words[1:] if each not in ("-S", "--split-string")]
    if not words or os.path.basename(words[0]) in _RUN_BY_BASH:
        return Shell("bash" if _is_there("bash") else "sh", tuple(words[1:]))
    return Shell(words[0], tuple(words[1:]))


def named_files(text: bytes) -> Iterator[str]:
    """Yield the Python and shell files that a script names in plain words, and the modules after ``-m`` as files."""
    words = text.decode(errors="replace")
    for found in _FILE.finditer(words):
        yield found.group()
    for module in _MODULE.finditer(words):
        place = module.group(1).replace(".", "/")
        yield from (f"{place}.py", f"{place}/__main__.py", f"{place}/__init__.py")


def possible_folders(text: bytes) -> Iterator[str]:
    """Yield the words of a script that may be folders into which it goes, such as those after ``cd``, without ``/``."""
    yield from dict.fromkeys(_FOLDER.findall(text.decode(errors="replace")))


def _is_there(program: str) -> bool:
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return any(os.access(f"{folder or '.'}/{program}", os.X_OK) for folder in folders)

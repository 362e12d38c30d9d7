"""Checks a training script in shell without running it: only what its shell itself rejects is reported."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from mle_toolbox.errors import Problem
from mle_toolbox.experiment_file.shell_text import shell_of

__all__ = ["check_shell_script"]

_SECONDS = 10.0
_SYNTAX_CHECKERS = ("bash", "sh", "zsh", "ksh", "mksh")
# bash: "run.sh: line 3: …"; dash and ksh: "run.sh: 3: …"; zsh: "run.sh:3: …".
_PLACE = re.compile(r"(?:line )?(\d+): (.+)")


def check_shell_script(path: Path, name: str) -> list[Problem]:
    """Return the mistakes in a training script in shell.

    Parameters
    ----------
    path
        The script; it exists.
    name
        Its name in messages.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        return [Problem(name, 0, f"this file cannot be read: {error.strerror}.")]
    if not text.strip():
        return [Problem(name, 0, "the script is empty.")]
    lines = text.splitlines(keepends=True)
    if all(line.endswith(b"\r\n") for line in lines[:-1]) and lines[0].endswith(b"\r\n"):
        # Not sed -i: that of macOS takes another argument, and knows no \r.
        message = r"its lines end as on Windows (CRLF), which no shell understands. Convert it: perl -pi -e 's/\r$//'"
        return [Problem(name, 1, f"{message} {shlex.quote(name)}")]
    shell = shell_of(text)
    if shell.name not in _SYNTAX_CHECKERS:
        return []
    # Only scripts in shell need it.
    import subprocess

    try:
        checked = subprocess.run(
            [shell.program, "-n", str(path)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []  # the nodes may have this shell
    if checked.returncode == 0:
        return []
    said = checked.stderr.decode(errors="replace").replace(str(path), "").strip()
    first = said.partition("\n")[0].removeprefix(":").strip()
    found = _PLACE.match(first)
    line, message = (int(found[1]), found[2]) if found is not None else (0, first)
    return [Problem(name, line, f"{shell.name} finds a mistake: {message.rstrip('.') or 'it says no more'}.")]

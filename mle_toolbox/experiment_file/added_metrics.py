"""Whether a script tracks metrics that its configuration does not name, by ``extend_tracking``.

Looks for the word only, in the script and in the modules beside it that it imports. Standard library only: a training
script asks this as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

__all__ = ["may_add_metrics"]

_WORD = b"extend_tracking"
_IMPORTED = re.compile(rb"^[ \t]*(?:from|import)[ \t]+(\w+)", re.MULTILINE)


def may_add_metrics(script: Path | None) -> bool:
    """Return whether a script may track further names; False without a script, True if it cannot be read."""
    if script is None:
        return False
    if not script.is_file():  # a device may have no end
        return True
    try:
        text = script.read_bytes()
        return _WORD in text or any(_WORD in module.read_bytes() for module in _modules_beside(script, text))
    except OSError:
        return True


def _modules_beside(script: Path, text: bytes) -> Iterator[Path]:
    for name in sorted({each.decode() for each in _IMPORTED.findall(text)}):
        module, package = script.parent / f"{name}.py", script.parent / name
        if module.is_file():
            yield module
        elif package.is_dir():
            yield from (path for path in package.rglob("*.py") if path.is_file())

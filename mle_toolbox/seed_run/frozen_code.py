"""Answers a seed run's questions about the stored code of its start. Quick to import: training scripts do.

The work is done by ``frozen/mle_frozen_code.py``, which Python loads at its start if there is stored code.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from mle_toolbox.layout import PROJECT_VARIABLE, SNAPSHOT_VARIABLE

__all__ = ["frozen_bytes", "frozen_code", "is_stored", "snapshot_name", "stored_code"]


def frozen_code() -> Any:
    """Return the stored code that this process runs, or None if it runs the files on disk."""
    # Not imported: only sitecustomize may load it, and having it here would not mean that the hook is active.
    return getattr(sys.modules.get("mle_frozen_code"), "code", None)


def frozen_bytes(path: str | os.PathLike[str]) -> bytes | None:
    """Return the content of a file at the start of the experiment, if it has changed or disappeared since.

    Returns
    -------
    bytes or None
        None if the file is unchanged, or was not stored: then read the file itself.
    """
    code = stored_code()
    content: bytes | None = code.changed(os.path.abspath(path)) if code is not None else None
    return content


def is_stored(path: str | os.PathLike[str]) -> bool:
    """Return whether a file belongs to the stored code that this process runs."""
    code = frozen_code()
    return code is not None and code.stored_digest(os.path.abspath(path)) is not None


def snapshot_name() -> str | None:
    """Return the digest of the code that was stored at the start of the experiment, or None if none was."""
    code = stored_code()
    return os.path.basename(code.manifest) if code is not None else None


def stored_code() -> Any:
    """Return the stored code of the start, or None; works in processes without the hook too, such as the launcher."""
    if (code := frozen_code()) is not None or not os.environ.get(SNAPSHOT_VARIABLE):
        return code
    from mle_toolbox.seed_run.frozen.mle_frozen_code import StoredCode

    try:
        return StoredCode(os.environ[SNAPSHOT_VARIABLE], os.environ.get(PROJECT_VARIABLE) or ".")
    except (OSError, ValueError, LookupError):
        return None

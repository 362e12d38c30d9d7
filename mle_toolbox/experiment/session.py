"""The kind of this process: a script that was started, or a notebook, a prompt or a test."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from mle_toolbox.experiment.command_line import start_folder
from mle_toolbox.seed_run.frozen_code import is_stored

__all__ = ["is_interactive", "main_frame", "notice", "script_path"]

# Programs that execute the code of others: their command line is not that of a script.
_HOSTS = {"pytest", "py.test", "ipykernel", "ipykernel_launcher", "colab_kernel_launcher", "ipython", "IPython"}


def script_path() -> Path | None:
    """Return the script that was started, or None if the command line belongs to another program."""
    named, main_file = sys.argv[0] if sys.argv else "", getattr(sys.modules.get("__main__"), "__file__", None)
    is_test = "_pytest" in sys.modules and "PYTEST_CURRENT_TEST" in os.environ
    if hasattr(sys, "ps1") or is_test or (_is_notebook() and (not named or main_file != named)):
        return None
    # Python makes __file__ absolute, so it stays valid when the script changes the working directory; but under another
    # program (`-m cProfile`) it is the file of that program.
    for path in (named, main_file):
        if not path or not isinstance(path, str):
            continue
        script = Path(path)
        if script.stem in _HOSTS or (script.name == "__main__.py" and script.parent.name in _HOSTS):
            return None
        script = start_folder(_has_file(script)) / script
        if script.is_file() or is_stored(script):
            return script
    return None


def _has_file(name: Path) -> Callable[[Path], bool]:
    return lambda folder: (folder / name).is_file() or is_stored(folder / name)


def is_interactive() -> bool:
    """Return whether the session continues after an error: at a prompt or in a notebook."""
    return hasattr(sys, "ps1") or _is_notebook()


def main_frame() -> FrameType | None:
    """Return the frame of the script's module-level code, or None if there is none."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    found = None
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") == "__main__":
            found = frame
        frame = frame.f_back
    return found


def notice(text: str) -> None:
    """Print one line for the user on stderr."""
    if sys.stderr is not None:
        try:
            sys.stderr.write(f"mle-toolbox: {text}\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            return


def _is_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return shell is not None and shell() is not None

"""Who runs this process: a script that was started, or a notebook, a prompt, a test."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from types import FrameType

from mle_toolbox.errors import UsageError
from mle_toolbox.seed_run.frozen_code import is_stored

__all__ = ["is_interactive", "main_frame", "notice", "refuse_in_spawned_child", "script_path"]

_HOSTS = {"pytest", "py.test", "ipykernel", "ipykernel_launcher", "colab_kernel_launcher", "ipython", "IPython"}


def script_path() -> Path | None:
    """Return the script whose command line ``sys.argv`` is, or None where ``sys.argv`` belongs to somebody else."""
    if hasattr(sys, "ps1") or not sys.argv or not sys.argv[0] or _is_test():
        return None
    script = Path(sys.argv[0])
    if script.stem in _HOSTS or (script.name == "__main__.py" and script.parent.name in _HOSTS):
        return None
    if _is_notebook() and getattr(sys.modules.get("__main__"), "__file__", None) != sys.argv[0]:
        return None
    return script.absolute() if script.is_file() or is_stored(script) else None


def is_interactive() -> bool:
    """Tell whether a person goes on typing after an error: at a prompt or in a notebook."""
    return hasattr(sys, "ps1") or _is_notebook()


def main_frame() -> FrameType | None:
    """Return the frame in which the script runs from its first line to its last, or None when there is none."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    found = None
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") == "__main__":
            found = frame
        frame = frame.f_back
    return found


def refuse_in_spawned_child() -> None:
    """Refuse to begin a run in a worker process that has imported the script a second time.

    Raises
    ------
    UsageError
        When the script runs under the name that multiprocessing gives it in a spawned process.
    """
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") == "__mp_main__":
            raise UsageError(
                "MLExperiment() is called in a worker process, which imports the script again. "
                "Call it under `if __name__ == '__main__':`."
            )
        frame = frame.f_back


def notice(text: str) -> None:
    """Tell the user something in one line of stderr."""
    if sys.stderr is not None:
        try:
            sys.stderr.write(f"mle-toolbox: {text}\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            return


def _is_test() -> bool:
    return "_pytest" in sys.modules and "PYTEST_CURRENT_TEST" in os.environ


def _is_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return shell is not None and shell() is not None

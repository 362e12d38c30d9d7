"""What the job of `mle doctor` inspects on its node.

Started as a script; its arguments are the folder for results and the names of the variables in which the scheduler
gives the queue and the number of cores. Prints JSON. Imports mle_toolbox only where that may fail.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile

__all__ = ["look_around"]


def look_around(results: str, queue: str, cores: str) -> dict[str, object]:
    """Return what this machine has: Python, mle-toolbox, cores, and whether results can be written."""
    seen: dict[str, object] = {
        "host": platform.node(),
        "queue": os.environ.get(queue),
        "python": platform.python_version(),
        "executable": sys.executable,
        "slots": os.environ.get(cores),
        "writable": True,
    }
    try:
        import mle_toolbox

        seen["mle_toolbox"] = mle_toolbox.__version__
    except Exception as error:  # whatever an installation that is broken on the node raises, it is the answer
        seen["import_error"] = f"{type(error).__name__}: {error}"
    try:
        tempfile.TemporaryFile(dir=results).close()
    except OSError as error:
        seen["writable"] = error.strerror
    return seen


if __name__ == "__main__":
    # Python puts the folder of this file first, where its siblings would hide modules of the same name.
    sys.path.pop(0)
    print(json.dumps(look_around(*sys.argv[1:])))

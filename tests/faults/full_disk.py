"""A seed run on a disk that gets full, or in a folder that cannot be written to; says how it went as JSON.

python full_disk.py FOLDER CASE TICKS: CASE is ``limit`` (no file may get larger than 4 kB), ``filled`` (the file system
is small) or ``read-only`` (the process may not do more than the mode of the folder allows, root or not).
"""

from __future__ import annotations

import ctypes
import json
import resource
import sys
from pathlib import Path
from typing import Any

import mle_toolbox.log.hdf5  # noqa: F401  (it is imported late otherwise, and is no part of what is tried here)
from mle_toolbox import MLExperiment

LIMIT = 4000


def main() -> None:
    """Log until it fails."""
    folder, case, n_ticks = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    del sys.argv[1:]
    said: dict[str, Any] = {"error": None, "logged": 0}
    try:
        if case == "read-only":
            give_up_root()
        mle = MLExperiment(
            experiment_dir=folder, train_config={}, log_config={"time_to_track": ["t"], "what_to_track": ["x"]}
        )
        if case == "limit":
            resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, resource.RLIM_INFINITY))
        for number in range(n_ticks):
            mle.update_log({"t": number}, {"x": number / 3}, save=True)
            said["logged"] = number + 1
        mle.close()
    except Exception as error:
        said["error"] = f"{type(error).__name__}: {error}"
    print(json.dumps(said), flush=True)
    sys.exit(0 if said["error"] is None else 1)


def give_up_root() -> None:
    """Drop all capabilities, so that even root is bound by the mode of a folder."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    none = (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None, use_errno=True).capset(header, none) != 0:
        raise OSError(ctypes.get_errno(), "capset")


if __name__ == "__main__":
    main()

"""Start a program and wait for all that it leaves behind: reaper.py PROGRAM [ARGUMENT...]

Grid Engine takes a process for alive until somebody has waited for it, and in many containers nobody does: their first
process is no init. So tasks that were killed together with the exec daemon would seem to run for ever.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

PR_SET_CHILD_SUBREAPER = 36


def main() -> int:
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        sys.exit(f"reaper.py: prctl: {os.strerror(ctypes.get_errno())}")
    started = subprocess.Popen(sys.argv[1:])
    status = started.wait()
    try:
        while True:
            os.wait()
    except ChildProcessError:  # nobody is left
        return status


if __name__ == "__main__":
    sys.exit(main())

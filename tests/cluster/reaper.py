"""Start a program and wait for all that it leaves behind: reaper.py [--pid-file FILE] PROGRAM [ARGUMENT...]

A scheduler takes a process for alive until somebody has waited for it, and in many containers nobody does: their first
process is no init. So tasks that were killed together with the daemon of their node would seem to run for ever.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import subprocess
import sys
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pid-file", type=Path, help="for programs that write none themselves")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    asked = parser.parse_args()
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        sys.exit(f"reaper.py: prctl: {os.strerror(ctypes.get_errno())}")
    started = subprocess.Popen(asked.command)
    if asked.pid_file is not None:
        unfinished = asked.pid_file.with_suffix(".new")
        unfinished.write_text(f"{started.pid}\n")
        unfinished.rename(asked.pid_file)
    status = started.wait()
    try:
        while True:
            os.wait()
    except ChildProcessError:  # nobody is left
        return status


if __name__ == "__main__":
    sys.exit(main())

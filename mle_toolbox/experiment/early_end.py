"""Guesses from stderr why a script failed at its start.

The launcher and the script share stderr, which is a file in the folder of the seed run; on Linux it can be read back.
"""

from __future__ import annotations

import os
import re
import stat

__all__ = ["NO_PACKAGE", "RELATIVE_IMPORT", "end_of_stderr", "hint_for_early_end"]

_END = 16 * 1024

_REFUSED_OPTION = re.compile(
    # argparse and hydra; click and typer; absl; tyro; fire
    r"(unrecognized arguments?:|ambiguous option:|no such option:|unknown command line flag|unrecognized option|"
    r"unrecognized or misplaced options?:|could not consume args?:).*?(-c\b|-s\b|-e\b|config|seed|exp_dir)"
    # how argparse reads -config, -seed and -exp_dir if there is an option -c, -s or -e
    r"|\bargument -.*?'(onfig|eed|xp_dir)'",
    re.IGNORECASE,
)
_OPTIONS = (
    "`mle run` passes -config, -seed and -exp_dir, with one dash, to the script, and the script's own option parser "
    "rejects or misreads them. With argparse: use parser.parse_known_args(), and do not name an option -c, -s or -e. "
    "With any parser: create mle = MLExperiment() first, then hide them with sys.argv = sys.argv[:1]; options for the "
    "script go into extra_cmd_line_input and are available in mle.extra_config."
)
NO_PACKAGE = "attempted relative import with no known parent package"
RELATIVE_IMPORT = (
    "a script that is started as a file does not belong to a package, so 'from .name import …' fails. Write "
    "'from name import …': the script's folder is searched first."
)


def hint_for_early_end(written: str, *, has_begun: bool) -> str | None:
    """Return what to change in the script, or None if the output is not recognised.

    Parameters
    ----------
    written
        The end of its output.
    has_begun
        Whether it had created its MLExperiment, which then has already given a hint itself.
    """
    if _REFUSED_OPTION.search(written):
        return _OPTIONS
    return RELATIVE_IMPORT if NO_PACKAGE in written and not has_begun else None


def end_of_stderr() -> str:
    """Return the end of what was written to stderr, or an empty string if that is not a file or cannot be read."""
    try:
        status = os.fstat(2)
        if not stat.S_ISREG(status.st_mode):
            return ""
        # The shell opened stderr for writing only, so it has to be opened again.
        descriptor = os.open("/proc/self/fd/2", os.O_RDONLY)
    except OSError:
        return ""
    try:
        return os.pread(descriptor, _END, max(0, status.st_size - _END)).decode(errors="replace")
    except OSError:
        return ""
    finally:
        os.close(descriptor)

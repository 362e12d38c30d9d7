"""What a script probably stumbled over that ended at its start: from what it wrote to stderr.

The launcher and the script share stderr, which is a file in the folder of the seed run; on Linux it can be read again.
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
    # what argparse makes of -config, -seed and -exp_dir where there is an option -c, -s or -e
    r"|\bargument -.*?'(onfig|eed|xp_dir)'",
    re.IGNORECASE,
)
_OPTIONS = (
    "`mle run` passes -config, -seed and -exp_dir, with one dash, to the script, whose own parser of options takes "
    "them for something else. With argparse: parse with parser.parse_known_args(), and give no option the name -c, -s "
    "or -e. With any parser: make mle = MLExperiment() first, then hide them with sys.argv = sys.argv[:1]; options for "
    "the script go into extra_cmd_line_input and are in mle.extra_config."
)
NO_PACKAGE = "attempted relative import with no known parent package"
RELATIVE_IMPORT = (
    "a script that is started as a file is in no package, so 'from .name import …' fails. Write 'from name import …': "
    "the script's folder is searched first."
)


def hint_for_early_end(written: str, *, has_begun: bool) -> str | None:
    """Return what to change in the script, or None when nothing is known about it.

    Parameters
    ----------
    written
        What it wrote last.
    has_begun
        Whether it had made its MLExperiment, which then has said itself what it knows of an error.
    """
    if _REFUSED_OPTION.search(written):
        return _OPTIONS
    return RELATIVE_IMPORT if NO_PACKAGE in written and not has_begun else None


def end_of_stderr() -> str:
    """Return the last of what was written to stderr, or nothing where it is no file or cannot be read."""
    try:
        status = os.fstat(2)
        if not stat.S_ISREG(status.st_mode):
            return ""
        descriptor = os.open("/proc/self/fd/2", os.O_RDONLY)
    except OSError:
        return ""
    try:
        return os.pread(descriptor, _END, max(0, status.st_size - _END)).decode(errors="replace")
    except OSError:
        return ""
    finally:
        os.close(descriptor)

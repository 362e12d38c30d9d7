"""Runs a stored script as ``python SCRIPT ARGUMENTS`` would run the file: frozen_main.py SCRIPT [ARGUMENTS].

Started by mle_frozen_code.py when the file has changed since the start of the experiment, or is gone.
"""

from __future__ import annotations

import builtins
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _prepare() -> tuple[Any, dict[str, Any]]:
    """Return the stored script, compiled, and the module in which it runs."""
    import mle_frozen_code

    position = len(sys.orig_argv) - len(sys.argv)
    del sys.argv[0], sys.orig_argv[position]
    script = sys.argv[0]
    # Python makes the path of a script absolute in this way, and follows links for the place of its imports.
    path = script if script.startswith("/") else f"{os.getcwd()}/{script.removeprefix('./')}"
    if not sys.flags.safe_path:
        sys.path[0] = os.path.dirname(os.path.realpath(script))
    stored = mle_frozen_code.code
    digest = stored.stored_digest(os.path.abspath(script))
    content = stored.content(digest)
    stored.run[stored.key(os.path.abspath(script))] = digest
    mle_frozen_code.show_source(path, content)
    main = type(sys)("__main__")
    main.__dict__.update(
        __file__=path,
        __cached__=None,
        __builtins__=builtins,
        __loader__=mle_frozen_code.machinery.SourceFileLoader("__main__", path),
        __annotations__={},
    )
    sys.modules["__main__"] = main
    return compile(content, path, "exec", dont_inherit=True), main.__dict__


if __name__ == "__main__":
    # Whoever looks for the frame of the script, by the name of its module, is not to find this one.
    __name__ = "mle_frozen_main"
    exec(*_prepare())  # noqa: S102

"""Runs a stored script as ``python SCRIPT ARGUMENTS`` would run the file: frozen_main.py SCRIPT [ARGUMENTS].

Started by mle_frozen_code.py if the file has changed since the start of the experiment, or was deleted.
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

    # The script is to see the command line that it would have had without this file.
    position = len(sys.orig_argv) - len(sys.argv)
    del sys.argv[0], sys.orig_argv[position]
    script = sys.argv[0]
    # As Python does it: the path of a script is made absolute like this, and links are followed for sys.path only.
    path = script if script.startswith("/") else f"{os.getcwd()}/{script.removeprefix('./')}"
    if not sys.flags.safe_path:
        sys.path[0] = os.path.dirname(os.path.realpath(script))
    stored = mle_frozen_code.code
    digest = stored.stored_digest(os.path.abspath(script))
    content = stored.content(digest)
    stored.run[stored.key(os.path.abspath(script))] = digest
    mle_frozen_code.show_source(path, content)
    # A new module, so that nothing of this file is among the script's globals.
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
    # experiment/ending.py finds the frame of the script by the name of its module, and must not find this one.
    __name__ = "mle_frozen_main"
    exec(*_prepare())  # noqa: S102

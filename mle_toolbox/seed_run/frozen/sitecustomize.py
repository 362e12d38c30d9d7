"""Python imports this at its start: it removes its own folder from the path and activates the stored code.

Fast, because every seed run pays for it, and silent: whatever goes wrong here, the script must start.
"""

import sys


def _begin() -> None:
    folder = __file__.rpartition("/")[0]
    # The script is to see the path that it would have without us.
    sys.path[:] = [each for each in sys.path if each != folder]
    sys.path_importer_cache.pop(folder, None)
    # So that the other sitecustomize, below, can be imported under the same name.
    own = sys.modules.pop(__name__, None)
    try:
        sys.path.insert(0, folder)
        try:
            import mle_frozen_code
        finally:
            sys.path.remove(folder)
            sys.path_importer_cache.pop(folder, None)
        mle_frozen_code.begin()
    except Exception:  # noqa: S110 (the record says that the run was not frozen)
        pass
    try:
        # The environment's or the user's, which Python would have imported without us.
        import sitecustomize  # noqa: F401
    except ImportError as error:
        # There is none, which is usual. If it is there and imports something missing, that is its own error.
        if getattr(error, "name", __name__) != __name__:
            raise
    finally:
        sys.modules.setdefault(__name__, own)  # type: ignore[arg-type]


_begin()

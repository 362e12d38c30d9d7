"""Found by Python at its start: takes its own folder out of sight and has the code of the start imported.

Quick, because every seed run pays for it, and silent: whatever goes wrong here, a script must start.
"""

import sys


def _begin() -> None:
    folder = __file__.rpartition("/")[0]
    # What the script sees is the path that it would have without us.
    sys.path[:] = [each for each in sys.path if each != folder]
    sys.path_importer_cache.pop(folder, None)
    own = sys.modules.pop(__name__, None)
    try:
        sys.path.insert(0, folder)
        try:
            import mle_frozen_code
        finally:
            sys.path.remove(folder)
            sys.path_importer_cache.pop(folder, None)
        mle_frozen_code.begin()
    except Exception:  # noqa: S110 (the run says at its end that it ran unfrozen)
        pass
    try:
        # The environment's own one, or the user's, which Python would have found without us.
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if getattr(error, "name", __name__) != __name__:
            raise
    finally:
        sys.modules.setdefault(__name__, own)  # type: ignore[arg-type]


_begin()

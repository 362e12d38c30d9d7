"""Makes installed modules come before files of the same name in the user's folders.

A training script is meant to import the ``queue.py`` or ``random.py`` beside it, as Python has it. But Snakemake, `mle`
and our late imports in the script's own process need those of the standard library. So our own processes call
``prefer_installed``; in the user's process our imports run in ``installed_modules``, which changes nothing for the
user's own imports. Started as a program, this file runs a module or a script like Python itself, but with installed
modules first::

    python -P installed_first.py -m snakemake --snakefile ...

Entries before the standard library on ``sys.path`` are the user's folders: that of the script or of the Snakefile, the
current one, those in PYTHONPATH. They stay there and are searched last. Folders with installed packages, which the
environment modules of a cluster put into PYTHONPATH, keep their place.

Imports only modules that Python has loaded before it searches any folder.
"""

from __future__ import annotations

import os
import sys
from _frozen_importlib_external import PathFinder  # importlib.machinery imports warnings, perhaps the user's

TYPE_CHECKING = False  # as in typing, whose import takes longer than everything here
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType, TracebackType
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")

__all__ = [
    "REPAIR",
    "folders_of_user",
    "installed_modules",
    "is_of_user",
    "prefer_installed",
    "program",
    "shadowing",
    "with_installed_modules",
]

_FILE = os.path.abspath(__file__)
_STANDARD_LIBRARY = os.path.dirname(os.path.abspath(os.__file__))
_OUR_FOLDER = os.path.dirname(os.path.dirname(_FILE))

# Repairs an environment in which the original mle-toolbox was installed too, before or after this one.
REPAIR = "{python} -m pip uninstall -y mle-toolbox && {python} -m pip install --force-reinstall --no-deps {source}"

# Here, because nearly every module of ours imports this one, and so does the __init__.py of the original: it finds our
# package `experiment` before its own experiment.py. When this file runs as a program there is no package to check.
if "." in __name__ and not hasattr(sys.modules[__name__.partition(".")[0]], "__distribution__"):
    raise ImportError(
        f"{os.path.dirname(_FILE)} is a mixture of two distributions with the same package and the same command: "
        "mle-toolbox-snakemake, and the original mle-toolbox, which was installed over it or uninstalled after it. "
        f"Keep one: {REPAIR.format(python=sys.executable, source='PATH')}, where PATH is the clone or the wheel of "
        "mle-toolbox-snakemake. Or install each into an environment of its own."
    )


def program(*arguments: str) -> list[str]:
    """Return the command line that does what ``python ARGUMENTS`` does, with installed modules first."""
    # -P keeps the folder of this file, whose modules have names like `text`, off the path.
    return [sys.executable, "-P", _FILE, *arguments]


def prefer_installed() -> None:
    """Search for every module among the installed ones first, from now on in this whole process."""
    # Snakemake puts the folder of the Snakefile, and of every included file, first on sys.path itself, at any time. So
    # this is a finder, which sees each import, and not a change of the path.
    if not any(isinstance(each, _InstalledFirst) for each in sys.meta_path):
        sys.meta_path.insert(0, _InstalledFirst(None))


def folders_of_user() -> list[str]:
    """Return the user's folders that Python searches for modules before the places where they are installed."""
    return _parted_path()[0]


def shadowing(folders: Sequence[str]) -> dict[str, str]:
    """Return the modules in ``folders`` with the name of an installed one, each with its path."""
    # Backwards, so that of a name in several folders the first one, which Python imports, remains.
    installed = _parted_path()[1]
    return {
        name: place
        for folder in reversed(folders)
        for name, place in _modules_in(folder)
        if name in sys.stdlib_module_names or _is_elsewhere(_find(name, installed), place)
    }


def is_of_user(name: str, module: object) -> bool:
    """Return whether a module comes from a folder of the user: a ``random`` instead of Python's, for example."""
    file = getattr(module, "__file__", None) or ""
    # Folder and name together: the environment with everything installed may lie in the same folder.
    starts = [f"{os.path.abspath(folder)}/{name.partition('.')[0]}" for folder in folders_of_user()]
    return any(file.startswith((f"{start}.", f"{start}/")) for start in starts)


class installed_modules:  # noqa: N801  (a context manager, as contextlib's are; which would have to be imported)
    """Imports in this block give the installed modules, even if the process has the user's under the same names.

    Afterwards ``sys.modules`` has the user's modules again, and those imported here are kept for the next time. Does
    nothing if no name of the user's hides an installed module, which is nearly always.
    """

    _ours: dict[str, ModuleType] = {}  # noqa: RUF012  (one for the process)
    _depth = 0

    def __enter__(self) -> None:
        cls = installed_modules
        # Only the outermost block swaps modules; one within it finds them swapped already.
        cls._depth += 1
        self._names = _hiding_now() if cls._depth == 1 else frozenset()
        if not self._names:
            return
        if not any(isinstance(each, _OursAmongInstalled) for each in sys.meta_path):
            sys.meta_path.insert(0, _OursAmongInstalled())
        self._theirs = {name: module for name, module in self._of_these_names() if is_of_user(name, module)}
        for name in self._theirs:
            del sys.modules[name]
        # The same objects as last time: a second copy of a module would have classes of its own.
        sys.modules.update(cls._ours)
        self._before = {name for name, _ in self._of_these_names()} - cls._ours.keys()
        self._finder = _InstalledFirst(self._names)
        sys.meta_path.insert(0, self._finder)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        cls = installed_modules
        cls._depth -= 1
        if not self._names:
            return
        sys.meta_path.remove(self._finder)
        cls._ours = {name: module for name, module in self._of_these_names() if name not in self._before}
        for name in cls._ours:
            del sys.modules[name]
        sys.modules.update(self._theirs)

    def _of_these_names(self) -> list[tuple[str, ModuleType]]:
        return [(name, each) for name, each in list(sys.modules.items()) if name.partition(".")[0] in self._names]


def with_installed_modules(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function that runs in ``installed_modules``. It must not call anything of the user's."""

    def wrapped(*arguments: P.args, **keywords: P.kwargs) -> R:
        with installed_modules():
            return function(*arguments, **keywords)

    # As functools.wraps does; importing that could already give a functools.py of the user's.
    wrapped.__name__, wrapped.__qualname__, wrapped.__doc__ = function.__name__, function.__qualname__, function.__doc__
    wrapped.__module__, wrapped.__wrapped__ = function.__module__, function  # type: ignore[attr-defined]
    return wrapped


class _InstalledFirst:
    """A finder that comes before all others, for these names or for all."""

    def __init__(self, names: frozenset[str] | None) -> None:
        self._names = names

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        # With a path it is a submodule, which is looked for in its package only.
        if path is not None or name in sys.builtin_module_names:
            return None
        if self._names is not None and name not in self._names:
            return None
        users, installed = _parted_path()
        return _find(name, installed) if users else None


class _OursAmongInstalled:
    """A finder for modules of this package that are imported late, so that they import installed modules."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if path is None or not name.startswith("mle_toolbox."):
            return None
        spec: ModuleSpec | None = PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            spec.loader.exec_module = with_installed_modules(spec.loader.exec_module)  # type: ignore[method-assign]
        return spec


# By the user's folders: listing them takes longer than all else here, and a script may change sys.path.
_known: dict[tuple[str, ...], frozenset[str]] = {}


def _hiding_now() -> frozenset[str]:
    key = tuple(folders_of_user())
    if key not in _known:
        _known[key] = frozenset(shadowing(key))
    return _known[key]


def _find(name: str, path: Sequence[str]) -> ModuleSpec | None:
    spec: ModuleSpec | None = PathFinder.find_spec(name, path)
    # Without a loader it is just a folder with this name.
    return spec if spec is not None and spec.loader is not None else None


def _is_elsewhere(spec: ModuleSpec | None, place: str) -> bool:
    """Return whether an installed module was found that is not the one at ``place``."""
    # The user's own package may be installed as well, in editable mode.
    return spec is not None and not os.path.realpath(spec.origin or "").startswith(os.path.realpath(place))


def _parted_path() -> tuple[list[str], list[str]]:
    """Return the user's folders on ``sys.path``, and all others."""
    path = [each for each in sys.path if isinstance(each, str)]
    try:
        start = path.index(_STANDARD_LIBRARY)
    except ValueError:
        return [], path  # a script has replaced the path: there is nothing to go by
    users = [each for each in path[:start] if not _is_installed(each)]
    return users, [each for each in path[:start] if each not in users] + path[start:]


_installed: dict[str, bool] = {}


def _is_installed(folder: str) -> bool:
    if folder not in _installed:
        # A zip file comes before the standard library on every path; it may contain it.
        _installed[folder] = folder.endswith(".zip") or os.path.abspath(folder) == _OUR_FOLDER or _has_packages(folder)
    return _installed[folder]


def _has_packages(folder: str) -> bool:
    try:
        return any(name.endswith(".dist-info") for name in os.listdir(folder or "."))
    except OSError:
        return False


def _modules_in(folder: str) -> Iterator[tuple[str, str]]:
    try:
        entries = list(os.scandir(folder or "."))
    except OSError:
        return
    # Names only, without an import: that would run code of the user's.
    for entry in entries:
        name, _, ending = entry.name.partition(".")
        if not name.isidentifier():
            continue
        if ending in ("py", "pyc") or ending.endswith("so") or os.path.isfile(f"{entry.path}/__init__.py"):
            yield name, entry.path


def _run(arguments: list[str]) -> None:
    """Do what ``python ARGUMENTS`` does: ``-m MODULE ...`` or ``SCRIPT ...``."""
    prefer_installed()
    import runpy

    if arguments[0] == "-m":
        sys.argv[:] = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv[:] = arguments
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    _run(sys.argv[1:])

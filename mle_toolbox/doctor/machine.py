"""The machine on which `mle doctor` runs: Python, Snakemake, our plugins, and the folder for results."""

from __future__ import annotations

import fcntl
import importlib.metadata
import importlib.util
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import mle_toolbox
from mle_cluster.findings import Finding, fine, problem, warning
from mle_cluster.known import schedulers
from mle_toolbox.environment import find_environment
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.installed_first import REPAIR
from mle_toolbox.snakemake_side.assumptions import REQUIREMENT, VERSIONS_IN_WORDS, version_fits
from mle_toolbox.surroundings import available_cores

__all__ = ["check_experiment", "check_folder", "check_python", "nearest_folder"]

# The distribution on PyPI from which scripts and experiment files come, and this one until version 1.0.
_ORIGINAL = "mle-toolbox"
_FEW_BYTES, _VERY_FEW_BYTES = 2 * 10**9, 10**8
_FEW_FILES = 10_000
_CLOCK_SECONDS = 2.0
_SECONDS = 10
# Tries to take a lock that its parent holds. A process of its own, because a process may always lock again what it
# has locked itself (fcntl).
_TRY_LOCK = """
import fcntl, sys
try:
    fcntl.lockf(open(sys.argv[1], "r+"), fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    sys.exit(3)
"""


def check_python() -> Iterator[Finding]:
    """Check the programs of this machine."""
    version = _version("snakemake")
    if version is None:
        yield problem(
            "Snakemake is not installed beside mle-toolbox", f"{sys.executable} -m pip install '{REQUIREMENT}'"
        )
    elif not version_fits(version):
        yield problem(
            f"Snakemake {version} does not fit: {VERSIONS_IN_WORDS}",
            f"{sys.executable} -m pip install '{REQUIREMENT}'",
        )
    else:
        yield fine(
            f"Python {platform.python_version()} ({sys.executable}), mle-toolbox {mle_toolbox.__version__}, "
            f"Snakemake {version}"
        )
    executors = [each.executor for each in schedulers()]
    plugins = ["snakemake_logger_plugin_mle", "snakemake_scheduler_plugin_mle"]
    plugins += [f"snakemake_executor_plugin_{name.replace('-', '_')}" for name in executors]
    # As Snakemake finds them: top-level modules by the prefix of their name.
    missing = [name for name in plugins if importlib.util.find_spec(name) is None]
    if missing:
        yield problem(
            f"Snakemake does not find {' and '.join(missing)}",
            f"reinstall mle-toolbox: {sys.executable} -m pip install --force-reinstall --no-deps {_source()}",
        )
    else:
        yield fine(f"Snakemake finds our plugins: the executor {' and '.join(executors)}, the logger and scheduler mle")
    if (other := _version(_ORIGINAL)) is not None:
        yield warning(
            f"{_ORIGINAL} {other} is installed in the same environment: another distribution with the same package and "
            "the same command, so upgrading or uninstalling it breaks this one",
            REPAIR.format(python=sys.executable, source=_source()),
        )
    yield from _check_path()


def check_experiment(plan: Plan, *, local: bool) -> Iterator[Finding]:
    """Check what the experiment file requires of this machine; ``local`` when seed runs execute here."""
    counts = f"{len(plan.configurations)} x {len(plan.seeds)} = {len(plan.configurations) * len(plan.seeds)} seed runs"
    if plan.looks is not None:
        counts = f"up to {counts}, {len(plan.seed_runs)} by now"
    yield fine(f"{plan.experiment_file.name} has no mistakes: configurations x seeds are {counts}")
    cores = available_cores()
    if local and plan.job.cores > cores:
        yield warning(
            f"a seed run asks for {plan.job.cores} cores, and this machine has {cores}",
            "it uses those; lower num_logical_cores, or the record will not match what ran",
        )
    if plan.job.environment is not None:
        yield _check_environment(plan.job.environment)


def check_folder(results: Path) -> Iterator[Finding]:
    """Check the folder for results, or the nearest existing one above it."""
    folder = nearest_folder(results)
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".mle-doctor-") as file:
            file.write(b"x")
            file.flush()
            written, now = os.fstat(file.fileno()).st_mtime, time.time()
            locks = _locks_work(Path(file.name))
    except OSError as error:
        yield problem(f"nothing can be written in {folder}: {error.strerror}", "choose another experiment_dir")
        return
    yield _check_space(folder)
    if (quota := _quota()) is not None:
        yield warning(f"you are over your disk quota: {quota}", "free some space before you start; `quota -s` shows it")
    if locks:
        yield fine("files can be locked there, so two runs cannot write to the same folder")
    else:
        yield warning(
            f"the file system of {folder} has no locks",
            "nothing prevents two runs of the same seed there; ask for a file system with locks (NFS: mount it "
            "without nolock), or choose another experiment_dir",
        )
    if abs(now - written) > _CLOCK_SECONDS:
        yield warning(
            f"the clock of the file server differs from this machine's by {abs(now - written):.0f} s",
            "Snakemake compares the times of files; ask your administrator to have the clocks set",
        )


def nearest_folder(path: Path) -> Path:
    """Return a folder, or the nearest existing one above it."""
    return next(each for each in (path, *path.absolute().parents) if each.is_dir())


def _check_path() -> Iterator[Finding]:
    found, ours = shutil.which("snakemake"), Path(sys.executable).parent / "snakemake"
    if found is None:
        yield warning(
            "snakemake is not on PATH",
            f"`mle run` works without it; to type `snakemake --profile …` yourself: export PATH={ours.parent}:$PATH",
        )
    elif ours.exists() and not ours.samefile(found):
        yield warning(
            f"`snakemake` means {found}, which is not the one that `mle run` uses ({ours})",
            f"activate the environment of mle-toolbox, or: export PATH={ours.parent}:$PATH",
        )


def _check_environment(name: str) -> Finding:
    environment = find_environment(name)
    if environment.notice is not None:
        return warning(
            environment.notice.rstrip("."),
            f"conda create -n {name} python, and there: pip install {_source()}; or drop it",
        )
    if environment.prefix is None:
        return fine(f"env_name {name!r} is the Python that runs this")
    python = environment.prefix / "bin" / "python"
    code = "import mle_toolbox; print(mle_toolbox.__version__)"
    # Started elsewhere, because `-c` looks for modules in the current folder first.
    answer = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False, cwd=environment.prefix)
    if answer.returncode != 0:
        why = (answer.stderr.strip().splitlines() or ["no words"])[-1]
        return problem(
            f"seed runs use the conda environment {environment.prefix}, in which mle-toolbox cannot be imported: {why}",
            f"{python} -m pip install {_source()}",
        )
    if answer.stdout.strip() != mle_toolbox.__version__:
        return warning(
            f"the conda environment {environment.prefix} has mle-toolbox {answer.stdout.strip()}, and this is "
            f"{mle_toolbox.__version__}",
            f"{python} -m pip install --upgrade {_source()}",
        )
    return fine(f"seed runs use the conda environment {environment.prefix}; mle-toolbox is there too")


def _check_space(folder: Path) -> Finding:
    # Some file systems (btrfs) have no fixed number of files and report 0.
    usage, files = shutil.disk_usage(folder), os.statvfs(folder)
    text = f"results go to {folder}, with {_size(usage.free)} free"
    if usage.free < _VERY_FEW_BYTES:
        return problem(text, "make room, or choose another experiment_dir")
    if usage.free < _FEW_BYTES:
        return warning(text, "make room, or choose another experiment_dir")
    if files.f_files and files.f_favail < _FEW_FILES:
        return warning(f"{text}, but room for only {files.f_favail} more files", "each seed run writes about ten")
    return fine(text)


def _quota() -> str | None:
    """Return the complaint of `quota`, or None."""
    if shutil.which("quota") is None:
        return None
    try:
        # A time limit, because `quota` waits for an NFS server that does not answer.
        answer = subprocess.run(["quota", "-q"], capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return None
    return " ".join(answer.stdout.split()) or None


def _locks_work(path: Path) -> bool:
    with path.open("r+") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        # -I: nothing from PYTHONPATH or the current folder is imported.
        tried = subprocess.run([sys.executable, "-I", "-c", _TRY_LOCK, str(path)], check=False, timeout=6 * _SECONDS)
    return tried.returncode == 3


def _source() -> str:
    """Return the clone or wheel from which this was installed, quoted for the shell; a placeholder when unknown."""
    # pip writes direct_url.json for everything that does not come from an index (PEP 610).
    try:
        origin = importlib.metadata.distribution(mle_toolbox.__distribution__).read_text("direct_url.json")
    except importlib.metadata.PackageNotFoundError:
        origin = None
    url = urlsplit(json.loads(origin)["url"] if origin else "")
    path = Path(unquote(url.path))
    return shlex.quote(str(path)) if url.scheme == "file" and path.exists() else "PATH-OF-ITS-CLONE-OR-WHEEL"


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _size(number: int) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number} {unit}"
        number //= 1000
    return f"{number} TB"

"""What the packaging tests share: a copy of the working tree, as a fresh clone would be after a commit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def clone(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of every file that git tracks or would track, and of nothing else."""
    target = tmp_path_factory.mktemp("clone") / "mle-toolbox"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if os.path.lexists(repository / name):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(repository / name, target / name, follow_symlinks=False)
    return target


@pytest.fixture(scope="session")
def wheel(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that is built from that copy."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(clone)]
    finished = subprocess.run(build, cwd=clone, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert finished.returncode == 0, finished.stdout
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def bare_environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Environment variables of somebody who has not activated any virtual environment and has no settings."""
    home = tmp_path_factory.mktemp("home")
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "LANG", "LC_"))}
    # Only for time: what this user has downloaded before is taken, and nothing is compiled that is not imported.
    kept.setdefault("PIP_CACHE_DIR", str(Path.home() / ".cache" / "pip"))
    kept.setdefault("PIP_COMPILE", "0")
    # MLE_PROFILE: a Grid Engine that runs on this machine is not to be found by `mle run`.
    return {**kept, "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(home), "MLE_PROFILE": "local"}

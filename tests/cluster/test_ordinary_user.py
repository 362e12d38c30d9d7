"""The same as an ordinary user: most people are not root on their cluster, and Grid Engine treats root differently."""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = [pytest.mark.sge, pytest.mark.slow]

USER = "mle-tester"
SCRIPTS = {
    "mle": "from mle_toolbox.cli import main",
    "mle-gen-snakefile": "from mle_toolbox.cli import generate_main as main",
    "snakemake": "from snakemake.cli import main",
}


@dataclass(frozen=True)
class Account:
    """An ordinary user, with a folder that all machines see and commands that he may start."""

    folder: Path
    commands: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the user's project, with nothing of root's environment."""
        home = pwd.getpwnam(USER).pw_dir
        path = f"{self.commands}:/usr/local/bin:/usr/bin:/bin"
        kept = {name: os.environ[name] for name in ("SGE_ROOT", "SGE_CELL") if name in os.environ}
        return subprocess.run(
            ["setpriv", "--reuid", USER, "--regid", USER, "--init-groups", *command],
            cwd=self.folder,
            env={**kept, "HOME": home, "USER": USER, "LOGNAME": USER, "PATH": path, "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def own(self) -> None:
        """Give everything in the folder to the user."""
        for path in (self.folder, *self.folder.rglob("*")):
            shutil.chown(path, USER, USER)


@pytest.fixture(scope="module")
def installation(repository: Path) -> Iterator[Path]:
    """The commands where the user may read them: root's Python and this checkout often lie where he may not."""
    place = Path(tempfile.mkdtemp(prefix="mle-for-all-"))
    place.chmod(0o755)
    try:
        yield _install(repository, place)
    finally:
        shutil.rmtree(place)


@pytest.fixture
def account(grid_engine: Path, installation: Path) -> Iterator[Account]:
    """The user with an empty folder."""
    folder = Path(tempfile.mkdtemp(prefix="mle-project-"))
    yield Account(folder, installation)
    shutil.rmtree(folder)


def _install(repository: Path, place: Path) -> Path:
    python = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    if not _is_open_to_all(python):
        # Without what others have installed there, and without the tests of Python: two thirds of its files.
        _copy(Path(sys.base_prefix), place / "python", "site-packages", "test")
        python = place / "python" / "bin" / python.name
    _copy(Path(sys.prefix) / "lib", place / "site")
    for name in ("mle_toolbox", "mle_cluster", "workflow", "rules", "scripts", "profiles"):
        shutil.copytree(repository / name, place / "source" / name)
    for plugin in repository.glob("snakemake_*_plugin_*"):
        shutil.copytree(plugin, place / "source" / plugin.name)
    commands = place / "venv" / "bin"
    subprocess.run([python, "-m", "venv", "--without-pip", place / "venv"], check=True)
    [packages] = (place / "venv" / "lib").glob("python3*/site-packages")
    [theirs] = (place / "site").glob("python3*/site-packages")
    (packages / "theirs.pth").write_text(f"{place / 'source'}\n{theirs}\n")
    for name, importing in SCRIPTS.items():
        (commands / name).write_text(f"#!{commands}/python\nimport sys\n{importing}\nsys.exit(main())\n")
        (commands / name).chmod(0o755)
    return commands


def _copy(source: Path, target: Path, *leave_out: str) -> None:
    """Copy a tree by hard links where that is possible: it may be large."""
    shutil.copytree(
        source, target, symlinks=True, ignore=shutil.ignore_patterns(*leave_out), copy_function=_link_or_copy
    )


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _is_open_to_all(path: Path) -> bool:
    return all(each.stat().st_mode & 0o005 == 0o005 for each in (path.resolve(), *path.resolve().parents))


def test_the_reference_experiment_runs_as_an_ordinary_user(account: Account, repository: Path) -> None:
    text = (repository / "exp.yaml").read_text()
    (account.folder / "exp.yaml").write_text(text.replace("num_seeds: 10", "num_seeds: 2"))
    shutil.copytree(repository / "ode", account.folder / "ode")
    account.own()

    outcome = account.run("mle", "run", "exp.yaml")

    assert outcome.returncode == 0, outcome.stderr
    # Where a Slurm answers as well, another sentence says why.
    assert re.search(r"Grid Engine answers .* running there|running on Grid Engine", outcome.stderr), outcome.stderr
    assert "4 of 4 seed runs done" in outcome.stdout
    records = [json.loads(path.read_text()) for path in account.folder.glob("experiments/*/seed_*/run.json")]
    assert len(records) == 4
    assert {path.owner() for path in account.folder.glob("experiments/*/seed_*/*")} == {USER}


def test_a_failed_seed_is_told_and_only_it_runs_again(account: Account, repository: Path) -> None:
    template = repository / "mle_toolbox" / "templates" / "project"
    shutil.copytree(template, account.folder, dirs_exist_ok=True)
    script = account.folder / "train.py"
    broken = script.read_text().replace(
        "def main(mle):", "def main(mle):\n    if mle.seed == 1: raise SystemExit(3)", 1
    )
    whole = script.read_text()
    script.write_text(broken)
    account.own()

    failed = account.run("mle", "run", "exp.yaml")
    script.write_text(whole)
    mended = account.run("mle", "run", "exp.yaml")

    assert failed.returncode == 1
    assert "ended with exit status 3" in failed.stderr
    assert mended.returncode == 0, mended.stderr
    attempts = {
        path.parent.name: json.loads(path.read_text())["attempt"]
        for path in account.folder.glob("experiments/small_steps/seed_*/run.json")
    }
    assert attempts == {"seed_0": 1, "seed_1": 2, "seed_2": 1}


def test_the_doctor_finds_all_well_as_an_ordinary_user(account: Account, repository: Path) -> None:
    shutil.copy(repository / "exp.yaml", account.folder)
    shutil.copytree(repository / "ode", account.folder / "ode")
    account.own()

    outcome = account.run("mle", "doctor")

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "✓ a job ran on " in outcome.stdout

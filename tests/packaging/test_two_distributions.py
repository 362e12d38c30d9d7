"""The original mle-toolbox has the same package and the same command: who has both in one environment is told so.

A small wheel stands for the original: its __init__.py begins like that of mle-toolbox 0.3.5, and it has
the same command.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

_INFO = "mle_toolbox-0.3.5.dist-info"
_FILES = {
    "mle_toolbox/__init__.py": "from ._version import __version__\nfrom .experiment import MLExperiment, experiment\n",
    "mle_toolbox/_version.py": '__version__ = "0.3.5"\n',
    "mle_toolbox/experiment.py": "class MLExperiment: ...\ndef experiment(): ...\n",
    "mle_toolbox/report/__init__.py": "class ReportGenerator: ...\n",
    "mle_toolbox/toolbox.py": "def main(): print('the original')\n",
    f"{_INFO}/METADATA": "Metadata-Version: 2.1\nName: mle-toolbox\nVersion: 0.3.5\n",
    f"{_INFO}/WHEEL": "Wheel-Version: 1.0\nGenerator: by hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    f"{_INFO}/entry_points.txt": "[console_scripts]\nmle = mle_toolbox.toolbox:main\n",
}
_SCRIPT = "from mle_toolbox import MLExperiment"


class Environment:
    """A virtual environment that finds what this one has, except for this distribution."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.python, self._folder, self._variables = folder / "bin" / "python", folder, variables
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
        [packages] = folder.glob("lib/python*/site-packages")
        ours = next(Path(each) for each in sys.path if each.endswith("site-packages"))
        # A folder on PYTHONPATH would come before what is installed here; a .pth file comes behind.
        (packages / "zz_rest.pth").write_text(f"{ours}\n")

    def pip(self, *words: str | Path) -> None:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", self.python, words[0], "-qq"]
        subprocess.run([*pip, *words[1:]], check=True, env=self._variables, cwd=self._folder)

    def install(self, *words: str | Path) -> None:
        self.pip("install", "--no-deps", "--no-index", *words)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        program = [str(self._folder / "bin" / words[0]), *words[1:]]
        return subprocess.run(program, capture_output=True, text=True, env=self._variables, cwd=self._folder)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    wheel = tmp_path_factory.mktemp("original") / "mle_toolbox-0.3.5-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in _FILES.items():
            archive.writestr(name, text)
        archive.writestr(f"{_INFO}/RECORD", "".join(f"{name},,\n" for name in [*_FILES, f"{_INFO}/RECORD"]))
    return wheel


@pytest.fixture
def environment(tmp_path: Path, bare_environment: Mapping[str, str]) -> Environment:
    return Environment(tmp_path / "environment", bare_environment)


def test_the_original_over_this_one_is_said_by_every_import(
    environment: Environment, wheel: Path, original: Path
) -> None:
    environment.install(wheel)
    environment.install(original)

    outcomes = [
        environment.run("mle", "run", "exp.yaml"),
        environment.run("mle-gen-snakefile", "exp.yaml"),
        environment.run("python", "-m", "mle_toolbox", "doctor"),
        environment.run("python", "-c", _SCRIPT),
    ]

    for outcome in outcomes:
        assert outcome.returncode == 1
        assert "is a mixture of two distributions" in outcome.stderr.splitlines()[-1], outcome.stderr
        assert "mle-toolbox-snakemake" in outcome.stderr.splitlines()[-1]
    assert len(outcomes[1].stderr.splitlines()) == 1


def test_this_one_over_the_original_works_and_the_doctor_says_what_to_do(
    environment: Environment, wheel: Path, original: Path
) -> None:
    environment.install(original)
    environment.install(wheel)

    doctor = environment.run("mle", "doctor")

    assert environment.run("python", "-c", _SCRIPT).returncode == 0
    text = " ".join(doctor.stdout.split())
    assert "! mle-toolbox 0.3.5 is installed in the same environment: another distribution" in text
    assert (
        f"pip uninstall -y mle-toolbox && {environment.python} -m pip install --force-reinstall --no-deps {wheel}"
        in text
    )


def test_what_is_left_when_the_original_is_uninstalled_says_so(
    environment: Environment, wheel: Path, original: Path
) -> None:
    environment.install(original)
    environment.install(wheel)
    environment.pip("uninstall", "-y", "mle-toolbox")

    broken = environment.run("mle-gen-snakefile", "exp.yaml")
    environment.install("--force-reinstall", wheel)

    assert broken.returncode == 1
    assert "is a mixture of two distributions" in broken.stderr
    assert environment.run("mle", "--version").stdout.startswith("mle-toolbox-snakemake ")


@pytest.mark.parametrize("function", ["main", "generate_main"])
def test_an_editable_installation_is_hidden_by_the_original(
    environment: Environment, clone: Path, original: Path, function: str
) -> None:
    environment.install(original)
    # As pip does with --editable: this clone comes behind what is installed.
    start = f"import sys; sys.path.append({str(clone)!r}); import mle_command; sys.exit(mle_command.{function}())"

    outcome = environment.run("python", "-c", start)

    assert outcome.returncode == 1
    assert outcome.stderr.startswith("Python finds the package mle_toolbox of the original mle-toolbox 0.3.5, and not")

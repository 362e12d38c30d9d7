"""`mle code`, `mle diff` and what the report says under "How to reproduce it", on one experiment under git."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mle_toolbox
from tests.workflow.conftest import SCRIPT, Project, make_project

pytestmark = pytest.mark.slow

HELPER = "def scale():\n    return {value}\n"
USES_HELPER = SCRIPT.replace("\n\ndef main", "\nfrom lib.helper import scale\n\n\ndef main", 1).replace(
    "mle.rng.normal() *", "mle.rng.normal() * scale() *"
)


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two configurations, one seed each; the helper was edited between the one and the other."""
    repository = tmp_path_factory.mktemp("repository")
    project = make_project(repository / "project")
    project.write_experiment(["a.json"], seeds=1)
    (project.path / "lib").mkdir()
    (project.path / "lib" / "helper.py").write_text(HELPER.format(value=1))
    (project.path / "train.py").write_text(USES_HELPER)
    (repository / "README").write_text("Not the project.\n")
    git(repository, "init", "-q")
    git(repository, "add", "README")
    git(repository, "commit", "-qm", "begin")
    first = project.mle("run", "exp.yaml")
    assert first.returncode == 0, first.stderr
    (project.path / "lib" / "helper.py").write_text(HELPER.format(value=2))
    project.write_experiment(["a.json", "b.json"], seeds=1)
    second = project.mle("run", "exp.yaml")
    assert second.returncode == 0, second.stderr
    return project


def test_diff_shows_values_and_lines_that_differ(project: Project) -> None:
    outcome = project.mle("diff", "a", "b/0")

    assert outcome.returncode == 0, outcome.stderr
    lines = outcome.stdout.splitlines()
    assert "  train_config.learning_rate  0.1 → 0.2" in lines
    at = lines.index("--- a/0/lib/helper.py")
    assert lines[at : at + 6] == [
        "--- a/0/lib/helper.py",
        "+++ b/0/lib/helper.py",
        "@@ -1,2 +1,2 @@",
        " def scale():",
        "-    return 1",
        "+    return 2",
    ]
    assert "train.py" not in outcome.stdout
    assert project.mle("diff", "a/0", "experiments:a/seed_0").stdout.startswith("Nothing differs")


def test_code_lists_the_files_and_what_became_of_them(project: Project) -> None:
    outcome = project.mle("code", "experiments/a/seed_0")

    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout == "changed since              lib/helper.py\nas now                     train.py\n"
    assert "a/0: the script is not in any commit." in outcome.stderr


def test_extracted_code_is_that_of_the_run_and_gives_the_same_numbers(project: Project, tmp_path: Path) -> None:
    outcome = project.mle("code", "a/0", "--extract", str(tmp_path / "again"))

    assert outcome.returncode == 0, outcome.stderr
    again = Project(Path(outcome.stdout.strip()))
    assert (again.path / "lib/helper.py").read_text() == HELPER.format(value=1)
    assert again.mle("run", "exp.yaml").returncode == 0
    assert losses(again, "a").tobytes() == losses(project, "a").tobytes()
    refused = project.mle("code", "a/0", "--extract", str(tmp_path / "again"))
    assert refused.returncode == 2
    assert refused.stderr.endswith("this folder is not empty. Name an empty or a new one.\n")


def test_the_commands_under_reproduce_give_the_same_numbers(project: Project, tmp_path: Path) -> None:
    page = (project.results / "report.html").read_text()
    section = page[page.index('<section id="reproduce">') :]
    section = section[: section.index("</section>")]
    commands = [html.unescape(each) for each in re.findall(r"<pre><bdi>(.*?)</bdi></pre>", section, re.DOTALL)]
    copy = Project(Path(shutil.copytree(project.path.parent, tmp_path / "fresh", symlinks=True)) / "project")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    done = subprocess.run(
        ["sh", "-ec", "\n".join(commands)],
        cwd=copy.path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "mle-toolbox==" not in section
    assert "the script is not in any commit" in section
    again = Project(copy.path / "again" / "project")
    repeated = "a" if "a/0" in commands[0] else "b"
    assert losses(again, repeated).tobytes() == losses(project, repeated).tobytes()
    alone = mle_toolbox.load(again.path / "by_hand" / "a" / "seed_0")
    assert alone["loss"].tobytes() == losses(again, "a")[0].tobytes()


def losses(project: Project, configuration: str) -> np.ndarray:
    loaded = mle_toolbox.load(project.results)
    found: np.ndarray = loaded[configuration]["loss"]
    return found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["code", "c/0"], "There is no configuration 'c'.* There are: a, b."),
        (["code", "a/7"], "There is no seed 7 in 'a'. There are: 0."),
        (["diff", "a", "/"], "'/' is not a seed run. Expected CONFIGURATION/SEED or the folder of a seed run."),
    ],
)
def test_a_run_that_is_not_there_is_said_in_one_line(project: Project, arguments: list[str], said: str) -> None:
    outcome = project.mle(*arguments)

    assert outcome.returncode == 2
    assert re.fullmatch(said + "\n", outcome.stderr)


def test_without_stored_code_one_line_says_so(project: Project, tmp_path: Path) -> None:
    copy = Project(Path(shutil.copytree(project.path, tmp_path / "copy", ignore=shutil.ignore_patterns(".*"))))

    outcome = copy.mle("code", "a/0", "--extract", "again")

    assert outcome.returncode == 2
    assert outcome.stderr.startswith("a/0: its stored code is not there (.code/snapshots/")
    assert outcome.stderr.count("\n") == 1

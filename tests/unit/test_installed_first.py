"""A file beside the script that has the name of a module: Python gives it to the script, and we to nobody else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mle_toolbox.installed_first import program, shadowing

# Of the standard library and of what is installed; all of them are wanted by what we import late, or by Snakemake.
NAMES = [
    *("queue", "random", "html", "csv", "glob", "shutil", "tempfile", "socket", "uuid", "decimal", "difflib", "json"),
    *("tabulate", "attr", "pulp", "yaml", "logging", "typing", "dataclasses", "platform", "subprocess", "hashlib"),
]
MINE = "class Mine:\n    value = 1.0\n"
IMPORTS = "".join(f"from {name} import Mine as {name}_\n" for name in NAMES)
EXPERIMENT = """
from mle_toolbox import MLExperiment

mle = MLExperiment()
"""
LOOP = """
for step in range(3):
    mle.update_log({"step": step}, {"loss": 1.0}, save=True)
mle.save_model({"weights": mle.rng.normal(size=3)})
"""
CONFIGURATION = {"train_config": {}, "log_config": {"time_to_track": ["step"], "what_to_track": ["loss"]}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file for each of these names, which Python itself would import for them."""
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text(MINE)
    (tmp_path / "c.json").write_text(json.dumps(CONFIGURATION))
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(
    "script",
    [
        IMPORTS + EXPERIMENT + LOOP,
        EXPERIMENT + IMPORTS + LOOP,
        EXPERIMENT + LOOP + IMPORTS,
        EXPERIMENT + LOOP,
        IMPORTS + EXPERIMENT + LOOP + "mle.close()\nimport queue, random\nassert queue.Mine is queue_ and random.Mine",
    ],
    ids=["imported before", "between", "after", "not at all", "closed by hand"],
)
def test_a_script_with_modules_of_such_names_gets_its_log(folder: Path, script: str) -> None:
    (folder / "train.py").write_text(script)

    done = subprocess.run(
        [sys.executable, "train.py", "-config", "c.json", "-seed", "0", "-exp_dir", "results"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert (folder / "results" / "c" / "seed_0" / "log.h5").exists()


@pytest.mark.slow
def test_results_are_read_beside_modules_of_such_names(folder: Path) -> None:
    (folder / "train.py").write_text(EXPERIMENT + LOOP)
    (folder / "analyse.py").write_text(
        f"{IMPORTS}\nimport mle_toolbox\nresults = mle_toolbox.load('results')\n"
        "print(results.summary())\nprint(results['c']['loss'], queue_.value)\n"
    )
    train = [sys.executable, "train.py", "-config", "c.json", "-seed", "0", "-exp_dir", "results"]
    subprocess.run(train, cwd=folder, capture_output=True, check=True)

    done = subprocess.run([sys.executable, "analyse.py"], cwd=folder, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert not done.stderr
    assert "[[1. 1. 1.]] 1.0" in done.stdout


def test_a_program_of_ours_gets_what_is_installed_and_still_finds_the_others(folder: Path) -> None:
    (folder / "mine.py").write_text(MINE)
    (folder / "job.py").write_text(
        "import sys; sys.path.insert(0, '.')\n"  # as Snakemake does with the folder of the Snakefile
        "import mine, queue, yaml, json\nprint(json.dumps([queue.__file__, yaml.__file__, mine.__file__, sys.argv[1]]))"
    )

    done = subprocess.run(
        program("job.py", "word"),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )

    assert done.returncode == 0, done.stderr
    queue, yaml, mine, word = json.loads(done.stdout)
    assert not Path(queue).is_relative_to(folder)
    assert not Path(yaml).is_relative_to(folder)
    assert Path(folder, mine).samefile(folder / "mine.py")
    assert word == "word"


def test_files_that_hide_installed_modules_are_named(folder: Path) -> None:
    (folder / "mine.py").write_text(MINE)
    (folder / "secrets").mkdir()
    (folder / "secrets" / "__init__.py").touch()
    (folder / "data").mkdir()

    assert shadowing([str(folder)]).keys() == {*NAMES, "secrets"}


def test_a_project_that_is_installed_itself_hides_nothing(repository: Path) -> None:
    assert "mle_toolbox" not in shadowing([str(repository)])

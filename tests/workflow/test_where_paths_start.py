"""An experiment whose paths start where the command is typed, above the folder of the experiment file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workflow.conftest import EXPERIMENT, SCRIPT, Project, job_table

pytestmark = pytest.mark.slow


class Placed:
    """``ode/exp.yaml``, whose paths begin with ``ode/``, and what can be typed in any folder."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.ode = Project(top / "ode")
        self.results = top / "experiments"

    @property
    def file(self) -> Path:
        return self.ode.path / "exp.yaml"

    def write_experiment(self, seeds: int) -> None:
        text = EXPERIMENT.format(configurations='["ode/a.json", "ode/b.json"]', seeds=seeds)
        self.file.write_text(text.replace('"train.py"', '"ode/train.py"'))

    def type(self, folder: str | Path, *words: str) -> subprocess.CompletedProcess[str]:
        module = "mle_toolbox" if words[0] == "mle" else "snakemake"
        return subprocess.run(
            [sys.executable, "-m", module, *words[1:]],
            cwd=self.top / folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env={**os.environ, "MLE_PROFILE": "local"},
        )

    def done(self, folder: str | Path, *words: str) -> str:
        outcome = self.type(folder, *words)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        return outcome.stdout

    def jobs(self, folder: str | Path) -> dict[str, int]:
        return job_table(self.done(folder, "snakemake", "--profile", "local", "--dry-run"))

    def files_in(self, folder: Path) -> set[str]:
        return {each.name for each in folder.iterdir()}


def make_placed(top: Path) -> Placed:
    placed = Placed(top)
    placed.ode.path.mkdir(parents=True)
    placed.write_experiment(seeds=2)
    (placed.ode.path / "train.py").write_text(SCRIPT)
    for name in ("a.json", "b.json", "c.json"):
        placed.ode.write_configuration(name)
    return placed


@pytest.fixture
def placed(tmp_path: Path) -> Placed:
    return make_placed(tmp_path / "examples")


@pytest.fixture
def placed_and_run(made_once: Callable[[str, Callable[[Path], object]], Path], tmp_path: Path) -> Placed:
    """The same after `mle run ode/exp.yaml`. A copy, as `finished` is."""
    once = made_once("placed", lambda top: make_placed(top).done("", "mle", "run", "ode/exp.yaml", "--cores", "2"))
    return Placed(Path(shutil.copytree(once, tmp_path / "examples", symlinks=True)))


def test_snakemake_typed_in_either_folder_means_the_same_files(placed: Placed) -> None:
    generated = placed.done("", "mle", "generate", "ode/exp.yaml")
    first = placed.jobs(""), placed.jobs("ode")
    placed.done("ode", "snakemake", "--profile", "local", "--cores", "2")

    assert "next: snakemake --profile local" in generated
    assert first[0] == first[1]
    assert first[0]["train"] == 4
    assert sorted(each.name for each in placed.results.glob("*/seed_*/log.h5")) == ["log.h5"] * 4
    assert not (placed.ode.path / "experiments").exists()
    # Snakemake keeps its own log where it is typed, all else where the paths start.
    assert not (placed.ode.path / ".snakemake/metadata").exists()
    assert placed.jobs("") == placed.jobs("ode") == {}

    placed.write_experiment(seeds=3)

    assert placed.jobs("") == placed.jobs("ode")
    assert placed.jobs("")["train"] == 2


def test_every_command_typed_anywhere_finds_what_was_started_above(placed_and_run: Placed, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    for folder, file in (("", "ode/exp.yaml"), ("ode", "exp.yaml"), (elsewhere, str(placed_and_run.file))):
        again = placed_and_run.type(folder, "mle", "run", file, "--cores", "2", "--dry-run")
        assert again.returncode == 0
        assert "Nothing to run" in again.stdout
        assert "4 of 4 seed runs done" in placed_and_run.done(folder, "mle", "status", file)
        assert "ended at" in placed_and_run.done(folder, "mle", "logs", "a", "0", "--experiment", file)
        assert placed_and_run.done(folder, "mle", "results", file, "--format", "csv").count("loss") >= 2
        assert placed_and_run.done(folder, "mle", "diff", f"{file}:a/0", f"{file}:a/1")
        assert "as now" in placed_and_run.done(folder, "mle", "code", f"{file}:a/0")
        assert placed_and_run.done(folder, "mle", "stop", file) == "Nothing of this experiment is running.\n"
        assert Path(placed_and_run.done(folder, "mle", "report", file).strip()).name == "report.html"
    assert "4 of 4 seed runs done" in placed_and_run.done(elsewhere, "mle", "status", str(placed_and_run.results))
    assert placed_and_run.files_in(elsewhere) == set()
    assert not (placed_and_run.ode.path / "experiments").exists()
    record = json.loads((placed_and_run.results / "a/seed_0/run.json").read_text())
    assert set(record["code"]) == {"ode/train.py"}


def test_an_edited_script_makes_its_runs_outdated_wherever_one_looks(placed_and_run: Placed) -> None:
    (placed_and_run.ode.path / "train.py").write_text(SCRIPT.replace("ended", "has ended"))

    for folder, words in (("ode", ["exp.yaml"]), ("", ["experiments"])):
        assert "ode/train.py" in placed_and_run.done(folder, "mle", "status", *words)
    report = placed_and_run.done("ode", "mle", "code", "a/0")
    assert "changed since" in report


def test_a_project_that_was_moved_as_a_whole_has_nothing_to_repeat(placed_and_run: Placed, tmp_path: Path) -> None:
    placed_and_run.top.rename(tmp_path / "moved")
    moved = Placed(tmp_path / "moved")

    said = moved.type("ode", "mle", "run", "exp.yaml", "--cores", "2")
    jobs = job_table((moved.results / ".driver/snakemake.log").read_text())

    assert said.returncode == 0, said.stderr
    assert jobs == {}
    assert moved.files_in(tmp_path) == {"moved"}


def test_the_code_of_a_run_can_be_run_again_where_it_was_extracted(placed_and_run: Placed, tmp_path: Path) -> None:
    outcome = placed_and_run.type("ode", "mle", "code", "a/0", "--extract", str(tmp_path / "again"))

    next_command = outcome.stderr.splitlines()[-1].strip()
    assert next_command == f"cd {tmp_path / 'again'} && mle run ode/exp.yaml"
    assert placed_and_run.done(tmp_path / "again", "mle", "run", "ode/exp.yaml", "--cores", "2").count("done") >= 1
    assert (tmp_path / "again/experiments/a/seed_0/log.h5").exists()


def test_two_files_of_one_name_in_two_folders_each_have_a_snakefile(placed: Placed) -> None:
    other = placed.top / "pde"
    other.mkdir()
    text = placed.file.read_text().replace("experiments/", "others/")
    (other / "exp.yaml").write_text(text)
    placed.done("", "mle", "run", "ode/exp.yaml", "--cores", "2", "--dry-run")
    (other / "twice").mkdir()
    (other / "twice/exp.yaml").write_text(text.replace("others/", "thirds/"))

    placed.done("", "mle", "run", "pde/exp.yaml", "--cores", "2", "--dry-run")
    placed.done("", "mle", "run", "pde/twice/exp.yaml", "--cores", "2", "--dry-run")

    assert {"Snakefile", "exp.smk", "pde_twice_exp.smk"} <= placed.files_in(placed.top)
    assert (other / "Snakefile").resolve() == placed.top / "exp.smk"
    assert (other / "twice/Snakefile").resolve() == placed.top / "pde_twice_exp.smk"


# -- one experiment file, many configurations and results folders -----------------------------------------------


@pytest.fixture
def single(placed: Placed) -> Placed:
    text = placed.file.read_text().replace("multiple-experiments", "single-experiment")
    text = text.replace('    config_fnames: ["ode/a.json", "ode/b.json"]\n', "")
    placed.file.write_text(
        text.replace("    experiment_dir", '    base_train_config: "ode/a.json"\n    experiment_dir')
    )
    return placed


def test_results_folders_of_one_file_are_run_side_by_side_and_continued(single: Placed) -> None:
    def command(name: str, *more: str) -> list[str]:
        given = ["--base_train_config", f"ode/{name}.json", "--experiment_dir", f"exps/{name}"]
        return ["run", "ode/exp.yaml", *given, "--cores", "1", *more]

    drivers = [
        subprocess.Popen(
            [sys.executable, "-m", "mle_toolbox", *command(name)],
            cwd=single.top,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in ("b", "c")
    ]
    for driver in drivers:
        output, _ = driver.communicate(timeout=300)
        assert driver.returncode == 0, output

    for name in ("b", "c"):
        results = single.top / "exps" / name
        assert sorted(each.parent.parent.name for each in results.glob("*/seed_*/log.h5")) == [name, name]
        assert json.loads((results / "experiment.json").read_text())["given"]["experiment_dir"] == f"exps/{name}"
        assert "2 of 2 seed runs done" in single.done("exps", "mle", "status", name)
        assert "2 of 2 seed runs done" in single.done("", "mle", "status", "ode/exp.yaml", *command(name)[2:6])
        again = single.type("", "mle", *command(name, "--dry-run"))
        assert "Nothing to run" in again.stdout
        by_hand = ["snakemake", "--snakefile", f"exps/{name}/Snakefile", "--profile", "local", "--dry-run"]
        assert job_table(single.done("", *by_hand)) == {}
        in_ode = [word.replace("exps/", "../exps/").replace("local", "../local") for word in by_hand]
        assert job_table(single.done("ode", *in_ode)) == {}
        page = (results / "report.html").read_text()
        assert f"mle run ode/exp.yaml --base_train_config ode/{name}.json --experiment_dir exps/{name}" in page
    assert not single.results.exists()


def test_the_generator_takes_the_same_values(single: Placed) -> None:
    given = ["--base_train_config=ode/b.json", "--experiment_dir=exps/b"]

    said = single.done("", "mle", "generate", "ode/exp.yaml", *given)
    single.done("", "snakemake", "--snakefile", "exps/b/Snakefile", "--profile", "local", "--cores", "2")

    assert "next: snakemake --snakefile exps/b/Snakefile --profile local" in said
    assert len(list((single.top / "exps/b/b").glob("seed_*/log.h5"))) == 2
    assert single.type("", "mle", "generate", "ode/exp.yaml", *given, "--check").returncode == 0

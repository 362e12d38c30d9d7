"""`mle status` tells which runs are of other code than that which is there now, and which files make the difference."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from mle_toolbox.cli import main
from mle_toolbox.drive.status import read_status
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import RunRecord, write_run_record

FILES = {"train.py": "import helper\n", "helper.py": "offset = 1\n", "src/net.py": "width = 3\n"}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> ExperimentFolder:
    """The results of a project, two configurations of two seeds; those of b are of a version that knew the script."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    folder = ExperimentFolder(tmp_path / "experiments")
    code = {name: digest(text) for name, text in FILES.items()}
    for name, seed in ((name, seed) for name in "ab" for seed in range(2)):
        run = folder.seed_run(name, seed)
        run.path.mkdir(parents=True)
        run.log.touch()
        known = code if name == "a" else {}
        write_run_record(run, RunRecord(status="done", script_sha256=code["train.py"], code=known))
    content = {
        "experiment_file": "../exp.yaml",
        "script": "train.py",
        "configurations": [{"name": "a"}, {"name": "b"}],
        "seeds": [0, 1],
    }
    folder.record.write_text(json.dumps(content))
    return folder


def changed(folder: ExperimentFolder) -> dict[str, tuple[str, ...]]:
    return {run.configuration: run.changed for run in read_status(folder).runs}


def test_unchanged_code_has_nothing_to_be_said_about(folder: ExperimentFolder) -> None:
    assert changed(folder) == {"a": (), "b": ()}


def test_an_edited_module_makes_the_runs_stale_and_is_named(
    folder: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder.path.parent / "helper.py").write_text("offset = 2\n")

    status = read_status(folder)
    main(["status", str(folder.path)])
    said = capsys.readouterr().out
    main(["status", str(folder.path), "--json"])
    runs = json.loads(capsys.readouterr().out)["runs"]

    assert [(run.stale, run.changed) for run in status.of("a")] == [(True, ("helper.py",))] * 2
    assert not any(run.stale for run in status.of("b"))
    assert "≈ a: 2 seed runs were made before helper.py changed." in said
    assert [run["changed_files"] for run in runs] == [["helper.py"], ["helper.py"], [], []]


def test_a_module_that_was_removed_has_changed(folder: ExperimentFolder) -> None:
    (folder.path.parent / "src" / "net.py").unlink()

    assert changed(folder) == {"a": ("src/net.py",), "b": ()}


def test_an_edited_script_has_changed_for_records_of_every_version(folder: ExperimentFolder) -> None:
    (folder.path.parent / "train.py").write_text("import helper as h\n")

    assert changed(folder) == {"a": ("train.py",), "b": ("train.py",)}


def test_results_without_their_project_are_not_stale(folder: ExperimentFolder, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "experiments"
    shutil.copytree(folder.path, elsewhere)

    assert changed(ExperimentFolder(elsewhere)) == {"a": (), "b": ()}

"""What of a project is stored at a start, once per content; and which files of a run have changed since."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.log.run_record import RunRecord
from mle_toolbox.seed_run.code_snapshot import snapshot_variables, take_snapshot
from mle_toolbox.seed_run.code_store import Snapshot, read_object, read_snapshot
from mle_toolbox.seed_run.own_code import Hashes, files_that_differ
from tests.unit.seed_run.frozen_project import BEGIN, END, FrozenProject, git


@pytest.fixture
def project(tmp_path: Path) -> FrozenProject:
    """A project without git: a script, a module that it imports, and one that nobody imports."""
    folder = tmp_path / "repository" / "project"
    folder.mkdir(parents=True)
    project = FrozenProject(folder)
    project.write(train="import helper\n" + BEGIN + END, helper="V = 1", nobodys="V = 1")
    return project


@pytest.fixture
def committed(project: FrozenProject) -> FrozenProject:
    """The same, committed, in a repository that has more than the project."""
    repository = project.path.parent
    (repository / "sibling").mkdir()
    (repository / "sibling" / "module.py").write_text("V = 1")
    (repository / ".gitignore").write_text("*.ignored.py\n")
    project.write_experiment()
    git(repository, "init", "-q")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "all")
    return project


def stored(project: FrozenProject) -> Snapshot:
    found = read_snapshot(project.store())
    assert found is not None
    return found


def objects(project: FrozenProject) -> set[str]:
    return {path.name for path in (project.path / "results/.code/objects").glob("??/*")}


def test_without_git_the_script_is_stored_with_what_it_imports(project: FrozenProject) -> None:
    snapshot = stored(project)

    assert list(snapshot.files) == ["a.json", "exp.yaml", "helper.py", "train.py"]
    assert snapshot.content("helper.py") == b"V = 1"
    assert (snapshot.commit, snapshot.project) == (None, ".")


@pytest.mark.slow
def test_what_an_earlier_run_imported_is_stored_although_no_text_tells_it(project: FrozenProject) -> None:
    project.write(train="name = 'nobodys'\n__import__(name)\n" + BEGIN + END)
    project.store()
    assert project.run().returncode == 0
    assert project.record().not_frozen == ["nobodys.py"]

    assert "nobodys.py" in stored(project).files


def test_with_git_all_that_is_not_ignored_is_stored_but_no_results(committed: FrozenProject) -> None:
    repository = committed.path.parent
    committed.write(untracked="", local="")
    (committed.path / "local.py").rename(committed.path / "local.ignored.py")
    (committed.path / "notes.txt").write_text("untracked, and no source")
    (committed.path / "large.py").write_text("#" * (1 << 21))
    for mark in ("old_results/experiment.json", "env/pyvenv.cfg", "__pycache__/x"):
        (repository / mark).parent.mkdir()
        (repository / mark).write_text('{"format": 1, "mle_toolbox": "0.1"}')
        (repository / mark).with_name("stored.py").write_text("")

    snapshot = stored(committed)

    own = ["a.json", "exp.yaml", "helper.py", "nobodys.py", "train.py", "untracked.py"]
    assert list(snapshot.files) == [".gitignore", *(f"project/{each}" for each in own), "sibling/module.py"]
    assert snapshot.untracked == ("project/untracked.py",)
    assert snapshot.left_out == ("project/large.py (2.1 MB)",)
    assert (snapshot.commit, snapshot.project) == (git(repository, "rev-parse", "HEAD"), "project")
    assert snapshot.difference is None


def test_what_is_not_committed_is_stored_as_a_difference(committed: FrozenProject) -> None:
    committed.write(helper="V = 2")

    snapshot = stored(committed)

    assert snapshot.difference is not None
    difference = read_object(committed.path / "results/.code", snapshot.difference)
    assert b"-V = 1" in difference
    assert b"+V = 2" in difference


def test_a_script_that_git_ignores_is_stored_with_its_imports(committed: FrozenProject) -> None:
    (committed.path.parent / ".gitignore").write_text("project/\n")
    git(committed.path.parent, "rm", "-qr", "--cached", "project")

    assert {"project/train.py", "project/helper.py"} <= stored(committed).files.keys()


def test_starts_of_unchanged_code_cost_one(committed: FrozenProject) -> None:
    first = committed.store()
    before = objects(committed)

    os.utime(committed.path / "train.py")
    again = committed.store()

    assert again == first
    assert objects(committed) == before
    assert len(list(first.parent.iterdir())) == 1


def test_an_edit_within_the_same_moment_is_seen(project: FrozenProject) -> None:
    first = stored(project)
    state = (project.path / "helper.py").stat()

    (project.path / "helper.py").write_text("V = 2")
    os.utime(project.path / "helper.py", ns=(state.st_atime_ns, state.st_mtime_ns))

    assert stored(project).content("helper.py") == b"V = 2"
    assert first.content("helper.py") == b"V = 1"


@pytest.mark.slow
def test_starters_at_the_same_time_store_the_same_and_all_of_it(committed: FrozenProject) -> None:
    for number in range(60):
        committed.write(**{f"module_{number}": f"V = {number}"})
    committed.write_experiment()
    starters = [subprocess.Popen(TAKE, cwd=committed.path, stdout=subprocess.PIPE, text=True) for _ in range(4)]

    said = {starter.communicate(timeout=120)[0] for starter in starters}

    assert len(said) == 1
    assert_whole(committed)


TAKE = [
    sys.executable,
    "-c",
    "from mle_toolbox.experiment_file.loader import load_plan\n"
    "from mle_toolbox.seed_run.code_snapshot import take_snapshot\n"
    "print(take_snapshot(load_plan('exp.yaml', check_sources=False)).manifest)",
]


@pytest.mark.slow
def test_killed_while_it_stores_nothing_half_has_a_name(committed: FrozenProject) -> None:
    for number in range(300):
        committed.write(**{f"module_{number}": f"V = {number}"})
    committed.write_experiment()
    for delay in (0.0, 0.02, 0.05, 0.1):
        starter = subprocess.Popen(TAKE, cwd=committed.path, stdout=subprocess.DEVNULL)
        while not (committed.path / "results/.code").exists() and starter.poll() is None:
            time.sleep(0.002)
        time.sleep(delay)
        starter.send_signal(signal.SIGKILL)
        starter.wait()

        for digest in objects(committed):
            read_object(committed.path / "results/.code", digest)

    committed.store()
    assert_whole(committed)


def assert_whole(project: FrozenProject) -> None:
    for manifest in (project.path / "results/.code/snapshots").iterdir():
        snapshot = read_snapshot(manifest)
        assert snapshot is not None
        for path in snapshot.files:
            snapshot.content(path)


def test_where_nothing_can_be_stored_one_sentence_says_so(project: FrozenProject) -> None:
    project.write_experiment()
    (project.path / "results").mkdir()
    (project.path / "results/.code").write_text("a file")
    said: list[str] = []

    variables = snapshot_variables(load_plan(project.path / "exp.yaml", check_sources=False), said.append)

    assert variables == {"MLE_CODE_SNAPSHOT": ""}
    assert len(said) == 1
    assert said[0].startswith("The code cannot be stored (")


def test_a_damaged_manifest_and_a_missing_object_are_found_out(project: FrozenProject) -> None:
    snapshot = stored(project)
    for path in (project.path / "results/.code/objects").glob("??/*"):
        path.unlink()

    with pytest.raises(ResultsError, match="does not exist: this code was not stored, or was removed"):
        snapshot.content("helper.py")
    again = take_snapshot(load_plan(project.path / "exp.yaml", check_sources=False))
    assert again is not None
    assert again.content("helper.py") == b"V = 1"
    snapshot.manifest.write_bytes(b"mle-code 1\ntaken now")
    assert read_snapshot(snapshot.manifest) is None


@pytest.mark.slow
def test_files_that_differ_are_those_of_the_run_that_changed_or_went(project: FrozenProject) -> None:
    project.write(train="import helper, third\n" + BEGIN + END, third="")
    project.store()
    assert project.run().returncode == 0
    cache: Hashes = {}
    record = project.record()
    assert files_that_differ(record, project.path, cache) == ()

    project.write(helper="V = 2", nobodys="V = 2")
    (project.path / "third.py").unlink()

    assert files_that_differ(record, project.path, cache) == ()  # as the cache has it
    assert files_that_differ(record, project.path, {}) == ("helper.py", "third.py")


def test_of_an_older_record_the_script_is_compared(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("now")
    record = RunRecord(command=["python", "train.py", "-config", "a.json"], script_sha256="0" * 64)

    assert files_that_differ(record, tmp_path, {}) == ("train.py",)
    assert files_that_differ(RunRecord(), tmp_path, {}) == ()

"""Seed runs run the code of their start, in the layouts that people have, and find all else where it lies."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.seed_run.frozen_project import BEGIN, END, FrozenProject, git

pytestmark = pytest.mark.slow

SAY = "import json, sys\ndef say(**what): print(json.dumps(what))\n"
# The Python of the environment's environment has no package of ours either, where there is no other version.
OTHER_PYTHONS = [
    found
    for version in ("3.12", "3.13", "3.14")
    for found in sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
] or [Path(sys._base_executable)]  # type: ignore[attr-defined]


@pytest.fixture
def project(tmp_path: Path) -> FrozenProject:
    """An empty project folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    return FrozenProject(folder)


@pytest.fixture
def with_helper(project: FrozenProject) -> FrozenProject:
    """A project whose script says the version of its helper, which is old."""
    project.write(train=SAY + BEGIN + "import helper\nsay(v=helper.V)" + END, helper="V = 'old'")
    return project


def test_edited_and_deleted_modules_are_those_of_the_start(project: FrozenProject) -> None:
    project.write(
        train=SAY
        + BEGIN
        + "import edited, gone, package.late\nVERSION = 'old'\n"
        + "say(seen=[VERSION, edited.V, gone.V, package.late.V, package.V], rate=mle.train_config.rate)"
        + END,
        edited="V = 'old'",
        gone="V = 'old'",
        package__init="V = 'old'",
        package__late="V = 'old'",
    )
    project.store()

    for name in ("train", "edited", "package/late"):
        path = project.path / f"{name}.py"
        path.write_text(path.read_text().replace("'old'", "'newer'"))
    (project.path / "gone.py").unlink()
    (project.path / "package/__init__.py").unlink()
    (project.path / "a.json").write_text((project.path / "a.json").read_text().replace('"rate": 1', '"rate": 2'))

    assert project.said() == {"seen": ["old"] * 5, "rate": 1}
    record = project.record()
    assert record.not_frozen == []
    assert record.code["edited.py"] == hashlib.sha256(b"V = 'old'").hexdigest()
    assert record.script_sha256 == record.code["train.py"]


def test_a_run_looks_as_if_it_had_been_started_as_usual(project: FrozenProject) -> None:
    look = (
        "say(file=__file__, argv=sys.argv, orig=sys.orig_argv, path=[p for p in sys.path if p], name=__name__,"
        " main=sys.modules['__main__'].__dict__ is globals(), spec=__spec__, package=__package__, cwd=os.getcwd(),"
        " notes=__annotations__, doc=__doc__, cached=__cached__)\n"
    )
    project.write(train="'A text.'\n" + SAY + BEGIN + "import os\n" + look + END)
    project.write_experiment()
    as_usual = project.said()
    shutil.rmtree(project.path / "results")
    project.store()

    unchanged = project.said()
    shutil.rmtree(project.folder().path)
    (project.path / "train.py").unlink()
    frozen = project.said()

    assert as_usual == unchanged == frozen


def test_the_script_may_be_gone(project: FrozenProject) -> None:
    project.write(train=SAY + BEGIN + "say(seed=mle.seed)" + END)
    project.store()

    (project.path / "train.py").unlink()

    assert project.said() == {"seed": 0}


def test_a_module_that_became_a_package_and_new_files_hide_nothing(project: FrozenProject) -> None:
    project.write(
        train=SAY + "sys.path.insert(0, 'first')\n" + BEGIN + "import one, two\nsay(seen=[one.V, two.V])" + END,
        one="V = 'old'",
        two="V = 'old'",
        first__another="",
    )
    project.store()

    project.write(one__init="V = 'new'", first__two="V = 'new'")

    assert project.said() == {"seen": ["old", "old"]}


def test_a_module_that_the_run_writes_itself_is_imported_and_reported(project: FrozenProject) -> None:
    project.write(
        train=SAY
        + BEGIN
        + "from pathlib import Path\nPath(__file__).with_name('made.py').write_text('V = 7')\n"
        + "import importlib; importlib.invalidate_caches()\nimport made\nsay(v=made.V)"
        + END
    )
    project.store()

    finished = project.run()

    assert json.loads(finished.stdout) == {"v": 7}
    assert project.record().not_frozen == ["made.py"]
    assert finished.stderr == ("mle-toolbox: not the code stored at the start, but the files found on disk: made.py.\n")


def test_data_is_found_beside_the_script_and_written_there(project: FrozenProject) -> None:
    project.write(
        train=SAY
        + BEGIN
        + "from pathlib import Path\nhere = Path(__file__).parent\n"
        + "(here / 'written.txt').write_text('by the run')\n"
        + "say(data=(here / 'data.txt').read_text(), cwd=Path('data.txt').read_text())"
        + END
    )
    project.store()
    project.write(train="raise SystemExit('the new script')")
    (project.path / "data.txt").write_text("now")

    assert project.said() == {"data": "now", "cwd": "now"}
    assert (project.path / "written.txt").read_text() == "by the run"


def test_a_src_layout_with_relative_imports(project: FrozenProject) -> None:
    project.script = "src/tool/train.py"
    project.write(
        src__tool__train=SAY
        + "from pathlib import Path\nsys.path.insert(0, str(Path(__file__).parents[1]))\n"
        + BEGIN
        + "from tool.models import net\nsay(v=net.V)"
        + END,
        src__tool__init="",
        src__tool__models__init="from . import net",
        src__tool__models__net="from .. import base\nV = base.V",
        src__tool__base="V = 'old'",
    )
    project.store()

    project.write(src__tool__base="V = 'new'")

    assert project.said() == {"v": "old"}


def test_namespace_packages_and_reload(project: FrozenProject) -> None:
    project.write(
        train=SAY
        + BEGIN
        + "import importlib, space.deep.module as m\nfirst = m.V\n"
        + "from pathlib import Path\nPath('space/deep/module.py').write_text(\"V = 'newer still'\")\n"
        + "importlib.reload(m)\nsay(seen=[first, m.V])"
        + END,
        space__deep__module="V = 'old'",
    )
    project.store()

    shutil.rmtree(project.path / "space")
    project.write(space__init="", space__deep__module="V = 'new'")

    assert project.said() == {"seen": ["old", "old"]}


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_workers_run_the_code_of_the_start_as_well(project: FrozenProject, method: str) -> None:
    project.write(
        train=SAY
        + "import multiprocessing\nfrom mle_toolbox import MLExperiment\nVERSION = 'old'\n"
        + "def work(_):\n    import helper\n    return [VERSION, helper.V]\n"
        + "if __name__ == '__main__':\n    mle = MLExperiment()\n"
        + f"    with multiprocessing.get_context('{method}').Pool(1) as pool:\n        say(v=pool.map(work, [0])[0])\n"
        + END.replace("\nmle", "    mle"),
        helper="V = 'old'",
    )
    project.store()

    project.write(train="VERSION = 'new'", helper="V = 'new'")

    assert project.said() == {"v": ["old", "old"]}


def test_joblib_and_a_python_that_the_script_starts(project: FrozenProject) -> None:
    project.write(
        train=SAY
        + "import subprocess, helper\nfrom joblib import Parallel, delayed\nfrom mle_toolbox import MLExperiment\n"
        + "if __name__ == '__main__':\n    mle = MLExperiment()\n"
        + "    other = subprocess.run([sys.executable, 'other.py'], capture_output=True, text=True).stdout.strip()\n"
        + "    say(v=[*Parallel(2)(delayed(helper.work)(i) for i in range(2)), other])\n"
        + END.replace("\nmle", "    mle"),
        helper="def work(i):\n    import late\n    return late.V",
        late="V = 'old'",
        other="import late\nprint(late.V)",
    )
    git(project.path, "init", "-q")
    project.store()

    project.write(helper="", late="V = 'new'", other="print('new')")

    assert project.said() == {"v": ["old", "old", "old"]}


def test_tracebacks_and_inspect_show_the_lines_that_ran(project: FrozenProject) -> None:
    project.write(
        train="import inspect\nimport helper\nprint(inspect.getsource(helper.fail))\nhelper.fail()\n",
        helper="def fail():\n    raise ValueError('as before')  # the old line\n",
    )
    project.store()

    project.write(train="\n\n\n\n\n", helper="# another\n# file\n# now\n")
    finished = project.run()

    assert finished.returncode == 1
    assert "# the old line" in finished.stdout
    assert finished.stderr.count("# the old line") == 1
    assert "    helper.fail()\n" in finished.stderr
    assert "frozen_main" not in finished.stderr


@pytest.mark.parametrize("ending", ["sys.exit(3)", "raise SystemExit(3)", "os._exit(3)"])
def test_the_exit_status_of_a_stored_script_is_its_own(project: FrozenProject, ending: str) -> None:
    project.write(train=f"import os, sys\n{BEGIN}{END}\n{ending}\n")
    project.store()

    (project.path / "train.py").unlink()

    assert project.run().returncode == 3
    assert project.record().status == "failed"


def test_a_snapshot_that_is_damaged_keeps_no_script_from_running(with_helper: FrozenProject) -> None:
    manifest = with_helper.store()
    for path in (manifest.parent.parent / "objects").rglob("*"):
        if path.is_file():
            path.write_bytes(b"damaged")

    with_helper.write(helper="V = 'new'")

    assert with_helper.said() == {"v": "new"}
    assert with_helper.record().not_frozen == ["helper.py"]


def test_the_users_own_sitecustomize_and_python_path_still_work(project: FrozenProject) -> None:
    project.write(
        train=SAY
        + BEGIN
        + "import builtins, lib\nsay(mark=builtins.mark, v=lib.V, known='sitecustomize' in sys.modules)"
        + END,
        extra__sitecustomize="import builtins\nbuiltins.mark = 'mine'",
        extra__lib="V = 'old'",
    )
    project.environment["PYTHONPATH"] = str(project.path / "extra")
    os.environ["PYTHONPATH"] = project.environment["PYTHONPATH"]
    try:
        project.store()
    finally:
        del os.environ["PYTHONPATH"]

    project.write(extra__lib="V = 'new'")

    assert project.said() == {"mark": "mine", "v": "old", "known": True}


def test_turned_off_each_run_takes_the_files_as_they_are(with_helper: FrozenProject) -> None:
    with_helper.store("single_job_args: {frozen_code: false}\n")

    with_helper.write(helper="V = 'new'")

    assert with_helper.said() == {"v": "new"}
    assert with_helper.record().snapshot is None


def test_nothing_is_kept_as_bytecode_of_a_file_that_differs(with_helper: FrozenProject) -> None:
    with_helper.store()
    with_helper.write(helper="V = 'new'")
    assert with_helper.said() == {"v": "old"}

    by_hand = subprocess.run(
        [sys.executable, "-c", "import helper; print(helper.V)"],
        cwd=with_helper.path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert by_hand.stdout == "new\n"


@pytest.mark.parametrize("python", OTHER_PYTHONS, ids=lambda path: path.name)
def test_other_pythons_need_no_package_of_ours_for_it(project: FrozenProject, python: Path) -> None:
    script = (
        SAY
        + "import helper, inspect\nfrom multiprocessing import get_context\ndef work(_):\n    return helper.V\n"
        + "if __name__ == '__main__':\n    with get_context('spawn').Pool(1) as pool:\n"
        + "        say(v=[helper.V, *pool.map(work, [0])], name=__name__, file=__file__, argv=sys.orig_argv[1:],"
        + " source=inspect.getsource(helper), path=sys.path[0])\n"
    )
    project.write(train=script, helper="V = 'old'")
    project.store()
    as_usual = json.loads(project.run(str(python)).stdout)

    project.write(helper="V = 'new'")
    (project.path / "train.py").unlink()

    assert json.loads(project.run(str(python)).stdout) == as_usual


def test_a_moved_project_finds_its_stored_code(with_helper: FrozenProject, tmp_path: Path) -> None:
    manifest = with_helper.store()
    moved = FrozenProject(with_helper.path.rename(tmp_path / "moved"))
    moved.environment["MLE_CODE_SNAPSHOT"] = str(manifest).replace("/project/", "/moved/")

    moved.write(helper="V = 'new'")

    assert moved.said() == {"v": "old"}


def test_a_project_that_is_reached_through_a_link(with_helper: FrozenProject, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(with_helper.path)
    linked = FrozenProject(link)
    linked.store()

    linked.write(helper="V = 'new'")

    assert linked.said() == {"v": "old"}
    assert sorted(linked.record().code) == ["helper.py", "train.py"]


@pytest.fixture(scope="module")
def editable(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A repository with two packages that are installed as editable, by path and by a finder; and their Python."""
    repository = tmp_path_factory.mktemp("editable")
    environment = repository / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--system-site-packages", environment], check=True)
    site = next((environment / "lib").glob("python*/site-packages"))
    ours = [each for each in sys.path if each.endswith("site-packages")]
    (site / "ours.pth").write_text("\n".join([*ours, str(Path(__file__).parents[3])]) + "\n")
    for layout in ("src", "flat"):
        (repository / layout / f"by_{layout}").mkdir(parents=True)
        (repository / layout / f"by_{layout}" / "__init__.py").write_text("from . import core\nV = core.V\n")
    (site / "by_src.pth").write_text(f"{repository}/src\n")
    # What setuptools writes for a flat layout, shortened.
    (site / "__editable___flat_finder.py").write_text(
        "import sys\nfrom importlib.util import spec_from_file_location\nfrom pathlib import Path\n"
        f"MAPPING = {{'by_flat': '{repository}/flat/by_flat'}}\n"
        "class Finder:\n    @classmethod\n    def find_spec(cls, fullname, path=None, target=None):\n"
        "        if fullname in MAPPING:\n"
        "            init = Path(MAPPING[fullname], '__init__.py')\n"
        "            if init.exists():\n                return spec_from_file_location(fullname, init)\n"
        "def install():\n    sys.meta_path.append(Finder)\n"
    )
    (site / "by_flat.pth").write_text("import __editable___flat_finder; __editable___flat_finder.install()\n")
    return repository, environment / "bin" / "python"


def test_packages_that_are_installed_as_editable(editable: tuple[Path, Path]) -> None:
    repository, python = editable
    project = FrozenProject(repository / "experiments")
    project.path.mkdir()
    for layout in ("src", "flat"):
        (repository / layout / f"by_{layout}" / "core.py").write_text("V = 'old'\n")
    project.write(train=SAY + BEGIN + "import by_src, by_flat\nsay(v=[by_src.V, by_flat.V])" + END)
    (repository / ".gitignore").write_text("/.venv\n")
    git(repository, "init", "-q")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "all")
    project.store()

    for layout in ("src", "flat"):
        (repository / layout / f"by_{layout}" / "core.py").write_text("V = 'new'\n")

    assert project.said(str(python)) == {"v": ["old", "old"]}
    assert project.record().not_frozen == []
    assert f"{repository}/src/by_src/core.py" in project.record().code

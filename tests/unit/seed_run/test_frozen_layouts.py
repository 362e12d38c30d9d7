"""More ways in which people lay out and import their code: seed runs run that of the start, or say what they cannot."""

from __future__ import annotations

import json
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.unit.seed_run.frozen_project import BEGIN, END, FrozenProject, git

pytestmark = pytest.mark.slow

SAY = "import json, sys\ndef say(**what): print(json.dumps(what))\n"
NOTEBOOK_IMPORTER = """\
import json, os, sys
from importlib.machinery import ModuleSpec

class Loader:
    def create_module(self, spec): return None
    def exec_module(self, module):
        module.__file__ = module.__spec__.origin
        for cell in json.load(open(module.__file__))["cells"]:
            exec("".join(cell["source"]), module.__dict__)

class Finder:
    def find_spec(self, name, path=None, target=None):
        if os.path.exists(f"{name}.ipynb"):
            return ModuleSpec(name, Loader(), origin=f"{name}.ipynb")

sys.meta_path.append(Finder())
"""
EXTENSION = """\
#include <Python.h>
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "fast", 0, -1, 0};
PyMODINIT_FUNC PyInit_fast(void) {
    PyObject *module = PyModule_Create(&definition);
    PyModule_AddIntConstant(module, "V", VALUE);
    return module;
}
"""


@pytest.fixture
def project(tmp_path: Path) -> FrozenProject:
    """An empty project folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    return FrozenProject(folder)


def commit_all(project: FrozenProject) -> None:
    git(project.path, "init", "-q")
    git(project.path, "add", "-A")
    git(project.path, "commit", "-qm", "all")


def test_a_linked_folder_of_modules_in_a_git_repository(project: FrozenProject, tmp_path: Path) -> None:
    shared = FrozenProject(tmp_path / "shared")
    shared.write(lib__init="from . import core\nV = core.V", lib__core="V = 'old'")
    (project.path / "lib").symlink_to(shared.path / "lib")
    project.write(train=SAY + BEGIN + "import lib\nsay(v=lib.V)" + END)
    commit_all(project)
    project.store()

    shared.write(lib__core="V = 'new'")

    assert project.said() == {"v": "old"}
    assert project.record().not_frozen == []


def build_extension(folder: Path, value: int) -> Path:
    source, built = folder / "fast.c", folder / f"fast{sysconfig.get_config_var('EXT_SUFFIX')}"
    source.write_text(EXTENSION)
    built.unlink(missing_ok=True)
    includes = f"-I{sysconfig.get_paths()['include']}"
    subprocess.run(["cc", "-shared", "-fPIC", f"-DVALUE={value}", includes, "-o", built, source], check=True)
    return built


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_an_extension_module_is_on_record_and_said_to_be_new_when_it_was_built_anew(project: FrozenProject) -> None:
    built = build_extension(project.path, 1)
    project.write(train=SAY + BEGIN + "import fast\nsay(v=fast.V)" + END)
    project.store()
    assert project.said() == {"v": 1}
    assert sorted(project.record().code) == [built.name, "train.py"]
    assert project.record().not_frozen == []

    build_extension(project.path, 2)
    finished = project.run(seed=1)

    assert json.loads(finished.stdout) == {"v": 2}
    assert project.record(1).not_frozen == [built.name]
    assert built.name in finished.stderr


def test_a_notebook_that_is_imported_is_on_record_and_said_to_be_new_when_it_has_changed(
    project: FrozenProject,
) -> None:
    def write_notebook(value: str) -> None:
        (project.path / "model.ipynb").write_text(json.dumps({"cells": [{"source": [f"V = {value!r}\n"]}]}))

    write_notebook("old")
    project.write(train=SAY + "import importer\n" + BEGIN + "import model\nsay(v=model.V)" + END)
    project.write(importer=NOTEBOOK_IMPORTER)
    commit_all(project)
    project.store()
    assert project.said() == {"v": "old"}
    assert sorted(project.record().code) == ["importer.py", "model.ipynb", "train.py"]
    assert project.record().not_frozen == []

    write_notebook("new")
    project.run(seed=1)

    assert project.record(1).not_frozen == ["model.ipynb"]


def test_data_of_a_package_is_found_also_where_its_modules_are_gone(project: FrozenProject) -> None:
    project.write(
        train=SAY
        + BEGIN
        + "from importlib.resources import files\nimport pkgutil, package, space.module\n"
        + "say(data=[files('package').joinpath('d.txt').read_text(), pkgutil.get_data('package', 'd.txt').decode(),"
        + " files('space').joinpath('d.txt').read_text()], v=[package.V, space.module.V])"
        + END,
        package__init="V = 'old'",
        space__module="V = 'old'",
    )
    for folder in ("package", "space"):
        (project.path / folder / "d.txt").write_text(folder)
    project.store()

    (project.path / "package/__init__.py").unlink()
    project.write(space__module="V = 'new'")

    assert project.said() == {"data": ["package", "package", "space"], "v": ["old", "old"]}


def test_a_namespace_over_two_folders_one_of_which_is_gone(project: FrozenProject) -> None:
    project.write(
        train=SAY
        + "sys.path[:0] = ['left', 'right']\n"
        + BEGIN
        + "import space.a, space.b\nsay(v=[space.a.V, space.b.V])"
        + END,
        left__space__a="V = 'old'",
        right__space__b="V = 'old'",
    )
    git(project.path, "init", "-q")
    project.store()

    shutil.rmtree(project.path / "left")
    project.write(right__space__b="V = 'new'")

    assert project.said() == {"v": ["old", "old"]}


def test_a_script_that_runs_a_module_of_a_package_as_python_m_does(project: FrozenProject) -> None:
    project.write(
        train="import runpy\nif __name__ == '__main__':\n    runpy.run_module('package.train', {}, '__main__', True)\n",
        package__init="",
        package__core="V = 'old'",
        package__tool="from .core import V\nif __name__ == '__main__':\n    print(V)\n",
        package__train=SAY
        + BEGIN
        + "import runpy, subprocess\nfrom . import core\n"
        + "def said(*words): return subprocess.run([sys.executable, *words], capture_output=True, text=True).stdout\n"
        + "say(v=[core.V, runpy.run_path('package/core.py')['V'], said('-m', 'package.tool').strip(),"
        + " said('-c', 'import package.core; print(package.core.V)').strip()])"
        + END,
    )
    git(project.path, "init", "-q")
    project.store()

    project.write(package__train="raise SystemExit(3)", package__core="V = 'new'", package__tool="print('new')")

    assert project.said() == {"v": ["old"] * 4}


def test_pdb_warnings_and_inspect_show_the_lines_that_run(project: FrozenProject) -> None:
    project.write(
        train=SAY
        + BEGIN
        + "import inspect, io, linecache, pdb, helper\n"
        + "class Model:\n    size = 'old'\n"
        + "linecache.checkcache()\nout = io.StringIO()\n"
        + "debugger = pdb.Pdb(stdin=io.StringIO('s\\ns\\nl\\nc\\n'), stdout=out, nosigint=True, readrc=False)\n"
        + "debugger.set_trace()\nhelper.warn()\n"
        + "lines = inspect.getsourcelines(helper.warn)[1]\n"
        + "say(seen=['# old' in out.getvalue(), \"'old'\" in inspect.getsource(Model), lines])"
        + END,
        helper="import warnings\ndef warn():\n    warnings.warn('as before')  # old\n",
    )
    project.store()

    project.write(train="\n\n\n", helper="#\n#\n#\n#\n#\n")
    finished = project.run()

    assert json.loads(finished.stdout.splitlines()[-1]) == {"seen": [True, True, 2]}
    assert "# old" in finished.stderr

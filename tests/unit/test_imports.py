"""What imports what: the one direction of docs/architecture.md, and what a training script pays for."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

import mle_toolbox

PACKAGE = Path(mle_toolbox.__file__).parent

# The drawing in docs/architecture.md, lowest first: a part may import those before it, never those after it.
# Everything directly in mle_toolbox/, file or folder, must be named here.
LAYERS = (
    "installed_first",
    "errors",
    "excerpts",
    "surroundings",
    "bundle",
    "snakemake_side",
    "environment",
    "seed_ranges",
    "file_names",
    "experiment_file",
    "layout",
    "log",
    "experiment_record",
    "seed_run",
    "experiment",
    "statistics",
    "plots",
    "results",
    "foreign",
    "report",
    "generate",
    "project_profiles",
    "cluster",
    "drive",
    "doctor",
    "cli",
    "__main__",
)
RANK = {part: rank for rank, part in enumerate(LAYERS)}

# These know the commands of Grid Engine and the executor's files, and nothing of Snakemake.
PLAIN_PARTS_OF_THE_EXECUTOR = {
    "snakemake_executor_plugin_mle_sge",
    "snakemake_executor_plugin_mle_sge.gridengine",
    "snakemake_executor_plugin_mle_sge.queues",
    "snakemake_executor_plugin_mle_sge.records",
    "snakemake_executor_plugin_mle_sge.verification",
}
# Snakemake's interface for plugins, without Snakemake; loaded only to check a profile.
SETTINGS_OF_THE_EXECUTOR = "snakemake_executor_plugin_mle_sge.settings"

# What starting a training script must not load: the driver's tools, and h5py until the log is closed.
HEAVY = ("h5py", "jsonschema", "yaml", "rich", "scipy", "pandas", "xarray", "pyflakes", "snakemake")


def module_files() -> list[Path]:
    files = sorted(PACKAGE.rglob("*.py"))
    return [f for f in files if f != PACKAGE / "__init__.py" and "templates" not in f.relative_to(PACKAGE).parts]


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_modules(path: Path) -> Iterator[tuple[str, int]]:
    """Yield every imported module with its line, also those inside functions and for type checkers only."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute in this package"
            yield node.module or "", node.lineno
            if node.module == "mle_toolbox":
                yield from ((f"mle_toolbox.{alias.name}", node.lineno) for alias in node.names)


def loaded_by(statement: str) -> set[str]:
    code = f"import sys, json\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(finished.stdout.splitlines()[-1]))


def test_every_module_has_its_place_in_the_table() -> None:
    parts = {part_of(path) for path in module_files()}

    assert parts - RANK.keys() == set()


@pytest.mark.parametrize("path", module_files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_in_one_direction(path: Path) -> None:
    own_rank = RANK[part_of(path)]

    against = [
        f"line {line}: {name}"
        for name, line in imported_modules(path)
        if name.startswith("mle_toolbox.") and RANK.get(name.split(".")[1], -1) > own_rank
    ]

    assert against == []


@pytest.mark.parametrize("path", module_files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_package_never_imports_snakemake(path: Path) -> None:
    names = {name for name, _ in imported_modules(path)} - PLAIN_PARTS_OF_THE_EXECUTOR
    if path == PACKAGE / "cluster" / "profile_check.py":
        names.remove(SETTINGS_OF_THE_EXECUTOR)

    if path == PACKAGE / "snakemake_side" / "private_access.py":
        names -= {"snakemake.io", "snakemake.shell"}  # in functions that only our plugins call

    assert not {name for name in names if name.startswith("snakemake")}


def test_the_room_that_knows_snakemake_does_not_load_it() -> None:
    room = sorted((PACKAGE / "snakemake_side").glob("[a-z]*.py"))

    loaded = loaded_by("".join(f"import mle_toolbox.snakemake_side.{path.stem}\n" for path in room))

    assert not {name for name in loaded if name.startswith("snakemake")}


def test_the_plain_parts_of_the_executor_load_no_snakemake() -> None:
    loaded = loaded_by("".join(f"import {name}\n" for name in sorted(PLAIN_PARTS_OF_THE_EXECUTOR)))

    assert not {name for name in loaded if name.startswith("snakemake_interface") or name.split(".")[0] == "snakemake"}


def test_checking_a_profile_loads_no_snakemake_itself() -> None:
    loaded = loaded_by(f"import mle_toolbox.cluster.profile_check, {SETTINGS_OF_THE_EXECUTOR}")

    assert "snakemake_interface_executor_plugins" in loaded
    assert "snakemake" not in loaded


@pytest.mark.parametrize("statement", ["import mle_toolbox", "from mle_toolbox import MLExperiment"])
def test_a_training_script_loads_nothing_heavy(statement: str) -> None:
    loaded = loaded_by(statement)

    assert loaded.isdisjoint(HEAVY)


def test_starting_a_seed_run_loads_next_to_nothing() -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r}); before = set(sys.modules); "
        "import mle_toolbox.experiment.launch; print(*set(sys.modules) - before)"
    )

    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True)

    others = {name for name in done.stdout.split() if name.split(".")[0] != "mle_toolbox"}
    built_in = {"os", "os.path", "stat", "_stat", "posixpath", "genericpath", "_collections_abc", "_signal", "fcntl"}
    assert others <= built_in | {"__future__"}


def test_importing_the_package_alone_loads_no_numpy() -> None:
    loaded = loaded_by("import mle_toolbox")

    assert "numpy" not in loaded


def test_the_public_names_are_the_promised_ones() -> None:
    assert sorted(mle_toolbox.__all__) == ["MLExperiment", "__version__", "load"]
    assert set(dir(mle_toolbox)) >= set(mle_toolbox.__all__)
    assert all(getattr(mle_toolbox, name) is not None for name in mle_toolbox.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'MLEExperiment'"):
        mle_toolbox.MLEExperiment  # noqa: B018


def test_the_version_is_that_of_the_metadata() -> None:
    assert mle_toolbox.__version__ == version("mle-toolbox")

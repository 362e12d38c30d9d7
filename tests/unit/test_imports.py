"""What imports what: the one direction of docs/architecture.md, and what a training script pays for."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import version
from pathlib import Path

import pytest

import mle_toolbox

PACKAGE = Path(mle_toolbox.__file__).parent
OURS = ("mle_", "snakemake_executor_plugin_mle_", "snakemake_logger_plugin_mle", "snakemake_scheduler_plugin_mle")

# The drawing in docs/architecture.md, lowest first: a part may import those before it, never those after it.
# Everything directly in mle_toolbox/, file or folder, must be named here.
LAYERS = (
    "installed_first",
    "errors",
    "original_names",
    "utils",
    "visualize",
    "text",
    "wording",
    "colours",
    "terminal_text",
    "excerpts",
    "surroundings",
    "bundle",
    "snakemake_side",
    "environment",
    "seed_ranges",
    "layout",
    "search",
    "looks",
    "experiment_file",
    "log",
    "experiment_record",
    "trial_files",
    "asking",
    "trial_score",
    "search_final",
    "climbing",
    "seed_run",
    "experiment",
    "statistics",
    "plots",
    "results",
    "original",
    "importers",
    "generate",
    "project_profiles",
    "cluster",
    "drive",
    "render",
    "watch",
    "report",
    "doctor",
    "cli",
    "__main__",
)
RANK = {part: rank for rank, part in enumerate(LAYERS)}

# Summaries and comparisons are asked of results, but made by what turns results into text.
UPWARD = {("results/shown.py", "render")}

# Jobs on a cluster: these know schedulers and the executors' files, and nothing of Snakemake.
PLAIN_PARTS_OF_THE_CLUSTER = {
    "mle_cluster.array_folder",
    "mle_cluster.findings",
    "mle_cluster.known",
    "mle_cluster.lock",
    "mle_cluster.records",
    "mle_cluster.scheduler",
}
CLUSTER = PACKAGE.parent / "mle_cluster"
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
        if name.startswith("mle_toolbox.") and RANK.get(part := name.split(".")[1], -1) > own_rank
        if (str(path.relative_to(PACKAGE)), part) not in UPWARD
    ]

    assert against == []


# Imports that close a circle of modules, each with the reason why it may.
CLOSES_A_CIRCLE = {
    # The public names of the package are imported when they are first used; its modules want its version only.
    ("mle_toolbox", "mle_toolbox.experiment"),
    ("mle_toolbox", "mle_toolbox.results"),
    # Results are asked for their tables, which render/ makes when they are wanted.
    ("mle_toolbox.results.shown", "mle_toolbox.render.comparisons"),
    ("mle_toolbox.results.shown", "mle_toolbox.render.group_table"),
    ("mle_toolbox.results.shown", "mle_toolbox.render.method_comparisons"),
    ("mle_toolbox.results.shown", "mle_toolbox.render.notebook"),
    ("mle_toolbox.results.shown", "mle_toolbox.render.number_form"),
    ("mle_toolbox.results.shown", "mle_toolbox.render.summary"),
    ("mle_toolbox.results.shown", "mle_toolbox.render.table"),
    ("mle_toolbox.results.shown", "mle_toolbox.render.task_table"),
    ("mle_toolbox.results.shown", "mle_toolbox.render.trial_table"),
}


def module_graph() -> dict[str, set[str]]:
    """Return which modules each module imports, at its top or in a function: those of all our packages."""
    packages = [each.parent for each in PACKAGE.parent.glob("*/__init__.py") if each.parent.name.startswith(OURS)]
    files = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
        for package in packages
        for path in package.rglob("*.py")
        if not {"templates", "_bundle"}.intersection(path.parts)
    }
    graph: dict[str, set[str]] = {}
    for name, path in files.items():
        graph[name] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                graph[name] |= {each if each in files else str(node.module) for each in inner}
            elif isinstance(node, ast.Import):
                graph[name] |= {alias.name for alias in node.names}
        graph[name] = graph[name].intersection(files) - {name}
    return graph


def test_no_module_imports_one_that_imports_it_again() -> None:
    graph = {
        name: {each for each in imported if (name, each) not in CLOSES_A_CIRCLE}
        for name, imported in module_graph().items()
    }

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(" imports ".join(reversed(circle.args[1])))


# Names that two rooms have, one of which is cli/: there a module is named after its command.
SHARED_NAMES = {"generate", "run", "status", "stop"}


def test_no_two_modules_have_the_same_file_name() -> None:
    names = Counter(path.stem for path in module_files() if path.stem not in ("__init__", "__main__"))

    assert {name for name, n in names.items() if n > 1} <= SHARED_NAMES


def test_every_import_that_may_close_a_circle_is_still_made() -> None:
    graph = module_graph()

    assert {(name, each) for name, each in CLOSES_A_CIRCLE if each in graph[name]} == CLOSES_A_CIRCLE


@pytest.mark.parametrize("path", module_files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_package_never_imports_snakemake(path: Path) -> None:
    names = {name for name, _ in imported_modules(path)}
    assert {name for name in names if name.startswith("mle_cluster")} <= PLAIN_PARTS_OF_THE_CLUSTER
    if path == PACKAGE / "snakemake_side" / "private_access.py":
        # In functions that only our plugins and the workflow call.
        names -= {"snakemake.io", "snakemake.persistence", "snakemake.shell"}

    assert not {name for name in names if name.startswith("snakemake")}


def test_the_plain_parts_of_the_cluster_and_the_schedulers_load_no_snakemake() -> None:
    statement = "".join(f"import {name}\n" for name in sorted(PLAIN_PARTS_OF_THE_CLUSTER))
    loaded = loaded_by(f"{statement}mle_cluster.known.schedulers()")

    assert not {name for name in loaded if name.startswith("snakemake_interface") or name.split(".")[0] == "snakemake"}


def test_the_room_that_knows_snakemake_does_not_load_it() -> None:
    room = sorted((PACKAGE / "snakemake_side").glob("[a-z]*.py"))

    loaded = loaded_by("".join(f"import mle_toolbox.snakemake_side.{path.stem}\n" for path in room))

    assert not {name for name in loaded if name.startswith("snakemake")}


@pytest.mark.parametrize("path", sorted(CLUSTER.rglob("*.py")), ids=lambda path: str(path.relative_to(CLUSTER)))
def test_the_cluster_needs_only_the_ground_floor_and_what_is_known_of_snakemake(
    path: Path,
) -> None:
    rooms = {child.name for child in CLUSTER.iterdir() if (child / "__init__.py").exists()}
    names = {name for name, _ in imported_modules(path)}

    others = {name for name in names if name.startswith(("mle_toolbox.", "snakemake_executor"))}
    ground_floor = {"mle_toolbox.errors", "mle_toolbox.installed_first"}
    assert not {name for name in others - ground_floor if not name.startswith("mle_toolbox.snakemake_side.")}
    if path.parent == CLUSTER:
        # The core asks for a scheduler by its name (known.py) and imports none.
        assert not {name for name in names if name.startswith("mle_cluster.") and name.split(".")[1] in rooms}


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
        "import mle_toolbox.experiment.train_job; print(*set(sys.modules) - before)"
    )

    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True)

    others = {name for name in done.stdout.split() if name.split(".")[0] != "mle_toolbox"}
    built_in = {"os", "os.path", "stat", "_stat", "posixpath", "genericpath", "_collections_abc", "_signal", "fcntl"}
    assert others <= built_in | {"__future__"}


def test_importing_the_package_alone_loads_no_numpy() -> None:
    loaded = loaded_by("import mle_toolbox")

    assert "numpy" not in loaded


def test_the_status_of_a_results_folder_loads_neither_numpy_nor_what_checks_experiment_files(tmp_path: Path) -> None:
    record = {"configurations": [{"name": "a"}], "seeds": [0, 1], "job": {}}
    (tmp_path / "experiment.json").write_text(json.dumps(record))

    loaded = loaded_by(f"from mle_toolbox.cli import main; assert main(['status', {str(tmp_path)!r}]) == 0")

    assert loaded.isdisjoint({"numpy", "h5py", "jsonschema"})


def test_the_public_names_are_the_promised_ones() -> None:
    assert sorted(mle_toolbox.__all__) == ["MLExperiment", "__version__", "load"]
    assert set(dir(mle_toolbox)) >= set(mle_toolbox.__all__)
    assert all(getattr(mle_toolbox, name) is not None for name in mle_toolbox.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'MLEExperiment'"):
        mle_toolbox.MLEExperiment  # noqa: B018


def test_the_version_is_that_of_the_metadata() -> None:
    assert mle_toolbox.__version__ == version(mle_toolbox.__distribution__)

"""A merge that is killed at any moment leaves the old merged files or the new ones."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from states_after_calls import merge

import mle_toolbox
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.hdf5 import write_log
from mle_toolbox.log.log_data import LogData
from mle_toolbox.log.merge import merge_configurations, merge_seeds, write_table
from mle_toolbox.results import ConfigurationResults

PROGRAM = Path(__file__).with_name("states_after_calls.py")
MERGE = (
    f"import sys, pathlib; sys.path.insert(0, {str(PROGRAM.parent)!r}); from states_after_calls import merge\n"
    "print(flush=True)\n"
    "while True: merge(pathlib.Path(sys.argv[1]))\n"
)


def make_template(folder: ExperimentFolder, n_ticks: int) -> None:
    """Write three finished seeds, and merged files of the first two."""
    configuration = folder.configuration("a")
    for seed in range(3):
        configuration.seed(seed).path.mkdir(parents=True)
        ticks = np.arange(n_ticks)
        data = LogData(("t",), ("x",), {"t": ticks, "x": seed + ticks / 3})
        write_log(configuration.seed(seed).log, data)
    merge_seeds({seed: configuration.seed(seed).log for seed in range(2)}, configuration.log)
    merge_configurations({"a": configuration.log}, folder.results)
    write_table(folder, ["a"], range(2))


def merged_files(folder: ExperimentFolder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder.configuration("a").log, folder.results, folder.table)}


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> list[ExperimentFolder]:
    """The folder before the merge, after each of its system calls, and after its end."""
    base = tmp_path_factory.mktemp("merging")
    make_template(ExperimentFolder(base / "0"), n_ticks=50)
    subprocess.run([sys.executable, str(PROGRAM), "merge", str(base / "0"), str(base)], check=True)
    calls = json.loads((base / "calls.json").read_text())
    return [ExperimentFolder(base / str(n)) for n in range(len(calls) + 2)]


def test_after_each_system_call_a_merged_file_is_the_old_or_the_new_one(states: list[ExperimentFolder]) -> None:
    found = [merged_files(state) for state in states]

    for name, old in found[0].items():
        new = found[-1][name]
        became = [files[name] == new for files in found]
        assert all(files[name] in (old, new) for files in found)
        assert became == sorted(became)
        assert (became[0], became[-1]) == (False, True)


def test_a_merge_can_be_repeated_after_each_system_call(states: list[ExperimentFolder]) -> None:
    for state in states:
        merge(state.path)

    assert all(merged_files(state) == merged_files(states[-1]) for state in states)


@pytest.mark.parametrize("kills", [8, pytest.param(500, marks=pytest.mark.soak)])
def test_a_merge_killed_at_a_random_moment_leaves_whole_files(tmp_path: Path, kills: int) -> None:
    folder = ExperimentFolder(tmp_path / "experiments")
    make_template(folder, n_ticks=20_000)
    shutil.copytree(folder.path, tmp_path / "undisturbed")
    merge(tmp_path / "undisturbed")
    old, new = merged_files(folder), merged_files(ExperimentFolder(tmp_path / "undisturbed"))
    moment = random.Random(5)

    for _ in range(kills):
        process = subprocess.Popen([sys.executable, "-c", MERGE, str(folder.path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(moment.uniform(0, 0.06))
        process.kill()
        process.communicate()

        found = merged_files(folder)
        assert all(content in (old[name], new[name]) for name, content in found.items())
    results = mle_toolbox.load(folder.results)["a"]
    assert isinstance(results, ConfigurationResults)
    assert results.lengths.tolist() in ([20_000] * 2, [20_000] * 3)

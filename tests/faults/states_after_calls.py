"""Make, for each n, the folder that a process leaves which is killed right after its n-th system call.

python states_after_calls.py (seal | merge) TEMPLATE OUT: TEMPLATE is what the process finds; OUT gets the folders 1, 2,
… and calls.json.
"""

from __future__ import annotations

import functools
import json
import shutil
import sys
from pathlib import Path

from stop_after_call import stop_after_call

from mle_toolbox.layout import ExperimentFolder, SeedFolder
from mle_toolbox.log.merge import merge_configurations, merge_seeds, write_table
from mle_toolbox.log.run_record import RunRecord
from mle_toolbox.log.sealing import commit_log, prepare_log


def main() -> None:
    """Kill after the first call, after the second, and so on, until the process comes to its end."""
    action = {"seal": seal, "merge": merge}[sys.argv[1]]
    template, out = map(Path, sys.argv[2:])
    n = 0
    calls: list[str] = []
    while len(calls) == n:
        n += 1
        folder = out / str(n)
        shutil.copytree(template, folder)
        calls = stop_after_call(functools.partial(action, folder), n)
    (out / "calls.json").write_text(json.dumps(calls))


def seal(path: Path) -> None:
    """Do what MLExperiment and the launcher do at the end of a run."""
    prepare_log(SeedFolder(path), {"host": "node1"}, n_ticks=50)
    commit_log(SeedFolder(path), RunRecord(seed=3))


def merge(path: Path) -> None:
    """Do what the rules `merge` and `collect` do."""
    folder = ExperimentFolder(path)
    configuration = folder.configuration("a")
    merge_seeds({seed: configuration.seed(seed).log for seed in range(3)}, configuration.log)
    merge_configurations({"a": configuration.log}, folder.results)
    write_table(folder, ["a"], range(3))


if __name__ == "__main__":
    main()

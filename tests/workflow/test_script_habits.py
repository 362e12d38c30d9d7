"""What scripts do that work by hand, through the real commands."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import mle_toolbox
from tests.workflow.conftest import Project

# Goes elsewhere, hides its arguments, spreads its settings, and has spawned workers that import all of this again.
HABITS = """\
import argparse, multiprocessing, os, sys, tempfile
os.chdir(tempfile.gettempdir())
sys.argv = sys.argv[:1]
from mle_toolbox import MLExperiment

mle = MLExperiment()


def settings(learning_rate, num_steps):
    return learning_rate


def simulate(step):
    return settings(**mle.train_config) * step


if __name__ == "__main__":
    argparse.ArgumentParser().parse_args()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        for step, loss in enumerate(pool.map(simulate, range(2))):
            mle.update_log({"step": step}, {"loss": loss}, save=True)
    print(repr(dict(mle.extra_config)))
"""
EXTRA = '{inf: 3, nan: "1.10", version: "007", rate: 1.10, "on": "true", off: false}'
ARGPARSE = """\
import argparse
from mle_toolbox import MLExperiment

parser = argparse.ArgumentParser()
parser.add_argument("-c", "--cuda", action="store_true")
for name in ("--size", "-s"):
    parser.add_argument(name)
args = parser.parse_args()
mle = MLExperiment()
"""


def test_scripts_with_habits_do_their_own_run(project: Project) -> None:
    text = (project.path / "exp.yaml").read_text().replace("num_seeds: 3", "num_seeds: 2")
    (project.path / "exp.yaml").write_text(f"{text}    extra_cmd_line_input: {EXTRA}\n")
    (project.path / "train.py").write_text(HABITS)

    outcome = project.mle("run", "exp.yaml")

    assert outcome.returncode == 0, outcome.stderr
    results = mle_toolbox.load(project.results)
    last = {name: results[name]["loss"][:, -1].tolist() for name in results}
    assert last == {"a": [0.1, 0.1], "b": [0.2, 0.2]}
    printed = (project.results / "b" / "seed_1" / "out.txt").read_text()
    assert printed == "{'inf': 3, 'nan': '1.10', 'version': '007', 'rate': 1.1, 'on': 'true', 'off': False}\n"


def test_script_that_stumbles_over_our_options_is_told_afterwards(project: Project) -> None:
    (project.path / "train.py").write_text(ARGPARSE)
    project.write_experiment(["a.json"], seeds=1)

    outcome = project.mle("run", "exp.yaml")

    assert outcome.returncode == 1
    said = " ".join(outcome.stdout.split() + outcome.stderr.split())
    assert "With argparse: use parser.parse_known_args(), and do not name an option -c, -s or -e." in said


def test_scripts_of_the_documentation_run(project: Project, repository: Path) -> None:
    content = json.loads((project.path / "a.json").read_text())
    content["log_config"]["time_to_track"] = ["steps"]
    (project.path / "a.json").write_text(json.dumps(content))
    pages = [(repository / "docs" / name).read_text() for name in ("workers.md", "training-script.md")]
    blocks = re.findall(r"^```python\n(.*?)^```$", "".join(pages), re.MULTILINE | re.DOTALL)
    scripts = [each for each in blocks if "import multiprocessing" in each or "import argparse" in each]

    assert len(scripts) == 4
    for script in scripts:
        (project.path / "train.py").write_text(script)
        command = [sys.executable, "train.py", "-config", "a.json"]
        outcome = subprocess.run(command, cwd=project.path, capture_output=True, text=True, check=False, timeout=60)
        assert outcome.returncode == 0, outcome.stderr
        assert "log.h5" in {path.name for path in (project.path / "by_hand" / "a" / "seed_0").iterdir()}

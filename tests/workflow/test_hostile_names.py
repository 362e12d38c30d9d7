"""Names and values are data: whatever they look like, no command is run and the results are right."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import mle_toolbox
from tests.workflow.conftest import Project

pytestmark = pytest.mark.slow

NAMES = [
    *("it's", "$(touch pwned)", "`touch pwned`", "; touch pwned ;", "| touch pwned", "&& touch pwned", "> pwned"),
    *(
        "--config",
        "-dash",
        "with blank ",
        '"quoted"',
        "größe",
        "日本 🚀",
        "back\\slash",
        "100%s",
        "*",
        "$HOME",
        "seed_0",
        "[x]",
        "null",
    ),
]
FOLDERS = [
    *("[b]", "co:lon, com,ma", "$HOME x", "a$TASK_ID ${USER}", "{x} <x>", "-dash", "new\nline ta\tb"),
    *("back\\slash", "*?#", "a=b @x %s", "größe 🚀 $(touch pwned)"),
]
# What each of them has, in as few names as can have it; each alone takes long.
FEW_FOLDERS = ["-dash [b] co:lon, com,ma {x} <x> *?# a=b @x %s", "a$TASK_ID ${USER} $HOME größe 🚀 $(touch pwned)"]
FEW_FOLDERS += ["~", "new\nline ta\tb back\\slash"]
VALUES = {
    "text": "$(touch pwned) 'one' \"two\" `touch pwned`; touch pwned",
    "dash": "-config other.json",
    "option": "-seed",
    "assignment": "-seed=99",
    "number": -0.5,
    "truth": True,
    "empty": "",
    "umlaut": "größe 🚀",
}
METRICS = ["loss", "$(touch pwned)", "a/b", "größe 🚀", "it's"]
SCRIPT = """
import json, sys
from mle_toolbox import MLExperiment

mle = MLExperiment()
for step in range(5):
    loss = mle.train_config.learning_rate * mle.rng.normal()
    mle.update_log({"step": step}, {name: loss for name in mle.log_config.what_to_track}, save=True)
mle.save_extra({"extra": mle.extra_config.to_dict(), "text": mle.train_config["text"]}, "$(touch pwned)")
print("out"), print("err", file=sys.stderr)
"""


def write_project(project: Project, names: list[str], *, folder: str, script: str, extra: dict[str, object]) -> None:
    for name in names:
        content = {
            "train_config": {"learning_rate": 0.1, "text": VALUES["text"]},
            "log_config": {"time_to_track": ["step"], "what_to_track": METRICS},
        }
        (project.path / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    (project.path / script).write_text(SCRIPT)
    content = {
        "meta_job_args": {
            "project_name": "$(touch pwned) it's `touch pwned`",
            "job_type": "multiple-experiments",
            "base_train_fname": script,
            "experiment_dir": folder,
        },
        "multi_experiment_args": {"config_fnames": [f"{name}.json" for name in names], "num_seeds": 1},
        "single_job_args": {
            "job_name": "`pwned`;$(pwned)'",
            "log_file": "out $(touch pwned) it's.txt",
            "err_file": "-err `touch pwned`.txt",
            "extra_cmd_line_input": extra,
        },
    }
    (project.path / "exp $(touch pwned).yaml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


def test_every_name_is_data_and_values_reach_the_script_as_they_were_written(
    new_project: Callable[[str], Project], tmp_path: Path
) -> None:
    plain, hostile = new_project("plain"), new_project("pro $(touch pwned) 'ject` ")
    folder = "my $(touch pwned); it's results"
    write_project(plain, ["plain"], folder="results", script="script.py", extra={})
    write_project(hostile, NAMES, folder=folder, script="-s $(touch pwned) it's.py", extra=VALUES)

    expected = plain.mle("run", "exp $(touch pwned).yaml")
    outcome = hostile.mle("run", "exp $(touch pwned).yaml")
    again = hostile.mle("run", "exp $(touch pwned).yaml")

    assert expected.returncode == 0, expected.stderr
    assert outcome.returncode == 0, outcome.stderr
    assert again.returncode == 0, again.stderr
    assert not list(tmp_path.rglob("pwned"))
    reference = mle_toolbox.load(plain.path / "results")["plain"]
    results = mle_toolbox.load(hostile.path / folder)
    assert sorted(results) == sorted(NAMES)
    for name in NAMES:
        (saved,) = (hostile.path / folder / name / "seed_0" / "extra").iterdir()
        assert pickle.loads(saved.read_bytes()) == {"extra": VALUES, "text": VALUES["text"]}
        assert sorted(results[name].metric_names) == sorted(METRICS)
        for metric in METRICS:
            assert results[name][metric].tobytes() == reference["loss"].tobytes()
    assert (hostile.path / folder / "it's" / "seed_0" / "out $(touch pwned) it's.txt").read_text() == "out\n"
    status = json.loads(hostile.mle("status", "--json", "exp $(touch pwned).yaml").stdout)
    assert status["counts"] == {"done": len(NAMES)}


@pytest.mark.parametrize(
    "name", [*FEW_FOLDERS, *(pytest.param(name, marks=pytest.mark.soak) for name in FOLDERS)], ids=ascii
)
def test_a_project_folder_may_have_any_name(new_project: Callable[[str], Project], tmp_path: Path, name: str) -> None:
    hostile = new_project(name)
    hostile.write_experiment(["a.json"], seeds=1)

    outcome = hostile.mle("run", "exp.yaml")
    again = hostile.mle("run", "exp.yaml")

    assert outcome.returncode == 0, outcome.stderr
    assert again.returncode == 0, again.stderr
    assert "1 of 1 seed runs done" in again.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]

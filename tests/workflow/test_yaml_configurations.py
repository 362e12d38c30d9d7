"""Configurations in YAML, from `mle run` to the report; and what runs again when one is renamed or edited."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable

import pytest
import yaml

from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import read_run_record
from tests.workflow.conftest import SCRIPT, Project, wait_for

pytestmark = pytest.mark.slow

# As users of the original write them.
YAML = """\
# the large step
train_config:
  learning_rate: 2E-01
  num_steps: 5
  es_config: {sigma_init: 5e-04, name: "1e-5"}
net_config: {}
log_config:
  time_to_track: ["step"]
  what_to_track: ["loss"]
  overwrite_experiment_dir: true
"""


def attempts(project: Project) -> dict[str, str | None]:
    """Return when each seed run that is in place was started."""
    folder = ExperimentFolder(project.results)
    records = {f"{name} {seed}": read_run_record(folder.seed_run(name, seed)) for name in "ab" for seed in range(3)}
    return {name: record.start for name, record in records.items() if record is not None}


def as_yaml(project: Project, name: str, suffix: str = ".yaml") -> None:
    """Rewrite a configuration as YAML, with a comment and another order of keys."""
    file = project.path / f"{name}.json"
    content = json.loads(file.read_text())
    (project.path / f"{name}{suffix}").write_text("# the same\n" + yaml.safe_dump(content))
    file.unlink()


def test_yaml_and_json_run_together_from_the_first_command_to_the_report(project: Project) -> None:
    (project.path / "b.json").unlink()
    (project.path / "b.yml").write_text(YAML)
    project.write_experiment(["a.json", "b.yml"], seeds=3)

    run = project.mle("run")
    again = project.jobs_to_run()

    assert run.returncode == 0, run.stderr
    assert "6 of 6 seed runs done" in run.stdout
    assert again == {}
    content = json.loads((project.results / "b" / "seed_0" / "config.json").read_text())
    assert content["train_config"] == {
        "learning_rate": 0.2,
        "num_steps": 5,
        "es_config": {"sigma_init": 0.0005, "name": "1e-5"},
    }
    assert "sigma_init" in (project.results / "report.html").read_text()
    difference = project.mle("diff", "a/0", "b/0")
    assert "learning_rate" in difference.stdout + difference.stderr


def test_a_configuration_renamed_from_json_to_yaml_makes_nothing_run_again(finished: Project) -> None:
    before, logs = attempts(finished), finished.logs()

    as_yaml(finished, "a")
    as_yaml(finished, "b", ".yml")
    finished.write_experiment(["a.yaml", "b.yml"], seeds=3)
    run = finished.mle("run")

    assert run.returncode == 0, run.stderr
    assert "6 of 6 seed runs done" in run.stdout
    assert "train" not in finished.jobs_of_last_run()
    assert attempts(finished) == before
    assert finished.logs() == logs


def test_a_renamed_configuration_runs_nothing_with_snakemake_by_hand_either(finished: Project) -> None:
    before, logs = attempts(finished), finished.logs()

    as_yaml(finished, "b")
    finished.write_experiment(["a.json", "b.yaml"], seeds=3)
    run = finished.snakemake()

    # Snakemake starts jobs for another path; their launchers find the runs done.
    assert run.returncode == 0, run.stderr
    assert attempts(finished) == before
    assert finished.logs() == logs


def test_only_an_edited_value_runs_again_and_no_edited_comment(project: Project) -> None:
    (project.path / "b.json").unlink()
    (project.path / "b.yaml").write_text(YAML)
    project.write_experiment(["a.json", "b.yaml"], seeds=3)
    first = project.mle("run")
    assert first.returncode == 0, first.stderr

    (project.path / "b.yaml").write_text(YAML.replace("large step", "larger one").replace("2E-01", "0.20"))
    comment = project.jobs_to_run()
    (project.path / "b.yaml").write_text(YAML.replace("2E-01", "3e-1"))
    value = project.jobs_to_run()
    second = project.mle("run")

    assert comment == {}
    assert value == {"train": 3, "merge": 1, "collect": 1, "report": 1}
    assert second.returncode == 0, second.stderr
    assert json.loads((project.results / "b" / "seed_0" / "config.json").read_text())["train_config"][
        "learning_rate"
    ] == pytest.approx(0.3)


def test_a_mistake_in_a_yaml_configuration_stops_everything_with_one_line(project: Project) -> None:
    (project.path / "b.yaml").write_text(YAML.replace("2E-01", "2 E-01"))
    project.write_experiment(["a.json", "b.yaml"], seeds=3)

    run = project.mle("run")

    assert run.returncode == 2
    assert run.stderr == (
        "b.yaml:3: 2 E-01 without quotes is text in YAML, because of the space in it. "
        'Write 2E-01, or "2 E-01" in quotes.\n'
    )
    assert not project.results.exists()


def test_a_run_that_waits_while_its_yaml_is_edited_has_the_values_of_the_start(
    new_project: Callable[[str], Project],
) -> None:
    project = new_project("edited")
    (project.path / "c.yaml").write_text(YAML)
    project.write_experiment(["c.yaml"], seeds=3)
    waiting = SCRIPT.replace(
        "def main(mle):\n",
        "import pathlib, time\n\n\ndef main(mle):\n    pathlib.Path(f'began_{mle.seed}').touch()\n"
        "    while not pathlib.Path('edited').exists():\n        time.sleep(0.02)\n",
    )
    (project.path / "train.py").write_text(waiting)
    driver = project.start("run", "--cores", "1")
    wait_for(lambda: any(project.path.glob("began_*")) or driver.poll() is not None)

    (project.path / "c.yaml").unlink()
    (project.path / "edited").touch()
    said, errors = driver.communicate(timeout=240)

    assert driver.returncode == 0, errors
    assert "3 of 3 seed runs done" in said
    for seed in range(3):
        content = json.loads((project.results / "c" / f"seed_{seed}" / "config.json").read_text())
        assert content["train_config"]["es_config"] == {"sigma_init": 0.0005, "name": "1e-5"}


def test_a_run_left_by_a_killed_driver_is_awaited_with_a_yaml_configuration(project: Project) -> None:
    (project.path / "c.yaml").write_text(YAML)
    project.write_experiment(["c.yaml"], seeds=1)
    slow = SCRIPT.replace("    value = 0.0\n", "    import time\n    value = 0.0\n    time.sleep(8)\n")
    (project.path / "train.py").write_text(slow)
    driver = project.start("run")
    run_record = project.results / "c" / "seed_0" / "run.json"
    wait_for(lambda: run_record.exists() or driver.poll() is not None)
    started = json.loads(run_record.read_text())["start"]

    os.kill(driver.pid, signal.SIGKILL)
    driver.communicate()
    time.sleep(0.5)
    run = project.mle("run")

    assert run.returncode == 0, run.stderr
    assert json.loads(run_record.read_text())["start"] == started

"""What an experiment file says of memory and time holds on this machine too."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path

import pytest

from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import read_run_record
from tests.workflow.conftest import Project

pytestmark = pytest.mark.slow

SCRIPT = """\
import time
from mle_toolbox import MLExperiment

mle = MLExperiment()
mle.update_log({"step": 0}, {"loss": 1.0}, save=True)
if mle.seed == 1:
    kept = bytearray(b"x") * 400_000_000
    time.sleep(60)
"""


@pytest.mark.parametrize("by", [Project.mle, Project.snakemake], ids=["mle", "snakemake"])
def test_a_seed_run_over_its_memory_fails_and_says_so(
    project: Project, by: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    project.write_experiment(["a.json"], seeds=2)
    with (project.path / "exp.yaml").open("a") as file:
        file.write("    memory_per_job: 300\n    time_per_job: '00:01:00'\n")
    (project.path / "train.py").write_text(SCRIPT)

    if by is Project.mle:
        run = project.mle("run")
    else:
        assert project.mle("run", "--dry-run").returncode == 0  # writes Snakefile and profiles
        run = project.snakemake()

    runs = [ExperimentFolder(project.results).seed_run("a", seed) for seed in (0, 1)]
    records = [read_run_record(run) for run in runs]
    assert [record.status for record in records if record is not None] == ["done", "failed"]
    assert "MB of memory_per_job 300 MB, so it was killed" in str(records[1])
    assert by is Project.snakemake or "MB of memory_per_job 300 MB, so it was killed" in run.stderr


USES_GPU = """\
import json, os, time
from mle_toolbox import MLExperiment

mle = MLExperiment()
begin = time.monotonic()
time.sleep(0.3)
mle.update_log({"step": 0}, {"loss": 1.0}, save=True)
print(json.dumps([os.environ["CUDA_VISIBLE_DEVICES"], begin, time.monotonic()]))
"""


def test_two_drivers_on_one_machine_never_give_out_the_same_gpu(project: Project, tmp_path: Path) -> None:
    variables = {"CUDA_VISIBLE_DEVICES": "3,GPU-x", "MLE_GPU_LEASES": str(tmp_path / "leases")}
    for name in ("exp.yaml", "other.yaml"):
        project.write_experiment(["a.json"], seeds=3, name=name)
        text = (project.path / name).read_text() + "    num_gpus: 1\n"
        (project.path / name).write_text(text.replace("experiments/", f"of_{name}/"))
    (project.path / "train.py").write_text(USES_GPU)

    with ThreadPoolExecutor() as drivers:
        each = drivers.map(
            lambda name: project.mle("run", name, "--cores", "4", **variables), ("exp.yaml", "other.yaml")
        )
        ended = list(each)

    assert [driver.returncode for driver in ended] == [0, 0], ended[0].stderr + ended[1].stderr
    found = [json.loads(path.read_text()) for path in project.path.glob("of_*/a/seed_*/out.txt")]
    assert len(found) == 6
    assert {device for device, _, _ in found} == {"3", "GPU-x"}
    assert not any(
        one[0] == other[0] and one[1] < other[2] and other[1] < one[2] for one, other in combinations(found, 2)
    )


def test_more_gpus_than_there_are_fail_before_anything_is_started(project: Project) -> None:
    with (project.path / "exp.yaml").open("a") as file:
        file.write("    num_gpus: 3\n")

    run = project.mle("run", CUDA_VISIBLE_DEVICES="0,1")

    assert run.returncode == 2
    assert "exp.yaml: num_gpus in single_job_args: expected at most 2, as this machine has 2 GPUs" in run.stderr
    assert "found 3." in run.stderr
    assert not list(project.results.glob("a/*"))


@pytest.mark.parametrize(("value", "found"), [("0", "from 1 to 1000, found 0"), ("two", "found the text 'two'")])
def test_runs_per_gpu_is_checked(project: Project, value: str, found: str) -> None:
    with (project.path / "exp.yaml").open("a") as file:
        file.write(f"    runs_per_gpu: {value}\n")

    run = project.mle("run")

    assert run.returncode == 2
    assert "runs_per_gpu" in run.stderr
    assert found in run.stderr

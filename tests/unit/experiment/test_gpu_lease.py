"""No GPU is given to two runs at a time, unless both say that they share; a lease ends with its processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import pytest

from mle_toolbox.drive.gpus import gpus_here
from mle_toolbox.experiment.gpu_lease import LEASES_VARIABLE, GpuError, Gpus, lease
from mle_toolbox.layout import GPUS_VARIABLE
from tests.unit.experiment.conftest import ONE_TICK, Project

pytestmark = pytest.mark.slow  # real processes

TWO = Gpus(("CUDA_VISIBLE_DEVICES",), {"0": "GPU-a", "1": "GPU-b"})
# Says which devices it has seen, and from when to when.
TELLS = ONE_TICK.replace(
    'mle.update_log({"step": 1}, {"loss": 0.5}, save=True)\n',
    """\
import json, time
begin = time.monotonic()
time.sleep(0.4)
mle.update_log({"step": 1}, {"loss": 0.5}, save=True)
print(json.dumps([os.environ["CUDA_VISIBLE_DEVICES"], begin, time.monotonic()]))
""",
)


class Use(NamedTuple):
    devices: str
    begin: float
    end: float

    def overlaps(self, other: Use) -> bool:
        return self.begin < other.end and other.begin < self.end


@pytest.fixture(autouse=True)
def leases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the locks, so that tests do not wait for each other."""
    monkeypatch.setenv(LEASES_VARIABLE, str(tmp_path / "leases"))
    monkeypatch.setenv(GPUS_VARIABLE, TWO.as_text())
    return tmp_path / "leases"


def start(project: Project, seed: int, *options: str) -> subprocess.Popen[str]:
    command = project.launch_command(*options, seed=seed)
    return subprocess.Popen(command, cwd=project.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def uses(runs: Iterable[subprocess.Popen[str]]) -> list[Use]:
    found = []
    for run in runs:
        out, err = run.communicate(timeout=120)
        assert run.returncode == 0, err
        found.append(Use(*json.loads(out)))
    return found


def test_runs_at_the_same_time_never_have_the_same_device(project: Project) -> None:
    project.write_script(TELLS)

    found = uses([start(project, seed, "--gpus=1") for seed in range(5)])

    assert {use.devices for use in found} <= {"0", "1"}
    assert not any(a.devices == b.devices and a.overlaps(b) for a, b in combinations(found, 2))


def test_a_run_may_lease_several_devices(project: Project) -> None:
    project.write_script(TELLS)

    found = uses([start(project, seed, "--gpus=2") for seed in range(2)])

    assert [use.devices for use in found] == ["0,1", "0,1"]
    assert not found[0].overlaps(found[1])


def test_runs_that_share_are_never_more_than_they_say_and_never_with_one_that_does_not_share(project: Project) -> None:
    project.write_script(TELLS)
    os.environ[GPUS_VARIABLE] = Gpus(("CUDA_VISIBLE_DEVICES",), {"0": "GPU-a"}).as_text()

    sharing = [start(project, seed, "--gpus=1", "--runs-per-gpu=2") for seed in range(4)]
    alone = start(project, 9, "--gpus=1")
    shared, own = uses(sharing), uses([alone])[0]

    assert not any(own.overlaps(use) for use in shared)
    assert not any(a.overlaps(b) and b.overlaps(c) and a.overlaps(c) for a, b, c in combinations(shared, 3))


def test_without_devices_to_lease_the_script_sees_what_there_is(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(GPUS_VARIABLE)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    project.write_script(TELLS)

    assert [use.devices for use in uses([start(project, 0, "--gpus=1")])] == ["7"]


def test_a_run_that_asks_for_more_devices_than_there_are_says_so(project: Project) -> None:
    run = start(project, 0, "--gpus=3")

    assert run.communicate()[1] == "mle-toolbox: num_gpus: 3 are asked for, and this machine offers 2.\n"
    assert run.returncode == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the script does not die with its launcher")
def test_a_lease_ends_with_the_processes_that_have_it_however_they_end(project: Project) -> None:
    project.write_script(
        ONE_TICK + "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('ready', flush=True)\n"
        "import time\ntime.sleep(60)\n"
    )
    run = start(project, 0, "--gpus=2")
    assert run.stdout is not None
    assert run.stdout.readline() == "ready\n"
    assert run.stderr is not None
    run.stderr.close()
    script = project.record("results").pid
    assert script is not None

    run.kill()  # the script, which does not let itself be ended, still uses the devices
    run.wait()
    run.stdout.close()
    time.sleep(0.2)
    is_free_too_early = _is_free()
    os.kill(script, signal.SIGKILL)
    while not _is_free():
        time.sleep(0.01)

    assert not is_free_too_early


def _is_free() -> bool:
    code = (
        "import os, sys; from mle_toolbox.experiment import gpu_lease as g; from pathlib import Path;"
        f"sys.exit(0 if g._lock_device(Path(os.environ[{LEASES_VARIABLE!r}]), 'GPU-a', 1) else 1)"
    )
    return subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_lease_of_a_run_ends_with_it_although_a_daemon_that_it_left_goes_on(project: Project) -> None:
    project.write_script(
        TELLS + "sys.stdout.flush()\nif os.fork() == 0:\n    os.close(0), os.close(1), os.close(2)\n"
        "    time.sleep(5)\n    os._exit(0)\n"
    )

    run = start(project, 0, "--gpus=2")
    run.communicate()

    assert _is_free()


def test_a_folder_of_locks_that_belongs_to_somebody_else_is_refused(leases: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    leases.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(GpuError, match="belongs to somebody else"):
        lease(TWO, 1)


# -- which devices there are -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "number", "expected"),
    [
        ({"CUDA_VISIBLE_DEVICES": "3,5"}, None, (("CUDA_VISIBLE_DEVICES",), {"3": "gpu-3", "5": "gpu-5"})),
        ({"CUDA_VISIBLE_DEVICES": "3,5"}, 4, (("CUDA_VISIBLE_DEVICES",), {"3": "gpu-3", "5": "gpu-5"})),
        ({"CUDA_VISIBLE_DEVICES": " 1, -1,2"}, None, (("CUDA_VISIBLE_DEVICES",), {"1": "gpu-1"})),
        ({"CUDA_VISIBLE_DEVICES": "2,2"}, None, (("CUDA_VISIBLE_DEVICES",), {"2": "gpu-2"})),
        ({"CUDA_VISIBLE_DEVICES": ""}, None, (("CUDA_VISIBLE_DEVICES",), {})),
        ({"CUDA_VISIBLE_DEVICES": "NoDevFiles"}, None, (("CUDA_VISIBLE_DEVICES",), {})),
        ({"CUDA_VISIBLE_DEVICES": "GPU-8a"}, None, (("CUDA_VISIBLE_DEVICES",), {"GPU-8a": "GPU-8a"})),
        (
            {"CUDA_VISIBLE_DEVICES": "MIG-GPU-8a/1/0"},
            None,
            (("CUDA_VISIBLE_DEVICES",), {"MIG-GPU-8a/1/0": "MIG-GPU-8a/1/0"}),
        ),
        ({"HIP_VISIBLE_DEVICES": "1"}, None, (("HIP_VISIBLE_DEVICES",), {"1": "gpu-1"})),
        (
            {"CUDA_VISIBLE_DEVICES": "1", "HIP_VISIBLE_DEVICES": "1"},
            None,
            (("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"), {"1": "gpu-1"}),
        ),
        ({"ROCR_VISIBLE_DEVICES": "0"}, None, (("ROCR_VISIBLE_DEVICES",), {"0": "rocr-0"})),
        ({}, 2, (("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"), {"0": "gpu-0", "1": "gpu-1"})),
        ({}, None, None),
    ],
)
def test_a_mask_is_respected_and_else_the_profile_counts(
    variables: dict[str, str], number: int | None, expected: tuple[tuple[str, ...], dict[str, str]] | None
) -> None:
    found = gpus_here(variables, number)

    assert found == (None if expected is None else Gpus(*expected))
    assert found is None or not found.devices or Gpus.from_text(found.as_text()) == found


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        (None, {"0": "GPU-aa", "1": "GPU-bb"}),
        ("1", {"1": "GPU-bb"}),
        ("GPU-a", {"GPU-a": "GPU-aa"}),  # CUDA takes the beginning of a UUID
    ],
)
def test_masks_by_number_and_by_uuid_name_the_same_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mask: str | None, expected: dict[str, str]
) -> None:
    (tmp_path / "pynvml.py").write_text(
        "class NVMLError(Exception): pass\nnvmlInit = nvmlShutdown = lambda: None\nnvmlDeviceGetCount = lambda: 2\n"
        "nvmlDeviceGetHandleByIndex = int\nnvmlDeviceGetUUID = ['GPU-aa', b'GPU-bb'].__getitem__\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pynvml", raising=False)

    found = gpus_here({} if mask is None else {"CUDA_VISIBLE_DEVICES": mask})

    assert found is not None
    assert found.devices == expected
    assert found.settings == ({"CUDA_DEVICE_ORDER": "PCI_BUS_ID"} if mask is None else {})
    assert Gpus.from_text(found.as_text()) == found

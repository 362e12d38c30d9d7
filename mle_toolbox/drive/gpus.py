"""Which GPUs the seed runs of a driver may have on this machine.

An environment variable that is set already (by the user, or by a scheduler for an interactive job) is a mask: only its
devices are given out, by the names that it has for them. Without one they are what NVIDIA's library finds, if the
package nvidia-ml-py is there (extra ``gpu``), else as many as the profile says (``resources: gpu=2``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mle_toolbox.errors import UsageError
from mle_toolbox.experiment.gpu_lease import Gpus
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.text import count

__all__ = ["NO_GPUS_KNOWN", "check_gpus", "gpus_here"]

NO_GPUS_KNOWN = (
    "num_gpus: it is not known which GPUs this machine has, so every seed run sees all of them. Install nvidia-ml-py, "
    "or set CUDA_VISIBLE_DEVICES, or say how many there are in the profile (resources: gpu=2)."
)

# Those of one family name the same devices by the same numbers; HIP counts what ROCR leaves over.
_FAMILIES = {"gpu": ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"), "rocr": ("ROCR_VISIBLE_DEVICES",)}


def gpus_here(environment: Mapping[str, str], number: int | None = None) -> Gpus | None:
    """Return the GPUs of this machine, or None where nothing is known of them.

    Parameters
    ----------
    environment
        The variables of this process.
    number
        How many there are according to the profile.
    """
    found = _by_nvml()
    for family, names in _FAMILIES.items():
        given = [name for name in names if name in environment]
        if given:
            masked = _masked(environment[given[0]])
            return Gpus(tuple(given), {name: _key(name, family, found) for name in masked})
    if found:
        # NVIDIA's library counts by bus; CUDA, by default, puts the fastest first.
        order = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
        return Gpus(("CUDA_VISIBLE_DEVICES",), {str(index): uuid for index, uuid in enumerate(found)}, order)
    if number:
        return Gpus(_FAMILIES["gpu"], {str(index): f"gpu-{index}" for index in range(number)})
    return None


def check_gpus(plan: Plan, gpus: Gpus | None) -> None:
    """Raise UsageError if a job of the plan asks for more GPUs than there are; it would wait for ever."""
    if gpus is None:
        return
    jobs = [("single_job_args", plan.job), *((f"{each.stage}_args", each.job) for each in plan.processing)]
    for where, job in jobs:
        if job.gpus > len(gpus.devices):
            seen = f" ({gpus.variables[0]}={','.join(gpus.devices)})" if gpus.devices else f" ({gpus.variables[0]})"
            raise UsageError(
                f"{plan.experiment_file.name}: num_gpus in {where}: expected at most {len(gpus.devices)}, as this "
                f"machine has {count(len(gpus.devices), 'GPU')}{seen}, found {job.gpus}."
            )


def _masked(value: str) -> list[str]:
    """Return the devices of a mask; as for CUDA, it ends before the first that cannot be one."""
    devices: list[str] = []
    for word in map(str.strip, value.split(",")):
        if not word or word.startswith("-") or word in devices:
            break
        devices.append(word)
    return [] if devices and devices[0].lower() in ("none", "nodevfiles", "void") else devices


def _key(name: str, family: str, found: Sequence[str]) -> str:
    """Return the name of a device that is the same in every driver, whether its mask has numbers or UUIDs."""
    if family == "gpu" and name.isdecimal():
        return found[int(name)] if int(name) < len(found) else f"gpu-{name}"
    return next((uuid for uuid in found if uuid.startswith(name)), name if family == "gpu" else f"{family}-{name}")


def _by_nvml() -> list[str]:
    """Return the UUIDs of the GPUs in the order of NVIDIA's library; none where it, or the package, is missing."""
    try:
        import pynvml
    except ImportError:
        return []
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:  # no driver: a machine without GPUs, or with those of another vendor
        return []
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        return [_text(pynvml.nvmlDeviceGetUUID(handle)) for handle in handles]
    except pynvml.NVMLError:
        return []
    finally:
        pynvml.nvmlShutdown()


def _text(given: str | bytes) -> str:
    return given.decode() if isinstance(given, bytes) else given

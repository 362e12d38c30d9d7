"""Small functions that scripts imported from ``mle_toolbox.utils`` of the original."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

from mle_toolbox.experiment.run_configuration import read_configuration_file
from mle_toolbox.experiment.saved_model import read_model
from mle_toolbox.experiment.seeding import make_rng, seed_everything
from mle_toolbox.experiment.settings import Settings

__all__ = [
    "get_jax_os_ready",
    "load_config",
    "load_job_config",
    "load_json_config",
    "load_model",
    "load_pkl_object",
    "load_yaml_config",
    "print_framed",
    "save_pkl_object",
    "set_random_seeds",
]


def get_jax_os_ready(
    num_devices: int = 1,
    mem_prealloc_bool: bool = False,
    mem_prealloc_frac: float = 0.9,
    device_type: str = "cpu",
    **_: Any,
) -> None:
    """Set the environment variables of jax: the number of CPU devices, and memory on a GPU. Before jax is imported."""
    if device_type == "cpu":
        known = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = f"{known} --xla_force_host_platform_device_count={num_devices}".strip()
    else:
        os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = str(bool(mem_prealloc_bool)).lower()
        os.environ["XLA_PYTHON_CLIENT_MEM_FRACTION"] = str(mem_prealloc_frac)


def set_random_seeds(seed_id: int, return_key: bool = False, verbose: bool = False) -> Any:
    """Seed the generators of Python, numpy and torch, as ``MLExperiment`` does; return a jax key if asked to."""
    seed_everything(seed_id)
    if verbose:
        print(f"-- Random seeds were set to {seed_id}")
    return make_rng(seed_id, jax_key=True) if return_key else None


def print_framed(str_to_print: str, line_width: int = 85, frame_str: str = "=") -> None:
    """Print a line in the middle of a row of signs."""
    print(f"  {str_to_print}  ".center(line_width, frame_str))


def load_pkl_object(filename: str | Path) -> Any:
    """Return what was pickled into a file."""
    return pickle.loads(Path(filename).read_bytes())  # noqa: S301  (the user's own file)


def save_pkl_object(obj: Any, filename: str | Path) -> None:
    """Pickle an object into a file."""
    Path(filename).write_bytes(pickle.dumps(obj))


def load_config(config_fname: str | Path, return_dotmap: bool = True) -> Any:
    """Return a configuration, whose sections and settings are attributes as well."""
    content = read_configuration_file(Path(config_fname))
    return Settings(content, "the configuration", str(config_fname)) if return_dotmap else content


load_job_config = load_json_config = load_yaml_config = load_config


def load_model(path: str | Path, model_type: str | None = None, model: Any = None) -> Any:
    """Return a saved model; with ``model``, a torch module, load its state_dict into that."""
    read = read_model(path)
    if model is None:
        return read
    model.load_state_dict(read)
    return model

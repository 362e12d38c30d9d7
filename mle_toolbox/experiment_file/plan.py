"""What an experiment file asks for, once everything in it has been checked.

Frozen data and paths. Knows nothing of yaml, json or schemas, and reads no file.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mle_toolbox.experiment_file.configuration_identity import identity_of

__all__ = ["Configuration", "JobResources", "Plan", "read_only"]


@dataclass(frozen=True)
class Configuration:
    """One ``.json`` of the experiment."""

    name: str
    """The stem of its file: what its results folder is called."""
    path: Path
    """As written in the experiment file: absolute, or relative to the project folder."""
    content: Mapping[str, Any]
    """What the file says; mappings and lists in it are read-only too (lists are tuples)."""
    digest: str
    """``content_digest`` of the content: comments, white space and the order of keys do not matter."""


@dataclass(frozen=True)
class JobResources:
    """What one seed run is given by the machine or the scheduler."""

    name: str
    cores: int
    gpus: int
    memory_mb: int | None
    """None: what the profile or the site gives."""
    time_minutes: int | None
    """None: what the profile or the site gives."""
    queue: str | None
    """None: what the profile or the site gives."""
    log_file: str
    """Name of the file of standard output in the seed run's folder."""
    err_file: str
    """Name of the file of standard error in the seed run's folder."""
    environment: str | None
    """The conda environment; None: the Python that runs the workflow."""


@dataclass(frozen=True)
class Plan:
    """One experiment: configurations x seeds, and how each seed run is to be run."""

    experiment_file: Path
    """Absolute."""
    project_dir: Path
    """Absolute: the folder of the experiment file, to which the paths in it are relative."""
    project_name: str
    job_type: str
    script: Path
    """As written: absolute, or relative to the project folder."""
    experiment_dir: Path
    """As written: absolute, or relative to the project folder."""
    configurations: tuple[Configuration, ...]
    seeds: tuple[int, ...]
    job: JobResources
    extra_arguments: tuple[str, ...]
    """What every seed run gets besides ``-config -seed -exp_dir``: ``("-key", "value", …)``."""
    retries: int
    """How often a seed run that failed is tried again."""
    frozen_code: bool
    """Whether seed runs run the code as it was when they were started."""

    @property
    def experiment_path(self) -> Path:
        """The results folder, absolute."""
        return self.project_dir / self.experiment_dir

    @property
    def script_path(self) -> Path:
        """The script, absolute."""
        return self.project_dir / self.script

    @property
    def seed_runs(self) -> tuple[tuple[str, int], ...]:
        """Every (configuration name, seed); the seeds of the first configuration come first."""
        return tuple((configuration.name, seed) for configuration in self.configurations for seed in self.seeds)

    def configuration(self, name: str) -> Configuration:
        """Return the configuration of this name; KeyError when there is none."""
        return self._by_name[name]

    def identity(self, name: str) -> str:
        """Return what decides the numbers of this configuration's seed runs, apart from seed and code."""
        return self._identities[name]

    @functools.cached_property
    def _identities(self) -> dict[str, str]:
        return {each.name: identity_of(_plain(each.content), self.extra_arguments) for each in self.configurations}

    @functools.cached_property
    def _by_name(self) -> dict[str, Configuration]:
        return {configuration.name: configuration for configuration in self.configurations}

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain data for ``experiment.json``.

        ``experiment_file`` is relative to the results folder (links resolved), so that it still holds after the
        project folder has been moved as a whole; the other paths are as written in it. Paths have forward
        slashes.
        """
        return {
            "experiment_file": _relative(self.experiment_file, to=self.experiment_path),
            "project_name": self.project_name,
            "job_type": self.job_type,
            "script": self.script.as_posix(),
            "experiment_dir": self.experiment_dir.as_posix(),
            "configurations": [
                {**_configuration_to_json(each), "identity": self.identity(each.name)} for each in self.configurations
            ],
            "seeds": list(self.seeds),
            "job": asdict(self.job),
            "extra_arguments": list(self.extra_arguments),
            "retries": self.retries,
            "frozen_code": self.frozen_code,
        }


def read_only(value: Any) -> Any:
    """Return ``value`` with every mapping in it read-only and every list a tuple."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: read_only(member) for key, member in value.items()})
    if isinstance(value, list | tuple):
        return tuple(read_only(member) for member in value)
    return value


def _configuration_to_json(configuration: Configuration) -> dict[str, Any]:
    return {
        "name": configuration.name,
        "path": configuration.path.as_posix(),
        "digest": configuration.digest,
        "content": _plain(configuration.content),
    }


def _relative(path: Path, to: Path) -> str:
    return Path(os.path.relpath(os.path.realpath(path), os.path.realpath(to))).as_posix()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(member) for key, member in value.items()}
    if isinstance(value, tuple):
        return [_plain(member) for member in value]
    return value

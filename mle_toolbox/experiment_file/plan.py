"""The plan of an experiment: the contents of its experiment file after all checks.

Frozen data and paths. Knows nothing of YAML, JSON or schemas, and reads no file.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mle_toolbox.experiment_file.configuration_identity import identity_of
from mle_toolbox.experiment_file.log_keys import without_secrets
from mle_toolbox.search.placement import plain
from mle_toolbox.search.search_settings import SearchSettings
from mle_toolbox.search.space import Space
from mle_toolbox.search.trials import Trial

__all__ = ["Configuration", "JobResources", "Plan", "Processing", "SearchPlan", "experiment_words", "read_only"]


@dataclass(frozen=True)
class Configuration:
    """One configuration of the experiment: a file of the user's, or a trial of a search."""

    name: str
    """The stem of its file, and the name of its results folder."""
    path: Path
    """As written in the experiment file: absolute, or relative to the project folder."""
    content: Mapping[str, Any]
    """The content of the file; nested mappings are read-only, lists are tuples."""
    digest: str
    """``content_digest`` of the content, which ignores comments, white space and the order of keys."""
    trial: Trial | None = None
    """The point of the search that it is; its file is in the results folder, and made when the experiment runs."""


@dataclass(frozen=True)
class SearchPlan:
    """A search: the configurations of its plan are the trials that are due."""

    settings: SearchSettings
    space: Space
    """For several base configurations that of the first; only the places of the values may differ."""
    bases: tuple[Configuration, ...]
    """The configurations from which the search starts. They do not run themselves."""
    grid_size: int | None
    """The number of points of the grid; None for a random search."""
    outside: tuple[Configuration, ...]
    """Trials on disk that are not due: outside the present space, or beyond the budget."""
    notices: tuple[str, ...]
    """What the user should know before it runs: sentences."""

    @property
    def left_out(self) -> int:
        """How many points of the grid the budget leaves out."""
        return 0 if self.grid_size is None else max(self.grid_size - self.settings.budget, 0)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data for ``experiment.json``."""
        settings = self.settings
        return {
            "type": settings.search_type,
            "variables": [each.described() for each in self.space.variables],
            "metrics": list(settings.metrics),
            "maximize": settings.maximize,
            "problem_type": settings.problem_type,
            "best_is_maximum": settings.best_is_maximum,
            "aggregate_seeds": settings.aggregate_seeds,
            "budget": settings.budget,
            "grid_size": self.grid_size,
            "left_out": self.left_out,
            "seed": settings.seed,
            "bases": [each.name for each in self.bases],
        }


@dataclass(frozen=True)
class JobResources:
    """The resources of one seed run, and the files of its output."""

    name: str
    cores: int
    gpus: int
    memory_mb: int | None
    """None: the default of the profile or the site."""
    time_minutes: int | None
    """None: the default of the profile or the site."""
    queue: str | None
    """A queue, or several with commas between them; None: the default of the profile or the site."""
    log_file: str
    """Name of the file of standard output in the seed run's folder."""
    err_file: str
    """Name of the file of standard error in the seed run's folder."""
    environment: str | None
    """The conda environment; None: the Python that runs the workflow."""
    gpu_types: tuple[str, ...] = ()
    """Kinds of GPU of which any will do; empty: any kind."""
    gpu_resource: str | None = None
    """The site's name for the number of GPUs; None: that of the profile."""
    exclude_nodes: tuple[str, ...] = ()
    """Machines on which no seed run may start."""
    include_nodes: tuple[str, ...] = ()
    """Machines on which seed runs may start; empty: all."""

    @property
    def asked(self) -> dict[str, int | str]:
        """What a job asks of a scheduler, by the names that our executors know; lists are joined with commas."""
        asked: dict[str, int | str | None] = {
            "mem_mb": self.memory_mb,
            "runtime": self.time_minutes,
            "gpu": self.gpus or None,
            "queue": self.queue,
            "job_name": self.name,
            "exclude_nodes": ",".join(self.exclude_nodes) or None,
            "include_nodes": ",".join(self.include_nodes) or None,
        }
        if self.gpus:
            asked |= {"gpu_type": ",".join(self.gpu_types) or None, "gpu_prefix": self.gpu_resource}
        return {name: value for name, value in asked.items() if value is not None}


@dataclass(frozen=True)
class Processing:
    """A script that runs once before the first seed run, or once after the last."""

    stage: str
    """``pre_processing`` or ``post_processing``."""
    script: Path
    """As the script of the plan."""
    arguments: tuple[str, ...]
    """Its arguments besides ``-exp_dir``."""
    job: JobResources
    retries: int
    frozen_code: bool
    """Whether it uses the code as it was when the experiment was started."""

    @property
    def words(self) -> str:
        """What it is called in sentences."""
        return self.stage.replace("_", "-")

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data for ``experiment.json``."""
        return {
            "script": self.script.as_posix(),
            "job": asdict(self.job),
            "arguments": list(self.arguments),
            "retries": self.retries,
            "frozen_code": self.frozen_code,
        }


@dataclass(frozen=True)
class Plan:
    """One experiment: configurations x seeds, and how each seed run is executed."""

    experiment_file: Path
    """Absolute."""
    project_dir: Path
    """Absolute: the folder of the experiment file, or another one if the path of the script starts there."""
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
    """The arguments of every seed run besides ``-config -seed -exp_dir``: ``("-key", "value", …)``."""
    retries: int
    """How often a failed seed run is tried again."""
    frozen_code: bool
    """Whether seed runs use the code as it was when the experiment was started."""
    paths_elsewhere: Mapping[str, Path] = field(default_factory=dict)
    """The paths, as written in the experiment file, that do not start in the project folder, with that folder."""
    given: Mapping[str, str] = field(default_factory=dict)
    """What the command line gave in place of the file's values, relative to the project folder."""
    search: SearchPlan | None = None
    """The search whose trials the configurations are."""
    task: tuple[str, ...] | None = None
    """The dotted keys of the settings that are the task; empty: there is none; None: nothing is said."""
    pre_processing: Processing | None = None
    post_processing: Processing | None = None

    @property
    def processing(self) -> tuple[Processing, ...]:
        """What runs before the first seed run and after the last."""
        return tuple(each for each in (self.pre_processing, self.post_processing) if each is not None)

    @property
    def starts_beside(self) -> bool:
        """Whether all paths start in the folder of the experiment file."""
        return self.project_dir == self.experiment_file.parent and not self.paths_elsewhere

    @property
    def words(self) -> list[str]:
        """The words that name this experiment to `mle run` in its project folder."""
        file = self.experiment_file
        folder = os.path.relpath(os.path.realpath(file.parent), os.path.realpath(self.project_dir))
        return experiment_words((Path(folder) / file.name).as_posix(), self.given)

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
        """Return the identity of this configuration's seed runs, which covers all but seed and code."""
        return self._identities[name]

    @functools.cached_property
    def _identities(self) -> dict[str, str]:
        return {each.name: identity_of(plain(each.content), self.extra_arguments) for each in self.configurations}

    @functools.cached_property
    def _by_name(self) -> dict[str, Configuration]:
        return {configuration.name: configuration for configuration in self.configurations}

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain data for ``experiment.json``.

        ``experiment_file`` and the folders where paths start, if that is not its folder, are relative to the results
        folder (links resolved), so that they stay valid when the project folder is moved as a whole; the other paths
        are from the project folder. Paths have forward slashes.
        """
        results = os.path.realpath(self.experiment_path)

        def from_results(path: Path) -> str:
            return Path(os.path.relpath(os.path.realpath(path), results)).as_posix()

        starts = {
            "paths_start": from_results(self.project_dir),
            "paths_elsewhere": {path: from_results(folder) for path, folder in self.paths_elsewhere.items()},
        }
        return {
            "experiment_file": from_results(self.experiment_file),
            **({} if self.starts_beside else starts),
            **({"given": dict(self.given)} if self.given else {}),
            "project_name": self.project_name,
            "job_type": self.job_type,
            "script": self.script.as_posix(),
            "experiment_dir": self.experiment_dir.as_posix(),
            "configurations": [self._entry(each) for each in self.configurations],
            "seeds": list(self.seeds),
            "job": asdict(self.job),
            "extra_arguments": list(self.extra_arguments),
            "retries": self.retries,
            "frozen_code": self.frozen_code,
            **({} if self.task is None else {"task": list(self.task)}),
            **self._search_entries(),
            **{each.stage: each.to_json() for each in self.processing},
        }

    def _entry(self, configuration: Configuration) -> dict[str, Any]:
        content = plain(configuration.content)
        entry = {
            "name": configuration.name,
            "path": configuration.path.as_posix(),
            "digest": configuration.digest,
            # The file of a trial is written from this, and has to be complete.
            "content": content if configuration.trial is not None else without_secrets(content),
            "identity": self._identities.get(configuration.name) or identity_of(content, self.extra_arguments),
        }
        trial = configuration.trial
        return entry if trial is None else {**entry, "trial": {**trial.to_json(), "inside": trial.inside}}

    def _search_entries(self) -> dict[str, Any]:
        if self.search is None:
            return {}
        return {"search": self.search.to_json(), "outside": [self._entry(each) for each in self.search.outside]}


def experiment_words(file: str, given: Mapping[str, str]) -> list[str]:
    """Return the words that name an experiment to `mle run`: the file, and the values that replace some of its own."""
    return [file, *(word for name, value in given.items() for word in (f"--{name}", value))]


def read_only(value: Any) -> Any:
    """Return ``value`` with every mapping in it made read-only and every list made a tuple."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: read_only(member) for key, member in value.items()})
    if isinstance(value, list | tuple):
        return tuple(read_only(member) for member in value)
    return value

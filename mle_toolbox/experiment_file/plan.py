"""The plan of an experiment: the contents of its experiment file after all checks.

Frozen data and paths. Knows nothing of YAML, JSON or schemas, and reads no file.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mle_toolbox.experiment_file.configuration_identity import identity_of
from mle_toolbox.experiment_file.log_keys import without_secrets
from mle_toolbox.experiment_file.planned_jobs import JobResources, Processing
from mle_toolbox.looks.held_looks import HeldLooks
from mle_toolbox.search.final_settings import FinalSettings
from mle_toolbox.search.placement import place_of, plain
from mle_toolbox.search.schedule import Learning
from mle_toolbox.search.search_settings import SearchSettings
from mle_toolbox.search.space import Space
from mle_toolbox.search.trials import Trial

__all__ = [
    "NOT_ASKED",
    "Configuration",
    "Plan",
    "SearchPlan",
    "experiment_words",
    "read_only",
]

NOT_ASKED = "not asked"
"""In place of the identity of seed runs whose trial has not been asked: it is that of no run."""


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
    more_seeds: tuple[int, ...] = ()
    """The seeds that it has earned in addition to those of all configurations."""

    @property
    def is_pending(self) -> bool:
        """Whether it is a trial that is still to be asked; its content is that of the base configuration until then."""
        return self.trial is not None and self.trial.is_pending


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
    learning: Learning | None = None
    """What its strategy is made from, where trials depend on the results of earlier ones."""
    to_decide: tuple[int, ...] = ()
    """The rungs of which it is still open which trials get further seeds."""

    def space_of(self, base: Configuration) -> Space:
        """Return the space as it is for one of the base configurations."""
        return Space(tuple(replace(each, place=place_of(each.name, base.content)) for each in self.space.variables))

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
            "base_files": [each.path.as_posix() for each in self.bases],
            **({} if self.learning is None else {"learning": self.learning.to_json()}),
            # Only where there is one, so that records of other searches are as they were.
            **({} if settings.final is None else {"final": settings.final.to_json()}),
            **({} if settings.seed_rungs is None else {"seed_rungs": settings.seed_rungs.to_json()}),
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
    """Where the number of seeds is open, all that there may be; see `seeds_of`."""
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
    """The dotted keys of the settings that are the task; empty: there is none; None: the file does not say."""
    metrics: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The metrics that matter, the most important one first: ``better`` and ``name``, where given."""
    display_names: Mapping[str, str] = field(default_factory=dict)
    """What tables, figures and the report call some of the configurations."""
    pre_processing: Processing | None = None
    post_processing: Processing | None = None
    notices: tuple[str, ...] = ()
    """What the user should know about the arguments before anything runs: sentences."""
    looks: HeldLooks | None = None
    """Where the number of seeds is open: when it is decided which configurations get more."""

    @property
    def learns(self) -> bool:
        """Whether it is a search in which something depends on results: what trials are, or how many seeds they get."""
        if self.search is None:
            return False
        return self.search.learning is not None or self.search.settings.seed_rungs is not None

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
    def final(self) -> FinalSettings | None:
        """How the winner of a search is confirmed; None where it is not, or where there is no search."""
        return None if self.search is None else self.search.settings.final

    @property
    def final_bases(self) -> tuple[Configuration, ...]:
        """The base configurations that a winner may be compared with; they run with the seeds of the final only."""
        return () if self.search is None or self.final is None else self.search.bases

    @property
    def seed_runs(self) -> tuple[tuple[str, int], ...]:
        """Every (configuration name, seed); the seeds of the first configuration come first.

        Of a search those of its trials. Which further ones its final has, its files say (`search_final.py`).
        """
        return tuple((each.name, seed) for each in self.configurations for seed in self.seeds_of(each.name))

    def seeds_of(self, name: str) -> tuple[int, ...]:
        """Return the seeds of a configuration, as far as their number is decided by now."""
        seeds = self.seeds if self.looks is None else self.seeds[: self.looks.number_of_seeds(name)]
        return (*seeds, *self.configuration(name).more_seeds)

    @property
    def possible_seeds(self) -> tuple[int, ...]:
        """All seeds that a configuration may come to have."""
        rungs = self.search.settings.seed_rungs if self.search is not None else None
        return self.seeds if rungs is None else rungs.up_to(len(rungs.seeds))

    def is_given_up(self, name: str, seed: int) -> bool:
        """Return whether a seed run has failed and nothing waits for it any more."""
        return self.looks is not None and (name, seed) in self.looks.failed

    def configuration(self, name: str) -> Configuration:
        """Return the configuration of this name; KeyError when there is none."""
        return self._by_name[name]

    def identity(self, name: str) -> str:
        """Return the identity of this configuration's seed runs, which covers all but seed and code."""
        return self._identities[name]

    @functools.cached_property
    def _identities(self) -> dict[str, str]:
        return {
            each.name: NOT_ASKED if each.is_pending else identity_of(plain(each.content), self.extra_arguments)
            for each in (*self.final_bases, *self.configurations)
        }

    @functools.cached_property
    def _by_name(self) -> dict[str, Configuration]:
        return {each.name: each for each in (*self.final_bases, *self.configurations)}

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
            **({"metrics": {name: dict(entry) for name, entry in self.metrics.items()}} if self.metrics else {}),
            **({"display_names": dict(self.display_names)} if self.display_names else {}),
            **({} if self.looks is None else {"looks": self.looks.to_json()}),
            **self._search_entries(),
            **{each.stage: each.to_json() for each in self.processing},
        }

    def _entry(self, configuration: Configuration) -> dict[str, Any]:
        content, trial = plain(configuration.content), configuration.trial
        entry: dict[str, Any] = {"name": configuration.name, "path": configuration.path.as_posix()}
        if not configuration.is_pending:
            entry["digest"] = configuration.digest
        entry["content"] = without_secrets(content)
        if not configuration.is_pending:
            entry["identity"] = self._identities.get(configuration.name) or identity_of(content, self.extra_arguments)
        if self.looks is not None:
            entry["seeds"] = list(self.seeds_of(configuration.name))
        if configuration.more_seeds:
            entry["seeds"] = [*self.seeds, *configuration.more_seeds]
        return entry if trial is None else {**entry, "trial": {**trial.to_json(), "inside": trial.inside}}

    def _search_entries(self) -> dict[str, Any]:
        if self.search is None:
            return {}
        return {
            "search": self.search.to_json(),
            "outside": [self._entry(each) for each in self.search.outside],
            **({"bases": [self._entry(each) for each in self.final_bases]} if self.final_bases else {}),
        }


def experiment_words(file: str, given: Mapping[str, str]) -> list[str]:
    """Return the words that name an experiment to `mle run`: the file, and the values that replace some of its own."""
    words = [file]
    for name, value in given.items():
        words += ["--set", f"{name}={value}"] if "." in name else [f"--{name}", value]
    return words


def read_only(value: Any) -> Any:
    """Return ``value`` with every mapping in it made read-only and every list made a tuple."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: read_only(member) for key, member in value.items()})
    if isinstance(value, list | tuple):
        return tuple(read_only(member) for member in value)
    return value

"""The contents of an experiment file with its configurations, and how they become a plan."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mle_toolbox.errors import ExperimentFileError, Problem, UsageError
from mle_toolbox.experiment_file.configuration_reader import ConfigurationFile
from mle_toolbox.experiment_file.experiment_rules import SEARCH
from mle_toolbox.experiment_file.job_section import job_resources
from mle_toolbox.experiment_file.json_locate import JsonPath
from mle_toolbox.experiment_file.log_keys import without_secrets
from mle_toolbox.experiment_file.looks_reader import with_looks
from mle_toolbox.experiment_file.metrics_section import MetricEntry
from mle_toolbox.experiment_file.path_starts import (
    PathChoice,
    Starts,
)
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_file.planned_jobs import Processing
from mle_toolbox.experiment_file.processing_section import STAGES, named_scripts, processing_of
from mle_toolbox.experiment_file.script_options import ScriptOptions, read_options
from mle_toolbox.experiment_file.search_reader import SearchFile
from mle_toolbox.experiment_file.set_values import is_set
from mle_toolbox.experiment_file.yaml_file import Document
from mle_toolbox.layout import CODE
from mle_toolbox.looks.look_schedule import read_schedule
from mle_toolbox.surroundings import home

__all__ = ["Asked", "Experiment", "expanded"]


@dataclass(frozen=True)
class Asked:
    """What a command says besides the name of the experiment file."""

    typed_in: Path | None = None
    """The folder where the command is typed, in which paths may start; None: only beside the experiment file."""
    kept: PathChoice | None = None
    """Where paths start, if that is known already."""
    given: Mapping[str, str] = field(default_factory=dict)
    """Values that replace those of the file: ``base_train_config`` and ``experiment_dir`` of ``meta_job_args``, and any
    others by their dotted keys, as they would be written there."""


@dataclass(frozen=True)
class Experiment:
    """The contents of an experiment file and its problems."""

    document: Document
    file: Path
    """Absolute."""
    settings: Mapping[str, Mapping[str, Any]]
    """The sections under their primary names, with defaults, without invalid values."""
    configurations: tuple[ConfigurationFile, ...]
    """Those that are named in it; the base configurations of a search."""
    problems: tuple[Problem, ...]
    asked: Asked
    starts: Starts
    search: SearchFile | None = None
    """What a search varies; None where there is none, or where it has mistakes."""
    task: tuple[str, ...] | None = None
    """The dotted keys of the task; empty: there is none; None: the file does not say."""
    metrics: Mapping[str, MetricEntry] = field(default_factory=dict)
    """The metrics that matter, the most important one first."""
    display_names: Mapping[str, str] = field(default_factory=dict)
    """What tables, figures and the report call some of the configurations."""

    @property
    def project_dir(self) -> Path:
        """The folder where the path of the script starts, absolute."""
        return self.starts.choice.start

    def script(self) -> Path | None:
        """Return the script, absolute or from the project folder, or None when no usable one is named."""
        written = self.written_script()
        return self.starts.placed(written) if written is not None else None

    def written_script(self) -> Path | None:
        """Return the script as written, or None when no usable one is named."""
        return _written(self.settings["meta_job_args"].get("base_train_fname"))

    def experiment_dir(self) -> Path | None:
        """Return the results folder, absolute or from the project folder, or None when no usable one is named."""
        written, typed_in = self.written_results(), self.asked.typed_in
        if written is None or "experiment_dir" not in self.asked.given or typed_in is None or written.is_absolute():
            return written
        # On a command line, a path starts where it is typed.
        real = os.path.realpath(typed_in), os.path.realpath(self.project_dir)
        return written if real[0] == real[1] else Path(os.path.relpath(Path(real[0]) / written, real[1]))

    def written_results(self) -> Path | None:
        """Return the results folder as written, or None when no usable one is named."""
        return _written(self.settings["meta_job_args"].get("experiment_dir"))

    def processing_scripts(self) -> list[Path]:
        """Return the usable scripts of pre-processing and post-processing, absolute or from the project folder."""
        return [self.starts.placed(written) for _, written in self.named_processing()]

    def configuration_paths(self) -> list[Path]:
        """Return the configurations, absolute or from the project folder, including those that cannot be read."""
        return [self.starts.placed(written) for _, written in self.named_configurations()]

    def named_configurations(self) -> Iterator[tuple[JsonPath, Path]]:
        """Yield every configuration that this job_type runs, and where it is named; invalid names are left out."""
        data = self.document.data
        if not isinstance(data, Mapping):
            return
        job_type = self.settings["meta_job_args"].get("job_type", "")
        base, at = self.settings["meta_job_args"].get("base_train_config"), ("meta_job_args", "base_train_config")
        if isinstance(base, str) and not job_type.startswith("multiple"):
            yield at, expanded(base)
        if job_type == SEARCH and isinstance(base, list):
            given = data["meta_job_args"]["base_train_config"]
            yield from (((*at, index), expanded(name)) for index, name in enumerate(given) if name in base)
        if job_type.startswith("single") or job_type == SEARCH:
            return
        # The path to report is that of the name the user wrote, which may be in a section under its later name.
        usable = set(self.settings["multi_experiment_args"].get("config_fnames") or [])
        for section in ("multi_experiment_args", "multi_config_args"):
            names = data[section].get("config_fnames") if isinstance(data.get(section), Mapping) else None
            for index, name in enumerate(names if isinstance(names, list) else []):
                if isinstance(name, str) and name in usable:
                    yield (section, "config_fnames", index), expanded(name)

    def named_processing(self) -> Iterator[tuple[JsonPath, Path]]:
        """Yield every script of pre-processing and post-processing, and where it is named."""
        for path, name in named_scripts(self.document.data, self.settings):
            yield path, expanded(name)

    def shown(self, path: Path) -> str:
        """Return a file's name in messages: relative to the folder from which the user named the experiment file."""
        if self.project_dir == self.file.parent and ".." not in path.parts[:1]:
            return str(Path(self.document.name).parent / path)
        full = os.path.normpath(self.project_dir / path)
        here = os.path.join(os.path.realpath(self.asked.typed_in or self.project_dir), "")  # noqa: PTH118
        return full.removeprefix(here)

    def problem(self, path: JsonPath, message: str) -> Problem:
        """Return a problem with the entry at ``path`` of the experiment file."""
        if path and path[-1] in self.asked.given:
            return Problem(f"--{path[-1]}", 0, message)
        return Problem(self.document.name, self.document.line(path), message)

    def plan(self) -> Plan:
        """Return the plan.

        Raises
        ------
        ExperimentFileError
            When there are problems.
        """
        meta, job = self.settings["meta_job_args"], self.settings["single_job_args"]
        script, experiment_dir = self.script(), self.experiment_dir()
        configurations = tuple(file.configuration for file in self.configurations if file.configuration is not None)
        if self.problems or script is None or experiment_dir is None:
            raise ExperimentFileError(self.problems)
        extra, options = job["extra_cmd_line_input"] or {}, ScriptOptions()
        if extra and script.suffix.lower() == ".py":
            options = read_options(self.project_dir / script)
        seeds, search = _seeds(self.settings["multi_experiment_args"]), None
        if self.search is not None:
            configurations, search = self.search.trials(configurations, self.project_dir, experiment_dir)
            seeds = self.search.settings.seeds
        plan = Plan(
            experiment_file=self.file,
            project_dir=self.project_dir,
            project_name=meta["project_name"],
            job_type=meta["job_type"],
            script=script,
            experiment_dir=experiment_dir,
            configurations=configurations,
            seeds=seeds,
            job=job_resources(job),
            extra_arguments=tuple(options.words(extra)),
            retries=int(job["retries"]),
            frozen_code=bool(job["frozen_code"]),
            paths_elsewhere=self._elsewhere(),
            given=self._given(),
            search=search,
            task=self.task,
            metrics=self.metrics,
            display_names=self.display_names,
            pre_processing=self._processing(STAGES[0]),
            post_processing=self._processing(STAGES[1]),
            notices=(*options.notices(extra, script.name), *self._stored_keys(experiment_dir)),
        )
        number = self.settings["multi_experiment_args"]["num_seeds"]
        schedule = read_schedule(number, ())[0] if isinstance(number, Mapping) and search is None else None
        return plan if schedule is None else with_looks(plan, schedule)

    def _stored_keys(self, results: Path) -> Iterator[str]:
        """Yield a sentence for each configuration whose API key gets into the results, with the stored code."""
        if not self.settings["single_job_args"]["frozen_code"]:
            return
        for file in self.configurations:
            content = file.configuration.content if file.configuration is not None else {}
            if without_secrets(content) != content:
                yield (
                    f"{file.name}: the API key in wandb_config is stored with the code of each start, in "
                    f"{results / CODE}. WANDB_API_KEY or `wandb login` keep it out."
                )

    def _processing(self, stage: str) -> Processing | None:
        name = self.settings.get(f"{stage}_args", {}).get("processing_fname")
        script = self.starts.placed(expanded(name)) if isinstance(name, str) else None
        return processing_of(stage, self.settings, self.document.data, script)

    def _elsewhere(self) -> dict[str, Path]:
        """Return the paths of the file that start in another folder; those of the command line say it themselves."""
        own = {*self.asked.given.values()}
        return {path: folder for path, folder in self.starts.choice.elsewhere.items() if path not in own}

    def _given(self) -> dict[str, str]:
        """Return what the command line replaces, as paths from the project folder."""
        given = {
            name: value if is_set(name) else self.starts.placed(expanded(value)).as_posix()
            for name, value in self.asked.given.items()
        }
        results = self.experiment_dir()
        if results is not None and "experiment_dir" in given:
            given["experiment_dir"] = results.as_posix()
        return given


def _written(name: str | None) -> Path | None:
    return expanded(name) if name is not None else None


def expanded(name: str) -> Path:
    """Return a path as written, with a leading ``~/`` replaced by the home folder."""
    if name != "~" and not name.startswith("~/"):
        return Path(name)
    folder = home()
    if folder is None:
        raise UsageError(f"{name!r} begins with the home folder, but HOME is not set. Write the full path.")
    return folder / name[2:]


def _seeds(section: Mapping[str, Any]) -> tuple[int, ...]:
    explicit, number = section["random_seeds"], section["num_seeds"]
    most = number["max"] if isinstance(number, Mapping) else number
    return tuple(range(int(most))) if explicit is None else tuple(int(seed) for seed in explicit)

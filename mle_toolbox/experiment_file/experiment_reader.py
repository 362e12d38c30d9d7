"""Reads an experiment file and its configurations; the contents of the script are checked elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mle_toolbox.errors import ExperimentFileError, Problem, UsageError, did_you_mean
from mle_toolbox.experiment_file.added_metrics import may_add_metrics
from mle_toolbox.experiment_file.configuration_reader import ConfigurationFile, read_configuration
from mle_toolbox.experiment_file.configuration_text import CONFIGURATION_SUFFIXES
from mle_toolbox.experiment_file.display_names import DISPLAY_NAMES, read_display_names
from mle_toolbox.experiment_file.experiment_rules import SEARCH, broken_rules
from mle_toolbox.experiment_file.job_section import job_resources
from mle_toolbox.experiment_file.json_locate import JsonPath
from mle_toolbox.experiment_file.log_keys import without_secrets
from mle_toolbox.experiment_file.looks_reader import with_looks
from mle_toolbox.experiment_file.metrics_section import METRICS, MetricEntry, read_metrics, tracked_metrics
from mle_toolbox.experiment_file.named_files import trouble_with_named_file
from mle_toolbox.experiment_file.path_starts import (
    PathChoice,
    Starts,
    choose_starts,
    found_above,
    starts_as_typed,
    which_folder,
)
from mle_toolbox.experiment_file.plan import Plan, Processing
from mle_toolbox.experiment_file.processing_section import STAGES, named_scripts, processing_of
from mle_toolbox.experiment_file.reserved_names import collision_key, trouble_with_stem
from mle_toolbox.experiment_file.schema import check_schema, load_schema
from mle_toolbox.experiment_file.script_options import ScriptOptions, read_options
from mle_toolbox.experiment_file.search_reader import SearchFile, read_search
from mle_toolbox.experiment_file.set_values import is_set, with_set_values
from mle_toolbox.experiment_file.source_text import trouble_with_file
from mle_toolbox.experiment_file.task_keys import read_task
from mle_toolbox.experiment_file.yaml_file import Document, read_yaml
from mle_toolbox.layout import CODE
from mle_toolbox.looks.look_schedule import read_schedule
from mle_toolbox.surroundings import home
from mle_toolbox.wording import expected

__all__ = ["SCRIPT_SUFFIXES", "Asked", "Experiment", "read_experiment"]

SCRIPT_SUFFIXES = (".py", ".sh")

# The original mle-toolbox renamed these keys from version to version; experiment files of all kinds are accepted.
_OTHER_NAMES = {
    "experiment_type": "job_type",
    "multi_config_args": "multi_experiment_args",
    "partition": "queue",
    "post_process_args": "post_processing_args",
    "process_fname": "processing_fname",
    "process_job_args": "processing_job_args",
}


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
        return [self.starts.placed(written) for _, written in _named_processing(self)]

    def configuration_paths(self) -> list[Path]:
        """Return the configurations, absolute or from the project folder, including those that cannot be read."""
        return [self.starts.placed(written) for _, written in _named_configurations(self)]

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
        script = self.starts.placed(_expanded(name)) if isinstance(name, str) else None
        return processing_of(stage, self.settings, self.document.data, script)

    def _elsewhere(self) -> dict[str, Path]:
        """Return the paths of the file that start in another folder; those of the command line say it themselves."""
        own = {*self.asked.given.values()}
        return {path: folder for path, folder in self.starts.choice.elsewhere.items() if path not in own}

    def _given(self) -> dict[str, str]:
        """Return what the command line replaces, as paths from the project folder."""
        given = {
            name: value if is_set(name) else self.starts.placed(_expanded(value)).as_posix()
            for name, value in self.asked.given.items()
        }
        results = self.experiment_dir()
        if results is not None and "experiment_dir" in given:
            given["experiment_dir"] = results.as_posix()
        return given


def read_experiment(path: Path, asked: Asked | None = None) -> Experiment:
    """Read an experiment file and its configurations.

    Parameters
    ----------
    path
        The experiment file.
    asked
        What the command says besides.

    Raises
    ------
    ExperimentFileError
        When the file cannot be read at all. All other mistakes are in ``problems`` of the result.
    """
    if trouble_with_file(path) == "does not exist":
        others = [str(path.parent / other.name) for other in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        advice = did_you_mean(str(path), sorted(others))
        raise ExperimentFileError([Problem(str(path), 0, f"this file does not exist.{advice}")])
    asked = asked if asked is not None else Asked()
    document = read_yaml(path, strict=_is_for_scripts, bare_exponents=_has_bare_exponents)
    document = _with_given(document, asked.given)
    document = with_set_values(document, asked.given, strict=_is_for_scripts, bare_exponents=_has_bare_exponents)
    if document.data is None:
        what = expected(load_schema("experiment"))
        raise ExperimentFileError([Problem(document.name, 0, f"the file is empty. Expected {what}.")])
    checked = check_schema(document.data, document.line, document.name, "experiment")
    settings = _under_primary_names(checked.data or {}, document.data)
    rules = broken_rules(document.data, settings)
    problems = [*checked.problems, *(Problem(document.name, document.line(at), said) for at, said in rules)]
    file = Path(os.path.abspath(path))  # noqa: PTH100  (resolve() follows links, and messages keep the user's names)
    experiment = Experiment(document, file, settings, (), tuple(problems), asked, Starts(PathChoice(file.parent)))
    return _with_files(replace(experiment, starts=_starts(experiment)))


def _with_given(document: Document, given: Mapping[str, str]) -> Document:
    """Return the document with the values of the command line in place of its own."""
    if not given or not isinstance(document.data, Mapping):
        return document
    meta = document.data.get("meta_job_args")
    if not isinstance(meta, Mapping):
        return document
    paths = {name: value for name, value in given.items() if not is_set(name)}
    return replace(document, data={**document.data, "meta_job_args": {**meta, **paths}})


def _starts(experiment: Experiment) -> Starts:
    asked, script = experiment.asked, experiment.written_script()
    others = [*_named_configurations(experiment), *_named_processing(experiment)]
    configurations = [written for _, written in others]
    given = [_expanded(asked.given["base_train_config"])] if "base_train_config" in asked.given else []
    if asked.typed_in is None or asked.kept is not None:
        return choose_starts(experiment.file, script, configurations, typed_in=asked.typed_in, kept=asked.kept)
    results = experiment.written_results()
    if results is not None and "experiment_dir" in asked.given:
        results = asked.typed_in / results
    return starts_as_typed(experiment.file, script, configurations, results, asked.typed_in, given)


# What a search varies, by its two names.
_SPACES = frozenset({"search_params", "params_to_search"})


def _is_for_scripts(path: JsonPath) -> bool:
    """Return whether a value becomes part of configurations."""
    return path[:1] == ("param_search_args",) and not _SPACES.isdisjoint(path)


def _has_bare_exponents(path: JsonPath) -> bool:
    """Return whether ``1e-5`` is a number here."""
    # Not in a text: a name such as 1e5 was accepted there before. And a script gets its arguments as written.
    if "extra_cmd_line_input" in path:
        return False
    rules: Mapping[str, Any] = load_schema("experiment")
    for part in path:
        inner = rules.get("items") if isinstance(part, int) else rules.get("properties", {}).get(part)
        rules = inner if isinstance(inner, Mapping) else {}
    kinds = rules.get("type", [])
    return "string" not in kinds or "integer" in kinds


def _under_primary_names(usable: Mapping[str, Any], given: Any) -> dict[str, dict[str, Any]]:
    settings: dict[str, dict[str, Any]] = {}
    given = given if isinstance(given, Mapping) else {}
    for section, members in usable.items():
        primary: str = _OTHER_NAMES.get(section, section)
        # The schema fills in defaults under both names of a section; those must not replace what the user wrote.
        if not isinstance(members, Mapping) or (primary in settings and section not in given):
            continue
        settings[primary] = renamed = {}
        for key, value in members.items():
            name = _OTHER_NAMES.get(key, key)
            if value is not None or name not in renamed:
                renamed[name] = value
    return {"meta_job_args": {}, "multi_experiment_args": {}, "single_job_args": {}} | settings


def _with_files(experiment: Experiment) -> Experiment:
    """Return the experiment with its configurations read and the script looked for."""
    problems = list(experiment.problems)
    script, files = experiment.written_script(), []
    if script is not None:
        trouble = _trouble_with_named_file(experiment, script, *SCRIPT_SUFFIXES)
        if trouble is not None:
            problems.append(experiment.problem(("meta_job_args", "base_train_fname"), f"the script {trouble}"))
    for path, written in _named_processing(experiment):
        trouble = _trouble_with_named_file(experiment, written, *SCRIPT_SUFFIXES)
        if trouble is not None:
            problems.append(experiment.problem(path, f"the script {trouble}"))
    seen: dict[str, Path] = {}
    for path, written in _named_configurations(experiment):
        trouble = _trouble_with_configuration(experiment, written, seen)
        if trouble is not None:
            problems.append(experiment.problem(path, f"the configuration {trouble}"))
            continue
        # Results folders are named after the stem alone, whatever folder a configuration is in.
        placed = experiment.starts.placed(written)
        seen[collision_key(written.stem)] = placed
        used_by = experiment.project_dir / experiment.starts.placed(script) if script is not None else None
        read = read_configuration(experiment.project_dir / placed, placed, experiment.shown(placed), used_by)
        problems += read.problems
        files.append(read)
    search = None
    if experiment.settings["meta_job_args"].get("job_type") == SEARCH:
        search, mistakes = read_search(experiment.document.data, files)
        problems += [experiment.problem(path, sentence) for path, sentence in mistakes]
    task, mistakes = _task(experiment, files, search)
    metrics, wrong = _metrics(experiment, files, search)
    names, misnamed = _display_names(experiment, files, search)
    problems += [experiment.problem(path, sentence) for path, sentence in (*mistakes, *wrong, *misnamed)]
    if (trouble := _trouble_with_deciding_metric(experiment, metrics)) is not None and not wrong:
        problems.append(experiment.problem(("multi_experiment_args", "num_seeds"), trouble))
    return replace(
        experiment,
        configurations=tuple(files),
        problems=tuple(problems),
        search=search,
        task=task,
        metrics=metrics,
        display_names=names,
    )


def _display_names(
    experiment: Experiment, files: Sequence[ConfigurationFile], search: SearchFile | None
) -> tuple[Mapping[str, str], list[tuple[JsonPath, str]]]:
    # Not from the settings, in which a configuration called "partition" would have its primary name.
    data = experiment.document.data
    section = data.get(DISPLAY_NAMES) if isinstance(data, Mapping) else None
    if any(file.configuration is None for file in files):
        return {}, []  # a configuration with mistakes has no name yet
    names = [file.configuration.name for file in files if file.configuration is not None]
    return read_display_names(section, names, is_search=search is not None)


def _metrics(
    experiment: Experiment, files: Sequence[ConfigurationFile], search: SearchFile | None
) -> tuple[Mapping[str, MetricEntry], list[tuple[JsonPath, str]]]:
    # Not from the settings, in which a metric called "partition" would have its primary name.
    data, script = experiment.document.data, experiment.script()
    section = data.get(METRICS) if isinstance(data, Mapping) else None
    read, tracked = [file.configuration for file in files], None
    # A configuration with mistakes of its own may be the one that tracks a metric.
    if read and None not in read and script is not None and not may_add_metrics(experiment.project_dir / script):
        tracked = tracked_metrics(each.content for each in read if each is not None)
    ranking = search.settings if search is not None and search.settings.maximize is not None else None
    better = {} if ranking is None else dict.fromkeys(ranking.metrics, "higher" if ranking.maximize else "lower")
    return read_metrics(section, tracked, better)


def _trouble_with_deciding_metric(experiment: Experiment, metrics: Mapping[str, MetricEntry]) -> str | None:
    """Return why nobody knows which metric decides how many seeds there are; None where it is clear."""
    if not isinstance(experiment.settings["multi_experiment_args"].get("num_seeds"), Mapping):
        return None
    decides = "until: decided needs to know which metric decides, and which way is better"
    if not metrics:
        return f"{decides}. Say it in a section of its own, like metrics: {{loss: lower}}."
    first = next(iter(metrics))
    # Guessed from the name, a wrong direction would stop the best configuration.
    if metrics[first].get("better") is None:
        return f"{decides}. Write {first}: higher or {first}: lower in the section metrics."
    return None


def _task(
    experiment: Experiment, files: Sequence[ConfigurationFile], search: SearchFile | None
) -> tuple[tuple[str, ...] | None, list[tuple[JsonPath, str]]]:
    read = [file.configuration for file in files]
    is_search = experiment.settings["meta_job_args"].get("job_type") == SEARCH
    # A configuration or a search with mistakes of its own may be the one that has the key.
    if not read or None in read or (is_search and search is None):
        return None, []
    variables = search.spaces[0].variables if search is not None else ()
    places = [(each.name, ".".join(each.place) or each.name) for each in variables]
    return read_task(experiment.settings["meta_job_args"], [each.content for each in read if each is not None], places)


def _trouble_with_named_file(experiment: Experiment, written: Path, *suffixes: str) -> str | None:
    """Return what is wrong with a file that the experiment file names, wherever its path may start."""
    starts = experiment.starts
    if written in starts.troubles:
        return f"{str(written)!r} {starts.troubles[written]}"
    searched = starts.missing.get(written, ())
    trouble = trouble_with_named_file(experiment.project_dir, starts.placed(written), *suffixes, searched=searched)
    if trouble is None or "does not exist" not in trouble:
        return trouble
    beside, typed_in = experiment.file.parent, experiment.asked.typed_in
    if searched:
        places = [f"{str(each)!r} ({which_folder(each, beside, typed_in)})" for each in searched]
        return trouble.replace("does not exist", f"does not exist: looked for it in {' and '.join(places)}", 1)
    above = found_above(written, beside) if typed_in is not None else None
    if above is None:
        return trouble
    return f"{str(written)!r} does not exist in {str(beside)!r}. Its path starts in {str(above)!r}: type this there."


def _named_configurations(experiment: Experiment) -> Iterator[tuple[JsonPath, Path]]:
    """Yield every configuration that this job_type runs, and where it is named; invalid names are left out."""
    data = experiment.document.data
    if not isinstance(data, Mapping):
        return
    job_type = experiment.settings["meta_job_args"].get("job_type", "")
    base, at = experiment.settings["meta_job_args"].get("base_train_config"), ("meta_job_args", "base_train_config")
    if isinstance(base, str) and not job_type.startswith("multiple"):
        yield at, _expanded(base)
    if job_type == SEARCH and isinstance(base, list):
        given = data["meta_job_args"]["base_train_config"]
        yield from (((*at, index), _expanded(name)) for index, name in enumerate(given) if name in base)
    if job_type.startswith("single") or job_type == SEARCH:
        return
    # The path to report is that of the name the user wrote, which may be in a section under its later name.
    usable = set(experiment.settings["multi_experiment_args"].get("config_fnames") or [])
    for section in ("multi_experiment_args", "multi_config_args"):
        names = data[section].get("config_fnames") if isinstance(data.get(section), Mapping) else None
        for index, name in enumerate(names if isinstance(names, list) else []):
            if isinstance(name, str) and name in usable:
                yield (section, "config_fnames", index), _expanded(name)


def _named_processing(experiment: Experiment) -> Iterator[tuple[JsonPath, Path]]:
    """Yield every script of pre-processing and post-processing, and where it is named."""
    for path, name in named_scripts(experiment.document.data, experiment.settings):
        yield path, _expanded(name)


def _trouble_with_configuration(experiment: Experiment, written: Path, seen: Mapping[str, Path]) -> str | None:
    trouble = _trouble_with_named_file(experiment, written, *CONFIGURATION_SUFFIXES)
    if trouble is not None:
        return trouble
    project_dir, written = experiment.project_dir, experiment.starts.placed(written)
    trouble = trouble_with_stem(written.stem)
    if trouble is not None:
        return f"{str(written)!r} cannot have this name: {trouble}. Rename the file."
    other = seen.get(collision_key(written.stem))
    if other == written:
        return f"{str(written)!r} is listed twice. Remove one of them."
    if other is not None and (project_dir / written).samefile(project_dir / other):
        return f"{str(written)!r} and {str(other)!r} are the same file. Remove one of them."
    if other is not None:
        same = f"{str(written)!r} would have the same results folder as {str(other)!r}: {other.stem!r}"
        return f"{same}. Rename one of the files."
    return None


def _written(name: str | None) -> Path | None:
    return _expanded(name) if name is not None else None


def _expanded(name: str) -> Path:
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

"""Reads an experiment file and its configurations; the contents of the script are checked elsewhere."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mle_toolbox.errors import Problem
from mle_toolbox.experiment_file.added_metrics import may_add_metrics
from mle_toolbox.experiment_file.configuration_reader import ConfigurationFile, read_configuration
from mle_toolbox.experiment_file.configuration_text import CONFIGURATION_SUFFIXES
from mle_toolbox.experiment_file.display_names import DISPLAY_NAMES, read_display_names
from mle_toolbox.experiment_file.experiment_contents import Asked, Experiment, expanded
from mle_toolbox.experiment_file.experiment_document import read_document, under_primary_names
from mle_toolbox.experiment_file.experiment_rules import SEARCH, broken_rules
from mle_toolbox.experiment_file.json_locate import JsonPath
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
from mle_toolbox.experiment_file.reserved_names import collision_key, trouble_with_stem
from mle_toolbox.experiment_file.schema import check_schema
from mle_toolbox.experiment_file.search_reader import SearchFile, read_search
from mle_toolbox.experiment_file.task_keys import read_task

__all__ = ["SCRIPT_SUFFIXES", "read_experiment"]

SCRIPT_SUFFIXES = (".py", ".sh")


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
    asked = asked if asked is not None else Asked()
    document = read_document(path, asked.given)
    checked = check_schema(document.data, document.line, document.name, "experiment")
    settings = under_primary_names(checked.data or {}, document.data)
    rules = broken_rules(document.data, settings)
    problems = [*checked.problems, *(Problem(document.name, document.line(at), said) for at, said in rules)]
    file = Path(os.path.abspath(path))  # noqa: PTH100  (resolve() follows links, and messages keep the user's names)
    experiment = Experiment(document, file, settings, (), tuple(problems), asked, Starts(PathChoice(file.parent)))
    return _with_files(replace(experiment, starts=_starts(experiment)))


def _starts(experiment: Experiment) -> Starts:
    asked, script = experiment.asked, experiment.written_script()
    others = [*experiment.named_configurations(), *experiment.named_processing()]
    configurations = [written for _, written in others]
    given = [expanded(asked.given["base_train_config"])] if "base_train_config" in asked.given else []
    if asked.typed_in is None or asked.kept is not None:
        return choose_starts(experiment.file, script, configurations, typed_in=asked.typed_in, kept=asked.kept)
    results = experiment.written_results()
    if results is not None and "experiment_dir" in asked.given:
        results = asked.typed_in / results
    return starts_as_typed(experiment.file, script, configurations, results, asked.typed_in, given)


def _with_files(experiment: Experiment) -> Experiment:
    """Return the experiment with its configurations read and the script looked for."""
    problems = list(experiment.problems)
    script, files = experiment.written_script(), []
    if script is not None:
        trouble = _trouble_with_named_file(experiment, script, *SCRIPT_SUFFIXES)
        if trouble is not None:
            problems.append(experiment.problem(("meta_job_args", "base_train_fname"), f"the script {trouble}"))
    for path, written in experiment.named_processing():
        trouble = _trouble_with_named_file(experiment, written, *SCRIPT_SUFFIXES)
        if trouble is not None:
            problems.append(experiment.problem(path, f"the script {trouble}"))
    seen: dict[str, Path] = {}
    for path, written in experiment.named_configurations():
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
    """Return why it is not clear which metric decides how many seeds there are; None where it is."""
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

"""Loads an experiment file and everything it names into a plan that has been checked.

Reports all mistakes of all files at once, so that they can be fixed in one go.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from mle_toolbox.environment import find_environment, has_package
from mle_toolbox.errors import ExperimentFileError, Problem
from mle_toolbox.experiment_file.experiment_contents import Asked, Experiment
from mle_toolbox.experiment_file.experiment_reader import SCRIPT_SUFFIXES, read_experiment
from mle_toolbox.experiment_file.log_keys import WANDB_MISSING, is_wandb_used
from mle_toolbox.experiment_file.named_files import trouble_with_named_file
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_file.results_place import trouble_with_results_place
from mle_toolbox.experiment_file.set_values import located
from mle_toolbox.experiment_file.shell_check import check_shell_script
from mle_toolbox.experiment_file.shell_text import is_shell_script
from mle_toolbox.search.smbo import missing_library

__all__ = ["Asked", "load_plan"]


def load_plan(path: str | os.PathLike[str], *, check_sources: bool = True, asked: Asked | None = None) -> Plan:
    """Return the plan of an experiment file.

    Parameters
    ----------
    path
        The experiment file. Messages name it, and the files beside it, relative to this path.
    check_sources
        Also check the script and the results folder. The workflow does not: it loads the plan again in every cluster
        job, and `mle run` or the generator has already checked them.
    asked
        Where the command is typed, and the values that it replaces. Without it, paths start beside the experiment file.

    Raises
    ------
    ExperimentFileError
        With all mistakes of the experiment file, the configurations and the script, sorted by file and line.
    """
    experiment = read_experiment(Path(path), asked)
    problems = list(experiment.problems)
    if check_sources:
        problems += [
            *_script_problems(experiment),
            *_processing_problems(experiment),
            *_missing_resume(experiment),
            *_results_folder_problems(experiment),
            *_missing_wandb(experiment),
            *_missing_search_library(experiment),
        ]
    if problems:
        raise ExperimentFileError(sorted(set(located(problems, experiment.asked.given))))
    return experiment.plan()


def _script_problems(experiment: Experiment) -> list[Problem]:
    script = experiment.script()
    if script is None or experiment.written_script() in experiment.starts.troubles:
        return []
    if trouble_with_named_file(experiment.project_dir, script, *SCRIPT_SUFFIXES) is not None:
        return []
    if is_shell_script(script):
        return check_shell_script(experiment.project_dir / script, experiment.shown(script))
    # Imports pyflakes. The workflow loads the plan in every job without this check and should not pay for it.
    from mle_toolbox.experiment_file.script_check import check_script

    return check_script(experiment.project_dir / script, experiment.shown(script), experiment.configurations)


def _processing_problems(experiment: Experiment) -> Iterator[Problem]:
    for script in experiment.processing_scripts():
        if trouble_with_named_file(experiment.project_dir, script, *SCRIPT_SUFFIXES) is not None:
            continue
        path, name = experiment.project_dir / script, experiment.shown(script)
        if is_shell_script(script):
            yield from check_shell_script(path, name)
        else:
            from mle_toolbox.experiment_file.script_check import check_plain_script

            yield from check_plain_script(path, name)


def _missing_resume(experiment: Experiment) -> Iterator[Problem]:
    """Yield a problem where a population is trained by a script that never goes on from a checkpoint."""
    script, search = experiment.script(), experiment.search
    if script is None or search is None or search.settings.search_type != "pbt" or is_shell_script(script):
        return
    try:
        text = (experiment.project_dir / script).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return  # reported elsewhere
    if ".resume(" not in text:
        said = f"PBT hands on checkpoints, and {experiment.shown(script)} never calls mle.resume()"
        yield experiment.problem(
            ("param_search_args", "search_config", "search_type"),
            f"{said}: each generation would begin with the first step.",
        )


def _missing_wandb(experiment: Experiment) -> Iterator[Problem]:
    """Yield a problem for each configuration that needs the package wandb where the script's Python lacks it."""
    script, job = experiment.script(), experiment.settings["single_job_args"]
    if script is None or is_shell_script(script):  # which Python it starts is not known
        return
    named = job.get("env_name") if job.get("use_conda_venv") is not False else None
    prefix = find_environment(named).prefix
    for file in experiment.configurations:
        log = file.configuration.content.get("log_config") if file.configuration is not None else None
        if isinstance(log, Mapping) and is_wandb_used(log) and not has_package("wandb", prefix):
            where = f" in {prefix}" if prefix is not None else ""
            yield Problem(
                file.name, file.line(("log_config", "use_wandb")), f"use_wandb is true, but{where} {WANDB_MISSING}."
            )


def _missing_search_library(experiment: Experiment) -> list[Problem]:
    """Return a problem where the strategy of a search needs a package that is not installed."""
    if experiment.search is None or experiment.search.settings.search_type != "smbo":
        return []
    trouble = missing_library()
    return [] if trouble is None else [experiment.problem(experiment.search.settings.type_path, trouble)]


def _results_folder_problems(experiment: Experiment) -> list[Problem]:
    results, script = experiment.experiment_dir(), experiment.script()
    if results is None:
        return []
    sources = [(experiment.file.parent, f"the experiment file {experiment.file.name!r}")]
    if script is not None:
        sources.append(((experiment.project_dir / script).parent, f"the script {str(script)!r}"))
    for path in experiment.processing_scripts():
        sources.append(((experiment.project_dir / path).parent, f"the script {str(path)!r}"))
    for path in experiment.configuration_paths():
        sources.append(((experiment.project_dir / path).parent, f"the configuration {str(path)!r}"))
    folder = experiment.project_dir / results
    trouble = trouble_with_results_place(folder, str(results), experiment.file, sources, experiment.project_dir)
    if trouble is None:
        return []
    return [experiment.problem(("meta_job_args", "experiment_dir"), f"experiment_dir {trouble}")]

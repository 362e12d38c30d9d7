"""From the path of an experiment file to a plan in which everything has been checked.

Finds all mistakes of all files before it gives up, so that they are mended in one go.
"""

from __future__ import annotations

import os
from pathlib import Path

from mle_toolbox.errors import ExperimentFileError, Problem
from mle_toolbox.experiment_file.experiment_reader import Experiment, read_experiment
from mle_toolbox.experiment_file.named_files import trouble_with_named_file
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_file.results_place import trouble_with_results_place

__all__ = ["load_plan"]


def load_plan(path: str | os.PathLike[str], *, check_sources: bool = True) -> Plan:
    """Return the plan of an experiment file.

    Parameters
    ----------
    path
        The experiment file. Messages call it, and the files beside it, as this path does.
    check_sources
        Also look into the script and at the results folder. The workflow does without: it loads the plan again in
        every cluster job, after `mle run` or the generator has looked.

    Raises
    ------
    ExperimentFileError
        With all mistakes of the experiment file, the configurations and the script, sorted by file and line.
    """
    experiment = read_experiment(Path(path))
    problems = list(experiment.problems)
    if check_sources:
        problems += _source_problems(experiment)
    if problems:
        raise ExperimentFileError(sorted(set(problems)))
    return experiment.plan()


def _source_problems(experiment: Experiment) -> list[Problem]:
    return [*_script_problems(experiment), *_place_problems(experiment)]


def _script_problems(experiment: Experiment) -> list[Problem]:
    script = experiment.script()
    if script is None or trouble_with_named_file(experiment.project_dir, script, ".py") is not None:
        return []
    # Loads pyflakes, which the workflow, loading the plan in every job without this check, should not pay for.
    from mle_toolbox.experiment_file.script_check import check_script

    return check_script(experiment.project_dir / script, experiment.shown(script), experiment.configurations)


def _place_problems(experiment: Experiment) -> list[Problem]:
    results, script = experiment.experiment_dir(), experiment.script()
    if results is None:
        return []
    sources = [(experiment.project_dir, f"the experiment file {experiment.file.name!r}")]
    if script is not None:
        sources.append(((experiment.project_dir / script).parent, f"the script {str(script)!r}"))
    for path in experiment.configuration_paths():
        sources.append(((experiment.project_dir / path).parent, f"the configuration {str(path)!r}"))
    folder = experiment.project_dir / results
    trouble = trouble_with_results_place(folder, str(results), experiment.file, sources)
    if trouble is None:
        return []
    return [experiment.problem(("meta_job_args", "experiment_dir"), f"experiment_dir {trouble}")]

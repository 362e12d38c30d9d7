# Everything that the rules ask for, as functions and names. Nothing here runs a job.
#
# Parsed again by every cluster job, so it stays quick: sources are checked by `mle run`, not here.

import os
import re
import shlex
import sys

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from mle_toolbox.bundle import scripts_dir
from mle_toolbox.environment import find_environment
from mle_toolbox.errors import ExperimentFileError
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_record import write_experiment_record
from mle_toolbox.file_names import SNAPSHOT_VARIABLE
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.seed_ranges import format_seeds
from mle_toolbox.seed_run.code_store import snapshot_variables


def read_plan(path):
    """Load the experiment file; its mistakes are shown as they are, without a traceback."""
    try:
        return load_plan(path, check_sources=False)
    except ExperimentFileError as error:
        raise WorkflowError(str(error)) from None


def start(script, **options):
    """Return the beginning of a shell command: one of our scripts, started by the Python that runs Snakemake.

    Options are given here and not as params where a change of them must not make anything run again.
    """
    given = [f"--{name.replace('_', '-')}={value}" for name, value in options.items() if value is not None]
    # The launcher of a seed run needs no packages, and finding them would take it a quarter of its time.
    python = [sys.executable, "-S"] if script == "train.py" else [sys.executable]
    command = shlex.join([*python, (scripts_dir() / script).as_posix(), *given])
    return command.replace("{", "{{").replace("}", "}}")


EXPERIMENT_FILE = config["experiment_file"]
PLAN = read_plan(EXPERIMENT_FILE)
EXPERIMENT_DIR = PLAN.experiment_dir.as_posix()
RUNS = ExperimentFolder(PLAN.experiment_dir)
ENVIRONMENT = find_environment(PLAN.job.environment)

RESULTS = RUNS.results.as_posix()
RESULTS_TABLE = RUNS.table.as_posix()
REPORT = RUNS.report.as_posix()
SUMMARY = RUNS.summary.as_posix()
COMPARISONS = RUNS.comparisons.as_posix()
LEARNING_CURVES = RUNS.learning_curves.as_posix()
FINAL_VALUES = RUNS.final_values.as_posix()
CONFIGURATION_PATTERN = "|".join(re.escape(each.name) for each in PLAN.configurations)
MERGED_LOG = f"{EXPERIMENT_DIR}/{{configuration}}/log.h5"
SEED_FOLDER = f"{EXPERIMENT_DIR}/{{configuration}}/seed_{{seed}}"


def configuration_file(wildcards):
    """Return the .json of a seed run's configuration."""
    return PLAN.configuration(wildcards.configuration).path.as_posix()


def configuration_digest(wildcards):
    """Return the hash of a configuration's content: comments and blanks do not count."""
    return PLAN.configuration(wildcards.configuration).digest


def job_resources():
    """Return what a seed run asks of the scheduler, only as far as the experiment file says it."""
    asked = {
        "mem_mb": PLAN.job.memory_mb,
        "runtime": PLAN.job.time_minutes,
        "gpu": PLAN.job.gpus or None,
        "queue": PLAN.job.queue,
        "job_name": PLAN.job.name,
    }
    return {name: value for name, value in asked.items() if value is not None}


def seed_logs(wildcards):
    """Return the logs of all seeds of one configuration."""
    folder = RUNS.configuration(wildcards.configuration)
    return [folder.seed(seed).log.as_posix() for seed in PLAN.seeds]


def all_merged_logs(_wildcards):
    """Return the merged logs of all configurations."""
    return [RUNS.configuration(each.name).log.as_posix() for each in PLAN.configurations]


def all_results(wildcards):
    """Return every file that the experiment is to leave behind.

    Seed logs are named beside what is merged from them, so that a deleted seed folder is made again although its
    merge is newer than everything that is left.
    """
    runs = [RUNS.seed_run(name, seed) for name, seed in PLAN.seed_runs]
    of_runs = [path.as_posix() for run in runs for path in (run.log, run.done)]
    of_report = [REPORT, SUMMARY, COMPARISONS, LEARNING_CURVES, FINAL_VALUES]
    return [*of_runs, *all_merged_logs(wildcards), RESULTS, RESULTS_TABLE, *of_report]


def record_start():
    """Write down what is about to run, and say which Python runs it when that is not what was asked for."""
    write_experiment_record(PLAN)
    if SNAPSHOT_VARIABLE not in os.environ:  # where `mle run` has not stored it
        os.environ.update(snapshot_variables(PLAN, logger.warning))
    if ENVIRONMENT.notice:
        logger.warning(ENVIRONMENT.notice)

# Everything that the rules ask for, as functions and names. Nothing here runs a job.
#
# Parsed again by every cluster job, so it stays quick: sources are checked by `mle run`, not here.

from mle_toolbox.installed_first import prefer_installed, program

# Snakemake has put the folder of the Snakefile before all others, and more is imported from here on.
prefer_installed()

import json
import os
import re
import shlex
import sys
import time
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from mle_toolbox.bundle import scripts_dir
from mle_toolbox.drive.settle import code_check, settle
from mle_toolbox.environment import find_environment
from mle_toolbox.errors import ExperimentFileError
from mle_toolbox.experiment.orphan import STARTED_VARIABLE
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_record import write_experiment_record
from mle_toolbox.layout import SNAPSHOT_VARIABLE
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import read_run_record
from mle_toolbox.seed_ranges import format_seeds
from mle_toolbox.seed_run.identity import identity_of_run
from mle_toolbox.seed_run.code_snapshot import snapshot_variables
from mle_toolbox.snakemake_side.private_access import forced_jobs


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
    path = (scripts_dir() / script).as_posix()
    python = [sys.executable, "-S", path] if script == "train.py" else program(path)
    command = shlex.join([*python, *given])
    return command.replace("{", "{{").replace("}", "}}")


EXPERIMENT_FILE = config["experiment_file"]
PLAN = read_plan(EXPERIMENT_FILE)
EXPERIMENT_DIR = PLAN.experiment_dir.as_posix()
RUNS = ExperimentFolder(PLAN.experiment_dir)
ENVIRONMENT = find_environment(PLAN.job.environment)

# In a dry run of `mle run`: finished runs that it would put in place first, as [configuration, name of the folder].
FOUND = json.loads(Path(config["found_runs"]).read_text()) if "found_runs" in config else []

ANY_CONFIGURATION = RUNS.configuration("{configuration}")
ANY_RUN = ANY_CONFIGURATION.seed("{seed}")
RESULTS = RUNS.results.as_posix()
RESULTS_TABLE = RUNS.table.as_posix()
REPORT = RUNS.report.as_posix()
SUMMARY = RUNS.summary.as_posix()
COMPARISONS = RUNS.comparisons.as_posix()
LEARNING_CURVES = RUNS.learning_curves.as_posix()
FINAL_VALUES = RUNS.final_values.as_posix()
CONFIGURATION_PATTERN = "|".join(re.escape(each.name) for each in PLAN.configurations)
MERGED_LOG = ANY_CONFIGURATION.log.as_posix()
SEED_FOLDER = ANY_RUN.path.as_posix()


def record_as_wanted(wildcards):
    """Return the record of a seed run if that was made with the identity that is wanted now, else None."""
    run = RUNS.seed_run(wildcards.configuration, int(wildcards.seed))
    record = read_run_record(run)
    made_so = record is not None and identity_of_run(run, record) == PLAN.identity(wildcards.configuration)
    return record if made_so else None


def configuration_file(wildcards):
    """Return the .json of a seed run's configuration; its time counts only for a run that was made of something else."""
    path = PLAN.configuration(wildcards.configuration).path.as_posix()
    return path if record_as_wanted(wildcards) is None else ancient(path)


def configuration_digest(wildcards):
    """Return the hash of the configuration's content: the old one where what was edited since decides no number.

    A change of it makes a seed run again.
    """
    record = record_as_wanted(wildcards)
    digest = PLAN.configuration(wildcards.configuration).digest
    return digest if record is None else record.config_sha256 or digest


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
    return [run.log.as_posix() for run in map(folder.seed, PLAN.seeds) if not is_found(run)]


def is_found(run):
    """Tell whether a seed run counts as finished although it is not there, in a dry run."""
    return [run.path.parent.name, run.path.name] in FOUND


def all_merged_logs(_wildcards):
    """Return the merged logs of all configurations."""
    return [RUNS.configuration(each.name).log.as_posix() for each in PLAN.configurations]


def all_results(wildcards):
    """Return every file that the experiment is to leave behind.

    Seed logs are named beside what is merged from them, so that a deleted seed folder is made again although its
    merge is newer than everything that is left.
    """
    runs = [RUNS.seed_run(name, seed) for name, seed in PLAN.seed_runs]
    of_runs = [path.as_posix() for run in runs if not is_found(run) for path in (run.log, run.done)]
    of_report = [REPORT, SUMMARY, COMPARISONS, LEARNING_CURVES, FINAL_VALUES]
    return [*of_runs, *all_merged_logs(wildcards), RESULTS, RESULTS_TABLE, *of_report]


def record_start():
    """Settle what is finished, write down what is about to run, and say which Python runs it if not the one asked for.

    `mle run` has settled it before; a Snakemake that is typed by hand does it here, after it has planned its jobs. For a
    job that turns out to be done already, the launcher sees that. What is to be made again by force goes aside first.
    """
    all_are_forced, some_are_forced = forced_jobs(workflow)
    if all_are_forced or STARTED_VARIABLE not in os.environ:
        os.environ[STARTED_VARIABLE] = str(time.time_ns() if some_are_forced else 0)
        for sentence in settle(PLAN, is_current=code_check(PLAN), rerun_all=all_are_forced).sentences:
            logger.info(sentence)
    write_experiment_record(PLAN)
    if SNAPSHOT_VARIABLE not in os.environ:  # where `mle run` has not stored it
        os.environ.update(snapshot_variables(PLAN, logger.warning))
    if ENVIRONMENT.notice:
        logger.warning(ENVIRONMENT.notice)

# The plan, and names and functions that rules of several files use. Nothing here runs a job.
#
# All included files share one namespace: what is imported or defined here is there in the others as well.
#
# Every cluster job parses these files again, so they must be quick: sources are checked by `mle run`, not here.

from mle_toolbox.installed_first import prefer_installed, program

# Snakemake has put the folder of the Snakefile first on sys.path, and a random.py there must not shadow an installed module.
prefer_installed()

import json
import os
import re
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from mle_toolbox.bundle import scripts_dir
from mle_toolbox.environment import find_environment
from mle_toolbox.errors import ExperimentFileError
from mle_toolbox.experiment.orphan import STARTED_VARIABLE
from mle_toolbox.experiment_file.loader import Asked, load_plan
from mle_toolbox.experiment_file.path_starts import PathChoice
from mle_toolbox.experiment_file.shell_text import is_shell_script
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import read_run_record
from mle_toolbox.seed_ranges import format_seeds
from mle_toolbox.seed_run.identity import identity_of_run
from mle_toolbox.snakemake_side.private_access import import_pandas_late
from mle_toolbox.snakemake_side.snakemake_command import CHOSEN_VARIABLE, UNTOUCHED_VARIABLE

import_pandas_late()


def read_plan(path):
    """Load the experiment file; its mistakes are shown without a traceback."""
    try:
        return load_plan(path, check_sources=False, asked=asked())
    except ExperimentFileError as error:
        raise WorkflowError(str(error)) from None


def asked():
    """Return where the paths of the experiment file start, and which of its values the command line has replaced."""
    if "paths_start" not in config:
        return None
    here = Path.cwd()
    elsewhere = {path: here / folder for path, folder in config.get("paths_elsewhere", {}).items()}
    return Asked(kept=PathChoice(here, elsewhere), given=config.get("given", {}))


def start(script, **options):
    """Return the beginning of a shell command: one of our scripts, started by the Python that runs Snakemake.

    Options are given here and not as params if changing them must not trigger a rerun.
    """
    given = [f"--{name.replace('_', '-')}={value}" for name, value in options.items() if value is not None]
    # -S: the launcher of a seed run needs no packages, and finding them would take a quarter of its time.
    path = (scripts_dir() / script).as_posix()
    python = [sys.executable, "-S", path] if script == "train.py" else program(path)
    command = shlex.join([*python, *given])
    return command.replace("{", "{{").replace("}", "}}")


def limits_of(job):
    """Return the launcher options for limits and GPUs of a job, which it enforces where no scheduler does."""
    limits = {"time_limit": None if job.time_minutes is None else job.time_minutes * 60, "memory_limit": job.memory_mb}
    gpus = {"gpus": job.gpus, "runs_per_gpu": job.runs_per_gpu} if job.gpus else {}
    return {**limits, **gpus}


if "paths_start" in config:

    # Snakemake may have been typed beside the experiment file, where the Snakefile is a link.
    workdir: Path(os.path.realpath(workflow.main_snakefile)).parent / config["paths_start"]


# Else `mle run` has started this, and does itself what it can do better than Snakemake.
BY_HAND = STARTED_VARIABLE not in os.environ
EXPERIMENT_FILE = config["experiment_file"]
PLAN = read_plan(EXPERIMENT_FILE)
EXPERIMENT_DIR = PLAN.experiment_dir.as_posix()
RUNS = ExperimentFolder(PLAN.experiment_dir)
ENVIRONMENT = find_environment(PLAN.job.environment)

# The seed runs to make where `mle run` makes only some, as [configuration, seed]; else None.
CHOSEN = json.loads(Path(os.environ[CHOSEN_VARIABLE]).read_text()) if CHOSEN_VARIABLE in os.environ else None
# Configurations of which `mle run` knows that nothing is to be done: their seed runs become no jobs.
UNTOUCHED = (
    set(json.loads(Path(os.environ[UNTOUCHED_VARIABLE]).read_text())) if UNTOUCHED_VARIABLE in os.environ else set()
)

ANY_CONFIGURATION = RUNS.configuration("{configuration}")
ANY_RUN = ANY_CONFIGURATION.seed("{seed}")
RESULTS = RUNS.results.as_posix()
RESULTS_TABLE = RUNS.table.as_posix()
REPORT = RUNS.report.as_posix()
SUMMARY = RUNS.summary.as_posix()
COMPARISONS = RUNS.comparisons.as_posix()
LEARNING_CURVES = RUNS.learning_curves.as_posix()
FINAL_VALUES = RUNS.final_values.as_posix()
# best.json is written beside them, and only if there is a best trial.
SEARCH_FILES = {"trials": RUNS.trials.as_posix(), "best": RUNS.best_words.as_posix()} if PLAN.search is not None else {}
# In a search that learns, a trial is asked when those from which it may learn have ended, successfully or not: a seed run
# there makes .ended in any case, and a trial makes its score.
LEARNS = PLAN.learns
CONFIGURATION_PATTERN = "|".join(re.escape(each.name) for each in (*PLAN.configurations, *PLAN.final_bases))
MERGED_LOG = ANY_CONFIGURATION.log.as_posix()
SCORE = ANY_CONFIGURATION.score.as_posix()
RUN_OUTPUT = {"log": update(ANY_RUN.log.as_posix()), "done": ANY_RUN.done.as_posix()}
if LEARNS:
    RUN_OUTPUT = {"ended": ANY_RUN.ended.as_posix()}
SEED_FOLDER = ANY_RUN.path.as_posix()


def record_as_wanted(name, seed):
    """Return the record of a seed run if it has the identity of the present plan, else None."""
    run = RUNS.seed_run(name, seed)
    record = read_run_record(run)
    return record if record is not None and identity_of_run(run, record) == PLAN.identity(name) else None


def log_exists(name, seed):
    """Return whether a seed run has a finished log."""
    return RUNS.seed_run(name, seed).log.exists()


def files_of_runs(runs):
    """Return what the given configurations and seeds have to produce."""
    folders = [RUNS.seed_run(name, seed) for name, seed in runs]
    if LEARNS:
        return [run.ended.as_posix() for run in folders]
    return [path.as_posix() for run in folders for path in (run.log, run.done)]

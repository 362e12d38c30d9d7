# Functions and names used by the rules. Nothing here runs a job.
#
# Every cluster job parses this file again, so it must be quick: sources are checked by `mle run`, not here.

from mle_toolbox.installed_first import prefer_installed, program

# Snakemake has put the folder of the Snakefile first on sys.path, and a random.py there must not shadow an installed module.
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
from mle_toolbox.drive.finished import collect_what_finished
from mle_toolbox.drive.settle import code_check, settle
from mle_toolbox.drive.status import read_plan_status
from mle_toolbox.environment import find_environment
from mle_toolbox.errors import ExperimentFileError
from mle_toolbox.experiment.orphan import STARTED_VARIABLE
from mle_toolbox.experiment_file.loader import Asked, load_plan
from mle_toolbox.experiment_file.path_starts import PathChoice
from mle_toolbox.experiment_file.shell_text import is_shell_script
from mle_toolbox.experiment_record import write_experiment_record
from mle_toolbox.layout import SNAPSHOT_VARIABLE
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import read_run_record
from mle_toolbox.seed_ranges import format_seeds
from mle_toolbox.seed_run.identity import identity_of_run
from mle_toolbox.seed_run.code_snapshot import snapshot_variables
from mle_toolbox.seed_run.processing_record import digest_of, processing_code
from mle_toolbox.snakemake_side.leftovers import remembered_inputs
from mle_toolbox.snakemake_side.private_access import forced_jobs
from mle_toolbox.trial_files import trials_to_ask


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

# In a dry run of `mle run`: finished runs that it would move into place first, as [configuration, name of the folder].
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
# best.json is written beside them, and only if there is a best trial.
SEARCH_FILES = {"trials": RUNS.trials.as_posix(), "best": RUNS.best_words.as_posix()} if PLAN.search is not None else {}
# Trials of a search whose files are not there yet. A trial that has its file is never asked again: then the file is a
# source, and the rule `ask` does not exist for it.
TO_ASK = {each.name: each.path.as_posix() for each in trials_to_ask(PLAN)}
ASK_LOG = RUNS.ask_log.as_posix()
# A file that has to be made anew is there already, so Snakemake would see nothing to do: its job also makes a mark that
# is not there, the first of two names or, after it, the second (scripts/ask.py removes the other one).
ASKED_ANEW = [mark.as_posix() for mark in RUNS.asked if not mark.exists()][:1]
if not any(map(os.path.lexists, TO_ASK.values())):
    ASKED_ANEW = []
# What runs before the first seed run and after the last; mostly nothing.
PROCESSING_DONE = {each.stage: RUNS.processing(each.stage).done.as_posix() for each in PLAN.processing}
CONFIGURATION_PATTERN = "|".join(re.escape(each.name) for each in PLAN.configurations)
MERGED_LOG = ANY_CONFIGURATION.log.as_posix()
SEED_FOLDER = ANY_RUN.path.as_posix()


def record_as_wanted(wildcards):
    """Return the record of a seed run if it has the identity of the present plan, else None."""
    run = RUNS.seed_run(wildcards.configuration, int(wildcards.seed))
    record = read_run_record(run)
    made_so = record is not None and identity_of_run(run, record) == PLAN.identity(wildcards.configuration)
    return record if made_so else None


def configuration_file(wildcards):
    """Return the configuration file of a seed run."""
    return PLAN.configuration(wildcards.configuration).path.as_posix()


def configuration_input(wildcards):
    """Return the configuration file as an input; where jobs read the stored one, only if that decides a rerun.

    One case is a run with other content of which Snakemake has no metadata (a copied project): without them no change
    of params is noticed. `mle run` has set such runs aside before. The other is a run that was made with this input,
    such as by an earlier version: without it, Snakemake would say that its inputs have changed.
    """
    path = configuration_file(wildcards)
    if wildcards.configuration in TO_ASK:
        # Its runs of the present content stay, so they need nothing; not ancient(), which does not hold for a missing file.
        return [] if record_as_wanted(wildcards) is not None and log_exists(wildcards) else path
    if not PLAN.frozen_code:
        return path if record_as_wanted(wildcards) is None else ancient(path)
    remembered = inputs_of_run(wildcards)
    if remembered is None:
        return path if record_as_wanted(wildcards) is None and log_exists(wildcards) else []
    return ancient(path) if path in remembered else []


def script_input(wildcards):
    """Return the script as an input; where jobs read the stored one, only if the run was made with this input."""
    path = PLAN.script.as_posix()
    return [] if PLAN.frozen_code and path not in (inputs_of_run(wildcards) or ()) else ancient(path)


def log_exists(wildcards):
    """Return whether a seed run has a finished log."""
    return RUNS.seed_run(wildcards.configuration, int(wildcards.seed)).log.exists()


def inputs_of_run(wildcards):
    """Return from which inputs the log of a seed run was made, by Snakemake's metadata; None without log or metadata."""
    log = RUNS.seed_run(wildcards.configuration, int(wildcards.seed)).log
    return remembered_inputs(PLAN.project_dir, log) if log.exists() else None


def configuration_digest(wildcards):
    """Return the digest of the configuration's content: the recorded one if edits since do not affect the numbers.

    A change of it triggers a rerun.
    """
    record = record_as_wanted(wildcards)
    digest = PLAN.configuration(wildcards.configuration).digest
    return digest if record is None else record.config_sha256 or digest


def pre_processing_input(wildcards):
    """Return the mark of the pre-processing as an input, for a seed run that has to wait for it.

    A finished seed run does not wait: neither a new pre-processing nor a changed one repeats it. But without an input
    from which it was made, Snakemake would say that its inputs have changed.
    """
    mark = PROCESSING_DONE["pre_processing"]
    if log_exists(wildcards) and mark not in (inputs_of_run(wildcards) or ()):
        return []
    return ancient(mark)


def processing_logs(processing):
    """Return the files that take the output of a processing."""
    folder = RUNS.processing(processing.stage).path.as_posix()
    return {"out": f"{folder}/{processing.job.log_file}", "err": f"{folder}/{processing.job.err_file}"}


def processing_params(processing):
    """Return what a processing is made from; a change of it makes it due."""
    digest = digest_of(processing_code(processing.script, PLAN.project_dir), processing.arguments)
    return {"script": processing.script.as_posix(), "arguments": list(processing.arguments), "code": digest}


def start_processing(processing):
    """Return the shell command of a processing."""
    beginning = start(
        "process.py",
        stage=processing.stage,
        experiment_dir=EXPERIMENT_DIR,
        cores=processing.job.cores,
        conda_prefix=find_environment(processing.job.environment).prefix,
        code=None if processing.frozen_code else "on-disk",
    )
    return beginning + " --script={params.script:q} -- {params.arguments:q} > {log.out:q} 2> {log.err:q}"


def seed_logs(wildcards):
    """Return the logs of all seeds of one configuration."""
    folder = RUNS.configuration(wildcards.configuration)
    return [run.log.as_posix() for run in map(folder.seed, PLAN.seeds) if not is_found(run)]


def is_found(run):
    """Return whether a dry run counts this seed run as finished although it has not been moved into place."""
    return [run.path.parent.name, run.path.name] in FOUND


def all_merged_logs(_wildcards):
    """Return the merged logs of all configurations."""
    return [RUNS.configuration(each.name).log.as_posix() for each in PLAN.configurations]


def all_results(wildcards):
    """Return every file that the experiment has to produce.

    Seed logs are listed in addition to what is merged from them, so that a deleted seed folder is made again although
    its merged log is newer than all remaining inputs.
    """
    runs = [RUNS.seed_run(name, seed) for name, seed in PLAN.seed_runs]
    of_runs = [path.as_posix() for run in runs if not is_found(run) for path in (run.log, run.done)]
    of_report = [REPORT, SUMMARY, COMPARISONS, LEARNING_CURVES, FINAL_VALUES, *SEARCH_FILES.values()]
    of_runs += PROCESSING_DONE.values()
    return [*TO_ASK.values(), *ASKED_ANEW, *of_runs, *all_merged_logs(wildcards), RESULTS, RESULTS_TABLE, *of_report]


PRE_PROCESSING_INPUT = {} if PLAN.pre_processing is None else {"pre_processing": pre_processing_input}


def record_start():
    """Move finished runs into place, record what is about to run, and warn if another Python than requested runs it.

    `mle run` has moved them before. A Snakemake started by hand does it here, after planning its jobs; the launcher then
    recognises jobs that are already done. Runs that are forced to be repeated are set aside first.
    """
    all_are_forced, some_are_forced = forced_jobs(workflow)
    if all_are_forced or STARTED_VARIABLE not in os.environ:
        os.environ[STARTED_VARIABLE] = str(time.time_ns() if some_are_forced else 0)
        for sentence in settle(PLAN, is_current=code_check(PLAN), rerun_all=all_are_forced).sentences:
            logger.info(sentence)
    # Here and not in a rule: it must exist while seeds run, however Snakemake was started, and is no job of its own.
    write_experiment_record(PLAN)
    if PLAN.search is not None and BY_HAND:
        for sentence in PLAN.search.notices:
            logger.info(sentence)
    if SNAPSHOT_VARIABLE not in os.environ:  # where `mle run` has not stored it
        os.environ.update(snapshot_variables(PLAN, logger.warning))
    for environment in dict.fromkeys([PLAN.job.environment, *(each.job.environment for each in PLAN.processing)]):
        if (found := find_environment(environment)).notice:
            logger.warning(found.notice)


def record_failure():
    """After a failed job: put together what has finished, in a search that was started by hand."""
    if PLAN.search is not None and BY_HAND and RUNS.record.exists():
        status = read_plan_status(PLAN)
        if status.stopped() and not status.failed():
            return  # Ctrl-C: whoever types it does not want to wait for a report
        trouble = collect_what_finished(RUNS)
        if trouble:
            logger.warning(trouble)

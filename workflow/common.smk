# Functions and names used by the rules. Nothing here runs a job.
#
# Every cluster job parses this file again, so it must be quick: sources are checked by `mle run`, not here.

from mle_toolbox.installed_first import prefer_installed, program

# Snakemake has put the folder of the Snakefile first on sys.path, and a random.py there must not shadow an installed module.
prefer_installed()

import functools
import json
import os
import re
import shlex
import sys
import time
from dataclasses import replace
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from mle_toolbox.asking import asks_of
from mle_toolbox.bundle import scripts_dir
from mle_toolbox.climbing import runs_below, seeds_by_now
from mle_toolbox.drive.finished import collect_what_finished
from mle_toolbox.drive.look_without_failed import hold_look_without_failed
from mle_toolbox.drive.gpus import NO_GPUS_KNOWN, check_gpus, gpus_here
from mle_toolbox.drive.settle import code_check, settle
from mle_toolbox.drive.status import read_plan_status
from mle_toolbox.environment import find_environment
from mle_toolbox.errors import ExperimentFileError, UsageError
from mle_toolbox.experiment.orphan import STARTED_VARIABLE
from mle_toolbox.experiment_file.loader import Asked, load_plan
from mle_toolbox.experiment_file.path_starts import PathChoice
from mle_toolbox.experiment_file.shell_text import is_shell_script
from mle_toolbox.experiment_record import write_experiment_record
from mle_toolbox.layout import GPUS_VARIABLE, HOLDS_LIMITS_VARIABLE, SNAPSHOT_VARIABLE
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import read_run_record, run_status
from mle_toolbox.looks.look_files import read_look
from mle_toolbox.seed_ranges import format_seeds
from mle_toolbox.seed_run.identity import identity_of_run
from mle_toolbox.search_final import final_of_plan, read_choice
from mle_toolbox.seed_run.code_snapshot import snapshot_variables
from mle_toolbox.seed_run.processing_record import digest_of, processing_code
from mle_toolbox.snakemake_side.leftovers import remembered_inputs
from mle_toolbox.snakemake_side.private_access import forced_jobs, limit_of_resource, limit_resource, runs_jobs_itself
from mle_toolbox.snakemake_side.snakemake_command import (
    CHOSEN_VARIABLE,
    FINAL_VARIABLE,
    ORDER_VARIABLE,
    UNTOUCHED_VARIABLE,
)
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


def limits_of(job):
    """Return the options of a launcher that name limits and GPUs of a job; it sees to them where no scheduler does."""
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
# Trials of a search whose files are not there yet. A trial that has its file is never asked again: then the file is a
# source, and the rule `ask` does not exist for it.
TO_ASK = {each.name: each.path.as_posix() for each in trials_to_ask(PLAN)}
ASK_LOG = RUNS.ask_log.as_posix()
# A file that has to be made anew is there already, so Snakemake would see nothing to do: its job also makes a mark that
# is not there, the first of two names or, after it, the second (scripts/ask.py removes the other one).
ASKED_ANEW = [mark.as_posix() for mark in RUNS.asked if not mark.exists()][:1]
if not any(map(os.path.lexists, TO_ASK.values())):
    ASKED_ANEW = []
# In a search that learns a trial is asked when those from which it may learn have ended, good or bad: a seed run there
# makes .ended whatever came of it, and a trial makes its score.
LEARNS = PLAN.learns
ASKS = asks_of(PLAN)
PENDING = {each.name for each in PLAN.configurations if each.is_pending}
# Most jobs ask one trial, and one rule for all of these costs less than a rule for each.
SINGLE_ASKS = {each.trials[0].name: each for each in ASKS if len(each.trials) == 1}
SINGLE_ASK_SUFFIX = next((each.trials[0].path.suffix for each in SINGLE_ASKS.values()), "")
ASK_BLOCKS = [each for each in ASKS if len(each.trials) > 1]
# The final of a search, as far as it is known; None without one.
STAGE = final_of_plan(PLAN)
FINALISTS = RUNS.finalists.as_posix()
CHOICE = RUNS.choice.as_posix()
WINNER = RUNS.winner.as_posix()
# Set by `mle run` after seed runs of a search have failed, which would hold up the final for ever.
FINAL_OF_WHAT_FINISHED = STAGE is not None and FINAL_VARIABLE in os.environ
# Where the number of seeds is open: the looks that have not been held yet. One that has a file is never decided again:
# then the file is a source, and the rule `look` does not exist for it.
TO_LOOK = ()
if PLAN.looks is not None and not PLAN.looks.is_over:
    TO_LOOK = tuple(range(len(PLAN.looks.held) + 1, len(PLAN.looks.sizes) + 1))
ANY_LOOK = RUNS.look(PLAN.looks.digest, "{look}").as_posix() if PLAN.looks is not None else ""
LOOK_LOG = RUNS.look_log(PLAN.looks.digest, "{look}").as_posix() if PLAN.looks is not None else ""
# Where better trials of a search get more seeds: the rungs of which that is still to be decided.
TO_DECIDE = PLAN.search.to_decide if PLAN.search is not None else ()
# As with ASKED_ANEW: of two marks one that is not there.
DECIDED_IN_TURN = {rung: 2 if RUNS.rung_mark(rung, 1).exists() else 1 for rung in TO_DECIDE}
# What runs before the first seed run and after the last; mostly nothing.
PROCESSING_DONE = {each.stage: RUNS.processing(each.stage).done.as_posix() for each in PLAN.processing}
CONFIGURATION_PATTERN = "|".join(re.escape(each.name) for each in (*PLAN.configurations, *PLAN.final_bases))
MERGED_LOG = ANY_CONFIGURATION.log.as_posix()
SCORE = ANY_CONFIGURATION.score.as_posix()
RUN_OUTPUT = {"log": update(ANY_RUN.log.as_posix()), "done": ANY_RUN.done.as_posix()}
if LEARNS:
    RUN_OUTPUT = {"ended": ANY_RUN.ended.as_posix()}
SEED_FOLDER = ANY_RUN.path.as_posix()
# The place of every configuration and seed in the order in which seed runs start.
CONFIGURATION_PLACES = {each.name: place for place, each in enumerate(PLAN.configurations)}
SEED_PLACES = {seed: place for place, seed in enumerate(PLAN.possible_seeds)}


def record_as_wanted(wildcards):
    """Return the record of a seed run if it has the identity of the present plan, else None."""
    run = RUNS.seed_run(wildcards.configuration, int(wildcards.seed))
    record = read_run_record(run)
    made_so = record is not None and identity_of_run(run, record) == PLAN.identity(wildcards.configuration)
    return record if made_so else None


def turn(wildcards):
    """Return the priority of a seed run: the first seed of every configuration comes first, then the second of each.

    So after an hour there are a few seeds of all configurations, and not all seeds of a few. `mle run --order
    configurations` finishes one configuration after the other. What is merged from finished runs has priority 0, and so
    comes before all of them.
    """
    if int(wildcards.seed) not in SEED_PLACES:
        # Of the final; a base configuration that waits for nothing uses the cores that are idle.
        return -(len(PLAN.seed_runs) + int(wildcards.seed))
    configuration, seed = CONFIGURATION_PLACES[wildcards.configuration], SEED_PLACES[int(wildcards.seed)]
    # A search that learns waits for all seeds of a trial.
    if LEARNS or os.environ.get(ORDER_VARIABLE) == "configurations":
        return -(configuration * len(SEED_PLACES) + seed) - 1
    return -(seed * len(CONFIGURATION_PLACES) + configuration) - 1


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
    if wildcards.configuration in PENDING:
        return path
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
    return seed_log_exists(wildcards.configuration, int(wildcards.seed))


def seed_log_exists(name, seed):
    """Return whether a seed run has a finished log, by the name of its configuration."""
    return RUNS.seed_run(name, seed).log.exists()


def inputs_of_run(wildcards):
    """Return from which inputs a seed run was made, by Snakemake's metadata; None without its output or metadata."""
    run = RUNS.seed_run(wildcards.configuration, int(wildcards.seed))
    output = run.ended if LEARNS else run.log
    return remembered_inputs(PLAN.project_dir, output) if output.exists() else None


def configuration_digest(wildcards):
    """Return the digest of the configuration's content: the recorded one if edits since do not affect the numbers.

    A change of it triggers a rerun. A trial of a search that learns is asked after this is noted, and never changes.
    """
    if LEARNS:
        return "asked"
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
        **limits_of(processing.job),
    )
    return beginning + " --script={params.script:q} -- {params.arguments:q} > {log.out:q} 2> {log.err:q}"


def looks_until(number=None):
    """Return the looks before this number, or all that are held: those of earlier calls and those of this one.

    Where one of this call has not been held yet, Snakemake learns that what asks for it has to wait.
    """
    if PLAN.looks is None:
        return ()
    held = list(PLAN.looks.held)
    for look in TO_LOOK:
        if look == number or (held and not held[-1].undecided):
            break
        file = checkpoints.look.get(look=look).output[0]
        held.append(read_look(Path(file)))
    return tuple(held)


def plan_after(looks):
    """Return the plan as it is after these looks."""
    if PLAN.looks is None or len(looks) == len(PLAN.looks.held):
        return PLAN
    return replace(PLAN, looks=replace(PLAN.looks, held=looks))


def wanted_seeds(plan, name):
    """Return the seeds of a configuration without those that have failed, if no look waits for them any more."""
    return [seed for seed in plan.seeds_of(name) if not plan.is_given_up(name, seed) or seed_log_exists(name, seed)]


def look_logs(wildcards):
    """Return the logs of all seed runs that one look compares."""
    looks = looks_until(int(wildcards.look))
    plan = plan_after(looks)
    names = looks[-1].undecided if looks else [each.name for each in PLAN.configurations]
    return [RUNS.seed_run(name, seed).log.as_posix() for name in names for seed in wanted_seeds(plan, name)]


def seed_logs(wildcards):
    """Return the logs of all seeds of one configuration; none where they are known to be merged.

    So Snakemake makes no jobs of them, for each of which it would look at files and notes.
    """
    if wildcards.configuration in UNTOUCHED:
        return []
    folder, name = RUNS.configuration(wildcards.configuration), wildcards.configuration
    return [folder.seed(seed).log.as_posix() for seed in wanted_seeds(plan_after(looks_until()), name)]


def seeds_to_merge(wildcards, input):
    """Return the seeds of one configuration as ranges."""
    if PLAN.looks is None:
        return format_seeds(PLAN.seeds)
    return format_seeds(int(Path(log).parent.name.removeprefix("seed_")) for log in input)


def held_looks(_wildcards):
    """Return the files of all looks; until they are held, what asks for them waits."""
    return [RUNS.look(PLAN.looks.digest, look.number).as_posix() for look in looks_until()]


def wait_for_rung(rung):
    """Have Snakemake ask again when this rung has been decided."""
    checkpoints.rung.get(rung=rung, turn=DECIDED_IN_TURN[rung])


def further_runs(_wildcards):
    """Return the files of the seed runs that trials have earned; as long as this is open, Snakemake asks again."""
    if TO_DECIDE:
        wait_for_rung(TO_DECIDE[-1])
    return files_of_runs(earned_runs())


@functools.cache
def earned_runs():
    """Return the seed runs that trials have earned, once all is decided, after which nothing changes any more."""
    if not TO_DECIDE:
        return [(each.name, seed) for each in PLAN.configurations for seed in each.more_seeds]
    return [(name, seed) for name, seeds in seeds_by_now(RUNS).items() for seed in seeds if seed not in PLAN.seeds]


def below_rung(wildcards):
    """Return the files of the seed runs by which a rung is decided."""
    rung = int(wildcards.rung)
    if rung == 1:
        return files_of_runs([(each.name, seed) for each in PLAN.configurations for seed in PLAN.seeds])
    if rung - 1 in TO_DECIDE:
        wait_for_rung(rung - 1)
    return files_of_runs(runs_below(RUNS, PLAN.search.settings.seed_rungs, rung))


def ended_seeds(wildcards):
    """Return the marks that all seed runs of one trial have ended."""
    folder = RUNS.configuration(wildcards.configuration)
    return [folder.seed(seed).ended.as_posix() for seed in PLAN.seeds]


def asked_after(ask):
    """Return what a job that asks trials waits for."""
    scores = [RUNS.configuration(name).score.as_posix() for name in ask.scored]
    return [*scores, *(path.as_posix() for path in ask.after)]


def single_asked_after(wildcards):
    """Return what the job that asks one trial waits for."""
    return asked_after(SINGLE_ASKS[wildcards.configuration])


def all_merged_logs(_wildcards):
    """Return the merged logs of all configurations; of a search that learns their scores, made together with them."""
    folders = [RUNS.configuration(each.name) for each in PLAN.configurations]
    return [(folder.score if LEARNS else folder.log).as_posix() for folder in folders]


def searched(wildcards):
    """Return what the finalists of a search are chosen from; in a final of what has finished that is there already."""
    return [] if FINAL_OF_WHAT_FINISHED else [*all_merged_logs(wildcards), *further_runs(wildcards)]


def runs_of_finalists(_wildcards):
    """Return the files of the finalists' seed runs with fresh seeds."""
    names = [each["trial"] for each in read_choice(Path(checkpoints.finalists.get().output[0]))["finalists"]]
    return files_of_fresh_runs(names, STAGE.finalist_seeds)


def runs_of_winner(_wildcards):
    """Return the files of the winner's seed runs that are reported, and of those of its base configuration."""
    choice = checkpoints.winner.get().output.choice
    winner = read_choice(Path(choice))["winner"]
    # Another choice is another answer, also where no seed run is new.
    return [choice, *files_of_fresh_runs([winner, PLAN.configuration(winner).trial.base], STAGE.final_seeds)]


def runs_of_base(_wildcards):
    """Return the files of an only base configuration's seed runs, which need not wait until there is a winner."""
    return files_of_fresh_runs([each.name for each in PLAN.final_bases][:1], STAGE.final_seeds)


def files_of_fresh_runs(names, seeds):
    """Return what the configurations have to produce for the final, but for what has just failed where that is so."""
    runs = [(name, seed) for name in names for seed in seeds]
    return files_of_runs([run for run in runs if not (FINAL_OF_WHAT_FINISHED and has_failed(*run))])


def has_failed(configuration, seed):
    """Return whether a seed run of the present plan has ended badly."""
    run = RUNS.seed_run(configuration, seed)
    record = read_run_record(run)
    made_so = record is not None and identity_of_run(run, record) == PLAN.identity(configuration)
    return made_so and run_status(run, record) in ("failed", "died")


FINAL_INPUT = {} if STAGE is None else {"winner": runs_of_winner}
if STAGE is not None and len(PLAN.final_bases) == 1:
    FINAL_INPUT["base"] = runs_of_base


def all_results(wildcards):
    """Return every file that the experiment has to produce.

    Seed logs are listed in addition to what is merged from them, so that a deleted seed folder is made again although
    its merged log is newer than all remaining inputs.
    """
    plan = plan_after(looks_until())
    names = [each.name for each in plan.configurations if each.name not in UNTOUCHED]
    of_runs = files_of_runs((name, seed) for name in names for seed in wanted_seeds(plan, name))
    of_runs += further_runs(wildcards)
    of_report = [REPORT, SUMMARY, COMPARISONS, LEARNING_CURVES, FINAL_VALUES, *SEARCH_FILES.values()]
    of_runs += PROCESSING_DONE.values()
    of_asks = [each.path.as_posix() for ask in ASKS for each in ask.trials]
    if STAGE is not None:
        # What has not been chosen yet, only the rules behind it know.
        of_runs += [FINALISTS, CHOICE, WINNER, *files_of_runs(STAGE.runs)]
    return [
        *TO_ASK.values(),
        *of_asks,
        *ASKED_ANEW,
        *of_runs,
        *all_merged_logs(wildcards),
        RESULTS,
        RESULTS_TABLE,
        *of_report,
    ]


def files_of_runs(runs):
    """Return what the given configurations and seeds have to produce."""
    folders = [RUNS.seed_run(name, seed) for name, seed in runs]
    if LEARNS:
        return [run.ended.as_posix() for run in folders]
    return [path.as_posix() for run in folders for path in (run.log, run.done)]


def chosen_results(_wildcards):
    """Return the files that the chosen seed runs have to produce; what is merged from them waits for the others."""
    return [*TO_ASK.values(), *ASKED_ANEW, *files_of_runs(CHOSEN)]


PRE_PROCESSING_INPUT = {} if PLAN.pre_processing is None else {"pre_processing": pre_processing_input}


def record_start():
    """Move finished runs into place, record what is about to run, and warn if another Python than requested runs it.

    `mle run` has moved them before. A Snakemake started by hand does it here, after planning its jobs; the launcher then
    recognises jobs that are already done. Runs that are forced to be repeated are set aside first.
    """
    all_are_forced, some_are_forced = forced_jobs(workflow)
    if all_are_forced or STARTED_VARIABLE not in os.environ:
        os.environ[STARTED_VARIABLE] = str(time.time_ns() if some_are_forced else 0)
        for sentence in settle(PLAN, is_current=code_check(PLAN), rerun="all" if all_are_forced else None).sentences:
            logger.info(sentence)
    if runs_jobs_itself(workflow):
        os.environ[HOLDS_LIMITS_VARIABLE] = "1"
        share_gpus()
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


def share_gpus():
    """Tell launchers which GPUs they may lease, and Snakemake how many jobs these are enough for.

    So no job waits for a device that another one of this experiment has, and takes cores meanwhile.
    """
    if not any(job.gpus for job in [PLAN.job, *(each.job for each in PLAN.processing)]):
        return
    asked = limit_of_resource(workflow, "gpu")
    gpus = gpus_here(os.environ, asked)
    if gpus is None:
        logger.warning(NO_GPUS_KNOWN)
        return
    try:
        check_gpus(PLAN, gpus)
    except UsageError as error:
        raise WorkflowError(str(error)) from None
    os.environ[GPUS_VARIABLE] = gpus.as_text()
    number = len(gpus.devices) if asked is None else min(asked, len(gpus.devices))
    limit_resource(workflow, "gpu", number * PLAN.job.runs_per_gpu)


def record_failure():
    """After a failed job of a Snakemake that was started by hand: do without it what waits for it.

    Put together what has finished of a search, or hold the look that waits only for seed runs that have failed.
    """
    if PLAN.looks is not None and BY_HAND and (said := hold_look_without_failed(PLAN)) is not None:
        logger.warning(f"{said} The same command goes on.")
    if PLAN.search is not None and BY_HAND and RUNS.record.exists():
        status = read_plan_status(PLAN)
        if status.stopped() and not status.failed():
            return  # Ctrl-C: whoever types it does not want to wait for a report
        trouble = collect_what_finished(RUNS)
        if trouble:
            logger.warning(trouble)

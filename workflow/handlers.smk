# What happens in onstart: and onerror:, before the first job and after a failure.

import time

from mle_toolbox.drive.finished import collect_what_finished
from mle_toolbox.drive.gpus import NO_GPUS_KNOWN, check_gpus, gpus_here
from mle_toolbox.drive.look_without_failed import hold_look_without_failed
from mle_toolbox.drive.settle import code_check, settle
from mle_toolbox.drive.status import read_plan_status
from mle_toolbox.errors import UsageError
from mle_toolbox.experiment_record import write_experiment_record
from mle_toolbox.layout import GPUS_VARIABLE, HOLDS_LIMITS_VARIABLE, SNAPSHOT_VARIABLE
from mle_toolbox.seed_run.code_snapshot import snapshot_variables
from mle_toolbox.snakemake_side.private_access import forced_jobs, limit_of_resource, limit_resource, runs_jobs_itself


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
    """After a failed job of a Snakemake that was started by hand, do what would wait for that job.

    Collect what has finished of a search, or hold the look that waits only for seed runs that have failed.
    """
    if PLAN.looks is not None and BY_HAND and (said := hold_look_without_failed(PLAN)) is not None:
        logger.warning(f"{said} The same command goes on.")
    if PLAN.search is not None and BY_HAND and RUNS.record.exists():
        status = read_plan_status(PLAN)
        if status.stopped() and not status.failed():
            return  # Ctrl-C: the user does not want to wait for a report
        trouble = collect_what_finished(RUNS)
        if trouble:
            logger.warning(trouble)

# Pre-processing and post-processing: the scripts that run once before the first seed run, and once after the last.

from mle_toolbox.seed_run.processing_record import digest_of, processing_code

PROCESSING_DONE = {each.stage: RUNS.processing(each.stage).done.as_posix() for each in PLAN.processing}


def pre_processing_input(wildcards):
    """Return the mark of the pre-processing as an input, for a seed run that has to wait for it.

    A finished seed run does not wait: neither a new pre-processing nor a changed one repeats it. But without an input
    from which it was made, Snakemake would say that its inputs have changed.
    """
    mark = PROCESSING_DONE["pre_processing"]
    if log_exists(wildcards.configuration, int(wildcards.seed)) and mark not in (inputs_of_run(wildcards) or ()):
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


PRE_PROCESSING_INPUT = {} if PLAN.pre_processing is None else {"pre_processing": pre_processing_input}

# One seed run: one configuration, one seed, one job.


# update() keeps a log that is there until the new one is complete, and puts it back when the job fails. Put back, it
# looks as if it were new; that .done is missing then says that it is not. The launcher makes both outputs.
# The script is ancient(): fixing a bug in it reruns what failed, not what is finished. So is the configuration of a run
# that was made of what it says now; run.json tells, not times.
rule train:
    """Run the training script for one configuration and one seed."""
    input:
        configuration=configuration_file,
        script=ancient(PLAN.script.as_posix()),
    output:
        log=update(ANY_RUN.log.as_posix()),
        done=ANY_RUN.done.as_posix(),
    log:
        out=f"{SEED_FOLDER}/{PLAN.job.log_file}",
        err=f"{SEED_FOLDER}/{PLAN.job.err_file}",
    retries: PLAN.retries
    conda:
        "../workflow/envs/mle-toolbox.yaml"
    threads: PLAN.job.cores
    resources:
        **job_resources(),
    params:
        configuration_digest=configuration_digest,
        arguments=list(PLAN.extra_arguments),
    shell:
        start(
            "train.py",
            experiment_dir=EXPERIMENT_DIR,
            cores=PLAN.job.cores,
            conda_prefix=ENVIRONMENT.prefix,
        )
        + " --script={input.script:q} --config={input.configuration:q} --seed={wildcards.seed}"
        " -- {params.arguments:q} > {log.out:q} 2> {log.err:q}"

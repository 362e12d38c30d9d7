# One seed run: one configuration, one seed, one job.


# Snakemake deletes outputs before a job starts. With update() an existing log survives until the new one is complete, and
# is restored if the job fails. A restored log is newer than its inputs, so it looks current; the missing .done shows that
# it is not. The launcher makes both outputs.
# With stored code (docs/code.md), a waiting job must not fail because its script or configuration was deleted meanwhile,
# so neither is an input then: Snakemake waits for inputs before it starts a job. Our executor counts params called
# reads_... as files that the job was made from. Without stored code they are inputs: a node has to see them.
# The script is ancient(): fixing a bug in it reruns failed runs, not finished ones. So is the configuration of a run that
# was made from its present content, according to run.json and not to time stamps.
rule train:
    """Run the training script for one configuration and one seed."""
    input:
        **PRE_PROCESSING_INPUT,
        configuration=configuration_input,
        script=script_input,
    output:
        **RUN_OUTPUT,
    log:
        out=f"{SEED_FOLDER}/{PLAN.job.log_file}",
        err=f"{SEED_FOLDER}/{PLAN.job.err_file}",
    priority: turn
    # In a search that learns the launcher tries again itself: for Snakemake its job has not failed.
    retries: 0 if LEARNS else PLAN.retries
    conda:
        "../workflow/envs/mle-toolbox.yaml"
    threads: PLAN.job.cores
    resources:
        **PLAN.job.asked,
    params:
        reads_configuration=configuration_file,
        reads_script=PLAN.script.as_posix(),
        configuration_digest=configuration_digest,
        arguments=list(PLAN.extra_arguments),
    shell:
        start(
            "train.py",
            experiment_dir=EXPERIMENT_DIR,
            cores=PLAN.job.cores,
            conda_prefix=ENVIRONMENT.prefix,
            project_name=PLAN.project_name if is_shell_script(PLAN.script) else None,
            ended_after=PLAN.retries + 1 if LEARNS else None,
            **limits_of(PLAN.job),
        )
        + " --script={params.reads_script:q} --config={params.reads_configuration:q} --seed={wildcards.seed}"
        " -- {params.arguments:q} > {log.out:q} 2> {log.err:q}"

# All seeds of one configuration, in one file.


rule merge:
    """Merge the logs of a configuration's seeds."""
    input:
        seed_logs,
    output:
        log=update(MERGED_LOG),
    log:
        ANY_CONFIGURATION.merge_log.as_posix(),
    localrule: True
    conda:
        "../workflow/envs/mle-toolbox.yaml"
    params:
        seeds=format_seeds(PLAN.seeds),
    shell:
        start("merge.py", experiment_dir=EXPERIMENT_DIR)
        + " --configuration={wildcards.configuration:q} --seeds={params.seeds} > {log:q} 2>&1"

# All seeds of one configuration, in one file.


rule merge:
    """Merge the logs of a configuration's seeds."""
    localrule: True
    input:
        seed_logs,
    output:
        log=update(MERGED_LOG),
    log:
        f"{pattern(RUNS.path)}/{{configuration}}/merge.log",
    params:
        seeds=format_seeds(PLAN.seeds),
    conda:
        "../workflow/envs/mle-toolbox.yaml"
    shell:
        "{PYTHON:q} {SCRIPTS:q}/merge.py"
        " --experiment-dir={EXPERIMENT_DIR:q} --configuration={wildcards.configuration:q}"
        " --seeds={params.seeds} > {log:q} 2>&1"

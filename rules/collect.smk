# All configurations, in one file and one table.


rule collect:
    """Collect the merged logs of all configurations into results.h5 and results.csv."""
    input:
        all_merged_logs,
        held_looks,
        further_runs,
    output:
        results=update(RESULTS),
        table=report(
            update(RESULTS_TABLE),
            caption="../workflow/report/results.rst",
            category="Results",
            labels={"content": "last values of all seed runs"},
        ),
    log:
        RUNS.collect_log.as_posix(),
    localrule: True
    conda:
        "../workflow/envs/mle-toolbox.yaml"
    params:
        seeds=format_seeds(PLAN.seeds),
    shell:
        start("collect.py", experiment_dir=EXPERIMENT_DIR) + (" --what-finished" if LEARNS else "") + " > {log:q} 2>&1"

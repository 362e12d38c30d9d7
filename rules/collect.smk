# All configurations, in one file and one table.


rule collect:
    """Collect the merged logs of all configurations into results.h5 and results.csv."""
    localrule: True
    input:
        all_merged_logs(),
    output:
        results=update(RESULTS),
        table=update(RESULTS_TABLE),
    log:
        f"{pattern(RUNS.path)}/collect.log",
    params:
        seeds=format_seeds(PLAN.seeds),
    conda:
        "../workflow/envs/mle-toolbox.yaml"
    shell:
        "{PYTHON:q} {SCRIPTS:q}/collect.py"
        " --experiment-file={EXPERIMENT_FILE:q} > {log:q} 2>&1"

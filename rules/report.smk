# The report of an experiment: one page, its tables and figures.


rule report:
    """Write the report, the tables of estimates and comparisons, and two figures; of a search also its trials."""
    input:
        RESULTS,
        **FINAL_INPUT,
    output:
        **SEARCH_FILES,
        page=report(
            REPORT,
            caption="../workflow/report/page.rst",
            category="Results",
            labels={"content": "report"},
        ),
        summary=report(
            SUMMARY,
            caption="../workflow/report/summary.rst",
            category="Results",
            labels={"content": "estimates and intervals"},
        ),
        comparisons=report(
            COMPARISONS,
            caption="../workflow/report/comparisons.rst",
            category="Results",
            labels={"content": "comparisons"},
        ),
        learning_curves=report(
            LEARNING_CURVES,
            caption="../workflow/report/learning_curves.rst",
            category="Results",
            labels={"content": "learning curves"},
        ),
        final_values=report(
            FINAL_VALUES,
            caption="../workflow/report/final_values.rst",
            category="Results",
            labels={"content": "final values"},
        ),
    log:
        RUNS.report_log.as_posix(),
    localrule: True
    conda:
        "../workflow/envs/mle-toolbox.yaml"
    shell:
        start("report.py", experiment_dir=EXPERIMENT_DIR) + " > {log:q} 2>&1"

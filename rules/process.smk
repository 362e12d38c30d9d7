# What runs once before the first seed run, and after the last. Without such scripts the rules do not exist.


# Its parameters cover the code: a change of them makes it due. Finished seed runs do not become due with it: see
# pre_processing_input in processing.smk.
if PLAN.pre_processing is not None:

    rule pre_processing:
        """Run the script that comes before the first seed run."""
        output:
            PROCESSING_DONE["pre_processing"],
        log:
            **processing_logs(PLAN.pre_processing),
        retries: PLAN.pre_processing.retries
        conda:
            "../workflow/envs/mle-toolbox.yaml"
        threads: PLAN.pre_processing.job.cores
        resources:
            **PLAN.pre_processing.job.asked,
        params:
            **processing_params(PLAN.pre_processing),
        shell:
            start_processing(PLAN.pre_processing)


# It waits for all seed runs, because the results do.
if PLAN.post_processing is not None:

    rule post_processing:
        """Run the script that comes after the last seed run, whenever the results have changed."""
        input:
            RESULTS,
            **FINAL_INPUT,
        output:
            PROCESSING_DONE["post_processing"],
        log:
            **processing_logs(PLAN.post_processing),
        retries: PLAN.post_processing.retries
        conda:
            "../workflow/envs/mle-toolbox.yaml"
        threads: PLAN.post_processing.job.cores
        resources:
            **PLAN.post_processing.job.asked,
        params:
            **processing_params(PLAN.post_processing),
        shell:
            start_processing(PLAN.post_processing)

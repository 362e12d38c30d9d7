# The trials of a search: what each of them is.


# Snakemake must not ask a second time for what it has once been told: not because a file is older than another, and not
# because the search has grown. So this rule is only for trials without a file, and with all files there it does not exist.
if TO_ASK:

    rule ask:
        """Write the configuration of every new trial."""
        output:
            list(TO_ASK.values()),
            [touch(mark) for mark in ASKED_ANEW],
        log:
            ASK_LOG,
        localrule: True
        conda:
            "../workflow/envs/mle-toolbox.yaml"
        shell:
            start("ask.py", experiment_dir=EXPERIMENT_DIR) + " > {log:q} 2>&1"

# Who gets more seeds, where their number is open: after each look only the configurations that are undecided.


# As for the trials of a search: a look that has been held must never be held again, whatever happens to the times of
# files. So this rule is only for looks without a file, and after the last one it does not exist.
if TO_LOOK:

    checkpoint look:
        """Compare the configurations that are undecided by the seeds that they have by now."""
        input:
            look_logs,
        output:
            ANY_LOOK,
        log:
            LOOK_LOG,
        wildcard_constraints:
            look="|".join(map(str, TO_LOOK)),
        localrule: True
        conda:
            "../workflow/envs/mle-toolbox.yaml"
        shell:
            start("look.py", experiment_dir=EXPERIMENT_DIR) + " --look={wildcards.look} > {log:q} 2>&1"

# More seeds for better trials: which of them, decided when all seed runs of the rung below have ended.


# Like what has been asked, what has been decided is a source: for a rung that is decided this rule does not exist. A
# checkpoint, because the further seeds lie in the folders of the trials, and which these are is not known before. Its
# output is a mark: Snakemake would remove an earlier decision, which among more trials has to be known.
if TO_DECIDE:

    checkpoint rung:
        """Decide which trials of a search get further seeds."""
        input:
            below_rung,
        output:
            touch(RUNS.rung_mark("{rung}", "{turn}").as_posix()),
        log:
            RUNS.rung_log("{rung}", "{turn}").as_posix(),
        wildcard_constraints:
            rung="|".join(map(str, TO_DECIDE)),
            turn="1|2",
        localrule: True
        conda:
            "../workflow/envs/mle-toolbox.yaml"
        shell:
            start("rung.py", experiment_dir=EXPERIMENT_DIR) + " --rung={wildcards.rung} > {log:q} 2>&1"

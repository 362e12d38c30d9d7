# All seeds of one configuration, in one file.


if not LEARNS:

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
            # As ranges (0-9): Snakemake passes a shell command as one argument, which Linux limits to 128 KiB.
            seeds=seeds_to_merge,
        shell:
            start("merge.py", experiment_dir=EXPERIMENT_DIR)
            + " --configuration={wildcards.configuration:q} --seeds={params.seeds} > {log:q} 2>&1"


# A search that learns also needs the score of each trial, and goes on where seed runs have failed.
if LEARNS:

    rule trial:
        """Merge the finished seeds of a trial, all of which have ended, and score it."""
        input:
            ended_seeds,
        output:
            SCORE,
        log:
            ANY_CONFIGURATION.trial_log.as_posix(),
        localrule: True
        conda:
            "../workflow/envs/mle-toolbox.yaml"
        params:
            seeds=format_seeds(PLAN.seeds),
        shell:
            start("trial.py", experiment_dir=EXPERIMENT_DIR)
            + " --configuration={wildcards.configuration:q} --seeds={params.seeds} > {log:q} 2>&1"

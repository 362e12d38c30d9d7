# The final of a search: seeds that it has not seen choose its winner, and others confirm it. Without search_final these
# rules do not exist. They are checkpoints because which seed runs come next is not known before them.


if STAGE is not None:

    checkpoint finalists:
        """Choose the trials that get fresh seeds."""
        input:
            searched,
        output:
            FINALISTS,
        log:
            RUNS.finalists_log.as_posix(),
        localrule: True
        conda:
            "../workflow/envs/mle-toolbox.yaml"
        params:
            # Not of the trials: what those are that are still to be asked is not known yet, and would be a change later.
            asked_for=STAGE.asked_for,
        shell:
            start("final.py", experiment_dir=EXPERIMENT_DIR) + " --choose=finalists > {log:q} 2>&1"

    checkpoint winner:
        """Choose the winner among the finalists, by their fresh seeds."""
        input:
            finalists=FINALISTS,
            runs=runs_of_finalists,
        output:
            choice=CHOICE,
            configuration=WINNER,
        log:
            RUNS.winner_log.as_posix(),
        localrule: True
        conda:
            "../workflow/envs/mle-toolbox.yaml"
        params:
            seeds=format_seeds(STAGE.finalist_seeds),
        shell:
            start("final.py", experiment_dir=EXPERIMENT_DIR) + " --choose=winner > {log:q} 2>&1"


if FINAL_OF_WHAT_FINISHED:

    rule final_of_what_finished:
        """Run the final where seed runs of the search have failed: what did not fail is not held up by them."""
        input:
            **FINAL_INPUT,

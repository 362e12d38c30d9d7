# Some of the seed runs: what `mle run` makes where it was asked for a choice of them.


if CHOSEN is not None:

    rule chosen_seed_runs:
        """Run the chosen seed runs."""
        input:
            chosen_results,

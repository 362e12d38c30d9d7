# The workflow of exp.yaml, written by mle-gen-snakefile.
#
# One job for each configuration and seed, one merge for each configuration, one file of all results. What runs is
# read from the experiment file at every call: to add seeds or configurations, edit that file and run again.
# This file is yours. Rules of your own can follow below; once edited, it is never overwritten without --force.

from mle_toolbox.bundle import workflow_dir

config.setdefault("experiment_file", "exp.yaml")


include: workflow_dir() / "main.smk"


rule all:
    """All seed runs, merges and results; add what you want to be made besides."""
    input:
        all_results,


# stamp: 6b2598c1b8d88b77

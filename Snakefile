# The workflow of exp.yaml, written by mle-gen-snakefile.
#
# One job for each configuration and seed, one merge for each configuration, one file and one report of all
# results. What runs is read from the experiment file at every call: to add seeds or configurations, edit that file
# and run again.
# This file is yours. Rules of your own can follow below; once edited, it is never overwritten without --force.

from mle_toolbox.bundle import workflow_dir

config.setdefault("experiment_file", "exp.yaml")


include: workflow_dir() / "main.smk"


rule all:
    """All seed runs, merges, results and the report; add what you want to be made besides."""
    input:
        all_results,


# stamp: 54cb8f0c06aa56e3

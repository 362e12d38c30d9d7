# Entry of the workflow; the generated Snakefile includes this file.
#
# Reads the experiment file that `config["experiment_file"]` names and declares one job per configuration x seed, one
# merge per configuration and one collection of everything. Rules are in rules/, helper functions in common.smk.


include: "common.smk"
include: "../rules/train.smk"
include: "../rules/merge.smk"
include: "../rules/collect.smk"


wildcard_constraints:
    configuration=CONFIGURATION_PATTERN,
    seed=r"\d+",


# Seed logs are named beside the merged files, so that a deleted seed folder is made again although its merge is
# newer than everything that is left.
rule all:
    """Every seed run, every merged log and the results of the whole experiment."""
    default_target: True
    input:
        seed_logs=all_seed_logs(),
        merged_logs=all_merged_logs(),
        results=[RESULTS, RESULTS_TABLE],


onstart:
    record_start()

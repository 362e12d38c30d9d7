# Entry of the workflow; the generated Snakefile includes this file.
#
# Reads the experiment file that `config["experiment_file"]` names and declares one job per configuration x seed, one
# merge per configuration, one collection of everything and one report on it. The rule `all` is the generated Snakefile's, because an
# included file cannot say what is made by default. Rules are in rules/, helper functions in common.smk.


include: "common.smk"
include: "../rules/train.smk"
include: "../rules/merge.smk"
include: "../rules/collect.smk"
include: "../rules/report.smk"


wildcard_constraints:
    configuration=CONFIGURATION_PATTERN,
    seed=r"\d+",


onstart:
    record_start()

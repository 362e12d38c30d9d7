# Entry of the workflow; the generated Snakefile includes this file.
#
# Reads the experiment file named by `config["experiment_file"]` and declares one job per configuration x seed, one merge
# per configuration, one collection of everything and one report, and a job before the first seed run and after the last
# where the experiment file names scripts for them. In a search the configurations are trials, whose files one job writes
# first, and the best of them may run again with fresh seeds. The rule `all` is in the generated Snakefile, because an
# included file cannot set the default target. Rules are in rules/, the functions that they use in the files beside this
# one.


include: "common.smk"
include: "searches.smk"
include: "looks.smk"
include: "seed_runs.smk"
include: "processing.smk"
include: "targets.smk"
include: "handlers.smk"
include: "../rules/ask.smk"
include: "../rules/process.smk"
include: "../rules/train.smk"
include: "../rules/chosen.smk"
include: "../rules/rung.smk"
include: "../rules/look.smk"
include: "../rules/merge.smk"
include: "../rules/collect.smk"
include: "../rules/final.smk"
include: "../rules/report.smk"


wildcard_constraints:
    configuration=CONFIGURATION_PATTERN,
    seed=r"\d+",


onstart:
    record_start()


onerror:
    record_failure()

# The trials of a search: what each of them is.


# Snakemake must not ask a second time for what it has once been told: not because a file is older than another, and not
# because the search has grown. So this rule is only for trials without a file, and with all files there it does not exist.
if TO_ASK:

    rule ask:
        """Write the configuration of every new trial."""
        output:
            list(TO_ASK.values()),
            [touch(mark) for mark in ASKED_ANEW],
        log:
            ASK_LOG,
        localrule: True
        conda:
            "../workflow/envs/mle-toolbox.yaml"
        shell:
            start("ask.py", experiment_dir=EXPERIMENT_DIR) + " > {log:q} 2>&1"


# In a search that learns: trials that are asked with the same earlier results are one job, for they are ready together.
# Loop variables go into params, because a shell command is looked at when the job starts.
for ASK in ASK_BLOCKS:

    rule:
        """Ask several trials, with the results of those that have ended by then."""
        name:
            f"ask_{ASK.trials[0].name}"
        input:
            asked_after(ASK),
        output:
            [each.path.as_posix() for each in ASK.trials],
        log:
            RUNS.configuration(ASK.trials[0].name).ask_log.as_posix(),
        localrule: True
        conda:
            "../workflow/envs/mle-toolbox.yaml"
        params:
            trials=ASK.names,
        shell:
            start("ask.py", experiment_dir=EXPERIMENT_DIR) + " --trials={params.trials} > {log:q} 2>&1"


if SINGLE_ASKS:

    rule ask_one:
        """Ask one trial, with the results of those that have ended by then."""
        input:
            single_asked_after,
        output:
            f"{EXPERIMENT_DIR}/{{configuration}}/{{configuration}}{SINGLE_ASK_SUFFIX}",
        log:
            ANY_CONFIGURATION.ask_log.as_posix(),
        wildcard_constraints:
            configuration="|".join(SINGLE_ASKS),
        localrule: True
        conda:
            "../workflow/envs/mle-toolbox.yaml"
        shell:
            start("ask.py", experiment_dir=EXPERIMENT_DIR) + " --trials={wildcards.configuration} > {log:q} 2>&1"

# The targets: all that the experiment has to produce, or the seed runs that were chosen.


def all_merged_logs(_wildcards):
    """Return the merged logs of all configurations; of a search that learns their scores, made together with them."""
    folders = [RUNS.configuration(each.name) for each in PLAN.configurations]
    return [(folder.score if LEARNS else folder.log).as_posix() for folder in folders]


def all_results(wildcards):
    """Return every file that the experiment has to produce.

    Seed logs are listed in addition to what is merged from them, so that a deleted seed folder is made again although
    its merged log is newer than all remaining inputs.
    """
    plan = plan_after(looks_until())
    names = [each.name for each in plan.configurations if each.name not in UNTOUCHED]
    of_runs = files_of_runs((name, seed) for name in names for seed in wanted_seeds(plan, name))
    of_runs += further_runs(wildcards)
    of_report = [REPORT, SUMMARY, COMPARISONS, LEARNING_CURVES, FINAL_VALUES, *SEARCH_FILES.values()]
    of_runs += PROCESSING_DONE.values()
    of_asks = [each.path.as_posix() for ask in ASKS for each in ask.trials]
    if STAGE is not None:
        # What has not been chosen yet, only the rules behind it know.
        of_runs += [FINALISTS, CHOICE, WINNER, *files_of_runs(STAGE.runs)]
    return [
        *TO_ASK.values(),
        *of_asks,
        *ASKED_ANEW,
        *of_runs,
        *all_merged_logs(wildcards),
        RESULTS,
        RESULTS_TABLE,
        *of_report,
    ]


def chosen_results(_wildcards):
    """Return the files that the chosen seed runs have to produce; what is merged from them waits for the others."""
    return [*TO_ASK.values(), *ASKED_ANEW, *files_of_runs(CHOSEN)]

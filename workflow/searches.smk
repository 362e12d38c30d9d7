# Searches: when each trial is asked, which trials get further seeds, and what the final runs.

import functools

from mle_toolbox.asking import asks_of
from mle_toolbox.climbing import runs_below, seeds_by_now
from mle_toolbox.log.run_record import run_status
from mle_toolbox.search_final import final_of_plan, read_choice
from mle_toolbox.snakemake_side.snakemake_command import FINAL_VARIABLE
from mle_toolbox.trial_files import trials_to_ask

# Trials of a search whose files are not there yet. A trial that has its file is never asked again: then the file is a
# source, and the rule `ask` does not exist for it.
TO_ASK = {each.name: each.path.as_posix() for each in trials_to_ask(PLAN)}
ASK_LOG = RUNS.ask_log.as_posix()
# A file that has to be made anew is there already, so Snakemake would see nothing to do: its job also makes a mark that
# is not there, the first of two names or, after it, the second (scripts/ask.py removes the other one).
ASKED_ANEW = [mark.as_posix() for mark in RUNS.asked if not mark.exists()][:1]
if not any(map(os.path.lexists, TO_ASK.values())):
    ASKED_ANEW = []
ASKS = asks_of(PLAN)
PENDING = {each.name for each in PLAN.configurations if each.is_pending}
# Most jobs ask one trial, and one rule for all of these costs less than a rule for each.
SINGLE_ASKS = {each.trials[0].name: each for each in ASKS if len(each.trials) == 1}
SINGLE_ASK_SUFFIX = next((each.trials[0].path.suffix for each in SINGLE_ASKS.values()), "")
ASK_BLOCKS = [each for each in ASKS if len(each.trials) > 1]
# Where better trials of a search get more seeds: the rungs of which that is still to be decided.
TO_DECIDE = PLAN.search.to_decide if PLAN.search is not None else ()
# As with ASKED_ANEW: of two marks one that is not there.
DECIDED_IN_TURN = {rung: 2 if RUNS.rung_mark(rung, 1).exists() else 1 for rung in TO_DECIDE}
# The final of a search, as far as it is known; None without one.
STAGE = final_of_plan(PLAN)
FINALISTS = RUNS.finalists.as_posix()
CHOICE = RUNS.choice.as_posix()
WINNER = RUNS.winner.as_posix()
# Set by `mle run` after seed runs of a search have failed, which would hold up the final for ever.
FINAL_OF_WHAT_FINISHED = STAGE is not None and FINAL_VARIABLE in os.environ


def wait_for_rung(rung):
    """Make Snakemake evaluate this again when the rung has been decided."""
    checkpoints.rung.get(rung=rung, turn=DECIDED_IN_TURN[rung])


def further_runs(_wildcards):
    """Return the files of the seed runs that trials have earned; until that is decided, Snakemake evaluates this again."""
    if TO_DECIDE:
        wait_for_rung(TO_DECIDE[-1])
    return files_of_runs(earned_runs())


@functools.cache
def earned_runs():
    """Return the seed runs that trials have earned, once all is decided, after which nothing changes any more."""
    if not TO_DECIDE:
        return [(each.name, seed) for each in PLAN.configurations for seed in each.more_seeds]
    return [(name, seed) for name, seeds in seeds_by_now(RUNS).items() for seed in seeds if seed not in PLAN.seeds]


def below_rung(wildcards):
    """Return the files of the seed runs by which a rung is decided."""
    rung = int(wildcards.rung)
    if rung == 1:
        return files_of_runs([(each.name, seed) for each in PLAN.configurations for seed in PLAN.seeds])
    if rung - 1 in TO_DECIDE:
        wait_for_rung(rung - 1)
    return files_of_runs(runs_below(RUNS, PLAN.search.settings.seed_rungs, rung))


def ended_seeds(wildcards):
    """Return the marks that all seed runs of one trial have ended."""
    folder = RUNS.configuration(wildcards.configuration)
    return [folder.seed(seed).ended.as_posix() for seed in PLAN.seeds]


def asked_after(ask):
    """Return what a job that asks trials waits for."""
    scores = [RUNS.configuration(name).score.as_posix() for name in ask.scored]
    return [*scores, *(path.as_posix() for path in ask.after)]


def single_asked_after(wildcards):
    """Return what the job that asks one trial waits for."""
    return asked_after(SINGLE_ASKS[wildcards.configuration])


def searched(wildcards):
    """Return what the finalists of a search are chosen from; in a final of what has finished that is there already."""
    return [] if FINAL_OF_WHAT_FINISHED else [*all_merged_logs(wildcards), *further_runs(wildcards)]


def runs_of_finalists(_wildcards):
    """Return the files of the finalists' seed runs with fresh seeds."""
    names = [each["trial"] for each in read_choice(Path(checkpoints.finalists.get().output[0]))["finalists"]]
    return files_of_fresh_runs(names, STAGE.finalist_seeds)


def runs_of_winner(_wildcards):
    """Return the files of the winner's seed runs that are reported, and of those of its base configuration."""
    choice = checkpoints.winner.get().output.choice
    winner = read_choice(Path(choice))["winner"]
    # Another choice is another answer, also where no seed run is new.
    return [choice, *files_of_fresh_runs([winner, PLAN.configuration(winner).trial.base], STAGE.final_seeds)]


def runs_of_base(_wildcards):
    """Return the files of an only base configuration's seed runs, which need not wait until there is a winner."""
    return files_of_fresh_runs([each.name for each in PLAN.final_bases][:1], STAGE.final_seeds)


def files_of_fresh_runs(names, seeds):
    """Return what the configurations have to produce for the final, but for what has just failed where that is so."""
    runs = [(name, seed) for name in names for seed in seeds]
    return files_of_runs([run for run in runs if not (FINAL_OF_WHAT_FINISHED and has_failed(*run))])


def has_failed(name, seed):
    """Return whether a seed run of the present plan has failed."""
    record = record_as_wanted(name, seed)
    return record is not None and run_status(RUNS.seed_run(name, seed), record) in ("failed", "died")


FINAL_INPUT = {} if STAGE is None else {"winner": runs_of_winner}
if STAGE is not None and len(PLAN.final_bases) == 1:
    FINAL_INPUT["base"] = runs_of_base

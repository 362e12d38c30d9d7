# Seed runs: in which order they start, what they are made from, and which changes of that repeat them.

from mle_toolbox.snakemake_side.leftovers import remembered_inputs
from mle_toolbox.snakemake_side.snakemake_command import ORDER_VARIABLE

# The place of every configuration and seed in the order in which seed runs start.
CONFIGURATION_PLACES = {each.name: place for place, each in enumerate(PLAN.configurations)}
SEED_PLACES = {seed: place for place, seed in enumerate(PLAN.possible_seeds)}


def turn(wildcards):
    """Return the priority of a seed run: the first seed of every configuration comes first, then the second of each.

    So after an hour there are a few seeds of all configurations, and not all seeds of a few. `mle run --order
    configurations` finishes one configuration after the other. What is merged from finished runs has priority 0, and so
    comes before all of them.
    """
    if int(wildcards.seed) not in SEED_PLACES:
        # Of the final; a base configuration that waits for nothing uses the cores that are idle.
        return -(len(PLAN.seed_runs) + int(wildcards.seed))
    configuration, seed = CONFIGURATION_PLACES[wildcards.configuration], SEED_PLACES[int(wildcards.seed)]
    # A search that learns waits for all seeds of a trial.
    if LEARNS or os.environ.get(ORDER_VARIABLE) == "configurations":
        return -(configuration * len(SEED_PLACES) + seed) - 1
    return -(seed * len(CONFIGURATION_PLACES) + configuration) - 1


def configuration_file(wildcards):
    """Return the configuration file of a seed run."""
    return PLAN.configuration(wildcards.configuration).path.as_posix()


def configuration_input(wildcards):
    """Return the configuration file as an input; where jobs read the stored one, only if that decides a rerun.

    One case is a run with other content of which Snakemake has no metadata (a copied project): without them no change
    of params is noticed. `mle run` has set such runs aside before. The other is a run that was made with this input,
    such as by an earlier version: without it, Snakemake would say that its inputs have changed.
    """
    path, name, seed = configuration_file(wildcards), wildcards.configuration, int(wildcards.seed)
    if name in PENDING:
        return path
    if name in TO_ASK:
        # Its runs of the present content stay, so they need nothing; not ancient(), which does not hold for a missing file.
        return [] if record_as_wanted(name, seed) is not None and log_exists(name, seed) else path
    if not PLAN.frozen_code:
        return path if record_as_wanted(name, seed) is None else ancient(path)
    remembered = inputs_of_run(wildcards)
    if remembered is None:
        return path if record_as_wanted(name, seed) is None and log_exists(name, seed) else []
    return ancient(path) if path in remembered else []


def script_input(wildcards):
    """Return the script as an input; where jobs read the stored one, only if the run was made with this input."""
    path = PLAN.script.as_posix()
    return [] if PLAN.frozen_code and path not in (inputs_of_run(wildcards) or ()) else ancient(path)


def inputs_of_run(wildcards):
    """Return from which inputs a seed run was made, by Snakemake's metadata; None without its output or metadata."""
    run = RUNS.seed_run(wildcards.configuration, int(wildcards.seed))
    output = run.ended if LEARNS else run.log
    return remembered_inputs(PLAN.project_dir, output) if output.exists() else None


def configuration_digest(wildcards):
    """Return the digest of the configuration's content: the recorded one if edits since do not affect the numbers.

    A change of it triggers a rerun. A trial of a search that learns is asked after this is noted, and never changes.
    """
    if LEARNS:
        return "asked"
    record = record_as_wanted(wildcards.configuration, int(wildcards.seed))
    digest = PLAN.configuration(wildcards.configuration).digest
    return digest if record is None else record.config_sha256 or digest

# Which seeds each configuration has by now: where their number is open, that depends on the looks that have been held.

from dataclasses import replace

from mle_toolbox.looks.look_files import read_look

# The looks that have not been held yet. One that has a file is never decided again: then the file is a source, and the
# rule `look` does not exist for it.
TO_LOOK = ()
if PLAN.looks is not None and not PLAN.looks.is_over:
    TO_LOOK = tuple(range(len(PLAN.looks.held) + 1, len(PLAN.looks.sizes) + 1))
ANY_LOOK = RUNS.look(PLAN.looks.digest, "{look}").as_posix() if PLAN.looks is not None else ""
LOOK_LOG = RUNS.look_log(PLAN.looks.digest, "{look}").as_posix() if PLAN.looks is not None else ""


def looks_until(number=None):
    """Return the looks before this number, or all that are held: those of earlier calls and those of this one.

    Where one of this call has not been held yet, Snakemake learns that what asks for it has to wait.
    """
    if PLAN.looks is None:
        return ()
    held = list(PLAN.looks.held)
    for look in TO_LOOK:
        if look == number or (held and not held[-1].undecided):
            break
        file = checkpoints.look.get(look=look).output[0]
        held.append(read_look(Path(file)))
    return tuple(held)


def plan_after(looks):
    """Return the plan as it is after these looks."""
    if PLAN.looks is None or len(looks) == len(PLAN.looks.held):
        return PLAN
    return replace(PLAN, looks=replace(PLAN.looks, held=looks))


def wanted_seeds(plan, name):
    """Return the seeds of a configuration without those that have failed, if no look waits for them any more."""
    return [seed for seed in plan.seeds_of(name) if not plan.is_given_up(name, seed) or log_exists(name, seed)]


def look_logs(wildcards):
    """Return the logs of all seed runs that one look compares."""
    looks = looks_until(int(wildcards.look))
    plan = plan_after(looks)
    names = looks[-1].undecided if looks else [each.name for each in PLAN.configurations]
    return [RUNS.seed_run(name, seed).log.as_posix() for name in names for seed in wanted_seeds(plan, name)]


def seed_logs(wildcards):
    """Return the logs of all seeds of one configuration; none where they are known to be merged.

    So Snakemake makes no jobs of them, for each of which it would look at files and notes.
    """
    if wildcards.configuration in UNTOUCHED:
        return []
    folder, name = RUNS.configuration(wildcards.configuration), wildcards.configuration
    return [folder.seed(seed).log.as_posix() for seed in wanted_seeds(plan_after(looks_until()), name)]


def seeds_to_merge(wildcards, input):
    """Return the seeds of one configuration as ranges."""
    if PLAN.looks is None:
        return format_seeds(PLAN.seeds)
    return format_seeds(int(Path(log).parent.name.removeprefix("seed_")) for log in input)


def held_looks(_wildcards):
    """Return the files of all looks; until they are held, what asks for them waits."""
    return [RUNS.look(PLAN.looks.digest, look.number).as_posix() for look in looks_until()]

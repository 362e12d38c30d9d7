"""Whether cores will be idle because a search that learns waits for results."""

from __future__ import annotations

from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.snakemake_side.profile_files import read_profile
from mle_toolbox.surroundings import available_cores
from mle_toolbox.text import count

__all__ = ["idle_words"]


def idle_words(plan: Plan, profile: str, cores: int | None) -> str | None:
    """Return a sentence if fewer seed runs can be under way than this machine has cores for; None otherwise.

    Parameters
    ----------
    plan
        The experiment.
    profile
        Where it runs. How many jobs a cluster runs at a time is not known.
    cores
        How many cores of this machine may be used; None: as many as the profile says.
    """
    if plan.search is None or (learning := plan.search.learning) is None or learning.search_type != "smbo":
        return None
    keys = read_profile(profile, plan.project_dir).keys
    if keys.get("executor") not in (None, "local"):
        return None
    given = cores or keys.get("cores")
    places = (given if isinstance(given, int) else available_cores()) // max(plan.job.cores, 1)
    trials = learning.batch or learning.window
    at_a_time = trials * len(plan.seeds) * len(plan.search.bases)
    if at_a_time >= places:
        return None
    key = "num_evals_per_batch" if learning.batch is not None else "max_running_evals"
    needed = -(-places // (len(plan.seeds) * len(plan.search.bases)))
    room = f"{count(trials, 'trial')} x {count(len(plan.seeds), 'seed')} run at a time, and there is room for {places}"
    return (
        f"Some cores will have nothing to do: {room}. {key}: {2 * needed} would keep them busy; it changes which "
        "trials are asked."
    )

"""The steps of a search's final as its driver sees them: how many seed runs each adds, and which one can go on."""

from __future__ import annotations

from collections import Counter

from mle_toolbox.drive.status import read_plan_status
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.search_final import final_of_plan, read_choice

__all__ = ["after_choices", "next_step_of_final", "runs_of_final"]


def runs_of_final(plan: Plan) -> tuple[int, int, int]:
    """Return how many seed runs the finalists, the winner and its base configuration are going to have."""
    if plan.final is None:
        return 0, 0, 0
    finalists, final = min(plan.final.num_finalists, len(plan.configurations)), plan.final.num_final_seeds
    return finalists * plan.final.num_finalist_seeds, final, final


def after_choices(plan: Plan) -> dict[str, int]:
    """Return how many seed runs are only known after a choice, by the job that makes it."""
    finalists, winner, base = runs_of_final(plan)
    # An only base configuration is planned from the start.
    return {"finalists": finalists, "winner": winner + (base if len(plan.final_bases) > 1 else 0)} if winner else {}


def next_step_of_final(plan: Plan) -> object:
    """Return the state of a final that could go on but for seed runs that have failed; else None."""
    stage = final_of_plan(plan)
    if stage is None:
        return None
    status = {(run.configuration, run.seed): run.status for run in read_plan_status(plan).runs}
    folder = ExperimentFolder(plan.experiment_path)
    left_out = sorted({name for name, seed in plan.seed_runs if status[name, seed] != "done"})
    if stage.finalists is not None and read_choice(folder.finalists).get("left_out") != left_out:
        # Other seed runs have failed than when these were chosen.
        folder.finalists.unlink()
        return next_step_of_final(plan)
    before = plan.seed_runs if stage.finalists is None else stage.finalist_runs if stage.winner is None else ()
    ends = Counter(status[run] for run in before)
    if ends["done"] + ends["failed"] + ends["died"] < len(before) or (before and not ends["done"]):
        return None
    if stage.winner is not None and all(status[run] != "waiting" for run in stage.final_runs):
        return None
    return stage.finalists, stage.winner

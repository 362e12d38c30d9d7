"""The looks of an experiment whose number of seeds is open: what they compare, and what was decided so far."""

from __future__ import annotations

from dataclasses import replace

from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.looks.held_looks import HeldLooks
from mle_toolbox.looks.look_files import digest_of
from mle_toolbox.looks.look_schedule import Schedule

__all__ = ["as_of_now", "with_looks"]


def with_looks(plan: Plan, schedule: Schedule) -> Plan:
    """Return the plan with its looks; its first metric decides."""
    metric, entry = next(iter(plan.metrics.items()))
    # Not the maximum: raising it must not invalidate what was decided.
    digest = digest_of(
        {
            "configurations": sorted((each.name, plan.identity(each.name)) for each in plan.configurations),
            "metric": [metric, entry.get("better")],
            "looks": [schedule.minimum, schedule.step],
            "seeds": plan.seeds[: schedule.minimum],
            "task": plan.task,
        }
    )
    looks = HeldLooks(metric, entry.get("better") == "lower", schedule, digest, plan.seeds)
    return as_of_now(replace(plan, looks=looks))


def as_of_now(plan: Plan) -> Plan:
    """Return the plan with the looks that have been held by now; the same plan where the number of seeds is fixed."""
    if plan.looks is None:
        return plan
    return replace(plan, looks=plan.looks.as_of_now(ExperimentFolder(plan.experiment_path)))

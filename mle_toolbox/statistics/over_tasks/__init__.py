"""Statistics over several tasks: which method is better over environments or data sets, and how sure that is.

Scores come as method -> task -> array of shape (seeds of that cell,): numbers of seeds may differ, and a method that
has no score on a task lacks the key. Every task weighs the same, whatever its number of seeds. An interval is about
these tasks: only seeds vary; ``resample_tasks`` asks about other tasks of the same kind instead.
"""

from mle_toolbox.statistics.over_tasks.comparable import Comparable, comparable
from mle_toolbox.statistics.over_tasks.estimates import STATISTICS_OVER_TASKS, estimate_over_tasks
from mle_toolbox.statistics.over_tasks.performance import profile_over_tasks
from mle_toolbox.statistics.over_tasks.ranks import Ranks, ranks_over_tasks
from mle_toolbox.statistics.over_tasks.resemblance import Resemblance, resemblance
from mle_toolbox.statistics.over_tasks.scores import common_tasks
from mle_toolbox.statistics.over_tasks.seeds import SeedsOverTasks, seeds_needed_over_tasks
from mle_toolbox.statistics.over_tasks.task_differences import TaskDifference, difference_over_tasks
from mle_toolbox.statistics.over_tasks.task_improvement import Improvement, improvement_over_tasks
from mle_toolbox.statistics.over_tasks.wins import Wins, wins_over_tasks

__all__ = [
    "STATISTICS_OVER_TASKS",
    "Comparable",
    "Improvement",
    "Ranks",
    "Resemblance",
    "SeedsOverTasks",
    "TaskDifference",
    "Wins",
    "common_tasks",
    "comparable",
    "difference_over_tasks",
    "estimate_over_tasks",
    "improvement_over_tasks",
    "profile_over_tasks",
    "ranks_over_tasks",
    "resemblance",
    "seeds_needed_over_tasks",
    "wins_over_tasks",
]

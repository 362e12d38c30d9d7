"""Statistics over seeds: which configuration is better, and with what certainty.

For plain arrays of shape (S,), (S, T) or (S, tasks), one row per seed. Intervals are returned as (low, high), along
``axis=0`` and with ``confidence=0.95`` by default; docs/statistics.md shows their measured coverage. Everything random
is seeded. A value that is not finite is refused, or counted and shown; it never vanishes in an average.

Knows nothing of files, Snakemake or the command line.
"""

from mle_toolbox.statistics.aggregates import interquartile_mean, mean, median, percentiles, standard_error, std
from mle_toolbox.statistics.alignment import align
from mle_toolbox.statistics.all_pairs import AllPairs, compare_all, holm
from mle_toolbox.statistics.bootstrap import bca_interval, bootstrap_interval
from mle_toolbox.statistics.comparison import Comparison, compare
from mle_toolbox.statistics.curve_band import Band, Curve, band
from mle_toolbox.statistics.direction import direction
from mle_toolbox.statistics.estimate import Estimate, estimate
from mle_toolbox.statistics.group_mean import estimate_of_group
from mle_toolbox.statistics.improvement import improvement_interval, probability_of_improvement
from mle_toolbox.statistics.intervals import (
    iqm_interval,
    mean_interval,
    median_interval,
    proportion_interval,
    trimmed_mean_interval,
)
from mle_toolbox.statistics.over_tasks import (
    STATISTICS_OVER_TASKS,
    Comparable,
    Improvement,
    Ranks,
    Resemblance,
    SeedsOverTasks,
    TaskDifference,
    Wins,
    common_tasks,
    comparable,
    difference_over_tasks,
    estimate_over_tasks,
    improvement_over_tasks,
    profile_over_tasks,
    ranks_over_tasks,
    resemblance,
    seeds_needed_over_tasks,
    wins_over_tasks,
)
from mle_toolbox.statistics.permutation import permutation_p
from mle_toolbox.statistics.power import detectable_difference, seeds_needed
from mle_toolbox.statistics.reduction import area_under_curve, at, best_so_far, check_at
from mle_toolbox.statistics.score_profiles import optimality_gap, performance_profile, profile_interval
from mle_toolbox.text import interval_text, p_text, percent

__all__ = [
    "STATISTICS_OVER_TASKS",
    "AllPairs",
    "Band",
    "Comparable",
    "Comparison",
    "Curve",
    "Estimate",
    "Improvement",
    "Ranks",
    "Resemblance",
    "SeedsOverTasks",
    "TaskDifference",
    "Wins",
    "align",
    "area_under_curve",
    "at",
    "band",
    "bca_interval",
    "best_so_far",
    "bootstrap_interval",
    "check_at",
    "common_tasks",
    "comparable",
    "compare",
    "compare_all",
    "detectable_difference",
    "difference_over_tasks",
    "direction",
    "estimate",
    "estimate_of_group",
    "estimate_over_tasks",
    "holm",
    "improvement_interval",
    "improvement_over_tasks",
    "interquartile_mean",
    "interval_text",
    "iqm_interval",
    "mean",
    "mean_interval",
    "median",
    "median_interval",
    "optimality_gap",
    "p_text",
    "percent",
    "percentiles",
    "performance_profile",
    "permutation_p",
    "probability_of_improvement",
    "profile_interval",
    "profile_over_tasks",
    "proportion_interval",
    "ranks_over_tasks",
    "resemblance",
    "seeds_needed",
    "seeds_needed_over_tasks",
    "standard_error",
    "std",
    "trimmed_mean_interval",
    "wins_over_tasks",
]

"""Figures of metrics over seeds. Each function returns a matplotlib figure for further work.

They take curves and samples, know nothing of files, and neither use pyplot nor change matplotlib's settings. The five
parameters that all of them share are repeated in each: an object of options, or ``**options``, would save 20 lines and
cost users the completion in their editor and the error for a misspelt name.
"""

from mle_toolbox.plots.aggregate_bars import aggregate_intervals
from mle_toolbox.plots.contours import contours
from mle_toolbox.plots.curve_figures import learning_curves
from mle_toolbox.plots.heat import heat_map
from mle_toolbox.plots.importance_bars import importance_bars
from mle_toolbox.plots.matrix import probability_of_improvement_matrix
from mle_toolbox.plots.profiles import performance_profiles
from mle_toolbox.plots.rank_diagram import critical_difference_diagram
from mle_toolbox.plots.saving import save_figure
from mle_toolbox.plots.search_history import search_history
from mle_toolbox.plots.slices import slices
from mle_toolbox.plots.strips import final_values
from mle_toolbox.plots.task_curves import task_curves
from mle_toolbox.plots.task_profiles import task_profiles

__all__ = [
    "aggregate_intervals",
    "contours",
    "critical_difference_diagram",
    "final_values",
    "heat_map",
    "importance_bars",
    "learning_curves",
    "performance_profiles",
    "probability_of_improvement_matrix",
    "save_figure",
    "search_history",
    "slices",
    "task_curves",
    "task_profiles",
]

"""The history of a search: every trial in its order, the best so far, and what fresh seeds say of the winner."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mle_toolbox.colours import COLOURS
from mle_toolbox.errors import StatisticsError
from mle_toolbox.plots.axis import hidden_words, label_axis, log_scale
from mle_toolbox.plots.sheet import Entry, new_sheet
from mle_toolbox.plots.style import drawing
from mle_toolbox.statistics import Estimate
from mle_toolbox.statistics.reduction import best_so_far
from mle_toolbox.text import count

__all__ = ["search_history"]

_SIZE = (4.6, 2.8)  # inches


def search_history(
    scores: Sequence[float],
    *,
    lower_is_better: bool,
    confirmed: Estimate | None = None,
    base: Estimate | None = None,
    winner: int | None = None,
    metric: str = "",
    log_y: bool = False,
    note: str = "",
    size: tuple[float, float] | None = None,
    caption: bool = True,
    style: str | None = None,
) -> Figure:
    """Draw the scores of the trials in the order in which they were asked.

    Parameters
    ----------
    scores
        Shape (trials,), NaN where a trial has none.
    lower_is_better
        Which is the best so far.
    confirmed, base
        The values of the winner and of the base configuration with seeds that have chosen nothing; None: not known.
    winner
        The place of the winner among the trials.
    metric, log_y, note, size, caption, style
        As in `slices`.

    Returns
    -------
    Figure
        Of matplotlib. The distance of the best so far from the confirmed value is the optimism of the search.

    Raises
    ------
    StatisticsError
        When no trial has a score.
    """
    values = np.asarray(scores, dtype=np.float64)
    there = np.isfinite(values)
    if not there.any():
        raise StatisticsError("No trial has a score, so a search has no history yet.")
    places = np.arange(len(values))
    # Infinite and not NaN, so that a trial without a score keeps the best so far.
    running = best_so_far(np.where(there, values, np.inf), lower_is_better=lower_is_better)
    with drawing(style):
        sheet = new_sheet(size or _SIZE, 1, 1)
        axes = sheet.axes[0]
        [trials] = axes.plot(
            places[there],
            values[there],
            "o",
            markersize=4,
            markeredgewidth=0,
            color=COLOURS[0],
            alpha=0.6,
            gid="trials",
        )
        known = np.isfinite(running)
        [best] = axes.step(places[known], running[known], where="post", color=COLOURS[1], linewidth=1.4, gid="running")
        sheet.entries += [Entry(trials, "trial"), Entry(best, "best so far", " (optimistic)")]
        for each, colour, name in ((base, COLOURS[3], "base"), (confirmed, COLOURS[2], "winner")):
            if each is not None and each.n:
                line = axes.axhline(each.value, color=colour, linewidth=1.4, linestyle="--", gid=name)
                sheet.entries.append(Entry(line, name, ", fresh seeds"))
                if np.isfinite(each.low):
                    axes.axhspan(each.low, each.high, color=colour, alpha=0.18, linewidth=0)
        if winner is not None and there[winner]:
            axes.plot(winner, values[winner], "o", markersize=9, markerfacecolor="none", color=COLOURS[2], gid="ring")
        hidden = log_scale(axes, "y", [values[there]]) if log_y else 0
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        label_axis(axes.xaxis, "trial")
        label_axis(axes.yaxis, metric)
        return sheet.finish(_caption(int(there.sum()), len(values), confirmed, hidden, note) if caption else ())


def _caption(scored: int, trials: int, confirmed: Estimate | None, hidden: int, note: str) -> list[str]:
    without = f", {trials - scored} of them without a score" if scored < trials else ""
    is_confirmed = confirmed is not None and confirmed.n > 0
    return [
        f"{count(trials, 'trial')} in their order{without}; scores of the search's own seeds.",
        "Ring: the winner. Dashed: values with seeds that have chosen nothing; the distance of the best so far from "
        "the winner's is the optimism of the search."
        if is_confirmed
        else "The best of many looks better than it is; fresh seeds show by how much.",
        hidden_words(hidden),
        note,
    ]

"""What `mle plot` draws: the metric, the choice of values, and the look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mle_toolbox.render.sentences import at_words, better_words
from mle_toolbox.results import Configurations
from mle_toolbox.results.reference_scores import References
from mle_toolbox.text import counted

__all__ = ["FigureRequest"]


@dataclass(frozen=True)
class FigureRequest:
    """Everything but the kind of the figure.

    ``metric`` to ``include_unfinished`` mean what they mean in `mle results`. ``log_time`` and ``log_metric`` make the
    axis of the time and that of the metric logarithmic; ``settings`` are those of a heat map or of slices; ``scores``,
    ``references`` and ``common_tasks`` say how methods are compared over tasks; ``called`` is what labels call the
    metric; the others are those of the functions
    in ``mle_toolbox.plots``.
    """

    metric: str
    time: str | None = None
    at: str = "last"
    statistic: str = "mean"
    confidence: float = 0.95
    lower_is_better: bool | None = None
    include_unfinished: bool = False
    log_time: bool = False
    log_metric: bool = False
    settings: tuple[str, ...] | None = None
    seeds: bool | None = None
    size: tuple[float, float] | None = None
    caption: bool = True
    style: str | None = None
    note: str = ""
    scores: str | None = None
    references: References | None = None
    common_tasks: bool = False
    called: str = ""

    def lower(self, results: Configurations) -> bool:
        """Tell whether a lower value is better, as requested, or as the results say."""
        return results.direction(self.metric, self.lower_is_better)[0]

    @property
    def name(self) -> str:
        """What labels call the metric."""
        return self.called or self.metric

    @property
    def label(self) -> str:
        """The metric, and which number of a run counts."""
        return f"{self.name}, {at_words(self.at)}"

    def look(
        self, results: Configurations, left_out: Mapping[str, Mapping[str, int]], *, over_tasks: bool = False
    ) -> dict[str, Any]:
        """Return the arguments that all kinds share; ``left_out`` are the seeds without a value."""
        total = sum((Counter(each) for each in left_out.values()), Counter[str]())
        note = better_words(*results.direction(self.metric, self.lower_is_better)).capitalize() + "."
        note = " ".join(filter(None, [note, self.note]))
        cautions = results.figure_cautions(include_unfinished=self.include_unfinished, over_tasks=over_tasks)
        if total:
            note += f" Seed runs not shown: {counted(total)}."
        note = " ".join([note, *cautions])
        return {"note": note, "size": self.size, "caption": self.caption, "style": self.style}

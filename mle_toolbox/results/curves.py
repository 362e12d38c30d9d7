"""A metric over time for every configuration, with all seeds on one time axis."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mle_toolbox.looks.held_looks import HeldLooks
from mle_toolbox.results.answer import looks_for_statistics
from mle_toolbox.results.configuration import ConfigurationResults
from mle_toolbox.results.samples import SeedSample
from mle_toolbox.results.series import series, time_variable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mle_toolbox.statistics import Curve

__all__ = ["Curves", "curve_of"]


class Curves(Mapping[str, "Curve"]):
    """Curves by the name of their configuration; see ``ExperimentResults.curve``.

    Parameters
    ----------
    metric, lower_is_better
        The metric and its direction.
    curves
        By configuration, without those that have no finished run.
    left_out
        For each configuration how many seeds are not in its curve, by reason.
    cautions
        Warnings about the runs, for the caption of a figure.
    label
        What a figure calls the metric; by default its name.
    """

    def __init__(
        self,
        metric: str,
        curves: Mapping[str, Curve],
        left_out: Mapping[str, Mapping[str, int]],
        lower_is_better: bool = False,
        cautions: Sequence[str] = (),
        label: str | None = None,
    ) -> None:
        self.metric = metric
        self.left_out = left_out
        self.lower_is_better = lower_is_better
        self.cautions = tuple(cautions)
        self.label = label or metric
        self._curves = dict(curves)

    def __getitem__(self, name: str) -> Curve:
        return self._curves[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._curves)

    def __len__(self) -> int:
        return len(self._curves)

    def plot(self, **options: Any) -> Figure:
        """Draw them; ``options`` are those of ``mle_toolbox.plots.learning_curves``.

        Returns
        -------
        Figure
            For further work, or ``figure.savefig("curves.pdf")``.
        """
        from mle_toolbox.plots import learning_curves

        note = " ".join(filter(None, [options.pop("note", ""), *self.cautions]))
        return learning_curves(self, **{"metric": self.label, "note": note, **options})

    def __repr__(self) -> str:
        head = f"<Curves of {self.metric!r}: {len(self)} configurations>"
        return "\n".join([head, *map(self._line, self), *self._said()])

    def _repr_html_(self) -> str:
        rows = "".join(f"<li>{html.escape(self._line(name))}</li>" for name in self)
        said = "".join(f"<div>{html.escape(line)}</div>" for line in self._said())
        return f"<div><b>Curves of {html.escape(self.metric)}</b> (draw them with .plot())<ul>{rows}</ul>{said}</div>"

    def _said(self) -> list[str]:
        return [f"  Caution: {line}" for line in self.cautions]

    def _line(self, name: str) -> str:
        curve = self[name]
        return f"  {name!r}: {len(curve.seeds)} seeds, {len(curve.time)} points of {curve.time_name!r}"


def curve_of(
    configuration: ConfigurationResults, metric: str, time: str | None, sample: SeedSample, looks: HeldLooks | None
) -> Curve | None:
    """Return the curve of the seeds that are in ``sample``, None when there are none."""
    from mle_toolbox.statistics import Curve, align

    name = time_variable(configuration, time)
    # A seed without a value has no curve either, so n is the same in tables and figures.
    runs = [run for run in configuration.runs if run.seed in sample.seeds]
    parts = [part for run in runs if (part := series(run, metric, name)) is not None]
    if not parts:
        return None
    # align() refuses times that are not finite; a tick with an unknown time has no place on the axis.
    placed = [(ticks[np.isfinite(ticks)], values[np.isfinite(ticks)]) for ticks, values in parts]
    axis, values = align([ticks for ticks, _ in placed], [values for _, values in placed])
    seeds, statuses = tuple(run.seed for run in runs), tuple(run.status for run in runs)
    share, looked = 1.0, ""
    if looks is not None:
        found = looks_for_statistics(looks, [configuration.name])
        share, looked = found.share(found.last[configuration.name]), found.words
    return Curve(configuration.name, metric, name, axis, values, seeds, statuses, share, looked)

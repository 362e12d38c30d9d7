"""Curves to draw, and the means to find what was drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mle_toolbox.statistics import Curve, align


def make_curve(
    name: str = "a",
    n_seeds: int = 5,
    n_ticks: int = 20,
    lengths: Sequence[int] | None = None,
    diverges: Sequence[int] = (),
    level: float = 1.0,
) -> Curve:
    """Return a falling curve; the seeds in ``diverges`` become NaN half way."""
    rng = np.random.default_rng(n_seeds * 1000 + n_ticks)
    times, values = [], []
    for seed in range(n_seeds):
        time = np.arange(n_ticks if lengths is None else lengths[seed], dtype=np.float64)
        value = level * np.exp(-time / n_ticks) + 0.05 * rng.normal() + 0.02 * rng.normal(size=len(time))
        if seed in diverges:
            value[len(time) // 2 :] = np.nan
        times.append(time)
        values.append(value)
    time, aligned = align(times, values)
    return Curve(name, "loss", "updates", time, aligned, tuple(range(n_seeds)), ("done",) * n_seeds)


def find(figure: Figure, gid: str) -> list[Any]:
    """Return the artists that were drawn under this name."""
    return figure.findobj(lambda artist: artist.get_gid() == gid)


def legend_texts(figure: Figure) -> list[str]:
    """Return the lines of the legend."""
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def caption(figure: Figure) -> str:
    """Return the caption as one line."""
    return " ".join(text.get_text().replace("\n", " ") for text in find(figure, "caption"))


def area(figure: Figure) -> NDArray[np.float64]:
    """Return the corners of the one band that was drawn, shape (K, 2)."""
    (band,) = find(figure, "band")
    return np.asarray(band.get_paths()[0].vertices)

"""Two figures beside the report, for Snakemake's own report, a paper or a slide: learning curves and final values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mle_toolbox.errors import MLEToolboxError
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.render.sentences import better_words
from mle_toolbox.results import Answer, ExperimentResults
from mle_toolbox.results.analysis import Configurations

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["write_figures"]

# Most configurations in a figure; of more, the best ones are shown.
_MOST = 10


def write_figures(results: Configurations, folder: ExperimentFolder) -> None:
    """Write ``learning_curves.svg`` and ``final_values.svg`` of the first metric; `mle plot` draws all others.

    Where nothing can be drawn, the figures say why.
    """
    from mle_toolbox.plots import save_figure

    try:
        curves, finals = _figures(results.displayed())
    except MLEToolboxError as error:
        # The rule declares both files, so they are written in any case.
        curves = finals = _only_words(str(error))
    save_figure(curves, folder.learning_curves)
    save_figure(finals, folder.final_values)


def _figures(results: Configurations) -> tuple[Figure, Figure]:
    from mle_toolbox.plots import final_values, learning_curves

    curves, found = results.curve(), results.answer()
    samples = found.samples
    # The ranking has only configurations with a number; few configurations are all shown, also those without.
    shown = set(samples) if len(samples) <= _MOST else set(_ranking(results, found)[:_MOST])
    note = better_words(*results.direction(curves.metric)).capitalize() + "."
    if len(shown) < len(samples):
        which = "best" if results.tasks is None else "first"
        note += f" The {len(shown)} {which} of {len(samples)} configurations."
    note = " ".join([note, *results.figure_cautions()])
    drawn = {name: curve for name, curve in curves.items() if name in shown}
    finals = {name: samples[name] for name in samples if name in shown}
    return (
        learning_curves(drawn, metric=curves.label, note=note),
        final_values(finals, metric=f"{curves.label}, last value", note=note, estimates=found.estimates),
    )


def _ranking(results: Configurations, found: Answer) -> Sequence[str]:
    """Return the configurations, the best first; of a search in the order of its scores, as in every other output."""
    if results.tasks is not None:
        return tuple(found.samples)
    if not isinstance(results, ExperimentResults) or results.search is None or not results.search.metrics:
        return found.ranking
    return [each.name for each in results.ranking().ranked]


def _only_words(words: str) -> Figure:
    from matplotlib.figure import Figure

    from mle_toolbox.plots.figure_text import plain

    figure = Figure(figsize=(6, 1))
    # plain(): dollar signs in a message would be read as mathematics.
    figure.text(0.5, 0.5, plain(words), ha="center", va="center", wrap=True)
    return figure

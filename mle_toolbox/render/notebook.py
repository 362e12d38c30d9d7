"""HTML of results in a notebook. All text is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mle_toolbox.render.table import Cell, Column, Table
from mle_toolbox.results.analysis import Configurations
from mle_toolbox.results.configuration import ConfigurationResults, seeds_words
from mle_toolbox.results.differences import differing_keys, short_names, value_text
from mle_toolbox.results.seed import SeedResults

__all__ = ["html_of"]

_MAX_KEYS = 6


def html_of(results: Configurations | ConfigurationResults | SeedResults) -> str:
    """Return the HTML that a notebook shows for results."""
    if isinstance(results, Configurations):
        return _configurations(results)
    return _seed(results) if isinstance(results, SeedResults) else _configuration(results)


def _configurations(results: Configurations) -> str:
    """Return the configurations, the settings that differ, and the status of their seeds."""
    differences = results.differences()
    keys = differing_keys(differences)[:_MAX_KEYS]
    titles = short_names(keys)
    columns = (Column("configuration"), *(Column(titles[key], right=True) for key in keys), Column("seeds"))
    rows = tuple(
        (
            Cell(name),
            *(Cell(value_text(apart[key]) if key in apart else "") for key in keys),
            Cell(seeds_words(each.statuses, each.missing)),
        )
        for name, each in results.items()
        for apart in [differences.get(name, {})]
    )
    metrics = ", ".join(results.metrics) or "none yet"
    title = f"{results.title}: {len(results)} configurations"
    return Table(title, columns, rows, (f"Metrics: {metrics}.",), first=results.cautions).to_html()


def _configuration(results: ConfigurationResults) -> str:
    """Return the variables of a configuration and the status of its seeds."""
    shapes = {name: results.data.columns[name].shape for name in results.data.names}
    title = f"{results.name}: {seeds_words(results.statuses, results.missing)}"
    return _variables(title, results.time_names, shapes, (*results.cautions, *results.remarks))


def _seed(results: SeedResults) -> str:
    """Return the variables of a seed run and its status."""
    shapes = {name: results[name].shape for name in results.names}
    title = f"{results.configuration}, seed {results.seed}: {results.status}, {results.n_ticks} ticks"
    damage = (results.damage,) if results.damage else ()
    return _variables(title, tuple(results.time), shapes, (*damage, *results.remarks))


def _variables(title: str, time: Sequence[str], shapes: Mapping[str, tuple[int, ...]], remarks: Sequence[str]) -> str:
    rows = tuple(
        (Cell(name), Cell("time" if name in time else "metric"), Cell(" x ".join(map(str, shape))))
        for name, shape in shapes.items()
    )
    return Table(
        title, (Column("name"), Column("kind"), Column("shape", right=True)), rows, (), tuple(remarks)
    ).to_html()

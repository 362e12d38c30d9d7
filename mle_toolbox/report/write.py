"""Assemble the page: one file with the data, the styles, the chart library and our JavaScript."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from mle_toolbox.errors import ResultsError
from mle_toolbox.log.atomic import replace_text
from mle_toolbox.report.content import page_content, page_data
from mle_toolbox.report.numbers import read_numbers
from mle_toolbox.report.packing import script_json
from mle_toolbox.report.search_section import search_view
from mle_toolbox.report.task_section import task_tables
from mle_toolbox.results import ExperimentResults
from mle_toolbox.results.analysis import Configurations

__all__ = ["write_report"]

_HERE = Path(__file__).parent
_SCRIPTS = ("data.js", "theme.js", "curves.js", "finals.js", "over.js", "surface.js", "search.js", "report.js")


def write_report(
    results: Configurations,
    path: str | os.PathLike[str],
    *,
    title: str | None = None,
    directions: Mapping[str, bool] | None = None,
) -> Path:
    """Write the report of an experiment, finished or not, as one HTML file that opens offline.

    Parameters
    ----------
    results
        From ``load``, for one results folder or several.
    path
        The file; replaced in one step.
    title
        The heading; by default the project's name.
    directions
        For some metrics, whether lower is better. For the others it is guessed from the name, and the report says so.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ResultsError
        When ``directions`` says anything else than True or False of a metric.
    """
    path = Path(path)
    _check_directions(directions or {})
    results = results.displayed()
    search = search_view(results) if isinstance(results, ExperimentResults) else None
    # Of hundreds of trials the page shows the first ones, and all of them in the section of the search.
    shown = results.select(search.shown) if search is not None else results
    numbers = read_numbers(shown, directions)
    over_tasks = task_tables(results, numbers.metrics)
    page = page_content(results, numbers, title, search, over_tasks)
    text = _html(page, script_json(page_data(shown, numbers, page, search, over_tasks)))
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_text(path, text, errors="replace")
    return path


def _check_directions(directions: object) -> None:
    if not isinstance(directions, Mapping):
        raise ResultsError(
            f"directions maps metrics to True where lower is better, to False elsewhere: {directions!r}."
        )
    for name, value in directions.items():
        # Strictly: a word such as "higher" is true in Python.
        if not isinstance(value, bool):
            raise ResultsError(f"directions: {name!r} is {value!r}. Write True where lower is better, else False.")


def _html(page: Mapping[str, Any], data: str) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    library, program = _library(), _program()
    environment = Environment(
        # StrictUndefined: a misspelt name in the template is an error and not an empty place.
        loader=FileSystemLoader(_HERE / "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    # Texts of the user are escaped in three places: here by jinja2, as \u003c in the JSON (`packing.py`), and in
    # tooltips, which are built of elements instead of HTML. Only our own parts and the escaped JSON are inserted as is.
    return environment.get_template("report.html").render(
        page=page,
        policy=_policy(library, program),
        style=Markup(_read("page/report.css")),  # noqa: S704
        data=Markup(data),  # noqa: S704
        library=Markup(library),  # noqa: S704
        program=Markup(program),  # noqa: S704
    )


def _policy(*scripts: str) -> str:
    """Return a Content-Security-Policy that allows these scripts and nothing else, and no access to the network."""
    hashes = " ".join(f"'sha256-{_sha256(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


@cache
def _library() -> str:
    # A licence has to stay with its file; that of ECharts is at its beginning.
    licence = _read("vendor/LICENSE-delaunator").strip()
    return "\n".join(
        [_read("vendor/echarts.min.js").strip(), f"/* {licence} */", _read("vendor/delaunator.min.js").strip()]
    )


@cache
def _program() -> str:
    return "\n".join(_read(f"page/{name}") for name in _SCRIPTS)


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")

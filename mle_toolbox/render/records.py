"""Rows of plain values as CSV, JSON and pandas: for programs, where a table is for people."""

from __future__ import annotations

import csv
import importlib
import io
import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mle_toolbox.errors import MissingExtraError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["csv_text", "dataframe", "json_text"]

Record = Mapping[str, Any]


def csv_text(records: Sequence[Record]) -> str:
    """Return a header and a line for each record; numbers with all digits, empty where there is none."""
    names = list(dict.fromkeys(name for record in records for name in record))
    text = io.StringIO()
    # The csv module would end lines with \r\n.
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(record.get(name)) for name in names] for record in records)
    return text.getvalue()


def json_text(content: Any) -> str:
    """Return strict JSON: a number that is not finite is null."""
    # Python would write NaN and Infinity, which are no JSON.
    return json.dumps(_strict(content), indent=2, ensure_ascii=False, default=str) + "\n"


def dataframe(records: Sequence[Record]) -> pd.DataFrame:
    """Return a row for each record.

    Raises
    ------
    MissingExtraError
        When pandas is not installed.
    """
    try:
        pandas = importlib.import_module("pandas")
    except ImportError:
        raise MissingExtraError("to_dataframe() needs pandas. Install it: pip install pandas") from None
    columns = list(dict.fromkeys(name for record in records for name in record))
    rows = [{name: _scalar(value) for name, value in record.items()} for record in records]
    result: pd.DataFrame = pandas.DataFrame(rows, columns=columns)
    return result


def _cell(value: Any) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return _scalar(value)


def _scalar(value: Any) -> Any:
    """Return a value that fits into a cell: lists and mappings as JSON."""
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(_strict(value), ensure_ascii=False, default=str)
    return value


def _strict(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _strict(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

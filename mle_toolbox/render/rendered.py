"""The formats of every outcome of an analysis: one table for people, rows of plain values for programs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mle_toolbox.installed_first import with_installed_modules
from mle_toolbox.render.records import csv_text, dataframe, json_text
from mle_toolbox.render.table import Table
from mle_toolbox.results.differences import differing_keys
from mle_toolbox.text import AS_WIDE_AS_NEEDED

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

__all__ = ["Rendered"]


class Rendered(ABC):
    """Base of results with ``table``, ``records`` and ``to_dict``; all other formats follow from these three."""

    @abstractmethod
    def table(self, *, compact: bool = False) -> Table:
        """Return the table for people; with ``compact`` what all rows share is said once, below."""

    @abstractmethod
    def records(self) -> list[dict[str, Any]]:
        """Return flat rows of plain values, with all their digits."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain nested data."""

    def to_dataframe(self) -> pd.DataFrame:
        """Return the rows as a pandas table.

        Raises
        ------
        MissingExtraError
            When pandas is not installed.
        """
        return dataframe(self.records())

    def to_csv(self) -> str:
        """Return the rows as CSV; empty cells where there is no number."""
        return csv_text(self.records())

    def to_json(self) -> str:
        """Return everything as strict JSON; numbers that are not finite are null."""
        return json_text(self.to_dict())

    def to_markdown(self) -> str:
        """Return the table as Markdown."""
        return self.table(compact=True).to_markdown()

    def to_latex(self) -> str:
        r"""Return the table as LaTeX; it needs ``\usepackage{booktabs}``."""
        return self.table(compact=True).to_latex()

    def __rich__(self) -> RenderableType:
        return self.table().to_rich()

    def __str__(self) -> str:
        return as_text(self.__rich__())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.table().to_html()


@with_installed_modules
def as_text(renderable: RenderableType) -> str:
    """Return the output of rich for a wide terminal without colours."""
    from rich.console import Console

    # markup=False: [a] in a name of the user is text.
    console = Console(width=AS_WIDE_AS_NEEDED, color_system=None, highlight=False, emoji=False, markup=False)
    with console.capture() as capture:
        console.print(renderable)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def with_differences(
    names: Sequence[str], differences: Mapping[str, Mapping[str, Any]], taken: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the first columns of each row: configuration and differing keys; keys that are ``taken`` get a ``_``."""
    keys = differing_keys({name: differences.get(name, {}) for name in names})
    titles = {key: f"{key}_" if key in taken or key == "configuration" else key for key in keys}
    return [
        {"configuration": name, **{titles[key]: differences.get(name, {}).get(key) for key in keys}} for name in names
    ]

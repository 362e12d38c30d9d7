"""The look of figures: our defaults where the user has not chosen, and one look per configuration.

Settings from the user's matplotlibrc or a style are respected. Matplotlib's settings are changed only while a figure is
made or saved.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import matplotlib as mpl
from cycler import cycler

from mle_toolbox.colours import COLOURS
from mle_toolbox.errors import UsageError, did_you_mean

__all__ = ["Look", "drawing", "looks", "points"]

# Shapes also tell configurations apart in grey print and for colour-blind readers.
_MARKERS = ("o", "s", "^", "D", "v", "P", "<", ">", "p")
_LINES: tuple[Any, ...] = ("-", (0, (3.5, 1.5)), (0, (4, 1.2, 1, 1.2)), (0, (1.5, 1)))

# In groups of settings that belong together: a group applies only where the user has set none of it, so that no dark
# text of ours ends up on a dark background of theirs.
_DEFAULTS: tuple[dict[str, Any], ...] = (
    {"axes.prop_cycle": cycler(color=COLOURS)},
    {"axes.edgecolor": "#555555", "axes.linewidth": 0.7},
    {"axes.axisbelow": True, "axes.grid": True, "grid.color": "#e4e4e4", "grid.linewidth": 0.6},
    {"axes.spines.right": False, "axes.spines.top": False},
    {"axes.titlesize": "medium"},
    {"font.size": 9.0},
    {"image.cmap": "cividis"},
    {"legend.frameon": False},
    # Type 3 fonts are refused by many conferences.
    {"pdf.fonttype": 42, "ps.fonttype": 42},
    {"savefig.dpi": 200},
    {"xtick.color": "#555555", "xtick.labelcolor": "black"},
    {"ytick.color": "#555555", "ytick.labelcolor": "black"},
)


@dataclass(frozen=True)
class Look:
    """How the lines and points of one configuration look."""

    colour: Any
    line: Any
    marker: str


@contextmanager
def drawing(style: str | None = None) -> Iterator[None]:
    """Draw with the user's settings, ours where there are none, and a matplotlib style on top.

    Parameters
    ----------
    style
        A style that matplotlib knows (``"ggplot"``) or a file of settings.

    Raises
    ------
    UsageError
        When there is no such style.
    """
    with mpl.rc_context():
        chosen = _use(style) if style is not None else set()
        # cast: matplotlib types the names of settings, differently in each version.
        given, untouched = cast(dict[str, Any], mpl.rcParams), cast(dict[str, Any], mpl.rcParamsDefault)
        for group in _DEFAULTS:
            if all(name not in chosen and given[name] == untouched[name] for name in group):
                given.update(group)
        yield


def looks(count: int) -> list[Look]:
    """Return ``count`` looks that differ in colour and shape, from the current colour cycle."""
    colours = mpl.rcParams["axes.prop_cycle"].by_key().get("color", list(COLOURS))
    turn = len(colours)
    return [Look(colours[k % turn], _LINES[k // turn % len(_LINES)], _MARKERS[k % len(_MARKERS)]) for k in range(count)]


def points(share: float) -> float:
    """Return a text size in points, as a share of the user's."""
    return float(mpl.rcParams["font.size"]) * share


def _use(style: str) -> set[str]:
    """Activate a style and return the names of its settings."""
    from matplotlib import style as styles

    # "default" is in no library; it resets everything, so nothing of ours is applied on top.
    if style == "default":
        styles.use(style)
        return set(mpl.rcParamsDefault)
    if style in styles.library:
        styles.use(style)
        return set(styles.library[style])
    if not Path(style).is_file():
        names = ["default", *styles.available]
        hint = did_you_mean(style, names) or f" Available: {', '.join(names)}."
        raise UsageError(f"matplotlib has no style {style!r}, and there is no such file.{hint}")
    styles.use(style)
    return set(mpl.rc_params_from_file(style, use_default_template=False))

"""The colours of configurations, in figures and in the report: a configuration has the same colour in both.

No import of matplotlib: the report does not need it.
"""

from __future__ import annotations

__all__ = ["COLOURS", "COLOURS_ON_DARK"]

# After Okabe & Ito 2008, "Color Universal Design", so that colour-blind readers can tell them apart; its yellow and
# orange are too pale for lines on white, and black is the colour of text.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#7a4fbf", "#5c6670")

COLOURS_ON_DARK = ("#4fa8e0", "#ff8a3d", "#2fc79b", "#e59bc4", "#e8b93e", "#8fd0f7", "#b394f0", "#aab4bf")
"""The same colours, lighter."""

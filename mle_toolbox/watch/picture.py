"""A picture of the screen, for documentation: SVG, drawn without a terminal."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from mle_toolbox.watch.app import WatchApp

__all__ = ["draw"]

_LOOK_SECONDS = 0.1
# So that rates are known, and every log has been read.
_LOOKS = 4


async def draw(app: WatchApp, path: Path, size: tuple[int, int]) -> None:
    """Write what the screen shows after a few looks.

    Parameters
    ----------
    app
        The screen, not yet running.
    path
        The picture, an SVG file.
    size
        Columns and rows of the terminal.
    """
    async with app.run_test(size=size) as pilot:
        while app.looks < _LOOKS or app.is_behind:
            await asyncio.sleep(_LOOK_SECONDS)
        await pilot.pause()
        # Without its fonts, which are fetched from elsewhere: readers have a monospaced one of their own.
        svg = re.sub(r"@font-face \{.*?\}\s*", "", app.export_screenshot(title="mle watch"), flags=re.DOTALL)
        path.write_text(svg, encoding="utf-8")

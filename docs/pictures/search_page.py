"""Photograph a search in its report, search.png beside it, after running examples/search. `make pictures` calls it.

Needs Chromium.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).resolve().parent / "search.png"
EXAMPLE = PICTURE.parents[2] / "examples" / "search"
PROGRAMS = ("chromium", "google-chrome", "chromium-browser")


def main() -> None:
    """Run the example in a folder of its own and photograph the section."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise SystemExit("No Chromium is installed.")
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(shutil.copytree(EXAMPLE, Path(place) / "search"))
        subprocess.run([sys.executable, "-m", "mle_toolbox", "run", "--profile", "local"], cwd=folder, check=True)
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 900}, device_scale_factor=1.5)
        page.goto((folder / "experiments" / "report.html").as_uri())
        page.wait_for_selector("html[data-ready]")
        page.locator("#search").screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()

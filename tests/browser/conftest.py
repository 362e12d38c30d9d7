"""A headless Chromium without a network, and reports opened in it from their file as a double click does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from mle_toolbox.report import write_report
from mle_toolbox.results import ExperimentResults
from tests.browser_there import find_browser, why_no_browser
from tests.made_results import learning, made_results


@dataclass
class Opened:
    """A report in the browser, and what went wrong there."""

    page: Page
    path: Path
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def option(self, chart: str) -> Any:
        """What a chart shows now."""
        return self.page.evaluate(f"charts.get('{chart}').getOption()")

    def lines(self) -> list[str]:
        """The names of the curves."""
        return [each["name"] for each in self.option("curves")["series"] if each["type"] == "line"]

    def ink(self, chart: str) -> float:
        """How much the pixels of a chart differ from each other: 0 when nothing is drawn."""
        return float(
            self.page.evaluate(
                """(id) => {
                  const canvas = document.querySelector(`#${id} canvas`);
                  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                  const seen = new Set();
                  for (let i = 0; i < data.length; i += 4) seen.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]);
                  return seen.size;
                }""",
                chart,
            )
        )

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


Open = Callable[..., Opened]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    if (missing := why_no_browser()) is not None:
        pytest.skip(missing)
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=find_browser(), args=arguments)
        yield running
        running.close()


@pytest.fixture
def open_report(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Return a function that writes a report and opens it."""
    contexts = []

    def open_it(results: ExperimentResults, width: int = 1280, scheme: str = "light") -> Opened:
        path = write_report(results, tmp_path / "report.html")
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
            offline=True,
            accept_downloads=True,
        )
        contexts.append(context)
        opened = Opened(context.new_page(), path)
        opened.page.on("console", lambda message: opened.complaints.append(message.text))
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        opened.page.on("dialog", lambda dialog: opened.complaints.append(f"dialog {dialog.message}"))
        opened.page.on("request", lambda request: opened.requests.append(request.url))
        opened.page.goto(path.as_uri())
        opened.page.wait_for_selector("html[data-ready]", timeout=60_000)
        return opened

    yield open_it
    for context in contexts:
        context.close()


@pytest.fixture
def three(tmp_path: Path) -> ExperimentResults:
    """Three configurations; one seed has failed, one has diverged, one is shorter."""
    losses = {"slow": learning(6, 80, 1.0), "quick": learning(6, 80, 0.1, seed=1), "wide": learning(6, 80, 0.2, seed=2)}
    losses["quick"][2, -1] = np.inf
    losses["wide"][0, 50:] = np.nan
    folder = tmp_path / "experiments"
    (folder / "slow" / "seed_1").mkdir(parents=True)
    (folder / "slow" / "seed_1" / "err.txt").write_text("ValueError: <img src=x onerror=alert(1)>\n")
    return made_results(folder, losses, statuses={("slow", 1): "failed"})

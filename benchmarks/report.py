"""What a report costs: time to write it, its size, and how soon it can be used in a browser.

    python benchmarks/report.py [--quick]

The goals: under 5 MB for the reference experiment (2 configurations x 10 seeds x 100 ticks), under 3 s until 100
configurations x 100 seeds are drawn. The browser is opened without a network and with an empty cache each time.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from measure import machine, median, print_table
from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mle_toolbox.report import write_report
from mle_toolbox.results import ExperimentResults
from tests.made_results import learning, made_results

SIZES = ((2, 10, 100), (3, 5, 1000), (40, 10, 1000), (100, 100, 100), (100, 100, 1000))
REPEAT = 5
PROGRAMS = ("chromium", "google-chrome", "chromium-browser")


def main() -> None:
    """Measure every size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the smallest size alone, opened once")
    quick = parser.parse_args().quick
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise SystemExit("No Chromium is installed.")
    rows = []
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        for configurations, seeds, ticks in SIZES[:1] if quick else SIZES:
            results = _results(Path(folder), configurations, seeds, ticks)
            rows.append(_measure(browser, results, (configurations, seeds, ticks), 1 if quick else REPEAT))
        browser.close()
    header = ("configurations x seeds x ticks", "written in s", "MB", "drawn in s (median)", "drawn in s (longest)")
    print_table(f"Reports ({machine()})", header, rows)


def _measure(browser: Browser, results: ExperimentResults, size: tuple[int, ...], repeat: int) -> tuple[str, ...]:
    begin = time.perf_counter()
    path = write_report(results, results.path.parent / "report.html")
    written = time.perf_counter() - begin
    drawn = [_open(browser, path) for _ in range(repeat)]
    return (
        " x ".join(map(str, size)),
        f"{written:.2f}",
        f"{path.stat().st_size / 1e6:.2f}",
        f"{median(drawn):.2f}",
        f"{max(drawn):.2f}",
    )


def _results(folder: Path, configurations: int, seeds: int, ticks: int) -> ExperimentResults:
    losses = {f"c{place:03d}": learning(seeds, ticks, place / 50, seed=place) for place in range(configurations)}
    results = made_results(folder / "experiments", losses)
    for each in results.values():  # read before the clock starts
        assert each.runs
    return results


def _open(browser: Browser, path: Path) -> float:
    """Return the seconds from the address to the moment at which all charts are drawn and controls answer."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    page = context.new_page()
    begin = time.perf_counter()
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", timeout=120_000)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    taken = time.perf_counter() - begin
    context.close()
    return taken


if __name__ == "__main__":
    main()

"""Fixtures for all tests, and the rule that nothing is skipped unseen.

With ``MLE_REQUIRE_ALL=1`` (set by ``.ci/run``) a test that skips itself is a failure, so that a missing tool
never looks like a passing suite.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.hidden_commands import SLURM, hide_for_all_tests

# `mle run` finds a Grid Engine by itself. One that happens to run on this machine is none of the tests' business, but
# for those that are about it; they ask for a profile, or take this away. A Slurm is there only for the tests about it.
os.environ["MLE_PROFILE"] = "local"
hide_for_all_tests(SLURM)

# What the tests start prints and writes bytecode as it does for a user who has set nothing.
for name in ("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"):
    os.environ.pop(name, None)

# On a terminal that cannot move its cursor nothing is drawn; the tests that draw make terminals of their own.
if os.environ.get("TERM") in ("dumb", "unknown"):
    del os.environ["TERM"]

# A shell lets what it starts behind `&` ignore Ctrl-C, and everything that the tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples every time, however slow the machine; `make soak` looks for others.
_PATIENT: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("same examples", derandomize=True, **_PATIENT)
settings.register_profile("new examples", derandomize=False, **_PATIENT)
settings.load_profile("same examples")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of this checkout."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """A function that fills a folder once for all processes of `-n`, and answers where it is; only to be copied."""
    own = tmp_path_factory.getbasetemp()
    base = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def make(name: str, fill: Callable[[Path], object]) -> Path:
        folder, is_made = base / f"once-{name}", base / f"once-{name}.is-made"
        with (base / f"once-{name}.lock").open("a") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            if not is_made.exists():
                shutil.rmtree(folder, ignore_errors=True)
                fill(folder)
                is_made.touch()
        return folder

    return make


_HERE = Path(__file__).parent
# How long a test takes, by its folder.
_SECONDS = {"workflow": 15, "cluster": 15, "packaging": 15, "browser": 2}


@pytest.hookimpl(trylast=True)  # when it is known which tests run
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deal the tests to the processes of `-n`, so that each begins with slow ones.

    `--dist worksteal` cuts the list into equal pieces, and whoever is through takes half of what another has left: so
    the quick ones stand last. In their order, all slow ones would be those of two processes. Tests that have a
    scheduler alone begin, in one process for each. Those that share it, and mostly wait, come when these are through,
    and before the last ones that compute: at the end all of them together would leave the machine idle.
    """
    count = getattr(config, "workerinput", {}).get("workercount", 1)
    if count == 1:
        return
    modules: dict[str, list[pytest.Item]] = {}
    for item in items:
        cluster = next((name for name in ("slurm", "sge") if item.get_closest_marker(name)), None)
        is_slow = item.get_closest_marker("slow") or item.path.relative_to(_HERE).parts[0] in _SECONDS
        kind = cluster or ("slow" if is_slow else "quick")
        if cluster and item.get_closest_marker("alone"):
            kind = f"alone on {cluster}"
        modules.setdefault(f"{kind} {item.path}" if kind in ("slow", "sge", "slurm") else kind, []).append(item)
    first: list[list[pytest.Item]] = [modules.pop("alone on sge", []), modules.pop("alone on slurm", [])]
    first.extend([] for _ in range(count - 2))
    work = [40 * len(each) for each in first]
    quick = modules.pop("quick", [])
    shared: list[list[pytest.Item]] = [[] for _ in range(count)]
    slow: list[list[pytest.Item]] = [[] for _ in range(count)]
    for name in sorted(modules, key=lambda name: -_work(modules[name])):
        number = work.index(min(work))
        work[number] += _work(modules[name])
        (slow if name.startswith("slow") else shared)[number].extend(modules[name])
    hands = []
    for alone, waiting, computing in zip(first, shared, slow, strict=True):
        half = 0 if alone else len(computing) // 2
        hands.append([*alone, *computing[:half], *waiting, *computing[half:]])
    left = len(items)
    for number, hand in enumerate(hands):
        # As xdist divides: a list of few tests may have more slow ones in one hand.
        space = left // (count - number) - len(hand)
        hand.extend(quick[: max(space, 0)])
        del quick[: max(space, 0)]
        left -= len(hand)
    items[:] = [item for hand in hands for item in hand] + quick


def _work(module: list[pytest.Item]) -> int:
    """Return about how many seconds the slow tests of a file take."""
    return len(module) * _SECONDS.get(module[0].path.relative_to(_HERE).parts[0], 1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report)
    return report


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get("MLE_REQUIRE_ALL") != "1" or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    report.outcome = "failed"
    report.longrepr = f"{report.nodeid} was skipped, which MLE_REQUIRE_ALL=1 forbids: {reason}"

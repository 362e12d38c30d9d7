"""Fixtures for all tests, and the rule that nothing is skipped unseen.

With ``MLE_REQUIRE_ALL=1`` (set by ``.ci/run``) a test that skips itself is a failure, so that a missing tool
never looks like a passing suite. Only tests of packages that the development setup leaves out on purpose may skip.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

# Hundreds of megabytes each; their tests run where a developer has them.
LEFT_OUT_ON_PURPOSE = ("torch", "jax")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of this checkout."""
    return Path(__file__).resolve().parent.parent


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
    if any(f"could not import '{name}" in reason for name in LEFT_OUT_ON_PURPOSE):
        return
    report.outcome = "failed"
    report.longrepr = f"{report.nodeid} was skipped, which MLE_REQUIRE_ALL=1 forbids: {reason}"

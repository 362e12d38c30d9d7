"""A copy of the reference project to make mistakes in."""

from __future__ import annotations

from pathlib import Path

import pytest
from mistakes import copy_reference_project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The reference project in a folder of its own, which is the current folder."""
    folder = copy_reference_project(tmp_path / "project")
    monkeypatch.chdir(folder)
    return folder

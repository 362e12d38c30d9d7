"""A journal to write, and a small one that is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from mle_toolbox.layout import SeedFolder


@pytest.fixture
def folder(tmp_path: Path) -> SeedFolder:
    """The folder of seed 3 of configuration ``base``."""
    path = tmp_path / "base" / "seed_3"
    path.mkdir(parents=True)
    return SeedFolder(path)


@pytest.fixture
def journal(folder: SeedFolder) -> Path:
    """The place of its journal."""
    return folder.journal

"""How a Snakemake finds out that it was asked to start nothing more."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from mle_toolbox.snakemake_side import pause


def test_a_folder_that_cannot_be_read_for_a_moment_does_not_end_the_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = tmp_path / "events.jsonl"
    paused, looks = threading.Event(), threading.Semaphore(0)
    away = True
    stat = os.stat

    def stat_on_a_file_server(path: Any, **options: Any) -> os.stat_result:
        if away and path == pause.mark_beside(events):
            looks.release()
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return stat(path, **options)

    monkeypatch.setattr(os, "stat", stat_on_a_file_server)
    monkeypatch.setattr(pause, "start_nothing_more", lambda: True)
    monkeypatch.setattr(pause, "_paused", paused)
    pause.ask(events)

    pause.wait_for_pause(events)
    assert looks.acquire(timeout=60)
    away = False

    assert paused.wait(timeout=60)

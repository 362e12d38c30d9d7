"""The present code of a project, compared with the code that its seed runs were made by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mle_toolbox.experiment_record import (
    project_in,
)
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import RunRecord
from mle_toolbox.seed_run.own_code import Hashes, files_that_differ

__all__ = ["PresentCode"]


class PresentCode:
    """The present files of a project; each is read once, however many runs used it."""

    def __init__(self, project: Path, script: str) -> None:
        self._project = project
        self._script = script
        self._hashes: Hashes = {}
        self._known: dict[tuple[tuple[str, str], ...], tuple[str, ...]] = {}

    @classmethod
    def of(cls, folder: ExperimentFolder, record: dict[str, Any]) -> PresentCode | None:
        """Return it, or None when the project is unknown or its script is missing."""
        project, script = project_in(record), record.get("script")
        if project is None or not isinstance(script, str):
            return None
        now = cls(folder.path / project, script)
        # Results that were moved away from their project say nothing about its files.
        return now if (now._project / script).is_file() else None

    def changed(self, record: RunRecord) -> tuple[str, ...]:
        """Return the files that have changed since a run, removed ones included."""
        # Records of earlier versions know only the script.
        if not record.code and record.script_sha256 is not None:
            record = record._replace(code={self._script: record.script_sha256})
        # Nearly all runs of an experiment have the same code.
        code = tuple(record.code.items())
        if code not in self._known:
            self._known[code] = files_that_differ(record, self._project, self._hashes)
        return self._known[code]

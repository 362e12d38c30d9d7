"""MLflow's file store: ``mlruns/<experiment>/<run>/`` with ``metrics``, ``params``, ``tags`` and ``meta.yaml``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mle_toolbox.errors import ResultsError
from mle_toolbox.importers.imported_run import ImportedRun, Series, log_of_series
from mle_toolbox.log.run_record import RunStatus

__all__ = ["is_mlflow_run", "read_mlflow"]

# RunStatus in MLflow's service.proto: RUNNING, SCHEDULED, FINISHED, FAILED, KILLED. A run that is still RUNNING may
# have been killed; its store does not tell.
_STATUSES: dict[Any, RunStatus] = {1: "died", 2: "waiting", 3: "done", 4: "failed", 5: "failed"}


def is_mlflow_run(folder: Path) -> bool:
    """Return whether a folder is that of one run."""
    return (folder / "meta.yaml").is_file() and (folder / "metrics").is_dir() and (folder / "params").is_dir()


def read_mlflow(files: Sequence[Path], source: str) -> ImportedRun:
    """Read one run; ``files`` is its folder alone.

    The time variables are ``step`` and ``seconds``, the time since the first value. Parameters, which MLflow stores as
    text, become settings; those that are numbers are converted.
    """
    if len(files) > 1:
        raise ResultsError(f"{source}: the pattern merges {len(files)} MLflow runs into one.")
    folder = files[0]
    metrics, remarks = {}, []
    clocks: list[np.ndarray[Any, np.dtype[np.float64]]] = []
    for file in sorted(path for path in (folder / "metrics").rglob("*") if path.is_file()):
        points, torn = _points(file)
        if torn:
            remarks.append(f"{file}: {torn} lines are not readable and are left out.")
        if len(points):
            # A line is "timestamp value step". Metrics with a slash in their name lie in folders.
            name = file.relative_to(folder / "metrics").as_posix()
            metrics[name] = Series.of(points[:, 2], points[:, 1])
            clocks.append(points)
    seconds = {}
    if clocks:
        moments = np.concatenate(clocks)
        # MLflow's timestamps are in milliseconds.
        seconds["seconds"] = Series.of(moments[:, 2], (moments[:, 0] - moments[:, 0].min()) / 1000)
    log = log_of_series("step", metrics, seconds)
    meta = _meta(folder / "meta.yaml")
    status = _STATUSES.get(meta.get("status"), "done")
    reason = None if status == "done" else f"MLflow recorded the status {meta.get('status')}"
    return ImportedRun(source, log, _settings(folder), status, reason, remarks=tuple(remarks))


def _points(file: Path) -> tuple[np.ndarray[Any, np.dtype[np.float64]], int]:
    rows: list[tuple[float, float, float]] = []
    torn = 0
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            moment, value, *step = map(float, line.split()[:3])
            # Very old versions of MLflow wrote no step.
            rows.append((moment, value, step[0] if step else len(rows)))
        except ValueError:
            torn += bool(line.strip())
    return np.array(rows, dtype=np.float64).reshape(-1, 3), torn


def _settings(folder: Path) -> dict[str, Any]:
    params = sorted(path for path in (folder / "params").rglob("*") if path.is_file())
    settings = {
        path.relative_to(folder / "params").as_posix(): _value(
            path.read_text(encoding="utf-8", errors="replace").strip()
        )
        for path in params
    }
    # Runs of two experiments may have the same parameters, but are not seeds of one configuration.
    experiment = _meta(folder.parent / "meta.yaml").get("name")
    return {**({"experiment": str(experiment)} if experiment is not None else {}), **settings}


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"True": True, "False": False, "None": None}.get(text, text)


def _meta(path: Path) -> dict[str, Any]:
    import yaml  # late: nobody else's logs need it

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}

"""Writes imported logs as a results folder of ours, which every command can read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mle_toolbox
from mle_toolbox.errors import ResultsError
from mle_toolbox.layout import ExperimentFolder, SeedFolder
from mle_toolbox.log.atomic import naming_errors_after, replace_file, replace_text
from mle_toolbox.log.journal import JournalWriter
from mle_toolbox.log.log_data import LogData
from mle_toolbox.log.run_record import RunRecord, write_run_record
from mle_toolbox.results import ExperimentResults, SeedResults

__all__ = ["write_results"]

_FORMAT = 1


def write_results(results: ExperimentResults, folder: Path, *, overwrite: bool = False) -> Path:
    """Write imported results as a results folder.

    Parameters
    ----------
    results
        As returned by ``import_logs``.
    folder
        The new folder; it must not lie in the imported one.
    overwrite
        Whether to replace an earlier import in that place. Nothing else is ever replaced.

    Returns
    -------
    Path
        The folder. It gets its name once it is complete.

    Raises
    ------
    ResultsError
        When the folder is not empty and is not to be replaced.
    """
    _check_place(results, folder, overwrite)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside its final place, because a rename needs the same file system. A killed import may have left one.
    new = folder.with_name(f".{folder.name}.import")
    shutil.rmtree(new, ignore_errors=True)
    with naming_errors_after(folder, new):
        try:
            _write_all(results, ExperimentFolder(new), folder.name)
            if folder.exists():
                shutil.rmtree(folder)
            new.rename(folder)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return folder


def _write_all(results: ExperimentResults, experiment: ExperimentFolder, name: str) -> None:
    from mle_toolbox.log.merge import merge_configurations, merge_seeds, write_table

    merged = {}
    for configuration in results.values():
        place = experiment.configuration(configuration.name)
        for run in configuration.runs:
            _write_run(place.seed(run.seed), run, results.contents[configuration.name])
        finished = {run.seed: place.seed(run.seed).log for run in configuration.runs if run.status == "done"}
        if finished:
            merge_seeds(finished, place.log)
            merged[configuration.name] = place.log
    merge_configurations(merged, experiment.results)
    write_table(experiment, results.names, results.record["seeds"])
    # Last: it makes the folder a results folder.
    _write_json(experiment.record, _record(results, name))


def _check_place(results: ExperimentResults, folder: Path, overwrite: bool) -> None:
    source, target = results.path.resolve(), folder.resolve()
    # Resolved, because a link could lead into the imported folder.
    if target == source or source in target.parents:
        raise ResultsError(
            f"{folder} is inside {results.path}, the imported folder, which is never written to. Give another --output."
        )
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not _is_import(folder):
        raise ResultsError(f"{folder} already exists and is not an earlier import. Give another --output.")
    if not overwrite:
        raise ResultsError(f"{folder} is an earlier import. Replace it with --overwrite, or give another --output.")


def _is_import(folder: Path) -> bool:
    try:
        return "imported" in json.loads(ExperimentFolder(folder).record.read_bytes())
    except (OSError, ValueError, TypeError):
        return False


def _write_run(folder: SeedFolder, run: SeedResults, content: Mapping[str, Any]) -> None:
    from mle_toolbox.log.hdf5 import write_log

    folder.path.mkdir(parents=True)
    columns = {**run.time, **run.metrics}
    log = LogData(tuple(run.time), tuple(run.metrics), columns, run.attributes, None, run.remarks, run.absent)
    _write_json(folder.config, content)
    record = RunRecord(
        status="done" if run.status == "done" else "failed",
        configuration=run.configuration,
        seed=run.seed,
        ticks=run.n_ticks,
        reason=None if run.status == "done" else "failed, according to its own log",
        extra={"imported_from": str(run.path)},
    )
    if run.status == "done":
        replace_file(folder.log, lambda path: write_log(path, log))
        folder.done.touch()
    else:
        _write_journal(folder, log)
    write_run_record(folder, record)


def _write_journal(folder: SeedFolder, log: LogData) -> None:
    """Write the ticks of a run that did not end well to a journal, as our own runs leave them."""
    writer = JournalWriter(folder.journal, log.time_names, log.metric_names, log.attributes)
    for tick in range(log.n_ticks):
        time = {name: log.columns[name][tick] for name in log.time_names}
        # Left out, not NaN: the journal distinguishes the two.
        there = (name for name in log.metric_names if name not in log.absent or not log.absent[name][tick])
        writer.append(time, {name: log.columns[name][tick] for name in there}, False)
    writer.close()


def _record(results: ExperimentResults, folder: str) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "mle_toolbox": mle_toolbox.__version__,
        "project_name": results.title,
        "experiment_dir": folder,
        **results.record,
    }


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n"
    replace_text(path, text, errors="backslashreplace")

"""The kinds of logs that can be imported: how to recognise their files and read them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mle_toolbox.errors import UsageError, did_you_mean
from mle_toolbox.importers.imported_run import ImportedRun
from mle_toolbox.importers.mle_logging import read_mle_logging
from mle_toolbox.importers.mlflow import is_mlflow_run, read_mlflow
from mle_toolbox.importers.table_files import read_csv, read_json_lines
from mle_toolbox.importers.tensorboard_reader import read_tensorboard
from mle_toolbox.importers.wandb import read_wandb

__all__ = ["KINDS", "Kind", "find_files", "kind_named", "kind_of"]

_Read = Callable[[Sequence[Path], str, Sequence[str]], list[ImportedRun]]


@dataclass(frozen=True)
class Kind:
    """A kind of log.

    Attributes
    ----------
    title
        Its usual name.
    is_log
        Whether a file or folder is a log of this kind.
    read
        Reads the files of one run; the second argument is the run's name, the third the time variables.
    knows_itself
        Whether its files contain configuration and seed, so that no pattern is needed.
    """

    title: str
    is_log: Callable[[Path], bool]
    read: _Read
    knows_itself: bool = False


def _ends(*suffixes: str) -> Callable[[Path], bool]:
    return lambda path: path.name.lower().endswith(suffixes) and path.is_file()


# The first one that fits a file is taken.
KINDS: Mapping[str, Kind] = {
    "tensorboard": Kind(
        "TensorBoard event files",
        lambda path: ".tfevents." in path.name and path.is_file(),
        lambda files, source, _: [read_tensorboard(files, source)],
    ),
    "csv": Kind("CSV tables", _ends(".csv", ".tsv"), lambda files, source, time: [read_csv(files, source, time)]),
    "jsonl": Kind(
        "JSON lines",
        _ends(".jsonl", ".ndjson"),
        lambda files, source, time: [read_json_lines(files, source, time)],
    ),
    "mlflow": Kind("runs of MLflow", is_mlflow_run, lambda files, source, _: [read_mlflow(files, source)], True),
    "wandb": Kind(
        "offline runs of Weights & Biases", _ends(".wandb"), lambda files, source, _: [read_wandb(files, source)], True
    ),
    "mle-logging": Kind(
        "HDF5 logs of mle-logging",
        # A results.h5 of ours ends like this too; the reader says then that `mle results` reads it.
        _ends(".hdf5", ".h5"),
        lambda files, source, _: [run for file in files for run in read_mle_logging(file, source)],
        True,
    ),
}


def kind_named(name: str) -> Kind:
    """Return the kind of that name.

    Raises
    ------
    UsageError
        When there is no such kind.
    """
    if name not in KINDS:
        raise UsageError(
            f"There is no kind of log called {name!r}. Known kinds: {', '.join(KINDS)}.{did_you_mean(name, KINDS)}"
        )
    return KINDS[name]


def kind_of(path: Path) -> str | None:
    """Return the kind of log that a file or folder is, or None."""
    return next((name for name, kind in KINDS.items() if kind.is_log(path)), None)


def find_files(folder: Path) -> Iterator[Path]:
    """Yield every file, and every folder that is an MLflow run, sorted, without hidden ones."""
    for place, folders, files in os.walk(folder):
        here = Path(place)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        # A run of MLflow is one log; its artifacts may hold logs of other kinds, which would be counted twice.
        if is_mlflow_run(here):
            folders.clear()
            yield here
            continue
        yield from (here / name for name in sorted(files) if not name.startswith("."))

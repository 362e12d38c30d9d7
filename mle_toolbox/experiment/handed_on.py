"""The checkpoint from which a run goes on where another run ended: a trial that trains on in a higher rung.

A configuration that says ``continues: NAME`` begins where the run of configuration NAME with the same seed ended. That
run has kept its last checkpoint, because trials of such a search do; its ticks are in its log.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment.checkpoint import Checkpoint, read_checkpoint
from mle_toolbox.experiment_file.json_file import content_digest
from mle_toolbox.layout import ConfigurationFolder, ExperimentFolder, SeedFolder
from mle_toolbox.log.run_record import read_run_record
from mle_toolbox.search.placement import CONTINUES

if TYPE_CHECKING:
    from mle_toolbox.log.log_data import LogData

__all__ = ["CONTINUES", "HandedOn", "checkpoint_owner", "keep_checkpoint", "read_handed_on"]

# The searches whose trials go on from others.
_CLIMBING = ("halving", "hyperband", "pbt")


@dataclass(frozen=True)
class HandedOn:
    """What a run begins with."""

    checkpoint: Checkpoint
    ticks: tuple[tuple[dict[str, Any], dict[str, Any]], ...]
    """Time and metrics of each tick up to the checkpoint."""


def checkpoint_owner(configuration: str, seed: int, extra: Mapping[str, Any]) -> str:
    """Return the digest by which a checkpoint knows its run, from the digest of the configuration."""
    return content_digest([configuration, seed, repr(sorted(extra.items()))])


def keep_checkpoint(folder: SeedFolder) -> None:
    """Keep the last checkpoint of a run that has ended well, if its search may train it further.

    Afterwards the file has a second name, because the first one is removed.
    """
    if not _may_be_continued(ConfigurationFolder(folder.path.parent)):
        return
    new = folder.kept_checkpoint.with_suffix(".new")
    with contextlib.suppress(FileNotFoundError):  # the script saves none
        new.unlink(missing_ok=True)
        os.link(folder.checkpoint, new)
        new.replace(folder.kept_checkpoint)


def read_handed_on(
    name: str, seed: int, extra: Mapping[str, Any], experiment_dir: Path, configuration_file: Path | None
) -> HandedOn:
    """Return what the run of another configuration has left.

    Parameters
    ----------
    name, seed
        The configuration that is continued, and the seed.
    extra
        The further arguments of the command line, which have to be the same.
    experiment_dir
        Where the results of this run go; the other one is looked for there first.
    configuration_file
        The file that says ``continues``; a run by hand writes elsewhere, and the other one is beside this file.

    Raises
    ------
    ResultsError
        When there is nothing, or it is of another run: says why.
    """
    places = [ExperimentFolder(experiment_dir).seed_run(name, seed)]
    if configuration_file is not None:
        places.append(ExperimentFolder(configuration_file.absolute().parent.parent).seed_run(name, seed))
    folder = next((each for each in places if each.kept_checkpoint.exists()), None)
    if folder is None:
        shown = places[0].kept_checkpoint
        raise ResultsError(f"{name} has left no checkpoint: its script calls no mle.checkpoint() ({shown} is missing)")
    moment, record = read_checkpoint(folder.kept_checkpoint), read_run_record(folder)
    if moment is None or record is None or record.config_sha256 is None:
        raise ResultsError(f"{folder.path} has no record of its run")
    moment.check_owner(folder.kept_checkpoint, checkpoint_owner(record.config_sha256, seed, extra))
    from mle_toolbox.log.hdf5 import read_log  # h5py takes a third of a second

    log = read_log(folder.log)
    if log.n_ticks < moment.n_ticks:
        raise ResultsError(f"{folder.log} has {log.n_ticks} ticks, fewer than at the checkpoint")
    return HandedOn(moment, tuple(_ticks(log, moment.n_ticks)))


def _ticks(log: LogData, number: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    there = {name: log.measured(name) for name in log.metric_names if name in log.columns}
    for tick in range(number):
        time = {name: _plain(log.columns[name][tick]) for name in log.time_names}
        yield time, {name: _plain(log.columns[name][tick]) for name, measured in there.items() if measured[tick]}


def _plain(value: Any) -> Any:
    return value.item() if getattr(value, "ndim", 1) == 0 else value


def _may_be_continued(place: ConfigurationFolder) -> bool:
    try:
        return json.loads(place.trial.read_bytes())["search_type"] in _CLIMBING
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return False  # no trial

"""The merged log of a configuration: one file with the ticks of all seeds, fast to read, and a second copy of them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace

from mle_toolbox.errors import ResultsError
from mle_toolbox.installed_first import with_installed_modules
from mle_toolbox.layout import ConfigurationFolder
from mle_toolbox.log.merged_data import MergedData
from mle_toolbox.log.run_record import RunRecord, read_run_record
from mle_toolbox.log.seed_log import SeedLog
from mle_toolbox.seed_run.identity import identity_of_log

__all__ = ["read_merged_log", "with_copies"]


def read_merged_log(
    folder: ConfigurationFolder, seeds: Sequence[int], identity: str | None = None
) -> tuple[MergedData, dict[int, RunRecord | None]] | None:
    """Return the merged log and the seeds' records if it holds the same as the seeds' own logs, else None.

    A damaged one is reported in a warning; one with another identity than the given one is ignored.
    """
    try:
        age = folder.log.stat().st_mtime_ns
        for seed in seeds:
            run = folder.seed(seed)
            # A journal means that another attempt has started.
            if run.journal.exists() or run.log.stat().st_mtime_ns > age:
                return None
    except OSError:
        return None
    data = _read(folder)
    # Without seed folders it is believed: users may keep the merged log and remove the folders.
    if data is None or (seeds and data.seeds.tolist() != list(seeds)):
        return None
    if identity is not None and any(
        identity_of_log(data.attributes_of(seed)) not in (identity, None) for seed in data.seeds.tolist()
    ):
        return None
    records = {seed: read_run_record(folder.seed(seed)) for seed in seeds}
    return (data, records) if all(_is_of(data, seed, record) for seed, record in records.items()) else None


def with_copies(folder: ConfigurationFolder, logs: Mapping[int, SeedLog]) -> dict[int, SeedLog]:
    """Fill in, from the merged log, the ticks of finished seeds whose own log is damaged."""
    lost = [seed for seed, log in logs.items() if log.status == "done" and log.data is None]
    data = _read(folder) if lost and folder.log.exists() else None
    if data is None:
        return dict(logs)
    copied = dict(logs)
    for seed in lost:
        log = logs[seed]
        # sure: a copy that may be of another attempt is worse than none.
        if seed in data.seeds.tolist() and log.record is not None and _is_of(data, seed, log.record, sure=True):
            damage = f"{log.damage} Its ticks are read from their copy in {folder.log}."
            copied[seed] = replace(log, data=data.seed_log(seed), damage=damage)
    return copied


@with_installed_modules
def _read(folder: ConfigurationFolder) -> MergedData | None:
    from mle_toolbox.log.merge import read_configuration

    try:
        return read_configuration(folder.log)
    except ResultsError as error:
        warnings.warn(str(error), UserWarning, stacklevel=2)
        return None


def _is_of(data: MergedData, seed: int, record: RunRecord | None, *, sure: bool = False) -> bool:
    """Tell whether the merged seed is the recorded attempt.

    Times of files alone are not enough, because a clock may have been set back.
    """
    merged = data.attributes_of(seed)
    if record is None or "start" not in merged:
        return not sure
    return (merged["start"], merged.get("attempt")) == (record.start, record.attempt)

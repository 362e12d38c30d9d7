"""Results of an earlier configuration or of older code: kept aside in the results folder, and found again.

They lie in ``.earlier/IDENTITY/CODE/seed_N``, a whole seed folder each, moved there and back by renaming. So editing a
configuration loses no finished run: restore the old values, and the old runs are used again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from mle_toolbox.experiment_file.json_file import content_digest
from mle_toolbox.layout import ConfigurationFolder, ExperimentFolder, SeedFolder
from mle_toolbox.log.held_file import is_locked
from mle_toolbox.log.run_record import RunRecord, read_run_record, run_status, write_run_record
from mle_toolbox.seed_run.identity import identity_of_run

__all__ = ["EarlierRuns", "set_aside"]

_UNKNOWN = "unknown"


def set_aside(run: SeedFolder, experiment: ExperimentFolder, *, but_for: Collection[str] = ()) -> bool:
    """Move the folder of a seed run to the earlier results; return whether there was one to move.

    Of two runs with the same identity, code and seed the better one is kept: a finished one, else the later one. A run
    that is still going is left where it is.

    Parameters
    ----------
    run, experiment
        The seed run, and the results folder.
    but_for
        Names of files that stay where they are, because they are being written.
    """
    if not run.path.is_dir() or is_locked(run.journal):
        return False
    record = read_run_record(run)
    identity = identity_of_run(run, record) or _UNKNOWN
    place = SeedFolder(experiment.earlier / identity[:16] / _code_of(record) / run.path.name)
    # Moved out of the way first and deleted last: a kill in between loses nothing that is wanted.
    rubbish = experiment.earlier / f".rubbish-{os.getpid()}"
    place.path.parent.mkdir(parents=True, exist_ok=True)
    is_better_there = place.path.exists() and _worth(place) > _worth(run)
    if place.path.exists() and not is_better_there:
        place.path.rename(rubbish)
    moved = SeedFolder(rubbish if is_better_there else place.path)
    run.path.rename(moved.path)
    if but_for:
        run.path.mkdir()
        for name in but_for:
            (moved.path / name).rename(run.path / name)
    shutil.rmtree(rubbish, ignore_errors=True)
    return True


class EarlierRuns:
    """Finds existing runs for the seed runs of a plan: set aside, or under a configuration that was removed or renamed.

    Parameters
    ----------
    experiment
        The results folder.
    planned
        The names of the configurations in the plan; runs in their folders are not candidates for others.
    is_current
        Returns whether a run was made by the current code; such a run is preferred.
    """

    def __init__(
        self, experiment: ExperimentFolder, planned: Iterable[str], is_current: Callable[[RunRecord], bool]
    ) -> None:
        self._experiment = experiment
        self._planned = set(planned)
        self._is_current = is_current
        self._emptied: set[Path] = set()
        self._renamed: dict[tuple[str, str], list[SeedFolder]] | None = None

    def find(self, run: SeedFolder, identity: str, *, only_current: bool = False) -> SeedFolder | None:
        """Return the best earlier run of this identity and seed, or None.

        Parameters
        ----------
        run
            The seed run to find one for.
        identity
            The identity that it must have.
        only_current
            Leave out runs of other than the current code, and unfinished ones.
        """
        found = [
            each
            for each in self._candidates(run, identity)
            if not only_current or (run_status(each) == "done" and self._is_of_current_code(each))
        ]
        return max(found, key=self._rank, default=None)

    def seeds_aside(self, identity: str) -> tuple[int, ...]:
        """Return the seeds of which runs of this identity were set aside."""
        aside = self._experiment.earlier / identity[:16]
        codes = aside.iterdir() if aside.is_dir() else ()
        return tuple(sorted({seed for code in codes for seed in ConfigurationFolder(code).seeds_on_disk()}))

    def name_of(self, source: SeedFolder) -> str:
        """Return the configuration in whose folder a found run lies, or "" if it was set aside."""
        return "" if source.path.is_relative_to(self._experiment.earlier) else source.path.parent.name

    def take_back(self, source: SeedFolder, run: SeedFolder) -> None:
        """Move a found run into place. A run that lies there is set aside."""
        set_aside(run, self._experiment)
        run.path.parent.mkdir(parents=True, exist_ok=True)
        source.path.rename(run.path)
        self._emptied.add(source.path.parent)
        record = read_run_record(run)
        name = run.path.parent.name
        if record is not None and record.configuration != name:
            write_run_record(run, record._replace(configuration=name))
        if run.log.exists():
            # Makes it newer than the merged log, so that Snakemake merges again.
            os.utime(run.log)
            if record is not None and record.status == "done":
                run.done.touch()
                # A task that still waits in a queue for this seed sees by the time of this file that the run is done.
                os.utime(run.run_record)

    def remove_what_is_empty(self) -> None:
        """Remove folders whose seed runs have all been taken back, with their merged logs."""
        for folder in map(ConfigurationFolder, self._emptied):
            if not folder.seeds_on_disk():
                for file in (folder.log, folder.merge_log):
                    file.unlink(missing_ok=True)
                with contextlib.suppress(OSError):  # not empty: a file of the user's is in it
                    folder.path.rmdir()
                    if folder.path.is_relative_to(self._experiment.earlier):
                        folder.path.parent.rmdir()

    def _candidates(self, run: SeedFolder, identity: str) -> Iterator[SeedFolder]:
        aside = self._experiment.earlier / identity[:16]
        for code in sorted(aside.iterdir()) if aside.is_dir() else ():
            yield from self._usable(SeedFolder(code / run.path.name), identity)
        for each in self._under_other_names().get((identity, run.path.name), ()):
            yield from self._usable(each, identity)

    def _usable(self, run: SeedFolder, identity: str) -> Iterator[SeedFolder]:
        record = read_run_record(run)
        # An unfinished run is worth having only if it can resume.
        is_useful = run.checkpoint.exists() or run_status(run) == "done"
        if is_useful and identity_of_run(run, record) == identity and not is_locked(run.journal):
            yield run

    def _under_other_names(self) -> dict[tuple[str, str], list[SeedFolder]]:
        # Read when first needed: usually nothing has been renamed, and it takes a look at every run.json.
        if self._renamed is None:
            self._renamed = {}
            for run in _runs_of_others(self._experiment, self._planned):
                identity = identity_of_run(run, read_run_record(run))
                if identity is not None:
                    self._renamed.setdefault((identity, run.path.name), []).append(run)
        return self._renamed

    def _rank(self, run: SeedFolder) -> tuple[bool, bool, str]:
        is_finished, start = _worth(run)
        return is_finished, self._is_of_current_code(run), start

    def _is_of_current_code(self, run: SeedFolder) -> bool:
        record = read_run_record(run)
        return record is not None and self._is_current(record)


def _runs_of_others(experiment: ExperimentFolder, planned: set[str]) -> Iterator[SeedFolder]:
    if not experiment.path.is_dir():
        return
    for entry in sorted(experiment.path.iterdir()):
        if entry.is_dir() and not entry.name.startswith(".") and entry.name not in planned:
            folder = ConfigurationFolder(entry)
            yield from map(folder.seed, folder.seeds_on_disk())


def _worth(run: SeedFolder) -> tuple[bool, str]:
    record = read_run_record(run)
    return run_status(run) == "done", (record.start or "") if record is not None else ""


def _code_of(record: RunRecord | None) -> str:
    if record is None:
        return _UNKNOWN
    return content_digest(record.code)[:8] if record.code else (record.script_sha256 or _UNKNOWN)[:8]

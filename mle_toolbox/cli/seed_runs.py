"""Find the seed run that an argument of the command line names."""

from __future__ import annotations

import re
from pathlib import Path

from mle_toolbox.cli.choice import result_folders
from mle_toolbox.errors import ResultsError, UsageError, did_you_mean
from mle_toolbox.layout import SEED_PREFIX, ExperimentFolder, SeedFolder
from mle_toolbox.seed_run.stored_run import StoredRun

__all__ = ["RUN_HELP", "find_seed_run"]

RUN_HELP = (
    "a seed run: CONFIGURATION/SEED (CONFIGURATION alone: its first seed), after EXPERIMENT: for an experiment file or "
    "results folder other than that of exp.yaml; or the folder of the seed run"
)
_NAMED = re.compile(rf"(?:(?P<experiment>.+):)?(?P<configuration>[^/:]+)(?:/(?:{SEED_PREFIX})?(?P<seed>\d+))?/?")


def find_seed_run(text: str) -> StoredRun:
    """Return the seed run of this name or folder.

    Raises
    ------
    UsageError
        When there is none.
    ResultsError
        When it has no record.
    """
    if SeedFolder(Path(text)).run_record.exists():
        return StoredRun(SeedFolder(Path(text)))
    named = _NAMED.fullmatch(text)
    if named is None:
        raise UsageError(f"{text!r} is not a seed run. Expected CONFIGURATION/SEED or the folder of a seed run.")
    given = named["experiment"]
    folder = ExperimentFolder(result_folders([Path(given)] if given else [])[0])
    return StoredRun(_in_folder(folder, named["configuration"], named["seed"]))


def _in_folder(folder: ExperimentFolder, configuration: str, seed: str | None) -> SeedFolder:
    there = folder.configuration(configuration)
    seeds = there.seeds_on_disk()
    if not seeds:
        names = sorted(each.name for each in folder.path.glob("*") if folder.configuration(each.name).seeds_on_disk())
        if not names:
            raise ResultsError(f"{folder.path}: there are no seed runs in it.")
        hint = did_you_mean(configuration, names)
        raise UsageError(f"There is no configuration {configuration!r}.{hint} There are: {', '.join(names)}.")
    if seed is not None and int(seed) not in seeds:
        raise UsageError(f"There is no seed {seed} in {configuration!r}. There are: {', '.join(map(str, seeds))}.")
    return there.seed(int(seed) if seed is not None else seeds[0])

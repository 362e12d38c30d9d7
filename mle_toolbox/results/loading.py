"""Find out what a path holds, and read it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, overload

from mle_toolbox.errors import ResultsError, did_you_mean
from mle_toolbox.experiment_record import identities_of, named_entries, read_experiment_record
from mle_toolbox.installed_first import with_installed_modules
from mle_toolbox.layout import ConfigurationFolder, ExperimentFolder, SeedFolder
from mle_toolbox.log.log_data import LogData
from mle_toolbox.log.merged_data import MergedData, stack
from mle_toolbox.log.run_record import RunRecord, RunStatus, bad_end
from mle_toolbox.log.seed_log import SeedLog, read_seed_log
from mle_toolbox.results.analysis import Configurations
from mle_toolbox.results.collection import ExperimentCollection
from mle_toolbox.results.configuration import ConfigurationResults
from mle_toolbox.results.experiment import ExperimentResults
from mle_toolbox.results.merged_log import read_merged_log, with_copies
from mle_toolbox.results.seed import SeedResults
from mle_toolbox.seed_run.identity import is_of, status_as_of

__all__ = ["load"]

_NOTHING = LogData((), (), {})

_Path = str | os.PathLike[str]
_Task = str | Sequence[str] | None
_One = ExperimentResults | ExperimentCollection | ConfigurationResults | SeedResults


@overload
def load(path: _Path, *, only_current: bool = ..., task: _Task = ...) -> _One: ...
@overload
def load(
    path: list[_Path] | tuple[_Path, ...], *, only_current: bool = ..., task: _Task = ...
) -> ExperimentCollection: ...
@overload
def load(path: _Path, *more: _Path, only_current: bool = ..., task: _Task = ...) -> ExperimentCollection: ...
@with_installed_modules
def load(
    path: _Path | list[_Path] | tuple[_Path, ...], *more: _Path, only_current: bool = False, task: _Task = None
) -> _One:
    """Read results, at any time: while runs go on, when some have failed, when all are done.

    Parameters
    ----------
    path
        The results folder of an experiment, the folder of a configuration or of a seed, or one of the files
        ``results.h5`` and ``log.h5``. Or a folder that holds several results folders.
    more
        Results folders of other experiments (a list of all of them will do as well). Each counts once.
    only_current
        Leave out the finished runs that are of older code than the newest ones of the same project: their status is
        ``older code``, and they do not count. ``cautions`` of the result says whether there are any.
    task
        The setting that is the task, or several: configurations of unlike tasks are never compared, and ``task_table``
        shows methods over tasks. ``"none"``: no setting is. None: as the experiment says, else guessed from the names.

    Returns
    -------
    ExperimentResults | ExperimentCollection | ConfigurationResults | SeedResults
        Depends on ``path``; several experiments are a collection. If there is an ``experiment.json``, it decides which
        configurations and seeds belong to the experiment; otherwise all that have a folder do. From a damaged file the
        ticks before the damage are read, or their copy in the merged log, or nothing; the ``damage`` of the seed run
        and a warning say so.

    Raises
    ------
    ResultsError
        When there are no results.

    Examples
    --------
    >>> results = load("experiments/")  # doctest: +SKIP
    >>> results["ode_int_config_1"]["metric1"].mean(axis=0)  # doctest: +SKIP
    """
    if task is not None:
        if isinstance(path, str | os.PathLike):
            every = load(path, *more, only_current=only_current)
        else:
            every = load([*path, *more], only_current=only_current)
        return every.with_task(task) if isinstance(every, Configurations) else every
    if only_current:
        # Decided over everything that is loaded: the newest code may be that of another folder of the project.
        found = load(path, *more) if isinstance(path, str | os.PathLike) else load([*path, *more])
        return found.only_current() if isinstance(found, Configurations | ConfigurationResults) else found
    if more or not isinstance(path, str | os.PathLike):
        first = path if isinstance(path, Iterable) and not isinstance(path, str | os.PathLike) else (path,)
        return _load_several([_path(each) for each in (*first, *more)])
    path = Path(path)
    if path.is_file():
        return _load_file(path)
    if not path.is_dir():
        raise ResultsError(f"{path}: there is no such file or folder.{_similar(path)}")
    if _is_experiment(path):
        return _load_experiment(ExperimentFolder(path))
    # One results folder inside is the project folder, most likely: `_no_results` suggests it instead of guessing.
    inside = [each for each in _folders(path) if _is_experiment(each)]
    if len(inside) > 1:
        return _load_several(inside)
    named = _named(path)
    if _is_configuration(path):
        record = _record(ExperimentFolder(named.parent))
        planned = _planned_seeds(record, named.name)
        return _load_configuration(ConfigurationFolder(named), planned, identities_of(record).get(named.name))
    seed = SeedFolder(named)
    if any(file.exists() for file in (seed.log, seed.journal, seed.run_record)):
        return _load_seed(seed)
    raise ResultsError(f"{path}: {_no_results(path)}")


def _path(given: object) -> Path:
    if not isinstance(given, str | os.PathLike):
        raise ResultsError(f"load takes the path of a results folder, or several of them, and got {given!r}.")
    return Path(given)


def _load_several(paths: Sequence[Path]) -> ExperimentCollection:
    experiments: list[ExperimentResults] = []
    for path in paths:
        match load(path):
            case ExperimentCollection() as several:
                experiments += several.experiments.values()
            case ExperimentResults() as one:
                experiments.append(one)
            case ConfigurationResults() as alone:
                experiments.append(_experiment_of(alone))
            case _:
                raise ResultsError(f"{path} is the folder of one seed run. Give the results folder of its experiment.")
    return ExperimentCollection(_each_once(experiments))


def _each_once(experiments: Iterable[ExperimentResults]) -> list[ExperimentResults]:
    """Merge experiments of the same results folder, which was given twice or configuration by configuration."""
    # Counted twice, an experiment would be compared with itself.
    by_folder: dict[Path, list[ExperimentResults]] = {}
    for each in experiments:
        by_folder.setdefault(each.path.resolve(), []).append(each)
    return [same[0] if len(same) == 1 else _joined(same) for same in by_folder.values()]


def _joined(parts: Sequence[ExperimentResults]) -> ExperimentResults:
    owner: dict[str, ExperimentResults] = {}
    for part in parts:
        for name in part:
            owner.setdefault(name, part)
    return ExperimentResults(parts[0].path, tuple(owner), lambda name: owner[name][name], parts[0].record)


def _experiment_of(results: ConfigurationResults) -> ExperimentResults:
    """Return the experiment of a configuration, with this configuration only."""
    folder = ExperimentFolder((results.path if results.path.is_dir() else results.path.parent).parent)
    return ExperimentResults(folder.path, [results.name], lambda _: results, _record(folder))


def _load_file(path: Path) -> _One:
    if path.name == SeedFolder(path.parent).journal.name:
        return _load_seed(SeedFolder(_named(path.parent)))
    if path.suffix != ".h5":
        raise ResultsError(f"{path} is no log. Give the results folder (experiment_dir), or a file named .h5 in it.")
    # h5py is imported when a file is read, not by `import mle_toolbox`.
    from mle_toolbox.log.hdf5 import read_log
    from mle_toolbox.log.merge import content_of, read_configuration, read_configuration_names

    # By content: a file that was moved or renamed is still known.
    match content_of(path):
        case "experiment":
            names = read_configuration_names(path)
            return ExperimentResults(
                path, names, lambda name: _from_merged(path, name, read_configuration(path, name), ()), {}
            )
        case "configuration":
            data = read_configuration(path)
            return _from_merged(path, _configuration_name(data.attributes, _named(path.parent).name), data, ())
        case _:
            # The file itself says which run it is; it may have been moved out of its folder.
            log = read_log(path)
            folder = _named(path.parent)
            name = _configuration_name(log.attributes, folder.parent.name)
            seed = log.attributes.get("seed", _seed_number(folder))
            return SeedResults.from_log(path, (name, seed), log)


def _load_experiment(folder: ExperimentFolder) -> ExperimentResults:
    record = _record(folder)
    names = [each["name"] for each in record.get("configurations", ())]
    # Trials outside the space of a search are in a list of their own.
    outside = named_entries(record.get("outside"))
    identities = {**identities_of({**record, "configurations": outside}), **identities_of(record)}
    if not names:
        names = sorted(each.name for each in folder.path.iterdir() if _is_configuration(each))
    return ExperimentResults(
        folder.path,
        names,
        lambda name: _load_configuration(
            folder.configuration(name), _planned_seeds(record, name), identities.get(name)
        ),
        record,
        read_seeds=lambda name, seeds: _load_configuration(folder.configuration(name), seeds, identities.get(name)),
    )


def _planned_seeds(record: Mapping[str, Any], name: str) -> Sequence[int]:
    """Return the seeds of a configuration: its own in an imported experiment, else those of all configurations."""
    own: Mapping[str, Any] = next((each for each in record.get("configurations", ()) if each["name"] == name), {})
    return tuple(own.get("seeds", record.get("seeds", ())))


def _load_configuration(
    folder: ConfigurationFolder, planned: Iterable[int], identity: str | None
) -> ConfigurationResults:
    """Read a configuration; runs of another identity than the given one are ``outdated`` and have no ticks."""
    planned = tuple(planned)
    on_disk = folder.seeds_on_disk()
    # Folders of seeds that the experiment no longer has are not shown.
    seeds = [seed for seed in on_disk if seed in set(planned)] if planned else list(on_disk)
    merged = read_merged_log(folder, seeds, identity)
    if merged is not None:
        return _from_merged(folder.path, folder.path.name, merged[0], planned, folder, merged[1])
    every = {seed: _as_of(folder.seed(seed), read_seed_log(folder.seed(seed)), identity) for seed in seeds}
    # A seed whose folder exists but that never started is only missing.
    logs = {seed: log for seed, log in every.items() if log.status != "waiting" or log.data or log.damage}
    logs = with_copies(folder, logs)
    runs = [_seed_results(folder.seed(seed), (folder.path.name, seed), log) for seed, log in logs.items()]
    data = stack({seed: log.data or _NOTHING for seed, log in logs.items()})
    return _configuration_results(folder.path, folder.path.name, runs, planned, data)


def _as_of(run: SeedFolder, log: SeedLog, identity: str | None) -> SeedLog:
    """Return the log as seen by this identity; of a run with another identity no ticks are shown."""
    if is_of(run, log.record, identity):
        return log
    return replace(log, status=status_as_of(run, log.record, log.status, identity), data=None, damage=None)


def _from_merged(
    path: Path,
    name: str,
    data: MergedData,
    planned: Iterable[int],
    folder: ConfigurationFolder | None = None,
    records: Mapping[int, RunRecord | None] = MappingProxyType({}),
) -> ConfigurationResults:
    runs = []
    for seed in data.seeds.tolist():
        run = folder.seed(seed) if folder is not None else None
        record = records.get(seed)
        log = data.seed_log(seed)
        status: RunStatus = bad_end(record) or "done"
        runs.append(SeedResults.from_log(run.path if run is not None else path, (name, seed), log, status, record))
    return _configuration_results(path, name, runs, planned, data)


def _configuration_results(
    path: Path, name: str, runs: Iterable[SeedResults], planned: Iterable[int], data: MergedData
) -> ConfigurationResults:
    runs = tuple(runs)
    logged = {run.seed for run in runs if run.n_ticks}
    return ConfigurationResults(path, name, runs, tuple(seed for seed in planned if seed not in logged), data)


def _load_seed(folder: SeedFolder) -> SeedResults:
    log = read_seed_log(folder)
    attributes = log.data.attributes if log.data is not None else {}
    name = _configuration_name(attributes, folder.path.parent.name)
    return _seed_results(folder, (name, attributes.get("seed", _seed_number(folder.path))), log)


def _seed_results(folder: SeedFolder, run_name: tuple[str, int], log: SeedLog) -> SeedResults:
    if log.damage is not None:
        # No error: one bad seed must never keep the others from being read.
        warnings.warn(log.damage, UserWarning, stacklevel=2)
    return SeedResults.from_log(folder.path, run_name, log.data or _NOTHING, log.status, log.record, log.damage)


def _record(folder: ExperimentFolder) -> dict[str, Any]:
    """Return what ``experiment.json`` says; a damaged one is reported in a warning and counts as missing."""
    try:
        return read_experiment_record(folder) or {}
    except ResultsError as error:
        warnings.warn(
            f"{error} Until then every configuration and seed with a folder is shown.", UserWarning, stacklevel=3
        )
        return {}


def _configuration_name(attributes: Any, folder_name: str) -> str:
    return str(attributes.get("configuration") or folder_name)


def _named(path: Path) -> Path:
    """Return the path with the real name of the folder, which "." and ".." do not show."""
    # Links are followed only where "..", whose meaning depends on them, requires it.
    return path.resolve() if ".." in path.parts else path.absolute()


def _seed_number(folder: Path) -> int:
    """Return the seed from the folder's name, -1 if there is none in it."""
    number = folder.name.rpartition("_")[2]
    return int(number) if number.isdecimal() else -1


def _is_experiment(path: Path) -> bool:
    return ExperimentFolder(path).record.is_file() or any(map(_is_configuration, _folders(path)))


def _is_configuration(path: Path) -> bool:
    folder = ConfigurationFolder(path)
    return path.is_dir() and (bool(folder.seeds_on_disk()) or _is_merged_log(folder.log))


def _is_merged_log(path: Path) -> bool:
    if not path.is_file():
        return False
    from mle_toolbox.log.merge import content_of

    try:
        return content_of(path) == "configuration"
    except ResultsError:
        return False


def _folders(path: Path) -> list[Path]:
    # Hidden folders are ours: .code, .earlier, .driver.
    return sorted(each for each in path.iterdir() if each.is_dir() and not each.name.startswith("."))


def _no_results(path: Path) -> str:
    inside = [each for each in _folders(path) if _is_experiment(each)]
    if inside:
        return f"this folder holds no results itself. Did you mean {' or '.join(repr(str(each)) for each in inside)}?"
    if not any(path.iterdir()):
        return "this folder is empty: nothing has been run here yet."
    return (
        "this folder holds no results. Give the experiment_dir of an experiment file, a configuration's folder in it, "
        "or a seed's."
    )


def _similar(path: Path) -> str:
    try:
        names = [each.name for each in path.parent.iterdir()]
    except OSError:
        return f" There is no folder {str(path.parent)!r} either."
    return did_you_mean(path.name, names)

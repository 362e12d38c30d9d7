"""Reads logs of other tools as our results; nothing is written to their folder."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mle_toolbox.errors import ResultsError, UsageError
from mle_toolbox.importers.imported_run import ImportedRun
from mle_toolbox.importers.kinds import KINDS, find_files, kind_named, kind_of
from mle_toolbox.importers.naming import NamedRun, name_runs
from mle_toolbox.importers.pattern import TASK, Match, PathPattern, guess_pattern
from mle_toolbox.log.log_data import LogData
from mle_toolbox.log.merged_data import stack
from mle_toolbox.results import ConfigurationResults, ExperimentResults, SeedResults
from mle_toolbox.results.samples import NUMBERED
from mle_toolbox.text import count, listed

__all__ = ["import_logs"]

_SHOWN = 3


def import_logs(
    folder: str | os.PathLike[str],
    pattern: str | None = None,
    kind: str | None = None,
    *,
    time: Sequence[str] = (),
    seed_key: str | None = None,
    task: str | Sequence[str] | None = None,
) -> ExperimentResults:
    """Read logs that were not made by mle-toolbox. Their folder is only read.

    Parameters
    ----------
    folder
        The folder with the logs.
    pattern
        Marks the configuration and the seed in a path relative to ``folder``, such as
        ``"{configuration}/seed_{seed}/*.csv"``. ``*`` matches anything in one name, ``**`` any number of folders. Other
        names in braces are settings: ``"lr_{lrate}/{optimizer}/seed_{seed}"``. ``{run}`` distinguishes runs whose seeds
        are not known. Logs of MLflow, Weights & Biases and mle-logging contain settings and seed and need no pattern.
    kind
        ``tensorboard``, ``csv``, ``jsonl``, ``mlflow``, ``wandb`` or ``mle-logging``; by default recognised from the
        files.
    time
        CSV and JSON lines: the time variables; the first one orders the ticks.
    seed_key
        The setting that is the seed, if the pattern has no ``{seed}``: a key of the log or a name in the pattern. By
        default a key called ``seed`` or similar.
    task
        The setting that is the task (an environment, a data set), or several: a key of the log or a name in the
        pattern; ``"none"``: there is no task. By default ``{task}`` in the pattern.

    Returns
    -------
    ExperimentResults
        As ``load`` returns it. A warning names logs that were left out. Runs whose seeds are not known are numbered and
        never compared as pairs.

    Raises
    ------
    UsageError
        When the pattern does not match the files; the message has examples of them.
    ResultsError
        When there are no logs, or they are unreadable.

    Examples
    --------
    >>> import_logs("runs", "{configuration}/seed_{seed}").summary("eval/return")  # doctest: +SKIP
    """
    # Everything that can be wrong with pattern and kind is found before a file is read: there may be thousands.
    root = Path(folder)
    if not root.is_dir():
        raise ResultsError(f"{root}: there is no such folder.")
    paths = {path.relative_to(root).as_posix(): path for path in find_files(root)}
    matcher = PathPattern(pattern) if pattern is not None else None
    matches = _matches(paths, matcher, root)
    chosen = kind if kind is not None else _kind(paths, matches, root)
    is_log = kind_named(chosen).is_log
    matches = {name: match for name, match in matches.items() if is_log(paths[name])}
    if not matches:
        raise ResultsError(f"{root}: no {KINDS[chosen].title} {'fit the pattern' if matcher else 'are there'}.")
    if not (matcher is not None and matcher.names) and not KINDS[chosen].knows_itself:
        what = "need a pattern" if matcher is None else "need a pattern with names in braces"
        raise UsageError(f"{KINDS[chosen].title} {what}. {_examples(list(matches))}")
    _warn_of_ignored([name for name in paths if name not in matches and is_log(paths[name])], root)
    runs = [
        (parts, run)
        for source, parts, files in _by_run(matches, paths, one_each=KINDS[chosen].knows_itself)
        for run in KINDS[chosen].read(files, source, tuple(time))
    ]
    named = name_runs(runs, seed_key)
    results = _results(root, named, {"folder": str(root.resolve()), "pattern": pattern, "kind": chosen})
    marked = TASK if matcher is not None and TASK in matcher.names else None
    results = results.with_task(task if task is not None else marked)
    if results.task_keys is None:
        return results
    # In the record, so that it is kept with the written results.
    record = {**results.record, "task": list(results.task_keys)}
    return ExperimentResults(results.path, results.names, results.__getitem__, record)


def _matches(paths: Iterable[str], pattern: PathPattern | None, root: Path) -> dict[str, Match]:
    names = list(paths)
    if not names:
        raise ResultsError(f"{root}: there are no files.")
    if pattern is None:
        return {name: Match(name, {}) for name in names}
    found = {name: match for name in names if (match := pattern.match(name)) is not None}
    if found:
        return found
    text = pattern.text_at_seed(names)
    if text is not None:
        raise UsageError(
            f"--pattern {pattern.text}: the text at {{seed}} is {text!r}, which is not a whole number. Write {{run}} "
            "there to number the runs."
        )
    logs = [name for name in names if kind_of(root / name)] or names
    raise UsageError(f"--pattern {pattern.text}: matches none of the {len(names)} files in {root}. {_examples(logs)}")


def _kind(paths: Mapping[str, Path], matches: Mapping[str, Match], root: Path) -> str:
    kinds: dict[str, int] = {}
    for name in matches:
        found = kind_of(paths[name])
        if found is not None:
            kinds[found] = kinds.get(found, 0) + 1
    if not kinds:
        known = "; ".join(f"{name}: {kind.title}" for name, kind in KINDS.items())
        raise ResultsError(
            f"{root}: no log of a known kind. {_examples(list(matches))} Known kinds are {known}. Choose one with "
            "--kind."
        )
    if len(kinds) > 1:
        counts = ", ".join(f"{count} of kind {name}" for name, count in kinds.items())
        raise UsageError(f"{root}: there are logs of several kinds: {counts}. Choose one with --kind.")
    return next(iter(kinds))


def _by_run(
    matches: Mapping[str, Match], paths: Mapping[str, Path], *, one_each: bool
) -> list[tuple[str, Mapping[str, str], list[Path]]]:
    """Group the files of each run: those with the same parts in their paths."""
    together: dict[tuple[str, ...], tuple[str, Mapping[str, str], list[Path]]] = {}
    for name, match in matches.items():
        # A log that has its own seed is a run by itself; event files and tables may be several a run.
        key = (name,) if one_each else tuple(match.parts.values())
        source = name if one_each else match.covered
        together.setdefault(key, (source, match.parts, []))[2].append(paths[name])
    return list(together.values())


def _results(root: Path, named: Sequence[NamedRun], origin: Mapping[str, Any]) -> ExperimentResults:
    # Each once, because a file may hold several runs.
    remarks = list(dict.fromkeys(remark for each in named for remark in each.run.remarks))
    if any(each.numbered for each in named):
        remarks.insert(0, "Some runs have no known seed; they are numbered and never compared as pairs.")
    for remark in remarks[:_SHOWN]:
        warnings.warn(remark, UserWarning, stacklevel=3)  # the line that calls import_logs
    if len(remarks) > _SHOWN:
        warnings.warn(f"{len(remarks) - _SHOWN} more remarks of this kind.", UserWarning, stacklevel=3)
    configurations: dict[str, list[NamedRun]] = {}
    for each in named:
        configurations.setdefault(each.configuration, []).append(each)
    results = {name: _configuration(root, name, runs) for name, runs in configurations.items()}
    record = {
        "imported": dict(origin),
        "configurations": [
            {"name": name, "content": dict(runs[0].settings), "seeds": [each.seed for each in runs]}
            for name, runs in configurations.items()
        ],
        "seeds": sorted({each.seed for each in named}),
    }
    return ExperimentResults(root, list(results), results.__getitem__, record)


def _configuration(root: Path, name: str, named: Sequence[NamedRun]) -> ConfigurationResults:
    logs = {each.seed: _log(each) for each in named}
    runs = [
        SeedResults.from_log(root / each.run.source, (name, each.seed), logs[each.seed], each.run.status)
        for each in named
    ]
    return ConfigurationResults(root, name, tuple(runs), (), stack(logs))


def _log(named: NamedRun) -> LogData:
    run: ImportedRun = named.run
    origin = {"configuration": named.configuration, "seed": named.seed, "source": run.source}
    numbered = {NUMBERED: True} if named.numbered else {}
    return replace(run.log, attributes={**run.log.attributes, **origin, **numbered})


def _warn_of_ignored(names: Sequence[str], root: Path) -> None:
    if not names:
        return
    shown = listed(names, _SHOWN)
    what = count(len(names), "log does not match the pattern and is", "logs do not match the pattern and are")
    warnings.warn(f"{root}: {what} left out: {shown}", UserWarning, stacklevel=3)


def _examples(names: Sequence[str]) -> str:
    guess = guess_pattern(names)
    hint = f" Did you mean --pattern '{guess}'?" if guess is not None else ""
    shown = "".join(f"\n  {name}" for name in names[:_SHOWN])
    return f"Mark which part is the configuration and which the seed.{hint} There are, for example:{shown}\n"

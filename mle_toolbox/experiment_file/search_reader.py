"""Reads the search of an experiment file, and makes the configurations of its trials.

What the section says is checked by ``search/``; here it meets the base configurations and the results folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mle_toolbox.errors import ExperimentFileError
from mle_toolbox.experiment_file.configuration_reader import ConfigurationFile
from mle_toolbox.experiment_file.configuration_text import CONFIGURATION_SUFFIXES, parse_configuration
from mle_toolbox.experiment_file.json_file import content_digest
from mle_toolbox.experiment_file.json_locate import JsonPath
from mle_toolbox.experiment_file.plan import Configuration, SearchPlan, read_only
from mle_toolbox.experiment_file.source_text import read_text
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.search.placement import with_values
from mle_toolbox.search.search_settings import SearchSettings, read_search_settings, untracked_metrics
from mle_toolbox.search.space import Space, missing_names, read_space
from mle_toolbox.search.trials import FreeNumbers, Trial, assign_trials, read_trials
from mle_toolbox.text import count, listed

__all__ = ["SearchFile", "read_search"]

_ROOT = "param_search_args"

_Mistakes = list[tuple[JsonPath, str]]


@dataclass(frozen=True)
class SearchFile:
    """The search of an experiment file, without mistakes."""

    settings: SearchSettings
    spaces: tuple[Space, ...]
    """One for each base configuration, which differ only in where the values go."""

    def trials(
        self, bases: Sequence[Configuration], project_dir: Path, experiment_dir: Path
    ) -> tuple[tuple[Configuration, ...], SearchPlan]:
        """Return the configurations of the trials that are due, and the search.

        Parameters
        ----------
        bases
            The base configurations.
        project_dir, experiment_dir
            The results folder, in which trials keep their numbers, as the plan has it.
        """
        stored = read_trials(ExperimentFolder(project_dir / experiment_dir))
        numbers = FreeNumbers(stored.taken)
        due: list[Configuration] = []
        others: list[Configuration] = []
        for base, space in zip(bases, self.spaces, strict=True):
            found = assign_trials(self.settings, space, (base.name, base.content), stored.of(base.name), numbers)
            due += [_configuration(trial, base, experiment_dir) for trial in found.due]
            others += [_configuration(trial, base, experiment_dir) for trial in found.others]
        names = {base.name for base in bases}
        others += filter(
            None, (_left(each, project_dir, experiment_dir) for each in stored.trials if each.base not in names)
        )
        return tuple(sorted(due, key=_number)), SearchPlan(
            self.settings,
            self.spaces[0],
            tuple(bases),
            self.spaces[0].size if self.settings.search_type == "grid" else None,
            tuple(sorted(others, key=_number)),
            tuple(self._notices(bases)),
        )

    def _notices(self, bases: Sequence[Configuration]) -> Iterator[str]:
        yield from self.settings.notes
        for base, space in zip(bases, self.spaces, strict=True):
            if missing := missing_names(space, base.content):
                yield f"Not in {base.path}, so added to it in each trial: {listed(map(repr, missing))}."
        size, budget = self.spaces[0].size, self.settings.budget
        if size is None or size == budget:
            return
        each = " of each base configuration" if len(self.spaces) > 1 else ""
        if size < budget:
            what = "grid" if self.settings.search_type == "grid" else "space"
            asked = f"fewer than the {budget:,} trials asked for{each}"
            yield f"The {what} has {count(size, 'point')}, {asked}: every point runs once."
        elif self.settings.search_type == "grid":
            rest = f"{size - budget:,} {'is' if size - budget == 1 else 'are'} left out"
            yield f"The grid has {count(size, 'point')}: the first {budget:,}{each} run, in its order, and {rest}."


def read_search(data: Mapping[str, Any], files: Sequence[ConfigurationFile]) -> tuple[SearchFile | None, _Mistakes]:
    """Read the search of an experiment file.

    Parameters
    ----------
    data
        The contents of the file.
    files
        The base configurations.

    Returns
    -------
    search, mistakes
        None where there are mistakes, or where a base configuration cannot be read. Paths are those in the file.
    """
    section = data.get(_ROOT)
    if not isinstance(section, Mapping):
        return None, []  # reported by the schema
    settings, found = read_search_settings(section)
    mistakes = [((_ROOT, *path), sentence) for path, sentence in found]
    if settings is None:
        return None, mistakes
    spaces = []
    for file in files:
        if file.configuration is None:
            continue
        space, found = read_space(settings, file.configuration.content)
        mistakes += [((_ROOT, *path), sentence) for path, sentence in found]
        spaces.append(space)
        mistakes += [(_place_of_metrics(section), sentence) for sentence in _untracked(settings, file)]
    is_whole = spaces and len(spaces) == len(files) and not mistakes
    return (SearchFile(settings, tuple(spaces)) if is_whole else None), list(dict.fromkeys(mistakes))


def _untracked(settings: SearchSettings, file: ConfigurationFile) -> Iterator[str]:
    log = file.configuration.content.get("log_config") if file.configuration is not None else None
    tracked = log.get("what_to_track") if isinstance(log, Mapping) else None
    if isinstance(tracked, tuple | list):
        yield from untracked_metrics(settings, map(str, tracked), file.name)


def _place_of_metrics(section: Mapping[str, Any]) -> JsonPath:
    if isinstance(section.get("search_logging"), Mapping):
        return (_ROOT, "search_logging", "eval_metrics")
    return (_ROOT, "eval_metrics" if "eval_metrics" in section else "eval_score_type")


def _configuration(trial: Trial, base: Configuration, experiment_dir: Path) -> Configuration:
    content = with_values(base.content, trial.values)
    # In the format of its base, for scripts that read the file themselves.
    path = ExperimentFolder(experiment_dir).configuration(trial.name).trial_configuration(base.path.suffix)
    return Configuration(trial.name, path, read_only(content), content_digest(content), trial)


def _left(trial: Trial, project_dir: Path, experiment_dir: Path) -> Configuration | None:
    """Return a trial of a base configuration that is no longer searched, as its file has it; None without one."""
    place = ExperimentFolder(experiment_dir).configuration(trial.name)
    for path in map(place.trial_configuration, CONFIGURATION_SUFFIXES):
        file = project_dir / path
        if not file.is_file():
            continue
        try:
            content = parse_configuration(read_text(file, str(path)), str(path)).content
        except ExperimentFileError:
            return None
        if isinstance(content, Mapping):
            return Configuration(
                trial.name, path, read_only(content), content_digest(content), replace(trial, inside=False)
            )
    return None


def _number(configuration: Configuration) -> int:
    return configuration.trial.number if configuration.trial is not None else -1

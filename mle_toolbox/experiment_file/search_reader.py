"""Reads the search of an experiment file, and makes the configurations of its trials.

What the section says is checked by ``search/``; here it meets the base configurations and the results folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from pathlib import Path
from typing import Any

from mle_toolbox.errors import ExperimentFileError
from mle_toolbox.experiment_file.configuration_reader import ConfigurationFile
from mle_toolbox.experiment_file.configuration_text import CONFIGURATION_SUFFIXES, parse_configuration
from mle_toolbox.experiment_file.json_file import content_digest
from mle_toolbox.experiment_file.json_locate import JsonPath
from mle_toolbox.experiment_file.log_keys import without_secrets
from mle_toolbox.experiment_file.plan import Configuration, Plan, SearchPlan, read_only
from mle_toolbox.experiment_file.source_text import read_text
from mle_toolbox.experiment_file.trial_content import content_of_trial, is_made_from
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.search.mistakes import ROOT, Mistake
from mle_toolbox.search.placement import plain
from mle_toolbox.search.schedule import Learning, Search, learning_of
from mle_toolbox.search.search_settings import (
    MAX_TRIALS,
    SearchSettings,
    read_search_settings,
    too_many_trials,
    untracked_metrics,
)
from mle_toolbox.search.seed_rungs import decided_rungs
from mle_toolbox.search.space import Space, in_another_section, missing_names
from mle_toolbox.search.step_settings import OVER_STEPS, in_words, step_key_mistake, too_few_points
from mle_toolbox.search.strategies import search_of
from mle_toolbox.search.trials import FreeNumbers, Trial, assign_trials, read_trials
from mle_toolbox.search.variables import read_space
from mle_toolbox.text import count, listed

__all__ = ["SearchFile", "asked_since", "read_search"]


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
        left = [each for each in stored.trials if each.base not in {base.name for base in bases}]
        for base, space in zip(bases, self.spaces, strict=True):
            own, size = stored.of(base.name), None
            if (strategy := self._strategy(space, base)) is not None:
                # Results of another base configuration, or with other steps, do not apply to this search.
                size = strategy.size()
                is_ours = [
                    is_made_from(base.content, each) and strategy.fits(each.index, each.extra, each.asked or {})
                    for each in own
                ]
                left += [each for each, ours in zip(own, is_ours, strict=True) if not ours]
                own = list(compress(own, is_ours))
            found = assign_trials(self.settings, space, (base.name, base.content), own, numbers, size)
            due += [_configuration(trial, base, experiment_dir) for trial in found.due]
            others += [_configuration(trial, base, experiment_dir) for trial in found.others]
        others += filter(None, (_left(each, project_dir, experiment_dir) for each in left))
        due.sort(key=_number)
        to_decide: tuple[int, ...] = ()
        if (rungs := self.settings.seed_rungs) is not None:
            digests = {each.name: each.digest for each in due}
            decided = decided_rungs(ExperimentFolder(project_dir / experiment_dir), rungs, digests)
            due = [replace(each, more_seeds=rungs.further(decided.climbed.get(each.name, 0))) for each in due]
            to_decide = decided.to_decide
        return tuple(due), SearchPlan(
            self.settings,
            self.spaces[0],
            tuple(bases),
            self.spaces[0].size if self.settings.search_type == "grid" else None,
            tuple(sorted(others, key=_number)),
            tuple(self._notices(bases)),
            learning_of(self.settings),
            to_decide,
        )

    def _strategy(self, space: Space, base: Configuration) -> Search | None:
        learning: Learning | None = learning_of(self.settings)
        return None if learning is None else search_of(learning, space, plain(without_secrets(base.content)))

    def _notices(self, bases: Sequence[Configuration]) -> Iterator[str]:
        yield from self.settings.notes
        for base, space in zip(bases, self.spaces, strict=True):
            if missing := missing_names(space, base.content):
                others = in_another_section(space, base.content).items()
                meant = "".join(f" ({other!r} would be the {name!r} of the network.)" for name, other in others)
                yield f"Not in {base.path}, so added to it in each trial: {listed(map(repr, missing))}.{meant}"
        if self.settings.search_type in OVER_STEPS:
            yield in_words(self.settings.search_type, self.settings.options)
            return
        yield from self._notices_of_size(bases)

        learning = learning_of(self.settings)
        if learning is not None and learning.search_type == "smbo":
            trials = learning.batch or learning.window
            if self.settings.budget < 10 * trials:
                key = "num_evals_per_batch" if learning.batch is not None else "max_running_evals"
                few = f"{count(self.settings.budget, 'trial')} are few for {key} {trials}"
                yield f"{few}: with fewer than {10 * trials}, most are asked before there is anything to learn from."

    def _notices_of_size(self, bases: Sequence[Configuration]) -> Iterator[str]:
        size, budget = self.spaces[0].size, self.settings.budget
        if self.settings.search_type == "coordinate":
            whole = replace(self.settings, budget=MAX_TRIALS)
            size = replace(self, settings=whole)._strategy(self.spaces[0], bases[0]).size()  # type: ignore[union-attr]
        if size is None or size == budget:
            return
        each = " of each base configuration" if len(self.spaces) > 1 else ""
        if size < budget:
            what = "grid" if self.settings.search_type == "grid" else "space"
            asked = f"fewer than the {budget:,} trials asked for{each}"
            if self.settings.search_type == "coordinate":
                yield f"A coordinate search of this space has {count(size, 'trial')}, {asked}."
            else:
                yield f"The {what} has {count(size, 'point')}, {asked}: every point runs once."
        elif self.settings.search_type == "grid":
            rest = f"{size - budget:,} {'is' if size - budget == 1 else 'are'} left out"
            yield f"The grid has {count(size, 'point')}: the first {budget:,}{each} run, in its order, and {rest}."


def read_search(data: Mapping[str, Any], files: Sequence[ConfigurationFile]) -> tuple[SearchFile | None, list[Mistake]]:
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
    section = data.get(ROOT)
    if not isinstance(section, Mapping):
        return None, []  # reported by the schema
    settings, found = read_search_settings(section)
    mistakes = [((ROOT, *path), sentence) for path, sentence in found]
    if settings is None:
        return None, mistakes
    spaces = []
    for file in files:
        if file.configuration is None:
            continue
        space, found = read_space(settings, file.configuration.content)
        mistakes += [((ROOT, *path), sentence) for path, sentence in found]
        if (sentence := too_many_trials(settings, space.size)) is not None:
            mistakes.append(((ROOT, *settings.budget_path), sentence))
        spaces.append(space)
        mistakes += [((ROOT, *path), sentence) for path, sentence in _wrong_for_steps(settings, space, file)]
        mistakes += [(_place_of_metrics(section), sentence) for sentence in _untracked(settings, file)]
    is_whole = spaces and len(spaces) == len(files) and not mistakes
    return (SearchFile(settings, tuple(spaces)) if is_whole else None), list(dict.fromkeys(mistakes))


def _wrong_for_steps(settings: SearchSettings, space: Space, file: ConfigurationFile) -> Iterator[Mistake]:
    """Yield what is wrong with a search over training steps, seen from a base configuration."""
    if settings.search_type not in OVER_STEPS or file.configuration is None:
        return
    path = ("search_config", "search_config")
    places = {each.name: each.place for each in space.variables}
    if (sentence := step_key_mistake(settings.options, file.configuration.content, places)) is not None:
        yield (*path, "step_key"), sentence
    if (sentence := too_few_points(settings.search_type, settings.options, space.size)) is not None:
        yield path, sentence


def _untracked(settings: SearchSettings, file: ConfigurationFile) -> Iterator[str]:
    log = file.configuration.content.get("log_config") if file.configuration is not None else None
    tracked = log.get("what_to_track") if isinstance(log, Mapping) else None
    if isinstance(tracked, tuple | list):
        yield from untracked_metrics(settings, map(str, tracked), file.name)


def _place_of_metrics(section: Mapping[str, Any]) -> JsonPath:
    if isinstance(section.get("search_logging"), Mapping):
        return (ROOT, "search_logging", "eval_metrics")
    return (ROOT, "eval_metrics" if "eval_metrics" in section else "eval_score_type")


def asked_since(plan: Plan) -> Plan:
    """Return a plan with the trials as they are that have been asked since it was made."""
    if plan.search is None or not any(each.is_pending for each in plan.configurations):
        return plan
    stored = {each.number: each for each in read_trials(ExperimentFolder(plan.experiment_path)).trials}
    bases = {each.name: each for each in plan.search.bases}

    def now(configuration: Configuration) -> Configuration:
        trial = stored.get(configuration.trial.number) if configuration.trial is not None else None
        if not configuration.is_pending or trial is None or trial.base not in bases:
            return configuration
        base = bases[trial.base]
        return _configuration(trial, base, plan.experiment_dir) if is_made_from(base.content, trial) else configuration

    return replace(plan, configurations=tuple(map(now, plan.configurations)))


def _configuration(trial: Trial, base: Configuration, experiment_dir: Path) -> Configuration:
    content = content_of_trial(trial, base.content)
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

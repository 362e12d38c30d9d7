"""The logs of all configurations of an experiment."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment_file.log_keys import without_secrets
from mle_toolbox.experiment_record import project_in
from mle_toolbox.installed_first import with_installed_modules
from mle_toolbox.layout import ConfigurationFolder, ExperimentFolder
from mle_toolbox.looks.held_looks import HeldLooks, looks_of
from mle_toolbox.results.analysis import Configurations
from mle_toolbox.results.code_states import CodePlace, CodeState
from mle_toolbox.results.configuration import ConfigurationResults, renamed
from mle_toolbox.results.final_answer import FinalAnswer, final_answer
from mle_toolbox.results.lookup import known_names, unknown_name
from mle_toolbox.results.metric_roles import MetricRole, metric_roles
from mle_toolbox.results.ranking import RankedTrials, ranked_trials
from mle_toolbox.results.reference_scores import REFERENCES, References, read_references
from mle_toolbox.results.search_record import SearchRecord, search_record

if TYPE_CHECKING:
    import pandas as pd

    from mle_toolbox.results.importance import Importance
    from mle_toolbox.results.shown import TrialTable

__all__ = ["ExperimentResults"]


class ExperimentResults(Configurations):
    """The configurations of an experiment by name, in the order of the experiment file.

    A configuration is read when it is first asked for. ``metric``, ``at``, ``lower_is_better`` and
    ``include_unfinished`` are explained at ``summary``.

    Parameters
    ----------
    path
        The results folder, or the file that was read.
    names
        The configurations.
    read
        Returns the results of a configuration.
    record
        The content of ``experiment.json``, empty when there is none.
    read_seeds
        Returns the results of a configuration with other seeds than those of the experiment: those of a search's final.
    """

    def __init__(
        self,
        path: Path,
        names: Sequence[str],
        read: Callable[[str], ConfigurationResults],
        record: Mapping[str, Any],
        read_seeds: Callable[[str, Sequence[int]], ConfigurationResults] | None = None,
    ) -> None:
        self.path = path
        self.names = tuple(names)
        self.record = record
        self._read = read
        self._read_seeds = read_seeds
        self._known: dict[str, ConfigurationResults] = {}
        self._importances: dict[tuple[str, bool | None, bool], Importance] = {}
        given = record.get("task")
        self._task_keys = tuple(map(str, given)) if isinstance(given, list) else None

    @property
    def title(self) -> str:
        """The name of the results folder."""
        return self.path.resolve().name or str(self.path)

    @property
    def contents(self) -> Mapping[str, Mapping[str, Any]]:
        """The content of each configuration's file, from ``experiment.json`` or else a seed run's ``config.json``."""
        recorded = {each.get("name"): each.get("content") for each in self.record.get("configurations", ())}
        # The record of a search has complete contents, from which the files of its trials are written.
        return {
            name: without_secrets(_mapping(recorded.get(name))) or self._content_on_disk(name) for name in self.names
        }

    @functools.cached_property
    def metric_roles(self) -> Mapping[str, MetricRole]:
        """What the experiment file says of its metrics."""
        return metric_roles(self.record)

    @functools.cached_property
    def search(self) -> SearchRecord | None:
        """The search whose trials these are: its space and how a trial is scored. None where it is none."""
        return search_record(self.record)

    @functools.cached_property
    def looks(self) -> HeldLooks | None:
        """The looks, where the number of seeds was open."""
        looks = looks_of(ExperimentFolder(self.path), self.record)
        return None if looks is None else looks.renamed({own: shown for shown, own in self._own_names.items()})

    @property
    def ranked_by(self) -> tuple[str, ...]:
        """The metrics by which a search ranks its trials; none where there is no search."""
        return self.search.metrics if self.search is not None else ()

    @property
    def searched(self) -> int:
        """How many trials the search has, of which these may be a selection; 0 where it is no search."""
        return sum(each.inside for each in self.search.trials.values()) if self.search is not None else 0

    def references(self) -> References:
        """Return the scores of ``reference_scores.csv`` in the results folder, else beside the experiment file."""
        home, places = self.path if self.path.is_dir() else self.path.parent, []
        if isinstance(file := self.record.get("experiment_file"), str):
            # Recorded relative to the results folder, which may be a link.
            places.append((home.resolve() / file).parent / REFERENCES)
        return next((read_references(place) for place in (home / REFERENCES, *places) if place.is_file()), {})

    def direction(self, metric: str, lower_is_better: bool | None = None) -> tuple[bool, bool]:
        """Return whether lower is better, and whether that is only guessed; a search says it of its metrics."""
        search = self.search
        if lower_is_better is None and search is not None and search.maximize is not None and metric in search.metrics:
            return not search.maximize, False
        return super().direction(metric, lower_is_better)

    def _metric(self, metric: str | None) -> str:
        own = self.search.metrics if self.search is not None else ()
        return super()._metric(metric or next((name for name in own if name in self.metrics), None))

    @functools.cached_property
    def outside(self) -> ExperimentResults:
        """The trials of a search whose values are no longer in its space: kept, but not among these."""
        trials = self.search.trials if self.search is not None else {}
        names = [name for name, trial in trials.items() if not trial.inside]
        record = {**self.record, "configurations": self.record.get("outside", []), "outside": []}
        return ExperimentResults(self.path, names, self._read, record)

    @with_installed_modules
    def ranking(
        self,
        metric: str | Sequence[str] | None = None,
        *,
        lower_is_better: bool | None = None,
        confidence: float = 0.95,
        include_unfinished: bool = False,
    ) -> RankedTrials:
        """Return the trials of a search with their scores, the best first; arguments as for ``trial_table``."""
        if self.search is None:
            raise ResultsError(f"{self.title}: this is no search, so there are no trials. `summary()` has a table.")
        if metric is None:
            names = [name for name in self.search.metrics if name in self.metrics]
        else:
            names = [self._metric(name) for name in ([metric] if isinstance(metric, str) else metric)]
        return ranked_trials(
            self.search,
            {**self, **self.outside},
            {name: self.direction(name, lower_is_better) for name in names},
            confidence=confidence,
            include_unfinished=include_unfinished,
            code=self.code(include_unfinished=include_unfinished),
            tasks=self.tasks,
        )

    @with_installed_modules
    def trial_table(
        self,
        metric: str | Sequence[str] | None = None,
        *,
        top: int | None = None,
        lower_is_better: bool | None = None,
        confidence: float = 0.95,
        include_unfinished: bool = False,
    ) -> TrialTable:
        """Return the trials of a search as a table, a row each, ranked by their score.

        Parameters
        ----------
        metric
            One or several; the first one decides the order. By default those of the search (``eval_metrics``).
        top
            Show so many; by default all.
        lower_is_better
            By default as the search says (``max_objective``).
        confidence
            Of the intervals.
        include_unfinished
            Also count seed runs that failed or are still running, with what they have logged so far.

        Returns
        -------
        TrialTable
            With ``to_dataframe``, ``to_csv``, ``to_markdown``, ``to_latex`` and ``to_json``.

        Raises
        ------
        ResultsError
            When the experiment is no search.
        """
        from mle_toolbox.results.shown import TrialTable

        found = self.ranking(
            metric,
            lower_is_better=lower_is_better,
            confidence=confidence,
            include_unfinished=include_unfinished,
        )
        cautions = tuple(self._first_cautions()), tuple(self._length_cautions())
        return TrialTable(self.title, found, top, *cautions, final_answer(self, found, confidence), self._form)

    @with_installed_modules
    def winner(self, confidence: float = 0.95) -> FinalAnswer | None:
        """Return what the final of a search says of its winner: the value on seeds that have chosen nothing.

        None where the search has no final (``search_final``), or the experiment is no search.

        Examples
        --------
        >>> answer = load("experiments").winner()  # doctest: +SKIP
        >>> answer.winner.record.values, answer.estimate, answer.comparison  # doctest: +SKIP
        """
        if self.search is None or self.search.final is None:
            return None
        return final_answer(self, self.ranking(confidence=confidence), confidence)

    @with_installed_modules
    def importance(
        self, metric: str | None = None, *, lower_is_better: bool | None = None, include_unfinished: bool = False
    ) -> Importance:
        """Return how important each variable of a search is for its score, with intervals and cautions.

        Printed, it is a few lines of text. Only trials that were drawn at random count; where there are too few of
        them, all do, and ``is_steered`` is true: then variables without effect can look important.

        Raises
        ------
        ResultsError
            When the experiment is no search, or has too few trials.

        Examples
        --------
        >>> print(load("experiments").importance())  # doctest: +SKIP
        """
        from mle_toolbox.results.importance import importance

        name = self._metric(metric)
        asked = (name, lower_is_better, include_unfinished)
        if asked not in self._importances:
            found = self.ranking(name, lower_is_better=lower_is_better, include_unfinished=include_unfinished)
            self._importances[asked] = importance(found, name)
        return self._importances[asked]

    def trials(self) -> pd.DataFrame:
        """Return the trials of a search as a DataFrame, the best first.

        One row a trial: its rank, name, number, base configuration and original id, a column for each variable, for
        each metric the score with its interval, n and the number of diverged seeds, then the seed runs. The columns are
        those of ``search.csv``.

        Raises
        ------
        ResultsError
            When the experiment is no search.
        MissingExtraError
            When pandas is not installed.

        Examples
        --------
        >>> trials = load("experiments").trials()  # doctest: +SKIP
        >>> trials.pivot_table("loss", index="lrate", columns="batch_size")  # doctest: +SKIP
        """
        frame = self.trial_table().to_dataframe()
        # With trials that have no rank pandas would make it a float.
        return frame.astype({"rank": "Int64"})

    def with_seeds(self, name: str, seeds: Sequence[int]) -> ConfigurationResults:
        """Return a trial, or the base configuration of a search, with fresh seeds instead of those of the search.

        Raises
        ------
        ResultsError
            When the seed runs are not in this folder.
        """
        if self._read_seeds is None:
            raise ResultsError(f"{self.title}: only a results folder has the seed runs of a search's final.")
        return self._read_seeds(name, seeds)

    def select(self, names: Sequence[str]) -> ExperimentResults:
        """Return the same with these configurations only, one name or several, in this order.

        Raises
        ------
        ResultsError
            When there is no such configuration.
        """
        chosen = known_names(names, self.names, f"The experiment in {self.path}")
        # Through this object, so that a configuration is read once for all selections.
        record = {**self.record, "outside": []}
        found = ExperimentResults(self.path, chosen, self.__getitem__, record, self._read_seeds)
        found._task_keys = self._task_keys
        found._own_names = self._own_names
        return found

    @property
    def display_names(self) -> Mapping[str, str]:
        """What the experiment file calls some of the configurations."""
        names = _mapping(self.record.get("display_names"))
        return {name: shown for name, shown in names.items() if name in self.names and isinstance(shown, str)}

    def displayed(self) -> ExperimentResults:
        """Return the same, each configuration under its name for display; files keep their names."""
        shown = self.display_names
        if not shown:
            return self
        own = {shown.get(name, name): name for name in self.names}
        entries = [{**each, "name": shown.get(each["name"], each["name"])} for each in self.record["configurations"]]
        record = {**self.record, "configurations": entries, "display_names": {}}
        found = ExperimentResults(
            self.path, tuple(own), lambda name: renamed(self[own[name]], name), record, self._read_seeds
        )
        found._task_keys = self._task_keys
        found._own_names = {new: name for name, new in shown.items()}
        return found

    def only_current(self) -> ExperimentResults:
        """Return the same without the runs of older code: their status is ``older code``, and they do not count."""
        return self.without_older(self.code())

    def without_older(self, code: Mapping[str, CodeState]) -> ExperimentResults:
        """Return the same without the runs that ``code`` says are of older code."""

        def read(name: str) -> ConfigurationResults:
            # Trials outside the present space are not among these configurations.
            return self[name].without_older(code[name].older) if name in code else self._read(name)

        found = ExperimentResults(self.path, self.names, read, self.record, self._read_seeds)
        found._task_keys = self._task_keys
        found._own_names = self._own_names
        return found

    def code_place(self) -> CodePlace:
        """Return the project whose code was run, and the script in it."""
        folder, script = self.path.resolve(), self.record.get("script")
        start = project_in(self.record)
        # Recorded relative to the results folder, so that both can be moved together.
        project = os.path.normpath(folder / start) if start is not None else str(folder)
        return CodePlace(project, script) if isinstance(script, str) else CodePlace(project)

    def _code_places(self) -> Mapping[str, CodePlace]:
        return dict.fromkeys(self.names, self.code_place())

    def __getitem__(self, name: str) -> ConfigurationResults:
        if name not in self.names:
            raise unknown_name(name, self.names, f"The experiment in {self.path}")
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __repr__(self) -> str:
        return self._in_lines(f"<ExperimentResults {str(self.path)!r}: {len(self)} configurations>")

    def _content_on_disk(self, name: str) -> Mapping[str, Any]:
        folder = ConfigurationFolder((self.path if self.path.is_dir() else self.path.parent) / name)
        for seed in folder.seeds_on_disk():
            try:
                return _mapping(json.loads(folder.seed(seed).config.read_bytes()))
            except (OSError, ValueError, RecursionError):
                # Damaged; another seed has the same content.
                continue
        return {}


def _mapping(content: Any) -> Mapping[str, Any]:
    return content if isinstance(content, Mapping) else {}

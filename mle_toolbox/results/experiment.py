"""The logs of all configurations of an experiment."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mle_toolbox.layout import ConfigurationFolder
from mle_toolbox.results.analysis import Configurations
from mle_toolbox.results.code import CodePlace, CodeState
from mle_toolbox.results.configuration import ConfigurationResults, seeds_words
from mle_toolbox.results.lookup import known_names, unknown_name

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
    """

    def __init__(
        self,
        path: Path,
        names: Sequence[str],
        read: Callable[[str], ConfigurationResults],
        record: Mapping[str, Any],
    ) -> None:
        self.path = path
        self.names = tuple(names)
        self.record = record
        self._read = read
        self._known: dict[str, ConfigurationResults] = {}

    @property
    def title(self) -> str:
        """The name of the results folder."""
        return self.path.resolve().name or str(self.path)

    @property
    def contents(self) -> Mapping[str, Mapping[str, Any]]:
        """The content of each configuration's file, from ``experiment.json`` or else a seed run's ``config.json``."""
        recorded = {each.get("name"): each.get("content") for each in self.record.get("configurations", ())}
        return {name: _mapping(recorded.get(name)) or self._content_on_disk(name) for name in self.names}

    def select(self, names: Sequence[str]) -> ExperimentResults:
        """Return the same with these configurations only, one name or several, in this order.

        Raises
        ------
        ResultsError
            When there is no such configuration.
        """
        chosen = known_names(names, self.names, f"The experiment in {self.path}")
        # Through this object, so that a configuration is read once for all selections.
        return ExperimentResults(self.path, chosen, self.__getitem__, self.record)

    def only_current(self) -> ExperimentResults:
        """Return the same without the runs of older code: their status is ``older code``, and they do not count."""
        return self.without_older(self.code())

    def without_older(self, code: Mapping[str, CodeState]) -> ExperimentResults:
        """Return the same without the runs that ``code`` says are of older code."""

        def read(name: str) -> ConfigurationResults:
            return self[name].without_older(code[name].older)

        return ExperimentResults(self.path, self.names, read, self.record)

    def code_place(self) -> CodePlace:
        """Return the project whose code was run, and the script in it."""
        folder, script = self.path.resolve(), self.record.get("script")
        file = self.record.get("experiment_file")
        # Recorded relative to the results folder, so that both can be moved together.
        project = os.path.normpath(folder / file / "..") if isinstance(file, str) else str(folder)
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
        lines = [f"<ExperimentResults {str(self.path)!r}: {len(self)} configurations>"]
        lines += [f"  {name!r}: {seeds_words(each.statuses, each.missing)}" for name, each in self.items()]
        lines += [f"  caution  {caution}" for caution in self.cautions]
        return "\n".join(lines)

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

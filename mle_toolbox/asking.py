"""Asking the trials of a search that learns: in which jobs, what each job waits for, and what it does.

A job sees the space, the base configuration and the settings as ``experiment.json`` has them, the trials on disk and
their scores: there is no database and no state besides these files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment_file.json_file import content_digest
from mle_toolbox.experiment_file.plan import Configuration, Plan
from mle_toolbox.experiment_file.trial_content import is_made_from
from mle_toolbox.experiment_record import as_asked
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.search.placement import place_of, plain, with_values
from mle_toolbox.search.schedule import Earlier, History, Learning, Search, blocks
from mle_toolbox.search.space import Space, Variable, point_of
from mle_toolbox.search.strategies import search_of
from mle_toolbox.search.trials import Trial, read_trials
from mle_toolbox.seed_ranges import format_seeds
from mle_toolbox.trial_files import write_trial

__all__ = ["Ask", "ask", "asks_of", "read_score"]


@dataclass(frozen=True)
class Ask:
    """One job that asks trials: all with the same ``known``."""

    trials: tuple[Configuration, ...]
    """In the order in which they are asked."""
    scored: tuple[str, ...]
    """The trials whose scores it waits for. Those that an earlier job waits for are left out, or there would be as many
    as the square of the trials."""
    after: tuple[Path, ...]
    """The configuration file that the job before writes, from the project folder."""

    @property
    def names(self) -> str:
        """The names of the trials, for a command line."""
        return ",".join(each.name for each in self.trials)


def asks_of(plan: Plan) -> list[Ask]:
    """Return the jobs that ask what is still to be asked; none where the search does not learn."""
    if plan.search is None or plan.search.learning is None:
        return []
    found = []
    for base in plan.search.bases:
        trials = {
            each.trial.index: each
            for each in plan.configurations
            if each.trial is not None and each.trial.base == base.name
        }
        strategy = search_of(plan.search.learning, plan.search.space_of(base), plain(base.content))
        known, after = 0, None
        for block in blocks(strategy, sorted(index for index, each in trials.items() if each.is_pending)):
            now = strategy.known(block[0])
            scored = tuple(trials[index].name for index in range(known, now) if index in trials)
            asked = tuple(trials[index] for index in block)
            found.append(Ask(asked, scored, () if after is None else (after.path,)))
            known, after = now, asked[-1]
    return found


def ask(folder: ExperimentFolder, record: Mapping[str, Any], names: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Ask trials, one after another, and write their files; yield the name and the values of each.

    Parameters
    ----------
    folder
        The results folder.
    record
        The content of ``experiment.json``, also as it was written.
    names
        The trials. Those that have been asked meanwhile stay as they are.
    """
    entries = {each["name"]: each for each in record["configurations"]}
    search = record["search"]
    learning = Learning(**search["learning"])
    for name in names:
        entry = as_asked(folder, record, entries[name])
        if not entry["trial"].get("is_pending"):
            # By a job that a killed driver has left; Snakemake has removed the file for this one.
            write_trial(folder, entry)
            continue
        content, index, base = entry["content"], entry["trial"]["index"], entry["trial"]["base"]
        space = _space(search["variables"], content)
        strategy = search_of(learning, space, content)
        history = _history(folder, strategy, space, content, base, index)
        proposal = strategy.propose(index, history)
        made = with_values(content, {**proposal.values, **proposal.extra})
        asked = {
            "known": strategy.known(index),
            "told": format_seeds(each.number for each in history.told),
            "pending": format_seeds(each.number for each in history.pending),
            "outside": format_seeds(history.outside),
            **proposal.note,
        }
        extra = {"extra": dict(proposal.extra)} if proposal.extra else {}
        trial = {key: value for key, value in entry["trial"].items() if key != "is_pending"}
        trial |= {"values": dict(proposal.values), **extra, "asked": asked}
        write_trial(folder, {**entry, "content": made, "digest": content_digest(made), "trial": trial})
        yield name, proposal.values


def read_score(path: Path) -> dict[str, Any] | None:
    """Return the content of ``score.json``; None if it is missing or damaged."""
    try:
        content = json.loads(path.read_bytes())
        content["value"], content["seeds"].items()
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return dict(content)


def _history(
    folder: ExperimentFolder, strategy: Search, space: Space, content: Mapping[str, Any], base: str, t: int
) -> History:
    """Return what trial t may depend on, from the files of the earlier trials."""
    known = strategy.known(t)
    told: dict[int, Earlier] = {}
    pending: dict[int, Earlier] = {}
    outside = []
    # A damaged folder may have been asked again under another number; the first one counts, as in the plan.
    for trial in read_trials(folder).of(base):
        if trial.index >= t or trial.index in told or trial.index in pending:
            continue
        is_ours = is_made_from(content, trial) and strategy.fits(trial.index, trial.extra, trial.asked or {})
        values = point_of(space, content, trial.values) if is_ours else None
        if values is None:
            outside.append(trial.number)
        elif trial.index < known:
            told[trial.index] = _scored(folder, trial, values)
        else:
            pending[trial.index] = Earlier(trial.index, trial.number, values, trial.extra)
    return History(space, content, _by_index(told), _by_index(pending), tuple(sorted(outside)))


def _by_index(trials: Mapping[int, Earlier]) -> tuple[Earlier, ...]:
    return tuple(trials[index] for index in sorted(trials))


def _scored(folder: ExperimentFolder, trial: Trial, values: Mapping[str, Any]) -> Earlier:
    path = folder.configuration(trial.name).score
    score = read_score(path)
    if score is None:
        raise ResultsError(f"{path} is missing or damaged, so nothing can be learned from {trial.name}. Remove it.")
    seeds = {int(seed): value for seed, value in score["seeds"].items()}
    return Earlier(trial.index, trial.number, values, trial.extra, score["value"], seeds)


def _space(variables: Sequence[Mapping[str, Any]], base: Mapping[str, Any]) -> Space:
    """Return the space that a record describes."""
    found = []
    for each in variables:
        choices = each.get("choices")
        # The place is that in the first base configuration.
        found.append(
            Variable(
                each["name"],
                each["kind"],
                place_of(each["name"], base),
                None if choices is None else tuple(choices),
                each.get("begin"),
                each.get("end"),
                each.get("bins"),
                each.get("prior"),
            )
        )
    return Space(tuple(found))

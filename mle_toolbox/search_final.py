"""The final of a search on disk: which trials are finalists, which one won, and which seed runs that makes due.

``finalists.json`` and ``final.json`` are made by two rules, each when what it is made from has ended. Both say what
that was (``made_of``), because file times do not show that a trial or a seed is gone. Choices that no longer apply are
set aside like seed runs, and come back when an edit is undone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_record import identities_of
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.atomic import replace_json
from mle_toolbox.search.final_settings import FIRST_FRESH_SEED

__all__ = [
    "FinalStage",
    "all_runs",
    "final_of_plan",
    "final_of_record",
    "fresh_runs_on_disk",
    "read_choice",
    "settle_choices",
    "write_choice",
]

FORMAT = 1
_RANKED_BY = ("metrics", "maximize", "problem_type", "best_is_maximum", "aggregate_seeds")

Run = tuple[str, int]


@dataclass(frozen=True)
class FinalStage:
    """How far the final of a search is.

    Attributes
    ----------
    finalist_seeds, final_seeds
        Those that choose the winner, and those of which its value is reported.
    bases
        The base configurations of the search.
    asked_for
        What decides who the finalists are, but for the trials themselves.
    finalists_made_of, winner_made_of
        What `finalists.json` and `final.json` have to be made of; the latter is None before there are finalists.
    finalists, winner, base
        None as long as they are not chosen; the base is that of the winner.
    """

    finalist_seeds: tuple[int, ...]
    final_seeds: tuple[int, ...]
    bases: tuple[str, ...]
    asked_for: str
    finalists_made_of: str
    winner_made_of: str | None
    finalists: tuple[str, ...] | None
    winner: str | None
    base: str | None

    @property
    def finalist_runs(self) -> tuple[Run, ...]:
        """The seed runs that choose the winner, as far as the finalists are known."""
        return tuple((name, seed) for name in self.finalists or () for seed in self.finalist_seeds)

    @property
    def final_runs(self) -> tuple[Run, ...]:
        """The seed runs of which the winner's value and its difference are made, as far as they are known.

        Those of an only base configuration depend on nothing, so they fill cores that are idle meanwhile.
        """
        base = self.bases[0] if len(self.bases) == 1 else self.base
        return tuple((name, seed) for name in (self.winner, base) if name is not None for seed in self.final_seeds)

    @property
    def runs(self) -> tuple[Run, ...]:
        """All seed runs that are known to be due."""
        return (*self.finalist_runs, *self.final_runs)


def final_of_plan(plan: Plan) -> FinalStage | None:
    """Return how far the final of a plan is; None where there is none."""
    # Here, because it reads YAML, for which an environment that only reads results may lack the package.
    from mle_toolbox.experiment_file.search_reader import asked_since

    plan = asked_since(plan)
    if plan.search is None or plan.final is None:
        return None
    identities = {each.name: plan.identity(each.name) for each in plan.configurations}
    base_of = {each.name: each.trial.base for each in plan.configurations if each.trial is not None}
    bases = tuple(each.name for each in plan.final_bases)
    folder = ExperimentFolder(plan.experiment_path)
    return _stage(folder, plan.search.to_json(), identities, plan.seeds, base_of, bases)


def final_of_record(folder: ExperimentFolder, record: Mapping[str, Any]) -> FinalStage | None:
    """Return how far the final is that ``experiment.json`` describes; None where there is none."""
    search, entries = record.get("search"), record.get("configurations", ())
    if not isinstance(search, Mapping) or not isinstance(search.get("final"), Mapping):
        return None
    of_all = identities_of(record)
    identities = {each["name"]: str(of_all[each["name"]]) for each in entries}
    base_of = {each["name"]: str(each["trial"].get("base")) for each in entries if isinstance(each.get("trial"), dict)}
    bases = tuple(map(str, search.get("bases") or ()))
    return _stage(folder, search, identities, record.get("seeds", ()), base_of, bases)


def all_runs(plan: Plan) -> tuple[Run, ...]:
    """Return every seed run of a plan that is known to be due, also those of the final of a search."""
    stage = final_of_plan(plan)
    return plan.seed_runs if stage is None else (*plan.seed_runs, *stage.runs)


def fresh_runs_on_disk(plan: Plan) -> tuple[Run, ...]:
    """Return the seed runs with fresh seeds that have a folder, whether they are still due or not."""
    if plan.final is None:
        return ()
    folder = ExperimentFolder(plan.experiment_path)
    names = dict.fromkeys(each.name for each in (*plan.configurations, *plan.final_bases))
    wanted = {*plan.final.finalist_seeds, *plan.final.final_seeds}
    return tuple(
        (name, seed)
        for name in names
        for seed in folder.configuration(name).seeds_on_disk()
        if seed >= FIRST_FRESH_SEED and seed in wanted
    )


def read_choice(path: Path) -> Mapping[str, Any]:
    """Return what one of the two files says, empty when it is missing or damaged."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def write_choice(path: Path, content: Mapping[str, Any]) -> None:
    """Write one of the two files, atomically."""
    replace_json(path, {"format": FORMAT, **content})


def settle_choices(plan: Plan) -> None:
    """Set aside what was chosen of other trials, seeds or settings, and take back what was chosen of these."""
    folder = ExperimentFolder(plan.experiment_path)
    stage = final_of_plan(plan)
    _settle(folder, (folder.finalists,), None if stage is None else stage.finalists_made_of)
    stage = final_of_plan(plan)
    _settle(folder, (folder.choice, folder.winner), None if stage is None else stage.winner_made_of)


def _settle(folder: ExperimentFolder, files: Sequence[Path], wanted: str | None) -> None:
    made_of = read_choice(files[0]).get("made_of")
    if made_of == wanted:
        return
    if any(file.exists() for file in files):
        _move(files, folder.earlier / f"final-{str(made_of)[:16]}")
    if wanted is not None:
        aside = folder.earlier / f"final-{wanted[:16]}"
        if all((aside / file.name).exists() for file in files):
            _move([aside / file.name for file in files], folder.path)


def _move(files: Sequence[Path], to: Path) -> None:
    to.mkdir(parents=True, exist_ok=True)
    for file in files:
        if file.exists():
            file.replace(to / file.name)


def _stage(
    folder: ExperimentFolder,
    search: Mapping[str, Any],
    identities: Mapping[str, str],
    seeds: Sequence[int],
    base_of: Mapping[str, str],
    bases: tuple[str, ...],
) -> FinalStage:
    final, ranking = search["final"], [search.get(name) for name in _RANKED_BY]
    finalist_seeds, final_seeds = tuple(final["finalist_seeds"]), tuple(final["final_seeds"])
    asked_for = _digest(ranking, list(seeds), final["num_finalists"])
    of_search = _digest(ranking, list(seeds), sorted(identities.items()), final["num_finalists"])
    finalists = _finalists(folder, of_search, identities)
    of_finalists, winner = None, None
    if finalists is not None:
        of_finalists = _digest(ranking, list(finalist_seeds), [[name, identities[name]] for name in finalists])
        choice = read_choice(folder.choice)
        if choice.get("made_of") == of_finalists and choice.get("winner") in finalists and folder.winner.exists():
            winner = str(choice["winner"])
    base = base_of.get(winner) if winner is not None else None
    return FinalStage(finalist_seeds, final_seeds, bases, asked_for, of_search, of_finalists, finalists, winner, base)


def _finalists(folder: ExperimentFolder, made_of: str, known: Mapping[str, str]) -> tuple[str, ...] | None:
    said = read_choice(folder.finalists)
    names = said.get("finalists")
    if said.get("made_of") != made_of or not isinstance(names, list):
        return None
    found = tuple(_names(names))
    return found if found and len(found) == len(names) and set(found) <= known.keys() else None


def _names(entries: Sequence[Any]) -> Iterator[str]:
    for each in entries:
        if isinstance(each, Mapping) and isinstance(each.get("trial"), str):
            yield each["trial"]


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

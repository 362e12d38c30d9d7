"""Sequential model-based optimization: trials are proposed by Optuna's TPE sampler. And a study for Optuna's own tools.

The only module that imports Optuna, and only its public interface. There is no storage: for each trial a study is made
anew from the earlier ones, with a seed of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mle_toolbox.search.placement import plain
from mle_toolbox.search.proposals import point_key, random_points
from mle_toolbox.search.schedule import Earlier, History, Learning, Proposal, known_earlier
from mle_toolbox.search.space import Space, Variable, same_value

if TYPE_CHECKING:
    import optuna

__all__ = [
    "DRAWN",
    "RANDOM_TRIALS",
    "Dimension",
    "Smbo",
    "StudyTrial",
    "missing_library",
    "write_journal",
]

RANDOM_TRIALS = 10
"""So many trials come from a random draw before there is a model, as in Optuna."""

DRAWN = "random"
"""What the note of a trial says of its sampler where there was no model yet."""

# In a small finite space the sampler may propose what has run; with the same seeds it would run the same again.
_ATTEMPTS = 20


class Dimension(Protocol):
    """What is asked of a variable, of a space or of its record."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def choices(self) -> Sequence[Any] | None: ...  # noqa: D102
    @property
    def begin(self) -> float | None: ...  # noqa: D102
    @property
    def end(self) -> float | None: ...  # noqa: D102
    @property
    def prior(self) -> str | None: ...  # noqa: D102


@dataclass(frozen=True)
class StudyTrial:
    """A trial for Optuna's own tools.

    Attributes
    ----------
    values
        By variable.
    value
        Its score; None where it has none.
    state
        ``complete``, ``failed``, ``running`` or ``waiting``.
    notes
        What else is known of it: numbers and texts, which the tools show as user attributes.
    """

    values: Mapping[str, Any]
    value: float | None
    state: str
    notes: Mapping[str, Any] = field(default_factory=dict)


def write_journal(
    path: Path,
    name: str,
    dimensions: Sequence[Dimension],
    trials: Iterable[StudyTrial],
    *,
    lower_is_better: bool,
    notes: Mapping[str, Any],
) -> None:
    """Write a study as a journal file, which Optuna and its dashboard open.

    Parameters
    ----------
    path
        A file that does not exist yet.
    name
        The name of the study.
    dimensions
        The variables. A trial without a value for one of them has none in Optuna either; values outside a range, or
        that are no choice any more, widen it, because Optuna knows one range for all trials.
    trials
        The trials, in the order in which they were asked.
    lower_is_better
        Whether the score is to be minimised.
    notes
        User attributes of the study.
    """
    import optuna
    from optuna.storages.journal import JournalFileBackend

    trials = list(trials)
    states = optuna.trial.TrialState
    known = {"complete": states.COMPLETE, "failed": states.FAIL, "running": states.RUNNING, "waiting": states.WAITING}
    distributions = {
        each.name: _wide_distribution(each, [trial.values[each.name] for trial in trials if each.name in trial.values])
        for each in dimensions
    }
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        storage = optuna.storages.JournalStorage(JournalFileBackend(str(path)))
        study = optuna.create_study(
            storage=storage, study_name=name, direction="minimize" if lower_is_better else "maximize"
        )
        for key, note in notes.items():
            study.set_user_attr(key, note)
        study.add_trials(
            [
                optuna.create_trial(
                    state=known[each.state],
                    params={key: _plain_choice(distributions[key], value) for key, value in each.values.items()},
                    distributions={key: distributions[key] for key in each.values},
                    value=each.value if each.state == "complete" else None,
                    user_attrs=dict(each.notes),
                )
                for each in trials
            ]
        )
    finally:
        optuna.logging.set_verbosity(before)


def missing_library() -> str | None:
    """Return why Optuna cannot be used, in a sentence; None if it can."""
    # Every job loads the plan, and with it this module.
    import importlib.metadata

    install = "pip install 'mle-toolbox-snakemake[search]'"
    try:
        version = importlib.metadata.version("optuna")
    except importlib.metadata.PackageNotFoundError:
        return f"search_type 'SMBO' needs the package optuna, which is not installed: {install}"
    if version.partition(".")[0] != "5":
        return f"search_type 'SMBO' needs optuna 5, but {version} is installed: {install}"
    return None


class Smbo:
    """Proposes by TPE."""

    def __init__(self, learning: Learning, space: Space) -> None:
        self._learning = learning
        self._space = space

    def size(self) -> int:
        """Return how many trials there are."""
        return self._learning.budget if self._space.size is None else min(self._learning.budget, self._space.size)

    def fits(self, t: int, extra: Mapping[str, Any], note: Mapping[str, Any]) -> bool:
        """Return True: a trial is as good wherever it was proposed."""
        return True

    def known(self, t: int) -> int:
        """Return how many trials have ended for sure when trial t is asked."""
        return known_earlier(t, batch=self._learning.batch, window=self._learning.window)

    def propose(self, t: int, history: History) -> Proposal:
        """Return the point that TPE proposes; of a finite space one that has not been proposed."""
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        earlier = [each.values for each in (*history.told, *history.pending)]
        taken = set(map(point_key, earlier))
        sampler = DRAWN if len(history.told) < self._random_trials else "TPE"
        note: dict[str, Any] = {"sampler": sampler, "optuna": optuna.__version__}
        for attempt in range(_ATTEMPTS):
            values = self._ask(t, attempt, history)
            if self._space.size is None or point_key(values) not in taken:
                return Proposal(values, note=note)
        points = random_points(self._space, self._learning.seed, first=t, taken=earlier)
        return Proposal(next(points, values), note={**note, "sampler": "random: TPE proposed only what has run"})

    @property
    def _random_trials(self) -> int:
        return int(self._learning.options.get("n_initial_points", RANDOM_TRIALS))

    def _ask(self, t: int, attempt: int, history: History) -> dict[str, Any]:
        import optuna

        sampler = optuna.samplers.TPESampler(
            n_startup_trials=self._random_trials,
            multivariate=True,
            constant_liar=True,
            seed=_seed(self._learning.seed, t, attempt),
        )
        study = optuna.create_study(
            sampler=sampler, direction="minimize" if self._learning.lower_is_better else "maximize"
        )
        distributions = {each.name: _distribution(each) for each in self._space.variables}
        study.add_trials(
            [
                *(self._trial(each, distributions, is_over=True) for each in history.told),
                *(self._trial(each, distributions, is_over=False) for each in history.pending),
            ]
        )
        asked = study.ask(fixed_distributions=distributions)
        return {each.name: _value(each, asked.params[each.name]) for each in self._space.variables}

    def _trial(self, earlier: Earlier, distributions: dict[str, Any], *, is_over: bool) -> optuna.trial.FrozenTrial:
        import optuna

        worst = math.inf if self._learning.lower_is_better else -math.inf
        return optuna.create_trial(
            state=optuna.trial.TrialState.COMPLETE if is_over else optuna.trial.TrialState.RUNNING,
            params={each.name: _parameter(each, earlier.values[each.name]) for each in self._space.variables},
            distributions=distributions,
            # A failed trial is ranked last, not forgotten: TPE would propose its like again.
            value=None if not is_over else worst if earlier.value is None else earlier.value,
        )


def _seed(seed: int, t: int, attempt: int) -> int:
    """Return the seed of the sampler: of each trial another one, so that it can be asked without those before it."""
    import hashlib  # loads OpenSSL

    text = f"{seed}/{t}" if attempt == 0 else f"{seed}/{t}/{attempt}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def _distribution(variable: Variable) -> Any:
    import optuna

    if variable.choices is not None:
        # Their places: Optuna takes true for 1, and neither lists nor sections.
        return optuna.distributions.CategoricalDistribution(range(len(variable.choices)))
    return _wide_distribution(variable, variable.bounds)


def _wide_distribution(dimension: Dimension, values: Sequence[Any]) -> Any:
    """Return the distribution of a variable that has all values that trials have had."""
    import optuna

    if dimension.choices is not None or not all(isinstance(each, int | float) for each in values):
        choices = dict.fromkeys(_readable(each) for each in (*(dimension.choices or ()), *values))
        return optuna.distributions.CategoricalDistribution(list(choices))
    ends = [each for each in (dimension.begin, dimension.end, *values) if each is not None]
    is_log = dimension.prior == "log-uniform"
    if dimension.kind == "integer":
        return optuna.distributions.IntDistribution(int(min(ends)), int(max(ends)), log=is_log)
    return optuna.distributions.FloatDistribution(float(min(ends)), float(max(ends)), log=is_log)


def _readable(choice: Any) -> Any:
    """Return a choice as Optuna keeps it: a text or a number; true is 1 for Optuna, and lists are nothing for it."""
    import json

    return choice if isinstance(choice, str) or type(choice) in (int, float) else json.dumps(choice, ensure_ascii=False)


def _plain_choice(distribution: Any, value: Any) -> Any:
    return _readable(value) if hasattr(distribution, "choices") else value


def _parameter(variable: Variable, value: Any) -> Any:
    """Return a value as Optuna knows it."""
    if variable.choices is None:
        return value
    return next(place for place, choice in enumerate(variable.choices) if same_value(choice, value))


def _value(variable: Variable, parameter: Any) -> Any:
    return plain(variable.choices[parameter]) if variable.choices is not None else parameter

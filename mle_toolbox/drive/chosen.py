"""Some of the seed runs, by names and numbers as a user types them: ``adam*``, trial ``12``, seeds ``0-4``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from mle_toolbox.errors import UsageError, did_you_mean
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.seed_ranges import seeds_in_words
from mle_toolbox.text import listed

__all__ = ["choose_names", "choose_runs", "numbers_of_trials"]

_SHOWN = 5


def choose_runs(
    plan: Plan, patterns: Sequence[str] | None, seeds: Collection[int] | None
) -> frozenset[tuple[str, int]] | None:
    """Return the configurations and seeds that a user has chosen; None where there is no choice.

    Parameters
    ----------
    plan
        The experiment.
    patterns
        Names of configurations, in which ``*``, ``?`` and ``[…]`` mean what they mean in a shell; a number is that of a
        trial. None: all configurations.
    seeds
        The seeds; None: all.

    Raises
    ------
    UsageError
        When a pattern matches no configuration, or a seed is not one of the experiment.
    """
    if patterns is None and seeds is None:
        return None
    names = [each.name for each in plan.configurations]
    if patterns is not None:
        names = choose_names(patterns, names, numbers_of_trials(plan), "--only")
    known = tuple(dict.fromkeys(seed for _, seed in plan.seed_runs))
    unknown = sorted({*(seeds or ())} - {*known})
    if unknown:
        raise UsageError(
            f"--seeds: this experiment has no {seeds_in_words(unknown)}. Expected some of {seeds_in_words(known)}."
        )
    return frozenset((name, seed) for name in names for seed in plan.seeds_of(name) if seeds is None or seed in seeds)


def choose_names(patterns: Iterable[str], names: Sequence[str], numbers: Mapping[str, str], where: str) -> list[str]:
    """Return the names that match one of the patterns, in their order.

    Parameters
    ----------
    patterns
        As the user has typed them.
    names
        The names of all configurations.
    numbers
        The names of trials by their numbers, which are names as well.
    where
        What the user has typed before the patterns, for messages.

    Raises
    ------
    UsageError
        When a pattern matches nothing: names the nearest one.
    """
    chosen: set[str] = set()
    for pattern in patterns:
        matching = {name for name in names if fnmatchcase(name, pattern)} | {*filter(None, [numbers.get(pattern)])}
        if not matching:
            # The most frequent mistake is a file name.
            stem = pattern.removesuffix(".json").removesuffix(".yaml").removesuffix(".yml")
            advice = f" Did you mean {stem!r}?" if stem in names else did_you_mean(pattern, names)
            known = f" There are {listed(names, _SHOWN)}." if not advice else ""
            raise UsageError(
                f"{where} {pattern!r}: no configuration of this experiment has such a name.{advice}{known}"
            )
        chosen |= matching
    return [name for name in names if name in chosen]


def numbers_of_trials(plan: Plan) -> dict[str, str]:
    """Return the names of the trials of a search by their numbers."""
    return {str(each.trial.number): each.name for each in plan.configurations if each.trial is not None}

"""How many seeds decided, in words: at which look who was found to be worse, and what is undecided."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from mle_toolbox.looks.held_looks import HeldLooks
from mle_toolbox.text import count, listed, percent

if TYPE_CHECKING:
    # `mle status` uses this module, and the import would load numpy and h5py.
    from mle_toolbox.results.answer import Answer

__all__ = ["look_cautions", "look_sentences", "over_tasks_caution", "range_words", "seed_words", "sentences_on_looks"]

_NAMES = 4
# A sum of shares is not exactly 1.
_ABOUT_ONE = 1 + 1e-9


def look_sentences(answers: Iterable[Answer], shown: Callable[[str], str] = str) -> Iterator[str]:
    """Yield what the looks have decided, if one of the answers is what they decide by.

    ``shown`` formats a name of the user.
    """
    for found in answers:
        if found.looks is not None and found.is_decided_by_looks:
            yield from sentences_on_looks(found.looks, tuple(found.samples), shown)
            if found.looks.is_over:
                yield from _power(found, shown)
            return


def sentences_on_looks(looks: HeldLooks, names: Iterable[str], shown: Callable[[str], str] = str) -> Iterator[str]:
    """Yield what has been decided of these configurations, look by look, and what is undecided."""
    names = set(names)
    for look in looks.held:
        if worse := {name: better for name, better in look.worse.items() if name in names}:
            yield f"Look {look.number} ({look.n_seeds} seeds): {_worse(worse, shown)}."
    undecided = [name for name in looks.undecided if name in names]
    if not looks.held:
        yield f"No look at {shown(looks.metric)} yet: the first is after {looks.sizes[0]} seeds of each configuration."
    elif undecided and looks.is_over:
        yield f"Undecided after {looks.held[-1].n_seeds} seeds: {listed(map(shown, undecided), _NAMES)}."
    elif undecided:
        going = f"{listed(map(shown, undecided), _NAMES)} {'get' if len(undecided) > 1 else 'gets'}"
        n = looks.sizes[len(looks.held)]
        yield f"Undecided after {looks.held[-1].n_seeds} seeds: {going} {n}, and up to {looks.schedule.maximum}."
    else:
        last = looks.held[-1]
        yield f"Decided at look {last.number} of at most {len(looks.sizes)}, with {last.n_seeds} seeds."


def seed_words(looks: HeldLooks, name: str, done: int) -> str:
    """Return ``5 of 5 to 20 seeds``, or ``5 of 5 seeds`` where there will not be more."""
    return f"{done} of {range_words(looks, name)} seeds"


def range_words(looks: HeldLooks, name: str) -> str:
    """Return how many seeds a configuration has now and may get: ``5 to 20``, or ``5`` where there will not be more."""
    now = looks.number_of_seeds(name)
    return (
        f"{now} to {looks.schedule.maximum}" if looks.may_get_more(name) and now < looks.schedule.maximum else f"{now}"
    )


def over_tasks_caution(within: Answer) -> Iterator[str]:
    """Yield that numbers over tasks are not corrected for the looks, where there were any."""
    if within.looks is not None:
        yield "Seeds were added look by look: numbers within a task are corrected for that, those over tasks are not."


def _worse(worse: dict[str, str], shown: Callable[[str], str]) -> str:
    """Return ``c and d are worse than a``."""
    parts = []
    for better in dict.fromkeys(worse.values()):
        names = [name for name, than in worse.items() if than == better]
        are = "are" if len(names) > 1 else "is"
        some = listed(map(shown, names), _NAMES)
        if better:
            parts.append(f"{some} {are} worse than {shown(better)}")
        else:
            parts.append(f"{some} {are} stopped, with fewer than two finite values")
    return "; ".join(parts)


def _power(found: Answer, shown: Callable[[str], str]) -> Iterator[str]:
    """Say how many seeds would show the differences that were observed."""
    for part in found.answers:
        undecided = part.looks.undecided if part.looks is not None else ()
        needed = {
            name: each.seeds_needed
            for name, each in part.with_leader.items()
            if name in undecided and part.leader in undecided and each.seeds_needed is not None
        }
        if needed and part.leader is not None:
            of_each = listed((f"{shown(name)} {n:,}" for name, n in needed.items()), _NAMES)
            yield f"Seeds of each to see a true difference as large as that from {shown(part.leader)}: {of_each}."


def look_cautions(answers: Iterable[Answer]) -> Iterator[str]:
    """Yield why the error rate of all looks together is not what it should be, if that is so."""
    found = next((each for each in answers if each.looks is not None), None)
    if found is None or found.looks is None:
        return
    looks, confidence = found.looks, found.confidence
    total = sum(looks.shares[: max(len(looks.held), 1)])
    if total > _ABOUT_ONE:
        # .3g, because 1 - 0.95 is 0.050000000000000044.
        rate = percent(float(f"{(1 - confidence) * total:.3g}"))
        yield (
            f"max was raised after all looks had been held, so the chance of a false finding is up to {rate} over all "
            f"looks, not {percent(float(f'{1 - confidence:.3g}'))}."
        )
    if looks.before:
        yield (
            f"{count(looks.before, 'look was', 'looks were')} held before configurations, metric or numbers of seeds "
            "were edited: the error rate holds for the looks since then, unless the edit was made because of the "
            "earlier ones."
        )

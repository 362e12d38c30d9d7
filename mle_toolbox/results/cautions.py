"""Warnings about the runs behind the numbers: older code, an earlier configuration, unequal length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from mle_toolbox.results.code_states import CodeState
from mle_toolbox.results.lengths import length_remark, short_configurations
from mle_toolbox.results.seed import SeedResults
from mle_toolbox.text import count, listed

__all__ = ["WAY_OUT", "code_cautions", "length_cautions", "outdated_cautions"]

WAY_OUT = " `mle run --rerun older-code` reruns them, --only-current leaves them out."
"""What to do about runs of older code; appended to the last sentence about them."""


class Configuration(Protocol):
    """The part of ``ConfigurationResults`` that is needed here; that class imports this module."""

    @property
    def runs(self) -> Sequence[SeedResults]:
        """One entry for each seed that has been started."""

    @property
    def statuses(self) -> Sequence[str]:
        """The status of each."""


# Most sentences of one kind; the remaining configurations share one line.
_LINES = 4

_NAMES = 3


def code_cautions(
    states: Mapping[str, CodeState], shown: Callable[[str], str] = str, *, way_out: bool = True
) -> list[str]:
    """Say which configurations have runs of older code, and which files differ.

    ``shown`` formats a name of the user; with ``way_out`` the last sentence says what to do.
    """
    # Older code is a caution and no reason to leave runs out: fixing a typo in a message must not cost a week.
    sentences = {name: _code_words(state) for name, state in states.items() if state.older}
    lines = list(_by_sentence(sentences, shown, "have seed runs of older code"))
    if lines and way_out:
        lines[-1] += WAY_OUT
    return lines


def outdated_cautions(results: Mapping[str, Configuration], shown: Callable[[str], str] = str) -> list[str]:
    """Say where finished runs do not count because the configuration has been edited since."""
    counts = {name: each.statuses.count("outdated") for name, each in results.items()}
    sentences = {
        name: f"{count(n, 'finished seed run is', 'finished seed runs are')} of an earlier configuration and "
        f"{'is' if n == 1 else 'are'} not counted."
        for name, n in counts.items()
        if n
    }
    lines = list(_by_sentence(sentences, shown, "have seed runs of an earlier configuration, which are not counted"))
    if lines:
        lines[-1] += f" `mle run` runs {'it' if sum(counts.values()) == 1 else 'them'} again."
    return lines


def length_cautions(
    results: Mapping[str, Configuration],
    contents: Mapping[str, Mapping[str, Any]],
    shown: Callable[[str], str] = str,
) -> list[str]:
    """Say where finished runs differ in length, or a whole configuration is far shorter than the others like it."""
    within = {name: remark for name, each in results.items() if (remark := length_remark(each.runs)) is not None}
    short = short_configurations({name: each.runs for name, each in results.items()}, contents)
    return [
        *_by_sentence(within, shown, "have seed runs of unequal length"),
        *_by_sentence(short, shown, "are far shorter than others like them"),
    ]


def _code_words(state: CodeState) -> str:
    number = len(state.older)
    if state.runs == 1:
        begin = "the one seed run is"
    elif number == state.runs:
        begin = f"all {number} seed runs are"
    else:
        begin = f"{number} of {state.runs} seed runs {'is' if number == 1 else 'are'}"
    if not state.files:
        return f"{begin} of another code than the newest; which files differ was not recorded."
    return f"{begin} of older code ({listed(state.files)})."


def _by_sentence(sentences: Mapping[str, str], shown: Callable[[str], str], together: str) -> Iterator[str]:
    """Yield each sentence once with its configurations, and one line for all beyond `_LINES`."""
    places: dict[str, list[str]] = {}
    for name, sentence in sentences.items():
        places.setdefault(sentence, []).append(name)
    # One line is kept for "N more configurations", so that there are never more than `_LINES`.
    kept = list(places.items()) if len(places) <= _LINES else list(places.items())[: _LINES - 1]
    for sentence, names in kept:
        each = ", each" if len(names) > 1 else ""
        yield f"{listed([shown(name) for name in names], _NAMES)}{each}: {sentence}"
    rest = [name for names in list(places.values())[len(kept) :] for name in names]
    if rest:
        yield f"{len(rest)} more configurations {together}: {listed([shown(name) for name in rest], _NAMES)}."

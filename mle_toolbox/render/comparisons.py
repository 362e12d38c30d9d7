"""Comparisons of pairs of configurations: which is better, by how much, and with what certainty."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from mle_toolbox.looks.held_looks import HeldLooks
from mle_toolbox.render.look_words import look_cautions, look_sentences
from mle_toolbox.render.number_form import AS_LOGGED, NumberForm
from mle_toolbox.render.rendered import Rendered
from mle_toolbox.render.sentences import SEE_RESULTS, at_words, better_words, ends_words, pair_cautions, search_caution
from mle_toolbox.render.table import Cell, Column, Table
from mle_toolbox.results.answer import Answer
from mle_toolbox.results.code_states import CodeState, code_record
from mle_toolbox.results.samples import SeedSample
from mle_toolbox.text import NOTHING, counted, interval_text, p_value

if TYPE_CHECKING:
    from mle_toolbox.statistics import Comparison
    from mle_toolbox.statistics.comparison import Correction

__all__ = ["Comparisons", "comparison_cells"]

Pair = tuple[str, str]

# Most undecided pairs for which a sentence each says which difference the seeds can show.
_POWER_IN_WORDS = 3


@dataclass(frozen=True, repr=False, eq=False)
class Comparisons(Rendered, Mapping[Pair, "Comparison"]):
    """Comparisons by the names of their two configurations, a and b; see ``ExperimentResults.compare``.

    Attributes
    ----------
    title, metric, at
        What is compared.
    lower_is_better, assumed
        The direction, and whether it is a guess from the name of the metric.
    samples
        One number per seed for each configuration.
    found
        The comparisons.
    first, remarks
        Cautions that come above the numbers, and those that come below.
    code
        By configuration, which of its runs are of older code.
    trials
        How many trials of a search were compared, 0 where it is none.
    answer
        What they are of, if its number of seeds was open.
    form
        How their numbers are shown.
    """

    title: str
    metric: str
    at: str
    lower_is_better: bool
    assumed: bool
    samples: Mapping[str, SeedSample]
    found: Mapping[Pair, Comparison]
    first: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    code: Mapping[str, CodeState] = field(default_factory=dict)
    trials: int = 0
    answer: Answer | None = None
    form: NumberForm = AS_LOGGED

    @property
    def cautions(self) -> tuple[str, ...]:
        """Cautions, one sentence each: first those about the runs, then those about the numbers."""
        return (*self._first(), *self._cautions())

    @property
    def correction(self) -> Correction | None:
        """The correction of the p-values and its family of tests; None where there is only one test."""
        return next((each.correction for each in self.found.values()), None)

    def __getitem__(self, pair: Pair) -> Comparison:
        return self.found[pair]

    def __iter__(self) -> Iterator[Pair]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def table(self, *, compact: bool = False) -> Table:
        """Return the table for people; it is always the same."""
        del compact
        p = f"p ({self.correction.method})" if self.correction else "p"
        # Against one baseline, column b repeats its name in every row: a narrow terminal can do without it.
        with_one = len({b for _, b in self.found}) == 1
        ranks = {
            "a": 0,
            "b": 6 if with_one else 0,
            "seeds": 2,
            self.form.label(self.metric, "a - b"): 0,
            "a / b": 5,
            p: 0,
            "P(a better)": 1,
        }
        ranks |= {"Hedges' g": 4, "better": 0, "seeds needed": 3}
        columns = tuple(
            Column(title, right=title not in ("a", "b", "better"), rank=rank) for title, rank in ranks.items()
        )
        rows = tuple(tuple(self._cells(pair)) for pair in self.found)
        return Table(
            self.title, columns, rows, tuple(self._method()), tuple(self._cautions()), first=tuple(self._first())
        )

    def records(self) -> list[dict[str, Any]]:
        """Return one row per pair, with all digits."""
        fixed = {"metric": self.metric, "at": self.at}
        return [
            {
                "a": a,
                "b": b,
                **fixed,
                **asdict(comparison),
                "correction": str(comparison.correction) if comparison.correction else None,
                "better": self._better((a, b)) or None,
                **self._look(a, b),
                "code": self._code_word(a, b),
            }
            for (a, b), comparison in self.found.items()
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain nested data."""
        return {
            "title": self.title,
            "cautions": list(self.cautions),
            "metric": self.metric,
            "at": self.at,
            "lower_is_better": self.lower_is_better,
            "direction_assumed": self.assumed,
            "comparisons": self.records(),
            "method": list(self._method()),
            "code": {name: code_record(self.code.get(name)) for name in self.samples},
            **({} if self._looks is None else {"looks": self._looks.to_dict()}),
        }

    @property
    def _looks(self) -> HeldLooks | None:
        return self.answer.looks if self.answer is not None else None

    def _look(self, a: str, b: str) -> dict[str, int]:
        """Return the last look at which both were compared, where there were looks."""
        looks = self._looks
        return {} if looks is None else {"look": min(looks.last(a), looks.last(b))}

    def _cells(self, pair: Pair) -> Iterator[Cell]:
        found, better = self.found[pair], self._better(pair)
        cells = comparison_cells(self.form.compared(found, self.metric))
        yield from (Cell(name, best=name == better) for name in pair)
        yield Cell(f"{found.n_a}, {found.n_b}")
        yield from (Cell(cells[name]) for name in ("difference", "ratio", "p", "improvement", "effect"))
        yield Cell(better or "undecided")
        yield Cell(cells["needed"])

    def _better(self, pair: Pair) -> str:
        return {"a": pair[0], "b": pair[1], None: ""}[self.found[pair].better()]

    def _method(self) -> Iterator[str]:
        yield from look_sentences([self.answer] if self.answer is not None else [])
        better = better_words(self.lower_is_better, self.assumed)
        yield (
            f"{self.form.named(self.metric)}: {at_words(self.at)} of each run; {better}. "
            "a - b and a / b of the means, P(a better) of the runs, with their intervals."
        )
        # Pairs may be tested differently: by seed, or after Welch where their seeds differ.
        yield from (f"{line}." for line in dict.fromkeys(each.method for each in self.found.values()))
        if self.correction:
            yield f"p corrected: {self.correction}, {self.correction.reason}."
        if any(not each.better() and each.seeds_needed is not None for each in self.found.values()):
            yield "Seeds needed: for each of the two, to detect a true difference this large in 80 % of all cases."
        undecided = [pair for pair, each in self.found.items() if not each.better() and math.isfinite(each.detectable)]
        # With many pairs these sentences would be longer than the table.
        for a, b in undecided if len(undecided) <= _POWER_IN_WORDS else ():
            words = self.form.compared(self.found[a, b], self.metric).power_words()
            yield f"{a} and {b}: {words[0].lower()}{words[1:]}"

    def _code_word(self, a: str, b: str) -> str | None:
        """Return whether all runs of a pair are of ``current``, ``older`` or ``mixed`` code; None if not recorded."""
        # None where nothing was recorded for one of them: "mixed" would claim too much.
        words = {state.word if (state := self.code.get(name)) is not None else None for name in (a, b)}
        return words.pop() if len(words) == 1 else None if None in words else "mixed"

    def _first(self) -> Iterator[str]:
        """Yield the cautions that come above the numbers."""
        yield from self.first
        yield from look_cautions([self.answer] if self.answer is not None else [])
        if self.trials > 1:
            yield f"{search_caution(self.trials)} {SEE_RESULTS}"
        better = {self._better(pair) for pair in self.found}
        for name, sample in self.samples.items():
            left_out = {"diverged": sample.diverged, **sample.left_out}
            # A winner that lost seeds may have won because of that, so this comes before the numbers.
            if name in better and (words := ends_words(sample)):
                yield f"{name} is better among the seeds that ended well ({words})."
            elif out := counted(left_out):
                yield f"{name}: {out}; {'it does' if sum(left_out.values()) == 1 else 'they do'} not count."

    def _cautions(self) -> Iterator[str]:
        yield from self.remarks
        yield from pair_cautions(self.found)


def comparison_cells(found: Comparison) -> dict[str, str]:
    """Return the numbers of a comparison as every table writes them."""
    return {
        "difference": interval_text(found.difference, found.difference_low, found.difference_high),
        "ratio": interval_text(found.ratio, found.ratio_low, found.ratio_high),
        "p": p_value(found.p),
        "improvement": interval_text(found.probability_of_improvement, found.poi_low, found.poi_high),
        "effect": f"{found.effect_size:.2f}" if math.isfinite(found.effect_size) else NOTHING,
        "needed": NOTHING if found.better() or found.seeds_needed is None else f"{found.seeds_needed:,}",
    }

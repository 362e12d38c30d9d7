"""One row per configuration: its differing settings, the number of seeds, and each metric with its interval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from mle_toolbox.looks.held_looks import HeldLooks
from mle_toolbox.render.look_words import look_cautions, look_sentences
from mle_toolbox.render.number_form import AS_LOGGED, NumberForm, std_over_seeds
from mle_toolbox.render.rendered import Rendered, with_differences
from mle_toolbox.render.sentences import (
    at_words,
    best_cautions,
    better_words,
    cautions_about,
    estimate_cautions,
    meaning_of_best,
)
from mle_toolbox.render.table import Cell, Column, Table
from mle_toolbox.results.answer import Answer
from mle_toolbox.results.code_states import CodeState, code_record
from mle_toolbox.results.differences import differing_keys, short_names, value_text
from mle_toolbox.statistics.estimate import STATISTICS
from mle_toolbox.text import count, counted, listed

if TYPE_CHECKING:
    from mle_toolbox.statistics import Estimate

__all__ = ["Summary", "SummaryRow"]

# Ranks of columns: which a narrow terminal leaves out first.
_SETTINGS, _METRICS = 1, 2
# Settings in the table; the names of all others are in a caution below.
_MAX_KEYS = 6


@dataclass(frozen=True)
class SummaryRow:
    """One configuration. ``done`` of ``planned`` seed runs ended well; ``others`` counts the rest by their status."""

    configuration: str
    differences: Mapping[str, Any]
    done: int
    planned: int
    others: Mapping[str, int]
    estimates: Mapping[str, Estimate]

    @property
    def seeds(self) -> str:
        """Return ``8/10, 2 failed``."""
        rest = counted(self.others)
        return f"{self.done}/{self.planned}" + (f", {rest}" if rest else "")


@dataclass(frozen=True, repr=False)
class Summary(Rendered):
    """A table of the configurations ``of`` an experiment, with an answer for each metric; see its ``summary``."""

    of: str
    metrics: tuple[Answer, ...]
    rows: tuple[SummaryRow, ...]
    remarks: tuple[str, ...] = ()
    includes_unfinished: bool = False
    first: tuple[str, ...] = ()
    code: Mapping[str, CodeState] = field(default_factory=dict)
    form: NumberForm = AS_LOGGED

    @property
    def title(self) -> str:
        """What the table shows."""
        # "last values", but "mean of the last 5 values" is plural already.
        at = next(each.at for each in self.metrics)
        title = f"{self.of}: {at_words(at)}{'' if at.startswith('mean') else 's'}"
        n = len(self.metrics[0].samples)
        by = self.form.label(self.metrics[0].metric)
        return title if len(self.rows) == n else f"{title}, the best {len(self.rows)} of {n} by {by}"

    @property
    def cautions(self) -> tuple[str, ...]:
        """Cautions, one sentence each: first those about the runs, then those about the numbers."""
        return (*self._first(), *self._cautions(self.keys_that_differ))

    def __getitem__(self, configuration: str) -> SummaryRow:
        for row in self.rows:
            if row.configuration == configuration:
                return row
        raise KeyError(configuration)

    def __iter__(self) -> Iterator[SummaryRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def keys_that_differ(self) -> tuple[str, ...]:
        """The dotted keys that are columns."""
        return tuple(differing_keys({row.configuration: row.differences for row in self.rows}))

    def table(self, *, compact: bool = False) -> Table:
        """Return the table for people; with ``compact`` n is said once, below, where it is the same everywhere."""
        keys = self.keys_that_differ[:_MAX_KEYS]
        shared_n = self._shared_n() if compact else None
        # Of all keys, not only those shown: a short name must not be mistaken for a key that is left out.
        titles = short_names(self.keys_that_differ)
        columns = [Column("configuration")]
        columns += [Column(titles[key], right=self._has_numbers(key), rank=_SETTINGS) for key in keys]
        columns += [Column("seeds done", right=True)] if shared_n is None else []
        # A narrow terminal keeps the settings longest, without which the names of configurations may say nothing.
        ranks = (0, *[_METRICS] * len(self.metrics))
        columns += [
            Column(self.form.label(each.metric), right=True, rank=rank)
            for each, rank in zip(self.metrics, ranks, strict=False)
        ]
        rows = tuple(tuple(self._cells(row, keys, shared_n)) for row in self.rows)
        return Table(
            self.title,
            tuple(columns),
            rows,
            tuple(self._method(shared_n)),
            tuple(self._cautions(keys)),
            meaning_of_best(self.metrics),
            tuple(self._first()),
        )

    def records(self) -> list[dict[str, Any]]:
        """Return one row per configuration and metric, with all digits."""
        fixed = [*_ESTIMATE, "metric", "at", "lower_is_better", "best", "seeds_done", "seeds_planned", "code"]
        names = [row.configuration for row in self.rows]
        begin = with_differences(names, {row.configuration: row.differences for row in self.rows}, fixed)
        return [
            {**start, **self._record(row, metric)}
            for start, row in zip(begin, self.rows, strict=True)
            for metric in self.metrics
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain nested data."""
        return {
            "title": self.title,
            "cautions": list(self.cautions),
            "configurations": [
                {
                    "configuration": row.configuration,
                    "differences": dict(row.differences),
                    "seeds_done": row.done,
                    "seeds_planned": row.planned,
                    "others": dict(row.others),
                    **code_record(self.code.get(row.configuration)),
                }
                for row in self.rows
            ],
            "metrics": [
                {
                    "metric": metric.metric,
                    "at": metric.at,
                    "lower_is_better": metric.lower_is_better,
                    "direction_assumed": metric.assumed,
                    "estimates": {name: asdict(each) for name, each in metric.estimates.items()},
                    **(
                        {"std": {name: std_over_seeds(each) for name, each in metric.samples.items()}}
                        if self.form.std
                        else {}
                    ),
                    "values": {
                        # JSON has only text as keys.
                        name: dict(zip(map(str, each.seeds), each.values.tolist(), strict=True))
                        for name, each in metric.samples.items()
                    },
                    "best_or_not_distinguishable": list(metric.best),
                    "test": metric.test,
                }
                for metric in self.metrics
            ],
            "method": list(self._method(None)),
            **({} if self._looks is None else {"looks": self._looks.to_dict()}),
        }

    @property
    def _looks(self) -> HeldLooks | None:
        return next((each.looks for each in self.metrics), None)

    def _record(self, row: SummaryRow, metric: Answer) -> dict[str, Any]:
        estimate = row.estimates[metric.metric]
        return {
            "metric": metric.metric,
            "at": metric.at,
            **{name: getattr(estimate, name) for name in _ESTIMATE},
            **({"std": std_over_seeds(metric.samples[row.configuration])} if self.form.std else {}),
            "best": row.configuration in metric.best,
            "lower_is_better": metric.lower_is_better,
            "seeds_done": row.done,
            "seeds_planned": row.planned,
            "code": state.word if (state := self.code.get(row.configuration)) is not None else None,
            **({} if metric.looks is None else {"looks": metric.looks.last(row.configuration)}),
        }

    def _cells(self, row: SummaryRow, keys: Sequence[str], shared_n: int | None) -> Iterator[Cell]:
        yield Cell(row.configuration)
        yield from (Cell(value_text(row.differences[key]) if key in row.differences else "") for key in keys)
        if shared_n is None:
            yield Cell(row.seeds)
        for metric in self.metrics:
            sample = metric.samples[row.configuration]
            estimate = self.form.shown(row.estimates[metric.metric], metric.metric, sample)
            text = estimate.beside(row.done) if shared_n is None else estimate.numbers()
            yield Cell(text, best=row.configuration in metric.best)

    def _shared_n(self) -> int | None:
        """Return n if it is the same in the whole table and no seed is left out."""
        numbers = {
            each.n if not each.diverged and not each.missing else -1
            for row in self.rows
            for each in row.estimates.values()
        }
        # One seed has no interval, which has to be said in its row.
        n = numbers.pop() if len(numbers) == 1 else -1
        return n if n > 1 else None

    def _method(self, shared_n: int | None) -> Iterator[str]:
        seeds = "" if shared_n is None else f", n = {shared_n} seeds"
        names: dict[str, list[str]] = {}
        for metric in self.metrics:
            # The longest one also says what was done with diverged seeds.
            how = max((each.method for each in metric.estimates.values() if each.n > 1), key=len, default="no interval")
            if how != "no interval":
                how = self.form.method(how, STATISTICS[next(iter(metric.estimates.values())).statistic])
            better = better_words(metric.lower_is_better, metric.assumed)
            sentence = f"{at_words(metric.at)} of each run; {how}{seeds}; {better}."
            names.setdefault(sentence, []).append(self.form.named(metric.metric))
        yield from look_sentences(self.metrics)
        yield from (f"{listed(each)}: {sentence}" for sentence, each in names.items())

    def _has_numbers(self, key: str) -> bool:
        values = [row.differences[key] for row in self.rows if row.differences.get(key) is not None]
        # bool is an int in Python.
        return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)

    def _first(self) -> Iterator[str]:
        """Yield the cautions that come above the numbers."""
        yield from self.first
        yield from look_cautions(self.metrics)
        yield from best_cautions(self.metrics)

    def _cautions(self, keys: Sequence[str]) -> Iterator[str]:
        more = len(self.keys_that_differ) - len(keys)
        if more:
            yield f"{more} more keys differ between the configurations: {listed(self.keys_that_differ[len(keys) :])}."
        running = sum(row.others.get("running", 0) for row in self.rows)
        if running and not self.includes_unfinished:
            runs = count(running, "seed run is", "seed runs are")
            yield f"{runs} still running; these numbers are of finished runs only."
        yield from filter(self.form.applies, estimate_cautions(self.metrics))
        yield from (f"{sentence}." for sentence in cautions_about(self._without_the_metric()))
        yield from self.remarks

    def _without_the_metric(self) -> dict[str, dict[str, str | None]]:
        """Return, by metric and configuration, how many finished seeds have no number."""
        return {
            metric.metric: {
                name: counted({why: n for why, n in sample.left_out.items() if why.startswith("without")})
                for name, sample in metric.samples.items()
            }
            for metric in self.metrics
        }


_ESTIMATE = ("statistic", "value", "low", "high", "confidence", "n", "diverged", "missing", "method", "caution")

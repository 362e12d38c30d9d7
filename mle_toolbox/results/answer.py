"""Which configuration is best: one answer, of which every table, file, figure and page shows a part.

An `Answer` is for one metric, one value per run and one statistic. It holds the estimates, the tests and the best set.
Knows nothing of tables, files or pages; ``render/`` turns it into text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

from mle_toolbox.looks.held_looks import HeldLooks
from mle_toolbox.looks.look_files import Look
from mle_toolbox.results.samples import SeedSample, may_be_paired

if TYPE_CHECKING:
    from mle_toolbox.statistics import AllPairs, Comparison, Estimate
    from mle_toolbox.statistics.comparison import Correction
    from mle_toolbox.statistics.looks import Looks

__all__ = ["Answer", "Pair", "answer", "estimates_of", "looks_for_statistics"]

Pair = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Answer:
    """Which configuration is best in one metric, and how sure that is.

    Attributes
    ----------
    metric, at, statistic
        What is compared: the ``last`` value of each run, say, and its ``mean`` over the seeds.
    lower_is_better, assumed
        The direction, and whether it is a guess from the name of the metric.
    confidence
        Of the intervals; its complement is the level of the tests.
    samples, estimates
        By configuration.
    tests
        The tests of all pairs as one family. They are tests of means, whatever the statistic.
    searched
        Of how many trials of a search these are some or all: then none is called best, see `best`. 0: no search.
    shown_up_to
        Up to how many configurations all pairs are shown; None: as many as are tested for Holm's correction.
    looks
        Where the number of seeds was open: the looks, for which intervals and p-values are corrected.
    """

    metric: str
    at: str
    statistic: str
    lower_is_better: bool
    assumed: bool
    confidence: float
    samples: Mapping[str, SeedSample]
    estimates: Mapping[str, Estimate]
    tests: AllPairs
    searched: int = 0
    shown_up_to: int | None = None
    looks: HeldLooks | None = None

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The answers within which configurations are compared: this one, or one for each task."""
        return (self,)

    def part_of(self, name: str) -> Answer:
        """Return the one of `answers` that a configuration belongs to."""
        return next(each for each in self.answers if name in each.samples)

    @property
    def is_decided_by_looks(self) -> bool:
        """Whether this is what the looks decide by."""
        looks, own = self.looks, (self.metric, self.at, self.lower_is_better)
        return looks is not None and own == (looks.metric, "last", looks.lower_is_better)

    @cached_property
    def stopped(self) -> Mapping[str, tuple[Look, str]]:
        """The configurations that a look has found to be worse, and than which one; of the metric that decides."""
        if self.looks is None or not self.is_decided_by_looks:
            return {}
        return {name: found for name, found in self.looks.worse.items() if name in self.samples}

    @cached_property
    def ranking(self) -> tuple[str, ...]:
        """The configurations that have a number, the best estimate first."""
        known = [name for name, each in self.estimates.items() if each.n]
        return tuple(sorted(known, key=lambda name: self.estimates[name].value, reverse=not self.lower_is_better))

    @cached_property
    def leader(self) -> str | None:
        """The configuration of the best estimate; one seed counts only where no configuration has more."""
        # One seed cannot be tested: as the leader it would leave every other configuration without a test.
        # Nor does one that a look has stopped lead, though with its few seeds it may be ahead of others by now.
        several = (name for name in self.ranking if self.estimates[name].n > 1 and name not in self.stopped)
        return next(several, self.ranking[0] if self.ranking else None)

    @cached_property
    def leaders(self) -> tuple[str, ...]:
        """The leader, if there is one; of several tasks one each."""
        return () if self.leader is None else (self.leader,)

    @property
    def best(self) -> tuple[str, ...]:
        """The configurations that are marked as the best: `not_worse`, but none of a search's trials.

        Of many trials the first one is ahead by luck as well, and with few seeds hardly any of the others is
        significantly worse. A mark would look like a finding where there is none.
        """
        return () if self.searched else self.not_worse

    @cached_property
    def not_worse(self) -> tuple[str, ...]:
        """The leader and those that are not significantly worse, among the configurations with at least two seeds.

        Empty where there are not two such configurations.
        """
        if self.leader is None or len(self.tests.tested) < 2:
            return ()
        if self.stopped:
            return tuple(name for name in self.tests.tested if name not in self.stopped)
        return self.tests.not_worse_than(self.leader, confidence=self.confidence, lower_is_better=self.lower_is_better)

    @cached_property
    def test(self) -> str | None:
        """The test that decides what is best, in words; None where there was nothing to test."""
        if self.leader is None or len(self.tests.tested) < 2:
            return None
        paired = {self.tests.is_paired(name, self.leader) for name in self.tests.tested if name != self.leader}
        kinds = " or ".join(word for word, there in (("paired", True), ("Welch's", False)) if there in paired)
        # The tests compare means, also when the leader has the best median: another may then have the better mean.
        means, or_mean = ("", "") if self.statistic == "mean" else (" of the means", " or the better mean")
        correction = str(self.tests.correction) if self.tests.correction else None
        # .10g, because 1 - 0.95 is 0.050000000000000044.
        looked = looks_for_statistics(self.looks, self.samples).words if self.looks is not None else None
        parts = [f"{kinds} t test{means}", correction, looked, f"p ≥ {1 - self.confidence:.10g}{or_mean}"]
        return ", ".join(filter(None, parts))

    @cached_property
    def shows_all_pairs(self) -> bool:
        """Whether there are so few configurations that all of their pairs are shown, not only those with the leader."""
        # Above this number the correction is Bonferroni's, for which only the tests with the best are made.
        from mle_toolbox.statistics.all_pairs import HOLM_UP_TO

        return len(self.ranking) <= (HOLM_UP_TO if self.shown_up_to is None else self.shown_up_to)

    @property
    def correction(self) -> Correction | None:
        """The correction of the p-values; None where there is only one pair."""
        return self.tests.correction

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """All pairs that can be compared."""
        return tuple(combinations(self.samples, 2))

    @property
    def pairs_with_leaders(self) -> tuple[Pair, ...]:
        """The other configurations with the leader."""
        return tuple((name, self.leader) for name in self.samples if self.leader not in (None, name))

    @cached_property
    def comparisons(self) -> Mapping[Pair, Comparison]:
        """The comparisons that are shown, of configurations that have a number."""
        names = [name for name in self.samples if name in set(self.ranking)]
        if self.shows_all_pairs or self.leader is None:
            return self.compare(list(combinations(names, 2)))
        return self.compare([(name, self.leader) for name in names if name != self.leader])

    @cached_property
    def with_leader(self) -> Mapping[str, Comparison]:
        """The comparisons of the leader with each other one, by the other's name."""
        leader = self.leader
        return {(b if a == leader else a): each for (a, b), each in self.comparisons.items() if leader in (a, b)}

    def compare(self, pairs: Sequence[Pair]) -> Mapping[Pair, Comparison]:
        """Compare these pairs; their p-values are corrected for all pairs."""
        return self.tests.compare(pairs, confidence=self.confidence, lower_is_better=self.lower_is_better)

    def compare_with(self, baseline: str) -> Mapping[Pair, Comparison]:
        """Compare all others with one chosen before seeing the numbers; p is corrected for these comparisons only."""
        return self.tests.compare_with(baseline, confidence=self.confidence, lower_is_better=self.lower_is_better)

    def by(self, statistic: str) -> Answer:
        """Return the answer for another statistic; the tests, which are of means, are shared."""
        return replace(
            self, statistic=statistic, estimates=estimates_of(self.samples, statistic, self.confidence, self.looks)
        )


def answer(
    metric: str,
    samples: Mapping[str, SeedSample],
    statistic: str = "mean",
    *,
    lower_is_better: bool,
    assumed: bool,
    confidence: float,
    paired: bool | None = None,
    searched: int = 0,
    estimates: Mapping[str, Estimate] | None = None,
    family: str = "all pairs",
    shown_up_to: int | None = None,
    looks: HeldLooks | None = None,
) -> Answer:
    """Return the answer for these samples.

    ``paired`` None: compare seed by seed where both have the same seeds. ``estimates`` if they are known already.
    ``family`` names the pairs that are tested; ``shown_up_to`` and ``looks`` as in `Answer`.
    """
    from mle_toolbox.statistics import AllPairs
    from mle_toolbox.statistics.looks import LookedPairs

    values = {name: each.values for name, each in samples.items()}
    seeds = {name: each.seeds for name, each in samples.items()}
    may_pair = may_be_paired(samples.values(), paired)
    if looks is None:
        tests = AllPairs(values, seeds, may_pair, family=family)
    else:
        tests = LookedPairs(values, seeds, may_pair, family=family, looks=looks_for_statistics(looks, samples))
    return Answer(
        metric,
        next((each.at for each in samples.values()), "last"),
        statistic,
        lower_is_better,
        assumed,
        confidence,
        samples,
        estimates_of(samples, statistic, confidence, looks) if estimates is None else estimates,
        tests,
        searched,
        shown_up_to,
        looks,
    )


def estimates_of(
    samples: Mapping[str, SeedSample], statistic: str, confidence: float, looks: HeldLooks | None
) -> Mapping[str, Estimate]:
    """Return the estimate of each configuration, corrected for the looks where there were any."""
    from mle_toolbox.statistics import estimate
    from mle_toolbox.statistics.looks import estimate_after_looks

    if looks is None:
        return {
            name: estimate(each.values, statistic, confidence, missing=each.missing) for name, each in samples.items()
        }
    found = looks_for_statistics(looks, samples)
    return {
        name: estimate_after_looks(
            each.values,
            statistic,
            confidence,
            missing=each.missing,
            share=found.share(found.last[name]),
            words=found.words,
        )
        for name, each in samples.items()
    }


def looks_for_statistics(looks: HeldLooks, names: Iterable[str]) -> Looks:
    """Return what the tests of these configurations have to know of the looks."""
    from mle_toolbox.statistics.looks import Looks

    return Looks(looks.sizes, looks.shares, looks.seeds, {name: looks.last(name) for name in names})

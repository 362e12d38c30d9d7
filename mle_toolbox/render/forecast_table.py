"""What `mle run` would do, as `mle run --dry-run` shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mle_toolbox.drive.forecast import ConfigurationForecast, Forecast
from mle_toolbox.drive.settle import Reason
from mle_toolbox.render.grid import Cell, Column, Grid
from mle_toolbox.render.look_words import range_words
from mle_toolbox.seed_ranges import seeds_in_words
from mle_toolbox.text import NOTHING, count, listed

__all__ = ["forecast_grid", "sentences_after", "summary_of"]

_WORDS: dict[Reason, str] = {
    "new": "new",
    "failed": "failed",
    "stopped": "stopped",
    "outdated": "outdated",
    "older-code": "of older code",
    "again": "again",
}
# With more configurations than this, those in the same situation share a row.
_MOST_ROWS = 12
_NAMES_IN_A_ROW = 2


def summary_of(found: Forecast, *, where: str) -> str:
    """Return what would start, in one sentence; ``where`` says on what."""
    total = sum(each.number_due + len(each.finished) for each in found.configurations)
    total += sum(len(each.running) + len(each.left_out) for each in found.configurations)
    if not found.number_due:
        return f"Nothing to run: none of the {count(total, 'seed run')} is due."
    if found.number_due == total > 1:
        return f"All {total:,} seed runs would run {where}."
    return f"{count(found.number_due, 'seed run')} of {total:,} would run {where}."


def forecast_grid(found: Forecast) -> Grid | None:
    """Return the table of configurations in which something would run; None when there is none."""
    rows = [each for each in found.configurations if each.number_due]
    if not rows:
        return None
    groups = _groups(rows) if len(rows) > _MOST_ROWS else [[each] for each in rows]
    columns = (Column("configuration"), Column("to run", right=True), Column("why"), Column("finished", right=True))
    cells = []
    for group in groups:
        each, times = group[0], len(group)
        per = " each" if times > 1 else ""
        finished = f"{len(each.finished)}{per}" if each.finished else NOTHING
        if found.looks is not None:
            finished = f"{len(each.finished)} of {range_words(found.looks, each.name)}{per}"
        names = listed((one.name for one in group), _NAMES_IN_A_ROW)
        due = f"{sum(one.number_due for one in group):,}"
        cells.append((Cell(names), Cell(due), Cell(_why(each, with_seeds=times == 1) + per), Cell(finished)))
    return Grid("", columns, tuple(cells))


def sentences_after(found: Forecast) -> Iterator[str]:
    """Yield what else would happen or stay as it is, one sentence each."""
    others = [each for each in found.configurations if not each.number_due]
    complete = [each for each in others if not (each.left_out or each.running)]
    if complete and len(complete) < len(found.configurations):
        yield f"Nothing to run in {count(len(complete), 'configuration')}: {listed(each.name for each in complete)}."
    if running := sum(len(each.running) for each in found.configurations):
        yield f"{count(running, 'seed run')} of an earlier call still running: not started again."
    if older := sum(len(each.older) for each in found.configurations):
        yield (
            f"{count(older, 'finished seed run')} {'is' if older == 1 else 'are'} of older code and kept; "
            "`--rerun older-code` runs them again."
        )
    if left_out := sum(len(each.left_out) for each in found.configurations):
        them = "it" if left_out == 1 else "them"
        yield f"{count(left_out, 'seed run')} not chosen here: a plain `mle run` runs {them}."
    if found.to_ask:
        of_one = "configuration" if found.to_ask == 1 else "configurations"
        yield f"First, the {of_one} of {count(found.to_ask, 'trial')} would be written."
    if found.looks is not None and not found.looks.is_over:
        n, most = found.looks.sizes[len(found.looks.held)], found.looks.schedule.maximum
        waits = " (a look waits for all of its seed runs)" if found.is_partial else ""
        yield f"At {n} seeds {found.looks.metric} is compared; what is undecided gets more, up to {most}{waits}."
    if found.processing:
        yield f"{' and '.join(found.processing).capitalize()} would run."
    if found.of_the_final and found.number_due and not found.is_partial:
        yield (
            f"When the trials have ended, the final runs what it still needs with fresh seeds: its finalists, then the "
            f"winner ({found.of_the_final:,} seed runs in all, with those of the base configuration)."
        )
    if found.is_partial and found.number_due:
        yield "Then what has finished is merged and reported."
    elif found.number_due or found.merges:
        yield "Then the results are merged and the report is written."


def _groups(rows: Sequence[ConfigurationForecast]) -> list[list[ConfigurationForecast]]:
    groups: dict[object, list[ConfigurationForecast]] = {}
    for each in rows:
        situation = (*((why, len(seeds)) for why, seeds in sorted(each.due.items())), len(each.finished))
        groups.setdefault(situation, []).append(each)
    return list(groups.values())


def _why(row: ConfigurationForecast, *, with_seeds: bool) -> str:
    """Return ``2 failed (seeds 0, 3), 1 missing (seed 4)``; the seeds where they are not all."""
    is_mixed = len(row.due) > 1 or bool(row.finished or row.left_out or row.running)
    parts = []
    for why, word in _WORDS.items():
        if seeds := row.due.get(why):
            # A configuration of which there is something already has not a new seed, but a missing one.
            named = "missing" if why == "new" and is_mixed else word
            where = f" ({seeds_in_words(seeds)})" if with_seeds and is_mixed else ""
            parts.append(f"{len(seeds):,} {named}{where}")
    return ", ".join(parts)

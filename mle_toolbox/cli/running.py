"""What runs now, in a few lines: each seed run, or where there are many, each configuration."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from mle_toolbox.drive.progress import RunningSeed
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.seed_ranges import format_seeds
from mle_toolbox.text import count, duration, rough_duration, short

__all__ = ["running_rows"]

# Of a name its end tells configurations apart as often as its beginning.
_NAME_SHARE = 0.4


def running_rows(running: Sequence[RunningSeed], plan: Plan, most: int, width: int) -> list[RenderableType]:
    """Return at most ``most`` lines about the seed runs that are running.

    Parameters
    ----------
    running
        The seed runs.
    plan
        The experiment, which knows the metrics.
    most
        Lines that there is room for.
    width
        Columns that there is room for.
    """
    if not running:
        return []
    rows = [_row([each], plan) for each in running]
    if len(rows) > most:
        by_configuration: dict[str, list[RunningSeed]] = {}
        for each in running:
            by_configuration.setdefault(each.configuration, []).append(each)
        rows = [_row(members, plan) for members in by_configuration.values()]
    rest: list[RenderableType] = []
    if len(rows) > most:
        n_more = len(rows) - (most - 1)
        what = "configuration" if len(rows) < len(running) else "seed run"
        rest = [Text(f"  … and {count(n_more, f'more {what}')}", style="dim")]
        rows = rows[: most - 1]
    table = Table.grid(padding=(0, 2))
    for _ in rows[0]:
        table.add_column(no_wrap=True, overflow="ellipsis")
    for name, *others in rows:
        table.add_row(Text(f"  {_cut(name, int(width * _NAME_SHARE))}"), *map(Text, others))
    return [table, *rest]


def _row(members: Sequence[RunningSeed], plan: Plan) -> tuple[str, str, str, str, str]:
    name = members[0].configuration
    seeds = format_seeds(sorted(each.seed for each in members))
    word = "seed" if len(members) == 1 else f"{len(members)} seeds"
    metric = main_metric(plan, name)
    shown = plan.metrics.get(metric or "", {}).get("name", metric)
    lefts = [each.left for each in members if each.left is not None]
    left = f"{rough_duration(max(lefts))} left" if lefts else ""
    return name, f"{word} {seeds}" if len(members) == 1 else word, _ticks(members), _value(members, metric, shown), left


def _ticks(members: Sequence[RunningSeed]) -> str:
    ticks = [each.tick for each in members]
    if not any(ticks):
        return f"no tick yet, {duration(max(each.seconds for each in members))}"
    reached = f"{min(ticks):,}" if min(ticks) == max(ticks) else f"{min(ticks):,} to {max(ticks):,}"
    if (expected := members[0].n_ticks) is None:
        return f"tick {reached}"
    n_ticks, is_sure = expected
    return f"tick {reached} of {'' if is_sure else 'about '}{max(n_ticks, *ticks):,}"


def _value(members: Iterable[RunningSeed], metric: str | None, name: str | None) -> str:
    """Return the last value of the main metric, of several seeds one in the middle."""
    values = sorted(each.values[metric] for each in members if metric is not None and metric in each.values)
    return f"{name} {short(values[len(values) // 2])}" if values else ""


def main_metric(plan: Plan, configuration: str) -> str | None:
    """Return the metric to show of a configuration: the experiment's, the search's, or the first that it tracks."""
    if plan.metrics:
        return next(iter(plan.metrics))
    if plan.search is not None and plan.search.settings.metrics:
        return plan.search.settings.metrics[0]
    tracked = plan.configuration(configuration).content.get("log_config", {}).get("what_to_track")
    return tracked[0] if tracked else None


def _cut(name: str, width: int) -> str:
    """Return a name in so many columns, its middle left out."""
    if len(name) <= width:
        return name
    head = (width - 1) // 2
    return f"{name[:head]}…{name[len(name) - (width - 1 - head) :]}"

"""What the checks of a site have in common, whatever its scheduler."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any, get_type_hints

from mle_cluster.findings import Finding, problem, warning
from mle_cluster.scheduler import SchedulerError, Site
from mle_toolbox.errors import did_you_mean

__all__ = ["guarded", "settings_of", "unknown"]


def guarded(findings: Iterator[Finding]) -> Iterator[Finding]:
    """Yield findings; a query without an answer does not stop the other checks."""
    try:
        yield from findings
    except SchedulerError as error:
        yield warning(f"the scheduler did not say more: {error}", "type the command yourself to see")


def unknown(sentence: str, name: str, known: Sequence[str], fix: str) -> Finding:
    """Return the finding of a name that the site does not know; ``sentence`` has it already."""
    return problem(f"{sentence}.{did_you_mean(name, known)}".rstrip("."), fix)


def settings_of(executor: str, site: Site) -> Any:
    """Return the settings of an executor as Snakemake would read them from a profile that has no mistakes."""
    # Loads Snakemake's interface for plugins.
    plugin = import_module(f"snakemake_executor_plugin_{executor.replace('-', '_')}.settings")
    texts = {name: site.setting(name.replace("_", "-")) for name in get_type_hints(plugin.ExecutorSettings)}
    kinds = get_type_hints(plugin.ExecutorSettings)
    given = {
        name: text.lower() in ("true", "yes", "on", "1") if kinds[name] is bool else kinds[name](text)
        for name, text in texts.items()
        if text
    }
    return plugin.ExecutorSettings(**given)

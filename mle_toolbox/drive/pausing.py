"""Whether an experiment should start no more seed runs: the first ones fail alike, or the first failure is enough.

A typo then costs a few seed runs and not three hundred. What runs goes on to its end.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Literal

from mle_toolbox.drive.causes import Failure, FailuresSoFar
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import run_status
from mle_toolbox.snakemake_side import pause
from mle_toolbox.snakemake_side.job_events import Tally
from mle_toolbox.text import count

__all__ = ["Pausing", "Rule"]

Rule = Literal["alike", "first", "never"]
"""When to pause: the first seed runs all fail alike; the first one fails; never."""

# At least so many seed runs, and as many as run at a time, have to fail alike: fewer may be bad luck. On a cluster one
# broken node takes task after task, so more are needed.
_FEWEST = 3
_FEWEST_ON_CLUSTER = 10


class Pausing:
    """Asks Snakemake to start nothing more when its rule says so.

    Parameters
    ----------
    plan
        The experiment.
    failures
        What has failed so far.
    rule
        When to pause.
    is_local
        Whether seed runs execute on this machine.
    events
        The file to which Snakemake writes its events.
    """

    def __init__(self, plan: Plan, failures: FailuresSoFar, rule: Rule, *, is_local: bool, events: Path) -> None:
        self._plan = plan
        self._failures = failures
        self._rule = rule
        self._is_local = is_local
        self._events = events
        self._most_running = 0
        self._n_running = 0
        self._cause: str | None = None

    @property
    def cause(self) -> str | None:
        """Why no more seed runs are started, in a sentence without its full stop; None: they are."""
        return self._cause

    @property
    def words(self) -> str | None:
        """The same for the screen, with what it waits for."""
        if self._cause is None:
            return None
        rest = f" Waiting for {count(self._n_running, 'seed run')} to end." if self._n_running else ""
        return f"Paused: {self._cause}, so no more are started.{rest}"

    def look(self, tally: Tally) -> None:
        """Decide again, with the present state."""
        self._n_running = len(tally.running)
        self._most_running = max(self._most_running, self._n_running)
        if self._cause is None and self._rule != "never" and self._is_any_left(tally):
            self._cause = self._decide(tally)
            if self._cause is not None:
                pause.ask(self._events)

    def _decide(self, tally: Tally) -> str | None:
        # A seed run that is retried has not failed yet.
        over = {run for run in tally.failed if tally.failed_attempts[run] > self._plan.retries}
        failed = {run: each for run, each in self._failures.failures.items() if run in over}
        if self._rule == "first":
            return "a seed run has failed (--fail-fast)" if failed else None
        if self._plan.learns:
            return self._decide_for_search(failed)
        first = max(_FEWEST, self._most_running) if self._is_local else _FEWEST_ON_CLUSTER
        if tally.took or len(failed) < first or len({each.key for each in failed.values()}) > 1:
            return None
        # All seeds of one configuration may fail for a value of it.
        names = {configuration for configuration, _ in failed}
        if len(names) == 1 and len({name for name, _ in tally.due or self._plan.seed_runs}) > 1:
            return None
        return f"the first {len(failed)} seed runs have failed alike ({_headline(failed)})"

    def _decide_for_search(self, failed: dict[tuple[str, int], Failure]) -> str | None:
        """Return that all seeds of a trial have failed before any run has finished: that is a bug, not a bad point."""
        whole = [name for name, n in Counter(name for name, _ in failed).items() if n == len(self._plan.seeds_of(name))]
        if not whole:
            return None
        folder = ExperimentFolder(self._plan.experiment_path)
        if any(run_status(folder.seed_run(*run)) == "done" for run in self._plan.seed_runs):
            return None
        of_it = {run: each for run, each in failed.items() if run[0] == whole[0]}
        return f"all seed runs of {whole[0]}, the first trial that ended, have failed ({_headline(of_it)})"

    def _is_any_left(self, tally: Tally) -> bool:
        """Whether there are seed runs that have not been started, as far as Snakemake says."""
        if tally.to_run is None:
            return False
        # On a cluster all are submitted at once, so those that run may be queued.
        not_started = tally.to_run - len(tally.took) - len(tally.failed) - len(tally.running)
        return not_started > 0 or (bool(tally.running) and not self._is_local)


def _headline(failed: dict[tuple[str, int], Failure]) -> str:
    return next(iter(failed.values())).headline

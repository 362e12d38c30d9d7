"""The results of what has finished, where some seed runs of a search have not.

Snakemake has no "after, whatever came of it": behind a job that fails, nothing is made. In a search, where a region of
the space may well diverge, that would withhold the results of all other trials. The alternative, that a seed run which
ends badly counts as made, would hide it from Snakemake: its exit status, its retries, the reason that a cluster gives,
and that the next call has to try it again. The trials of a grid or a random search depend on no result, so nothing has
to wait for a bad end: it stays a failed job, and what Snakemake leaves out is made here, after its end.
"""

from __future__ import annotations

import subprocess

from mle_toolbox.bundle import scripts_dir
from mle_toolbox.excerpts import last_lines
from mle_toolbox.installed_first import program
from mle_toolbox.layout import ExperimentFolder

__all__ = ["collect_what_finished"]


def collect_what_finished(folder: ExperimentFolder) -> str | None:
    """Merge, collect and report what has finished; return a sentence when that fails.

    The next complete run makes all of it again, because it merges the trials that were not complete.
    """
    steps = {"collect": folder.collect_log, "report": folder.report_log}
    for name, log in steps.items():
        options = ["--what-finished"] if name == "collect" else []
        command = [*program(str(scripts_dir() / f"{name}.py")), f"--experiment-dir={folder.path}", *options]
        with log.open("wb") as output:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False)
        if done.returncode:
            said = " ".join(last_lines(log, 1)) or f"see {log}"
            return f"What has finished could not be put together: {said}"
    return None

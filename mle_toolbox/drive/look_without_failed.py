"""The look that waits for a seed run that has failed: held without it, so that one failure does not stop all others.

Snakemake makes nothing of which an input has failed, so no rule could do this. As for everything else that waits for
the end of Snakemake (drive/finished.py), it is done here, and the next Snakemake goes on from there.
"""

from __future__ import annotations

import subprocess
from collections import Counter

from mle_toolbox.bundle import scripts_dir
from mle_toolbox.drive.status import read_plan_status
from mle_toolbox.excerpts import last_lines
from mle_toolbox.experiment_file.looks_reader import as_of_now
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.installed_first import program
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.text import count

__all__ = ["hold_look_without_failed"]

_NEEDED = 2
"""Seeds of each configuration without which there is no test: then the failure is more likely to be a mistake."""


def hold_look_without_failed(plan: Plan) -> str | None:
    """Hold the next look if it waits only for seed runs that have failed; return a sentence if that was so.

    It is not held if some of its seed runs died, were stopped or have not been started: the next call runs these.
    """
    plan = as_of_now(plan)
    looks = plan.looks
    if looks is None or looks.is_over or not plan.experiment_path.is_dir():
        return None
    names, number = looks.undecided or tuple(each.name for each in plan.configurations), len(looks.held) + 1
    runs = [run for run in read_plan_status(plan).runs if run.configuration in names]
    failed = [run for run in runs if run.status == "failed" and (run.configuration, run.seed) not in looks.failed]
    done = Counter(run.configuration for run in runs if run.status == "done")
    if not failed or any(run.status not in ("done", "failed") for run in runs):
        return None
    if any(done[name] < _NEEDED for name in names):
        return None
    folder = ExperimentFolder(plan.experiment_path)
    log = folder.look_log(looks.digest, number)
    log.parent.mkdir(parents=True, exist_ok=True)
    script = [*program(str(scripts_dir() / "look.py")), f"--experiment-dir={folder.path}", f"--look={number}"]
    with log.open("wb") as output:
        command = [*script, "--without-failed"]
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False)
    if ended.returncode:
        return None
    those = count(len(failed), "seed run that has failed", "seed runs that have failed")
    return f"Look {number} does not wait for {those}: {' '.join(last_lines(log, 1))}."

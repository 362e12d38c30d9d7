"""What the rule `train` starts: one seed run as a job.

Every seed run pays for what is imported here, and nearly all are alike: nothing is in their folder before, and they end
well. These need only launched_script.py and what that imports, which is built into Python; they are started by
``python -S``, since finding packages takes time, and their scripts have prepared log and record so far that two renames
remain. All else (an earlier attempt, an orphan, any bad end) is decided in attempts.py, which may import what it likes.

A seed run costs 16 ms of CPU more than its script, 36 when attempts.py is imported for each. Forking the script off the
launcher would cost as little, but then it would not be started as ``python SCRIPT`` starts it.
"""

from __future__ import annotations

import sys

from mle_toolbox.experiment.launched_script import LaunchedScript, gpus_to_lease, limits_to_hold

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Run what the command line says, and return the exit status of the launcher (see ``run_seed``).

    By hand, because argparse would take as long as everything else here.
    """
    end = arguments.index("--")
    given = dict(each.removeprefix("--").split("=", 1) for each in arguments[:end])
    script = LaunchedScript(
        given["script"],
        given["config"],
        int(given["seed"]),
        given["experiment-dir"],
        int(given.get("cores", 1)),
        python=given.get("python"),
        conda_prefix=given.get("conda-prefix"),
        extra_arguments=arguments[end + 1 :],
        project_name=given.get("project-name"),
        limits=limits_to_hold(given),
        gpus=gpus_to_lease(given),
    )
    tries = int(given.get("ended-after", 0))
    first = script.is_first()
    if first:
        ended = script.start()
        if ended.code == 0 and not ended.received and script.publish_log():
            if tries:
                script.mark_ended()
            return 0
    if sys.flags.no_site:  # find the packages after all
        import site

        site.main()
    from mle_toolbox.experiment.attempts import end_of_seed, run_seed
    from mle_toolbox.experiment.outcome import finish

    if tries:
        return end_of_seed(script, tries, ended if first else None)
    return finish(script, ended) if first else run_seed(script)

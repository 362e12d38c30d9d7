"""One real job, submitted like a seed run: by Snakemake, with the same profile and the same resources.

So the site refuses here what it would refuse later, with the executor's own messages. Everything is removed afterwards.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mle_toolbox.doctor.probe
from mle_cluster.scheduler import Obstacle, Scheduler, SchedulerError
from mle_toolbox.cluster.tasks import open_tasks
from mle_toolbox.excerpts import last_lines
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.installed_first import program
from mle_toolbox.snakemake_side.job_events import EventFile
from mle_toolbox.snakemake_side.profile_files import find_profile
from mle_toolbox.snakemake_side.snakemake_command import (
    environment_for,
    event_options,
    snakemake_with_profile,
    stop_snakemake,
)

__all__ = ["JobReport", "run_job"]

_LOOK_SECONDS = 0.1
_SECONDS = 10.0
# How long Snakemake may take until the job is submitted.
_SUBMIT_SECONDS = 60.0
_LAST_LINES = 8

_SNAKEFILE = """\
rule probe:
    output: "answer"
    log: "log"
    threads: {cores}
    resources: **{resources!r}
    shell: "bash probe.sh > log 2>&1"
"""

# A Python that does not work on the node is an answer too, so the job succeeds and reports it. `mv`, because the
# driver may read at any moment and must never see half a file.
_SCRIPT = """\
printf '%s %s\\n' "$(hostname)" "$(date +%s.%N)" > seen.part && mv seen.part seen
{probe} {results} {queue} {cores} > answer.part 2> error || printf 'exit status %s: %s' $? \\
    "$(tail -c 2000 error | tail -n 3)" > answer.part
mv answer.part answer
"""


@dataclass
class JobReport:
    """The outcome of the job.

    Times in seconds; ``node_clock`` is how far the clock of the node is ahead of this machine's.
    """

    ended_well: bool = False
    timed_out: bool = False
    took: float = 0.0
    seen_after: float | None = None
    node_clock: float | None = None
    answer: dict[str, Any] = field(default_factory=dict)
    trouble: str | None = None
    reasons: list[str] = field(default_factory=list)
    obstacle: Obstacle | None = None


def run_job(scheduler: Scheduler, plan: Plan | None, project: Path, results: Path, wait: float) -> JobReport:
    """Run one job through the profile of a scheduler and report its outcome.

    Parameters
    ----------
    scheduler
        Where it runs.
    plan
        The experiment whose resources are requested; None: one core and nothing else.
    project
        Where the job writes: it must be visible on the nodes.
    results
        A folder in which the job tries to write.
    wait
        Seconds after which the job is removed from the queue.
    """
    folder = Path(tempfile.mkdtemp(dir=project, prefix=".mle-doctor-"))
    try:
        _write_files(scheduler, plan, folder, results)
        return _Run(scheduler, folder, project).follow(wait)
    finally:
        _remove(folder)


def _write_files(scheduler: Scheduler, plan: Plan | None, folder: Path, results: Path) -> None:
    job = plan.job if plan is not None else None
    asked = (job.asked if job is not None else {}) | {"job_name": "mle-doctor"}
    cores = job.cores if job is not None else 1
    (folder / "Snakefile").write_text(_SNAKEFILE.format(cores=cores, resources=asked), encoding="utf-8")
    quoted = {"probe": shlex.join(program(mle_toolbox.doctor.probe.__file__)), "results": shlex.quote(str(results))}
    quoted |= scheduler.node_variables
    (folder / "probe.sh").write_text(_SCRIPT.format(**quoted), encoding="utf-8")


class _Run:
    """One Snakemake with one job, followed from here."""

    def __init__(self, scheduler: Scheduler, folder: Path, project: Path) -> None:
        self._scheduler = scheduler
        self._folder = folder
        profile = find_profile(scheduler.profile, project)
        # Relative to the job's own folder: Snakemake takes the path of a profile for a pattern, which the name of the
        # project folder must not be part of.
        self._profile = f"../{profile.relative_to(project)}" if profile.is_relative_to(project) else str(profile)
        self._report = JobReport()

    def follow(self, wait: float) -> JobReport:
        """Start it and wait until it ends or has taken too long."""
        begin, offset = time.monotonic(), self._server_offset()
        process = self._start()
        # A busy machine needs a while until it has submitted the job, whose own time begins then.
        until, is_submitted = begin + _SUBMIT_SECONDS + wait, False
        try:
            while process.poll() is None and not self._report.timed_out:
                self._look_for_sign(offset)
                if not is_submitted and open_tasks(self._folder, self._folder):
                    until, is_submitted = time.monotonic() + wait, True
                self._report.timed_out = time.monotonic() > until
                time.sleep(_LOOK_SECONDS)
            self._look_for_sign(offset)
            if self._report.timed_out:
                self._report.reasons = self._why_it_waits()
        finally:
            if process.poll() is None:
                stop_snakemake(process)
        self._report.took = time.monotonic() - begin
        self._read_end(process.returncode)
        return self._report

    def _start(self) -> subprocess.Popen[bytes]:
        command = [*snakemake_with_profile(self._profile), *event_options("events")]
        with (self._folder / "said").open("wb") as output:
            return subprocess.Popen(
                command,
                cwd=self._folder,
                env=environment_for(self._folder),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _server_offset(self) -> float:
        """Return how far the clock of the file server is ahead of this machine's."""
        # Times of files are the server's, and with NFS that clock is neither the node's nor ours.
        (self._folder / "clock").write_text("x")
        return (self._folder / "clock").stat().st_mtime - time.time()

    def _look_for_sign(self, offset: float) -> None:
        if self._report.seen_after is not None:
            return
        # Listing the folder makes NFS refresh its cache; without it a new file may stay invisible for a minute.
        os.listdir(self._folder)  # noqa: PTH208
        with contextlib.suppress(OSError, ValueError):
            path = self._folder / "seen"
            _, clock = path.read_text().split()
            written = path.stat().st_mtime - offset
            self._report.seen_after = max(0.0, time.time() - written)
            self._report.node_clock = float(clock) - written

    def _why_it_waits(self) -> list[str]:
        """Return what the scheduler says about a job that has not started, or has not ended."""
        # The job's folder is project and results folder in one.
        tasks = open_tasks(self._folder, self._folder)
        if not tasks:
            return ["the job was not submitted; " + self._last_words()]
        if tasks[0].has_started:
            return ["it has started, and has not ended"]
        job = tasks[0].scheduler_id[0]
        try:
            self._report.obstacle, words = self._scheduler.why_it_waits(job, seconds=_SECONDS)
        except SchedulerError as error:
            return [str(error)]
        return list(words)

    def _read_end(self, status: int) -> None:
        with contextlib.suppress(OSError):
            text = (self._folder / "answer").read_text()
            try:
                self._report.answer = json.loads(text)
            except ValueError:
                self._report.answer = {"trouble": text.strip()}
        self._report.ended_well = status == 0
        if status != 0 and not self._report.timed_out:
            events = EventFile(self._folder / "events").new_events()
            reasons = [each["reason"] for each in events if each.get("event") == "failed" and each.get("reason")]
            self._report.trouble = " ".join(reasons) or self._last_words()

    def _last_words(self) -> str:
        lines = last_lines(self._folder / "said", _LAST_LINES)
        return "the last lines of Snakemake: " + " | ".join(line.strip() for line in lines if line.strip())


def _remove(folder: Path) -> None:
    """Remove the folder; on network file systems, files that a process still holds come back for a moment."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(_LOOK_SECONDS)

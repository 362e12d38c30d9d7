"""`mle doctor`: the usual obstacles to a first run, each with its fix."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from mle_cluster.findings import Finding, fine, problem
from mle_cluster.known import schedulers
from mle_cluster.scheduler import Request, Scheduler
from mle_toolbox.cli.consoles import error_console, output_console, print_words
from mle_toolbox.cluster.detection import Place, detect_place
from mle_toolbox.cluster.profile_check import check_profile
from mle_toolbox.doctor.machine import check_experiment, check_folder, check_python
from mle_toolbox.doctor.node import check_node
from mle_toolbox.doctor.user_environment import check_surroundings
from mle_toolbox.drive.place import PROFILE_VARIABLE
from mle_toolbox.errors import ExperimentFileError, UsageError
from mle_toolbox.experiment_file.loader import Asked, load_plan
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_file.planned_jobs import JobResources, Processing
from mle_toolbox.snakemake_side.profile_files import Profile, read_profile
from mle_toolbox.text import broken, count

__all__ = ["add_arguments", "call"]

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "problem": ("✗", "red")}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("experiment_file", type=Path, nargs="?", help="default: exp.yaml, where there is one")
    parser.add_argument("--no-job", action="store_true", help="do not submit a real job to the cluster")
    parser.add_argument(
        "--wait", type=float, default=120.0, metavar="SECONDS", help="how long to wait for that job; default: 120"
    )


def call(arguments: argparse.Namespace) -> int:
    """Print the findings as they come; exit status 1 when one of them is a problem."""
    given = arguments.experiment_file
    if given is not None and not given.exists():
        raise UsageError(f"{given}: there is no such file. Without an experiment file: mle doctor")
    console, found = output_console(), {"ok": 0, "warning": 0, "problem": 0}
    for part in _parts(given or Path("exp.yaml"), arguments):
        if isinstance(part, str):
            console.print(f"\n{part}" if sum(found.values()) else part, style="bold")
            continue
        found[part.mark] += 1
        _show(part, console)
    console.print()
    console.print(_verdict(found), style=_MARKS["problem" if found["problem"] else "ok"][1])
    return 1 if found["problem"] else 0


def _parts(path: Path, arguments: argparse.Namespace) -> Iterator[str | Finding]:
    """Yield headings and findings."""
    plan, mistakes = _read(path)
    project = plan.project_dir if plan is not None else path.absolute().parent
    results = plan.experiment_path if plan is not None else project
    backends = [_Backend(each, plan, read_profile(each.profile, project)) for each in schedulers()]
    used = next((each for each in backends if each.is_used), None)
    yield "This machine"
    yield from check_python()
    yield from check_surroundings(project, project / plan.script if plan is not None else None)
    if mistakes is not None:
        yield problem(f"{path} has mistakes:\n{mistakes}", "fix them; `mle run` starts nothing until then")
    if plan is not None:
        yield from check_experiment(plan, local=used is None)
    yield from check_folder(results)
    for backend in backends:
        yield from backend.findings(project, preferred=used)
    if variable := os.environ.get(PROFILE_VARIABLE):
        yield fine(f"{PROFILE_VARIABLE} is set, so `mle run` uses the profile {variable}, whatever this machine has")
    # Last, because it may take minutes.
    if used is not None and not arguments.no_job:
        yield "A real job, as a seed run would be"
        error_console().print("  submitting one, and waiting for it ...", style="dim")
        yield from check_node(used.scheduler, plan, project, results, used.profile, arguments.wait)


def _read(path: Path) -> tuple[Plan | None, str | None]:
    if not path.exists():
        return None, None
    try:
        return load_plan(path, asked=Asked(typed_in=Path.cwd())), None
    except ExperimentFileError as error:
        return None, str(error)


class _Backend:
    """A scheduler, its profile, and whether seed runs would go there."""

    def __init__(self, scheduler: Scheduler, plan: Plan | None, profile: Profile) -> None:
        self.scheduler, self.profile = scheduler, profile
        self._plan = plan
        queue = plan.job.queue if plan is not None and plan.job.queue else profile.setting(scheduler.queue_setting)
        asked_by = plan.experiment_file.name if plan is not None and plan.job.queue else f"the profile {profile.name}"
        self._place: Place | Finding
        try:
            self._place = detect_place(scheduler, queue or None, asked_by)
        except UsageError as error:
            # `mle run` would stop here; the doctor reports it and goes on to the other checks.
            self._place = problem(str(error), "name another queue in the experiment file, or in the profile")

    @property
    def is_used(self) -> bool:
        return isinstance(self._place, Place) and self._place.profile == self.scheduler.profile

    def findings(self, project: Path, *, preferred: _Backend | None) -> Iterator[str | Finding]:
        if preferred is not None and shutil.which(self.scheduler.submitting) is None:
            return
        yield self.scheduler.name
        if isinstance(self._place, Finding):
            yield self._place
        elif self.is_used and preferred is not self and preferred is not None:
            name, profile, first = self.scheduler.name, self.scheduler.profile, preferred.scheduler.name
            yield fine(f"{name} answers too, but {first} comes first: `mle run --profile {profile}` runs there")
        elif self.is_used or shutil.which(self.scheduler.submitting) is None:
            yield fine((self._place.why or "").rstrip("."))
        yield from _check_profile(self.scheduler.profile, project)
        reported = []
        for finding in self.scheduler.check_site(_request(self._plan), self.profile):
            reported.append(finding)
            yield finding
        if self._plan is not None and self.is_used:
            for each in self._plan.processing:
                yield from self._processing(self._plan, each, reported)

    def _processing(self, plan: Plan, processing: Processing, reported: Sequence[Finding]) -> Iterator[Finding]:
        """Yield what is found for the request of a processing and has not been found for that of seed runs."""
        file = plan.experiment_file.name
        try:
            if processing.job.queue is not None:
                detect_place(self.scheduler, processing.job.queue, file)
        except UsageError as error:
            yield problem(f"{processing.words}: {error}", f"name another queue in {processing.stage}_args of {file}")
            return
        request = _request_of(processing.job, file, 1)
        new = [each for each in self.scheduler.check_site(request, self.profile) if each not in reported]
        for each in new:
            yield replace(each, text=f"{processing.words}: {each.text}")
        if not new:
            yield fine(f"{processing.words}: what it requests is there, as for seed runs")


def _request(plan: Plan | None) -> Request | None:
    if plan is None:
        return None
    return replace(_request_of(plan.job, plan.experiment_file.name, len(plan.seed_runs)), retries=plan.retries)


def _request_of(job: JobResources, file: str, n_jobs: int) -> Request:
    return Request(
        file=file,
        n_jobs=n_jobs,
        cores=job.cores,
        memory_mb=job.memory_mb,
        time_minutes=job.time_minutes,
        gpus=job.gpus,
        queue=job.queue,
        gpu_types=job.gpu_types,
        gpu_resource=job.gpu_resource,
        exclude_nodes=job.exclude_nodes,
        include_nodes=job.include_nodes,
    )


def _check_profile(name: str, project: Path) -> Iterator[Finding]:
    try:
        check_profile(name, project)
    except ExperimentFileError as error:
        yield problem(
            f"the profile {name} has mistakes:\n{error}", "fix them; `mle run` starts nothing there until then"
        )
    except UsageError as error:
        yield problem(str(error), "`mle run` starts nothing there until then")


def _show(finding: Finding, console: Console) -> None:
    sign, style = _MARKS[finding.mark]
    first, *rest = broken(finding.text, max(console.width - 4, 1)).splitlines()
    console.print(f"  [{style}]{sign}[/] {escape(first)}")
    for line in rest:
        console.print(f"    {escape(line)}")
    if finding.fix is not None:
        print_words(console, f"-> {finding.fix}", "dim", indent=4)


def _verdict(found: dict[str, int]) -> str:
    if not found["problem"] and not found["warning"]:
        return "All is well."
    parts = [count(found[kind], kind) for kind in ("problem", "warning") if found[kind]]
    return f"{' and '.join(parts)}; the fix is below each."

"""`mle generate`, `mle-gen-snakefile`: write the Snakefile and the profiles."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from mle_toolbox.cli.files import add_replacing_arguments, asked_by
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.generate import (
    Outcome,
    WrittenFile,
    check_snakefile,
    link_beside,
    snakefile_for,
    write_snakefile,
)
from mle_toolbox.project_profiles import InstalledProfile, check_profiles, install_profiles, link_profiles
from mle_toolbox.text import count

__all__ = ["add_arguments", "call", "describe"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("experiment_file", type=Path, nargs="?", default=Path("exp.yaml"), help="default: exp.yaml")
    add_replacing_arguments(parser)
    parser.add_argument(
        "--output", "-o", type=Path, metavar="FILE", help="default: Snakefile, where paths of the experiment file start"
    )
    parser.add_argument("--force", action="store_true", help="overwrite files that were edited")
    parser.add_argument("--check", action="store_true", help="write nothing; exit status 1 if something would change")
    profiles = parser.add_mutually_exclusive_group()
    profiles.add_argument("--no-profiles", action="store_true", help="write only the Snakefile")
    profiles.add_argument(
        "--install-profiles",
        action="store_true",
        help="write the profiles into your Snakemake configuration folder, for all projects",
    )


def call(arguments: argparse.Namespace) -> int:
    """Write the files, or compare them with --check, and print the outcome of each."""
    plan = load_plan(arguments.experiment_file, asked=asked_by(arguments))
    output = arguments.output or (snakefile_for(plan) if plan.given else plan.project_dir / "Snakefile")
    if arguments.check:
        return _check(plan, output, profiles=not arguments.no_profiles)
    snakefile = write_snakefile(plan, output, force=arguments.force)
    link_beside(plan, output)
    profiles = []
    if not arguments.no_profiles:
        profiles = install_profiles(plan.project_dir, for_user=arguments.install_profiles, force=arguments.force)
        link_profiles(plan)
    for line in describe(plan, snakefile, profiles):
        print(line)
    return 0


def describe(plan: Plan, snakefile: WrittenFile, profiles: list[InstalledProfile]) -> Iterator[str]:
    """Yield what was done, what a search leaves out, and what to type next; normally three lines."""
    configurations, seeds = len(plan.configurations), len(plan.seeds)
    of_each = f"{count(seeds, 'seed')} = {count(configurations * seeds, 'seed run')}"
    if plan.looks is not None:
        least = plan.looks.schedule.minimum
        of_each = (
            f"{least} to {count(seeds, 'seed')} = {configurations * least:,} to {configurations * seeds:,} seed runs"
        )
    yield (
        f"{snakefile.path.name}: {snakefile.outcome.value}; "
        f"{count(configurations, 'configuration' if plan.search is None else 'trial')} x {of_each}"
    )
    yield from (f"  {sentence}" for sentence in (plan.search.notices if plan.search is not None else ()))
    if profiles:
        yield "profiles " + ", ".join(f"{each.name}: {each.outcome.value}" for each in profiles)
    for each in profiles:
        # Snakemake takes the first of ./NAME, the user's and the site's folder: that may be somebody else's profile.
        if not each.is_meant:
            yield (
                f"  --profile {each.name} means {each.meant}, which already exists; "
                f"to use ours: --profile {_short(each.folder, plan.project_dir)}"
            )
    if Outcome.KEPT in [snakefile.outcome, *(each.outcome for each in profiles)]:
        yield "  your edited files are kept; --force overwrites them"
    place = os.path.relpath(snakefile.path, plan.project_dir)
    chosen = "" if place == "Snakefile" else f" --snakefile {shlex.quote(place)}"
    names = [each.name for each in profiles] or ["local"]
    folders = {plan.project_dir.resolve(), plan.experiment_file.parent.resolve()}
    # A Snakefile that is named is named from the project folder.
    is_here = Path.cwd() in folders if not chosen else Path.cwd() == plan.project_dir.resolve()
    first = "" if is_here else f"cd {shlex.quote(str(plan.project_dir))} && "
    yield f"next: {first}" + "   or: ".join(f"snakemake{chosen} --profile {name}" for name in names)


def _check(plan: Plan, output: Path, *, profiles: bool) -> int:
    files = [check_snakefile(plan, output), *(check_profiles(plan.project_dir) if profiles else [])]
    different = [each.path for each in files if each.outcome is not Outcome.UNCHANGED]
    for path in different:
        print(f"{_short(path, plan.project_dir)}: {Outcome.DIFFERENT.value}")
    return 1 if different else 0


def _short(path: Path, project: Path) -> str:
    return str(path.relative_to(project)) if path.is_relative_to(project) else str(path)

"""The command line of `mle run`: its options, what those of the original mean, and the command to type next."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

from mle_cluster.known import schedulers
from mle_toolbox.cli.files import add_replacing_arguments
from mle_toolbox.drive.settle import RERUNS
from mle_toolbox.errors import UsageError
from mle_toolbox.seed_ranges import format_seeds, parse_seeds
from mle_toolbox.text import listed

__all__ = ["add_arguments", "command_again", "understand_the_original"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("experiment_file", type=Path, nargs="?", help="default: exp.yaml")
    parser.add_argument(
        "--profile",
        help="where seed runs execute: local, sge (Grid Engine), slurm, or a profile of your own; default: the "
        "variable MLE_PROFILE, else the profile of a cluster that answers and accepts jobs, else local",
    )
    parser.add_argument("--cores", type=_positive, metavar="N", help="run on this machine with at most N cores")
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="NAME",
        help="run only these configurations: names, patterns such as 'adam*' (in quotes), or numbers of trials",
    )
    parser.add_argument("--seeds", type=_seeds, metavar="LIST", help="run only these seeds, for example 0-4,7")
    parser.add_argument(
        "--rerun",
        choices=RERUNS,
        help="run only what has failed, is outdated, or was made by older code; all: everything, finished runs too",
    )
    parser.add_argument(
        "--retry-failed",
        action="store_const",
        const="failed",
        dest="rerun",
        help="the same as --rerun failed; in a search that learns, failed seed runs are retried only with this option",
    )
    parser.add_argument(
        "--order",
        choices=["seeds", "configurations"],
        default="seeds",
        help="which seed runs start first: the first seed of every configuration (seeds, the default), or all seeds of "
        "the first configuration",
    )
    failing = parser.add_mutually_exclusive_group()
    failing.add_argument(
        "--fail-fast",
        action="store_true",
        help="start no more seed runs once one has failed; those that are running finish",
    )
    failing.add_argument(
        "--keep-going",
        action="store_true",
        help="start all seed runs, even when the first ones all fail with the same error",
    )
    parser.add_argument(
        "--detach", action="store_true", help="run in the background, even if this terminal is closed; see mle attach"
    )
    parser.add_argument("-n", "--dry-run", action="store_true", help="show what would run and why, and run nothing")
    parser.add_argument(
        "-p",
        "--purpose",
        nargs="+",
        metavar="WORD",
        help="what this experiment is for, kept with the results and shown by `mle status` and in the report",
    )
    parser.add_argument(
        "--set",
        action="append",
        type=_value,
        metavar="KEY=VALUE",
        help="override a value of the experiment file for this run: --set single_job_args.num_logical_cores=4",
    )
    add_replacing_arguments(parser)
    original = parser.add_argument_group("options of the original mle-toolbox")
    original.add_argument(
        "-resource", "--resource-to-run", metavar="NAME", help="local: the same as --profile local; sge-cluster: sge"
    )
    original.add_argument(
        "-train_fname",
        "--base-train-fname",
        metavar="FILE",
        help="the script: the same as --set meta_job_args.base_train_fname=FILE",
    )
    original.add_argument("-d", "--debug", action="store_true", help="no effect: all output is kept anyway")
    original.add_argument("-reconnect", "--remote-reconnect", action="store_true", help="refused: use `mle attach`")
    original.add_argument("-np", "--no-protocol", action="store_true", help="no effect: there is no protocol database")
    original.add_argument("-nw", "--no-welcome", action="store_true", help="no effect: there is no welcome")
    parser.epilog = "Everything after -- goes to Snakemake, for example: mle run exp.yaml -- --keep-incomplete"


def understand_the_original(arguments: argparse.Namespace) -> None:
    """Settle what the options of the original mean here; fills in experiment file and profile."""
    # `mle run --purpose Grid Search exp.yaml`: these options take all words that follow them.
    for words in (arguments.purpose, arguments.only):
        if words and len(words) > 1 and arguments.experiment_file is None and words[-1].endswith((".yaml", ".yml")):
            arguments.experiment_file = Path(words.pop())
    if arguments.experiment_file is None:
        arguments.experiment_file = Path("exp.yaml")
    if arguments.base_train_fname is not None:
        arguments.set = [*(arguments.set or ()), ("meta_job_args.base_train_fname", arguments.base_train_fname)]
    if arguments.remote_reconnect:
        raise UsageError("--remote-reconnect belongs to the original mle-toolbox. Here `mle attach` follows a run.")
    resource = arguments.resource_to_run
    if resource is None:
        return
    profiles = {"local": "local", **{f"{each.profile}-cluster": each.profile for each in schedulers()}}
    profile = profiles.get(resource, resource if resource in profiles.values() else None)
    if profile is None:
        raise UsageError(
            f"--resource-to-run {resource}: this belongs to the original mle-toolbox. Here it may be "
            f"{listed(map(repr, profiles), None)}; everything else is a profile: --profile NAME."
        )
    if arguments.profile not in (None, profile):
        raise UsageError(
            f"--resource-to-run {resource} and --profile {arguments.profile} contradict each other. Leave one out."
        )
    arguments.profile = profile


def command_again(arguments: argparse.Namespace, *, keep_going: bool = False, chosen: bool = True) -> str:
    """Return the command that the user typed, also with --keep-going, or without what chooses some seed runs."""
    parts = ["mle", "run", str(arguments.experiment_file)]
    for option in ("base_train_config", "experiment_dir"):
        if (value := getattr(arguments, option)) is not None:
            parts += [f"--{option}", value]
    for name, value in arguments.set or ():
        parts += ["--set", f"{name}={value}"]
    if arguments.profile is not None:
        parts += ["--profile", arguments.profile]
    if arguments.cores is not None:
        parts += ["--cores", str(arguments.cores)]
    if arguments.purpose:
        parts += ["--purpose", " ".join(arguments.purpose)]
    if chosen and arguments.only is not None:
        parts += ["--only", *arguments.only]
    if chosen and arguments.seeds is not None:
        parts += ["--seeds", format_seeds(arguments.seeds)]
    if chosen and arguments.rerun is not None:
        parts += ["--rerun", arguments.rerun]
    if arguments.order != "seeds":
        parts += ["--order", arguments.order]
    if keep_going or arguments.keep_going:
        parts += ["--keep-going"]
    elif arguments.fail_fast:
        parts += ["--fail-fast"]
    if arguments.for_snakemake:
        parts += ["--", *arguments.for_snakemake]
    return shlex.join(parts)


def _seeds(text: str) -> tuple[int, ...]:
    try:
        return parse_seeds(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _value(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not re.fullmatch(r"[^.\s]+(\.[^.\s]+)+", name):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not SECTION.KEY=VALUE, as single_job_args.num_logical_cores=4 is"
        )
    return name, value


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)

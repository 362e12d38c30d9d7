"""The inputs of a run: from the command line first, then from the constructor, then from default locations.

Only decides; creates no folder and seeds nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mle_toolbox.errors import UsageError
from mle_toolbox.experiment.arguments import Arguments, other_words, parse_arguments, parse_seed
from mle_toolbox.experiment.command_line import (
    SEED_RUN_VARIABLE,
    is_in_launched_run,
    is_multiprocessing_child,
    shell_script,
    start_folder,
    words_as_typed,
)
from mle_toolbox.experiment.run_configuration import LoadedConfiguration, load_configuration
from mle_toolbox.experiment.session import script_path
from mle_toolbox.experiment_file.argument_words import values_of
from mle_toolbox.experiment_file.configuration_identity import identity_of
from mle_toolbox.experiment_file.configuration_text import CONFIGURATION_SUFFIXES
from mle_toolbox.layout import ExperimentFolder

__all__ = ["RunInputs", "find_inputs", "is_launched"]

_BY_HAND = "by_hand"


@dataclass(frozen=True)
class RunInputs:
    """Everything that determines what a run does."""

    script: Path | None
    """The script that was started; None in a notebook."""
    configuration: LoadedConfiguration
    seed: int
    experiment_dir: Path
    """Absolute."""
    extra: dict[str, Any]
    """Further arguments of the command line."""
    identity: str
    """The digest of what determines the numbers of this run, apart from seed and code."""


def find_inputs(
    config_fname: str | Path | None,
    experiment_dir: str | Path | None,
    seed_id: int | None,
    default_seed: int,
    sections: Mapping[str, Any],
) -> RunInputs:
    """Parse the command line, if there is one, and fill in from the arguments of ``MLExperiment``.

    Raises
    ------
    UsageError, ExperimentFileError
        When the command line or the configuration cannot be used.
    """
    script = script_path()
    arguments = _arguments_of_process() if script is not None else Arguments()
    folder, named = Path.cwd(), arguments.config_fname
    if script is not None:
        folder = start_folder((lambda folder: (folder / named).is_file()) if named is not None else None)
    results = (folder / (arguments.experiment_dir or _BY_HAND)).absolute()
    if arguments.experiment_dir is None and experiment_dir:
        results = Path(experiment_dir).absolute()  # a path in the script is relative to the current working directory
    configuration = _configuration(arguments, config_fname, sections, script, folder)
    seed = _seed(arguments, seed_id, configuration, default_seed)
    words = other_words(words_as_typed() if script is not None else [])
    if (shell := shell_script()) is not None and is_launched(results, configuration.name, seed):
        # What the script in shell adds is its code; the arguments of the run are those that it was given.
        words = shell.arguments
    return RunInputs(
        script=script,
        configuration=configuration,
        seed=seed,
        experiment_dir=results,
        extra=arguments.extra,
        identity=identity_of(configuration.planned, words),
    )


def is_launched(experiment_dir: Path, configuration: str, seed: int) -> bool:
    """Return whether a run is the one for which the launcher has started this process, or one above it."""
    folder = ExperimentFolder(experiment_dir).seed_run(configuration, seed).path
    return os.environ.get(SEED_RUN_VARIABLE) == str(folder)


def _arguments_of_process() -> Arguments:
    """Parse the original command line; options missing there are taken from a ``sys.argv`` that the script changed."""
    typed, now = words_as_typed(), sys.argv[1:]
    arguments = parse_arguments(typed)
    if typed[::2][:3] == ["-config", "-seed", "-exp_dir"]:
        shell = shell_script()
        if is_in_launched_run():
            arguments.extra = values_of(typed[6:]) or arguments.extra
        elif shell is not None and typed[6:][: len(shell.arguments)] == shell.arguments:  # "$@", and more behind it
            arguments.extra |= values_of(shell.arguments) or {}
    _check_typed(typed, arguments)
    if now == typed:
        return arguments
    changed = parse_arguments(now)
    return Arguments(
        config_fname=arguments.config_fname or changed.config_fname,
        seed_id=arguments.seed_id if arguments.seed_id is not None else changed.seed_id,
        experiment_dir=arguments.experiment_dir or changed.experiment_dir,
        # In the order of the original command line, whose values win.
        extra={**arguments.extra, **changed.extra, **arguments.extra},
    )


_HELP = """\
usage: python {script} [-config FILE] [-seed N] [-exp_dir DIR] [more …]

  -config FILE   the configuration, .json or .yaml; without it, the first one of
                 the experiment file, or the only one beside the script
  -seed N        the seed, a whole number; without it, what the configuration or
                 the script says, else 0
  -exp_dir DIR   the folder for results; without it, {by_hand}

More arguments are those of the script; mle.extra_config has them too.
`mle run exp.yaml` runs it with all configurations and seeds of that file.
"""


def _check_typed(typed: Sequence[str], arguments: Arguments) -> None:
    """Answer a call for help, and refuse a configuration without its option: another one would be trained."""
    if is_multiprocessing_child() or is_in_launched_run() or shell_script() is not None:
        return
    # A parser of the script's own has answered before, if it has one.
    if not {"-h", "--help"}.isdisjoint(typed):
        script = script_path()
        print(_HELP.format(script=script.name if script is not None else "SCRIPT", by_hand=_BY_HAND), end="")
        raise SystemExit(0)
    files = [word for word in arguments.stray if word.endswith(CONFIGURATION_SUFFIXES)]
    if files and arguments.config_fname is None:
        words = [f"-config {word}" if word == files[0] else word for word in typed]
        name = Path(sys.argv[0]).name
        raise UsageError(
            f"{files[0]}: a configuration is given after -config, and would not be used here. Type: python {name} "
            f"{' '.join(words)}"
        )


def _configuration(
    arguments: Arguments,
    config_fname: str | Path | None,
    sections: Mapping[str, Any],
    script: Path | None,
    folder: Path,
) -> LoadedConfiguration:
    named = arguments.config_fname or config_fname
    if arguments.config_fname and folder != Path.cwd():
        named = folder / arguments.config_fname
    is_complete = sections["train_config"] is not None and sections["log_config"] is not None
    if named is None and not is_complete:
        from mle_toolbox.experiment.default_configuration import find_configuration

        named = find_configuration(script)
    name = script.stem if script is not None else "notebook"
    file = Path(named) if named is not None else None
    return load_configuration(file, sections, name, file_wins=arguments.config_fname is not None, script=script)


def _seed(arguments: Arguments, seed_id: int | None, configuration: LoadedConfiguration, default_seed: int) -> int:
    if arguments.seed_id is not None:
        return arguments.seed_id
    if seed_id is not None:
        return parse_seed(seed_id, "seed_id of MLExperiment()")
    configured = configuration.content["train_config"].get("seed_id")
    if configured is not None:
        return parse_seed(configured, f"{configuration.file}: seed_id in train_config")
    return parse_seed(default_seed, "default_seed of MLExperiment()")

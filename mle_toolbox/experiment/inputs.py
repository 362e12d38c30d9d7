"""What a run is asked to do: by the command line first, then by the constructor, then by what lies around.

Decides only; makes no folder and seeds nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mle_toolbox.experiment.arguments import Arguments, other_words, parse_arguments, parse_seed
from mle_toolbox.experiment.command_line import is_in_launched_run, start_folder, words_as_typed
from mle_toolbox.experiment.run_configuration import LoadedConfiguration, load_configuration
from mle_toolbox.experiment.session import script_path
from mle_toolbox.experiment_file.argument_words import values_of
from mle_toolbox.experiment_file.configuration_identity import identity_of

__all__ = ["RunInputs", "find_inputs"]

_BY_HAND = "by_hand"


@dataclass(frozen=True)
class RunInputs:
    """Everything that decides what one run does."""

    script: Path | None
    """The script whose command line this is; None in a notebook."""
    configuration: LoadedConfiguration
    seed: int
    experiment_dir: Path
    """Absolute."""
    extra: dict[str, Any]
    """Further arguments of the command line."""
    identity: str
    """What decides the numbers of this run, apart from seed and code."""


def find_inputs(
    config_fname: str | Path | None,
    experiment_dir: str | Path | None,
    seed_id: int | None,
    default_seed: int,
    sections: Mapping[str, Any],
) -> RunInputs:
    """Read the command line, where there is one, and fill in from the arguments of ``MLExperiment``.

    Raises
    ------
    UsageError, ExperimentFileError
        When the command line or the configuration cannot be used.
    """
    script = script_path()
    arguments = _arguments_of_process() if script is not None else Arguments()
    folder = _folder_of_paths(arguments) if script is not None else Path.cwd()
    configuration = _configuration(arguments, config_fname, sections, script, folder)
    return RunInputs(
        script=script,
        configuration=configuration,
        seed=_seed(arguments, seed_id, configuration, default_seed),
        experiment_dir=_experiment_dir(arguments, experiment_dir, folder),
        extra=arguments.extra,
        identity=identity_of(configuration.planned, other_words(words_as_typed() if script is not None else [])),
    )


def _arguments_of_process() -> Arguments:
    """Read the command line; what a script has put into ``sys.argv`` counts where that says nothing."""
    typed, now = words_as_typed(), sys.argv[1:]
    arguments = parse_arguments(typed)
    if is_in_launched_run() and typed[::2][:3] == ["-config", "-seed", "-exp_dir"]:
        arguments.extra = values_of(typed[6:]) or arguments.extra
    if now == typed:
        return arguments
    changed = parse_arguments(now)
    return Arguments(
        config_fname=arguments.config_fname or changed.config_fname,
        seed_id=arguments.seed_id if arguments.seed_id is not None else changed.seed_id,
        experiment_dir=arguments.experiment_dir or changed.experiment_dir,
        extra={**arguments.extra, **changed.extra, **arguments.extra},
    )


def _folder_of_paths(arguments: Arguments) -> Path:
    """Return the folder that relative paths of the command line are meant from: where the process began."""
    named = arguments.config_fname
    return start_folder((lambda folder: (folder / named).is_file()) if named is not None else None)


def _experiment_dir(arguments: Arguments, given: str | Path | None, folder: Path) -> Path:
    if arguments.experiment_dir is None and given:
        return Path(given).absolute()  # what the script says is meant from where the script is
    return (folder / (arguments.experiment_dir or _BY_HAND)).absolute()


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
    return load_configuration(file, sections, name, file_wins=arguments.config_fname is not None)


def _seed(arguments: Arguments, seed_id: int | None, configuration: LoadedConfiguration, default_seed: int) -> int:
    if arguments.seed_id is not None:
        return arguments.seed_id
    if seed_id is not None:
        return parse_seed(seed_id, "seed_id of MLExperiment()")
    configured = configuration.content["train_config"].get("seed_id")
    if configured is not None:
        return parse_seed(configured, f"{configuration.file}: seed_id in train_config")
    return parse_seed(default_seed, "default_seed of MLExperiment()")

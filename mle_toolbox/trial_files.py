"""The files of a search's trials: which are missing, and writing them.

A trial's configuration is the base configuration with the values of the trial: complete, so that anybody can run it by
hand, and written once. ``trial.json`` beside it also keeps the digests of what was written. They tell when a file has
to be written again: removed, damaged, edited, or made from a base configuration that has been edited since.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mle_toolbox.experiment_file.configuration_text import CONFIGURATION_SUFFIXES, text_of_configuration
from mle_toolbox.experiment_file.plan import Configuration, Plan
from mle_toolbox.layout import ConfigurationFolder, ExperimentFolder
from mle_toolbox.log.atomic import replace_file

__all__ = ["trials_to_ask", "write_trial"]

FORMAT = 1


def trials_to_ask(plan: Plan) -> list[Configuration]:
    """Return the trials that are due and whose files are not as they must be; none without a search."""
    if plan.search is None:
        return []
    return [each for each in plan.configurations if not _is_asked(plan, each)]


def write_trial(folder: ExperimentFolder, entry: Mapping[str, Any]) -> bool:
    """Write the files of one trial, unless they are as they must be; return whether they were written.

    Parameters
    ----------
    folder
        The results folder.
    entry
        The configuration as in ``experiment.json``.
    """
    place = folder.configuration(entry["name"])
    file = place.trial_configuration(Path(entry["path"]).suffix)
    if _is_as_noted(place, file, entry["digest"], entry["trial"]["values"]):
        return False
    text = text_of_configuration(entry["content"], file.suffix).encode()
    trial = {name: value for name, value in entry["trial"].items() if name != "inside"}
    noted = {"format": FORMAT, **trial, "digest": entry["digest"], "file_sha256": hashlib.sha256(text).hexdigest()}
    place.path.mkdir(parents=True, exist_ok=True)
    # First the note, which keeps number and values even if the configuration is never written.
    note = json.dumps(noted, indent=2, ensure_ascii=False).encode() + b"\n"
    replace_file(place.trial, lambda new: new.write_bytes(note))
    replace_file(file, lambda new: new.write_bytes(text))
    for suffix in CONFIGURATION_SUFFIXES:  # of a base configuration that has changed its format
        if suffix != file.suffix:
            place.trial_configuration(suffix).unlink(missing_ok=True)
    return True


def _is_asked(plan: Plan, configuration: Configuration) -> bool:
    place = ExperimentFolder(plan.experiment_path).configuration(configuration.name)
    file = place.trial_configuration(configuration.path.suffix)
    values = configuration.trial.values if configuration.trial is not None else {}
    return _is_as_noted(place, file, configuration.digest, values)


def _is_as_noted(place: ConfigurationFolder, file: Path, digest: str, values: Mapping[str, Any]) -> bool:
    try:
        noted = json.loads(place.trial.read_bytes())
        # The values too: a variable that has been added may have the value of the base configuration only for now.
        as_noted: bool = noted["digest"] == digest and noted["values"] == values
        # The bytes, because reading the content of four hundred files would take every job a second.
        return as_noted and noted["file_sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return False

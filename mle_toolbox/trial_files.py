"""The files of a search's trials: which are missing, and writing them.

A trial's configuration is the base configuration with the values of the trial: complete, so that anybody can run it by
hand, and written once. ``trial.json`` beside it also keeps the digests of what was written. They tell when a file has
to be written again: removed, damaged, edited, or made from a base configuration that has been edited since. What a user
has made of it is then kept under another name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from mle_toolbox.errors import ExperimentFileError
from mle_toolbox.experiment_file.configuration_text import (
    CONFIGURATION_SUFFIXES,
    parse_configuration,
    text_of_configuration,
)
from mle_toolbox.experiment_file.json_file import content_digest
from mle_toolbox.experiment_file.plan import Configuration, Plan
from mle_toolbox.experiment_file.source_text import read_text
from mle_toolbox.layout import ConfigurationFolder, ExperimentFolder
from mle_toolbox.log.atomic import replace_file

__all__ = ["edited_by_hand", "trials_to_ask", "write_trial"]

FORMAT = 1


def trials_to_ask(plan: Plan) -> list[Configuration]:
    """Return the trials that are due and whose files are not as they must be; none without a search.

    Those of a search that learns which are still to be asked are not among them: see ``asking.py``.
    """
    if plan.search is None:
        return []
    return [each for each in plan.configurations if not each.is_pending and not _is_asked(plan, each)]


def edited_by_hand(plan: Plan, *, keep: bool) -> list[Path]:
    """Return the configurations of trials that somebody has edited.

    Parameters
    ----------
    plan
        A plan, of which those trials are due.
    keep
        Give the files another name, because Snakemake removes them before the rule `ask` makes them anew.
    """
    experiment = ExperimentFolder(plan.experiment_path)
    found = []
    for trial in trials_to_ask(plan):
        place = experiment.configuration(trial.name)
        for file in list(_edited(place, trial.digest)):
            found.append(file)
            names = (place.edited_trial_configuration(file.suffix, number) for number in count(1))
            if keep:
                file.rename(next(each for each in names if not each.exists()))
    return found


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
    # First the note, which keeps number and values even if the configuration is never written. But a file that is there
    # comes before it: a kill in between must not leave one that looks edited.
    writes = [(place.trial, json.dumps(noted, indent=2, ensure_ascii=False).encode() + b"\n"), (file, text)]
    for path, content in reversed(writes) if file.exists() else writes:
        _write(path, content)
    for suffix in CONFIGURATION_SUFFIXES:  # of a base configuration that has changed its format
        if suffix != file.suffix:
            place.trial_configuration(suffix).unlink(missing_ok=True)
    return True


def _write(path: Path, content: bytes) -> None:
    replace_file(path, lambda new: new.write_bytes(content))


def _edited(place: ConfigurationFolder, digest: str) -> Iterator[Path]:
    """Yield the files that are neither as they were written nor, in other words, as they are to be written now."""
    try:
        written = json.loads(place.trial.read_bytes())["file_sha256"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return  # damaged together, most likely
    for file in map(place.trial_configuration, CONFIGURATION_SUFFIXES):
        try:
            content = file.read_bytes()
        except OSError:
            continue
        if hashlib.sha256(content).hexdigest() != written and content.strip() and not _says(file, digest):
            yield file


def _says(file: Path, digest: str) -> bool:
    """Return whether a file has this content, however it is laid out."""
    try:
        return content_digest(parse_configuration(read_text(file, str(file)), str(file)).content) == digest
    except ExperimentFileError:
        return False


def _is_asked(plan: Plan, configuration: Configuration) -> bool:
    place = ExperimentFolder(plan.experiment_path).configuration(configuration.name)
    file = place.trial_configuration(configuration.path.suffix)
    values = configuration.trial.values if configuration.trial is not None else {}
    return _is_as_noted(place, file, configuration.digest, values)


def _is_as_noted(place: ConfigurationFolder, file: Path, digest: str, values: Mapping[str, Any]) -> bool:
    try:
        noted = json.loads(place.trial.read_bytes())
        # The values too: a variable that has been added may have the value of the base configuration only for now.
        if noted["digest"] != digest or noted["values"] != values:
            return False
        # The bytes, because reading the content of four hundred files would take every job a second.
        return noted["file_sha256"] == hashlib.sha256(file.read_bytes()).hexdigest() or _says(file, digest)
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return False

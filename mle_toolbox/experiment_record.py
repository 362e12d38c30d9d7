"""``experiment.json``: the experiment that a results folder belongs to, and the plan that was last started."""

from __future__ import annotations

import json
import platform
import posixpath
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mle_toolbox
from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment_file.configuration_identity import identity_of
from mle_toolbox.experiment_file.plan import Plan, experiment_words
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.atomic import replace_file

__all__ = [
    "FORMAT",
    "experiment_in_words",
    "identities_of",
    "note_purpose",
    "project_in",
    "read_experiment_record",
    "write_experiment_record",
]

FORMAT = 1


def write_experiment_record(plan: Plan) -> Path:
    """Write the plan and its provenance into the results folder, atomically.

    Returns
    -------
    Path
        The file. Its path to the experiment file is relative, so that both can be moved together.
    """
    folder = ExperimentFolder(plan.experiment_path)
    record = folder.record
    record.parent.mkdir(parents=True, exist_ok=True)
    purpose = _purpose(folder)
    content = {
        "format": FORMAT,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": platform.node(),
        "mle_toolbox": mle_toolbox.__version__,
        "python": platform.python_version(),
        **({} if purpose is None else {"purpose": purpose}),
        **plan.to_json(),
    }

    def write(new: Path) -> None:
        new.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    replace_file(record, write)
    return record


def note_purpose(folder: ExperimentFolder, text: str) -> None:
    """Keep what an experiment is for, for this record and all later ones."""
    if _purpose(folder) == text:
        return
    folder.purpose.parent.mkdir(parents=True, exist_ok=True)
    replace_file(folder.purpose, lambda new: new.write_text(f"{text}\n", encoding="utf-8"))


def _purpose(folder: ExperimentFolder) -> str | None:
    """Return the noted purpose, or that of the record that is about to be replaced."""
    # The record is written by Snakemake, too, which does not know the command line of `mle run`.
    try:
        return folder.purpose.read_text(encoding="utf-8").strip() or None
    except (OSError, ValueError):
        pass
    try:
        purpose = (read_experiment_record(folder) or {}).get("purpose")
    except ResultsError:
        return None
    return purpose if isinstance(purpose, str) else None


def project_in(record: Mapping[str, Any]) -> str | None:
    """Return the project folder of a record, from the real results folder; None if it is not on record."""
    start, file = record.get("paths_start"), record.get("experiment_file")
    if isinstance(start, str):
        return start
    return Path(file).parent.as_posix() if isinstance(file, str) else None


def experiment_in_words(record: Mapping[str, Any]) -> list[str]:
    """Return the words that name this experiment to `mle run` in its project folder; none if it has no file."""
    file, project = record.get("experiment_file"), project_in(record)
    if not isinstance(file, str) or project is None:
        return []
    given = record.get("given")
    # Both are relative to the results folder, wherever that is; the current folder must not matter.
    somewhere = "/_" * (file.count("..") + project.count("..") + 1)
    name = posixpath.relpath(f"{somewhere}/{file}", f"{somewhere}/{project}")
    return experiment_words(name, given if isinstance(given, dict) else {})


def identities_of(record: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the identity of each configuration, by name; None if it is not known.

    Records of earlier versions have only the content of the configurations, from which it is computed. Imported results
    have no identity.
    """
    arguments = record.get("extra_arguments")
    known = isinstance(arguments, list)
    return {each["name"]: _identity(each, arguments if known else None) for each in record.get("configurations", ())}


def _identity(configuration: Mapping[str, Any], arguments: list[str] | None) -> str | None:
    identity, content = configuration.get("identity"), configuration.get("content")
    if isinstance(identity, str):
        return identity
    # Records of imported results have a content but no digest.
    if not isinstance(content, dict) or "digest" not in configuration or arguments is None:
        return None
    return identity_of(content, arguments)


def read_experiment_record(folder: ExperimentFolder) -> dict[str, Any] | None:
    """Return the content of ``experiment.json``, or None if there is none.

    Returns
    -------
    dict or None
        Its ``configurations`` have names and its ``seeds`` are whole numbers; anything else may be missing.

    Raises
    ------
    ResultsError
        When it is damaged.
    """
    try:
        content = json.loads(folder.record.read_bytes())
        whole = all(isinstance(each["name"], str) for each in content["configurations"])
        # Not isinstance: True is an int.
        whole = whole and all(type(seed) is int for seed in content["seeds"])
    except FileNotFoundError:
        return None
    # All that JSON of any shape can cause: each would end as a traceback in every command that opens the folder.
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        whole = False
    if not whole:
        raise ResultsError(f"{folder.record} is damaged. The next `mle run` writes it again.")
    return dict(content)

"""``experiment.json``: the experiment that a results folder belongs to, and the plan that was last started."""

from __future__ import annotations

import json
import platform
import posixpath
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mle_toolbox
from mle_toolbox.errors import ResultsError
from mle_toolbox.experiment_file.configuration_identity import identity_of
from mle_toolbox.experiment_file.json_file import content_digest
from mle_toolbox.experiment_file.plan import Plan, experiment_words
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.atomic import replace_json, replace_text
from mle_toolbox.search.placement import with_values
from mle_toolbox.search.seed_rungs import SeedRungs, decided_rungs

__all__ = [
    "FORMAT",
    "as_asked",
    "experiment_in_words",
    "identities_of",
    "named_entries",
    "note_purpose",
    "note_seeds",
    "pending_trials",
    "project_in",
    "read_experiment_record",
    "with_asked",
    "with_earned_seeds",
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
    replace_json(record, content)
    return record


def note_purpose(folder: ExperimentFolder, text: str) -> None:
    """Keep what an experiment is for, for this record and all later ones."""
    if _purpose(folder) == text:
        return
    folder.purpose.parent.mkdir(parents=True, exist_ok=True)
    replace_text(folder.purpose, f"{text}\n")


def note_seeds(folder: ExperimentFolder, seeds: Mapping[str, Sequence[int]]) -> None:
    """Note how many seeds the configurations have from now on, by name.

    Raises
    ------
    ResultsError
        When there is no record, or it is damaged.
    """
    record = read_experiment_record(folder)
    if record is None:
        raise ResultsError(f"{folder.record} is not there. The next `mle run` writes it again.")
    entries = [{**each, "seeds": list(seeds.get(each["name"], record["seeds"]))} for each in record["configurations"]]
    replace_json(folder.record, {**record, "configurations": entries})


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
    have no identity. The base configurations of a search are among them where these run as well.
    """
    arguments, bases = record.get("extra_arguments"), record.get("bases")
    known = isinstance(arguments, list)
    entries = [*named_entries(bases), *record.get("configurations", ())]
    return {each["name"]: _identity(each, arguments if known else None) for each in entries}


def named_entries(given: Any) -> list[Mapping[str, Any]]:
    """Return the entries of configurations in a part of a record that may be missing or damaged."""
    entries = given if isinstance(given, list) else []
    return [each for each in entries if isinstance(each, Mapping) and isinstance(each.get("name"), str)]


def _identity(configuration: Mapping[str, Any], arguments: list[str] | None) -> str | None:
    identity, content = configuration.get("identity"), configuration.get("content")
    if isinstance(identity, str):
        return identity
    # Records of imported results have a content but no digest.
    if not isinstance(content, dict) or "digest" not in configuration or arguments is None:
        return None
    return identity_of(content, arguments)


def read_experiment_record(folder: ExperimentFolder, *, as_written: bool = False) -> dict[str, Any] | None:
    """Return the content of ``experiment.json``, or None if there is none.

    Parameters
    ----------
    folder
        The results folder.
    as_written
        Leave trials of a search that learns as they were when it was written, which takes less time.

    Returns
    -------
    dict or None
        Its ``configurations`` have names and its ``seeds`` are whole numbers; anything else may be missing.

    Raises
    ------
    ResultsError
        When it is damaged.

    Notes
    -----
    In a search that learns, trials that have been asked since it was written are as their files have them.
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
    if as_written:
        return dict(content)
    return with_earned_seeds(folder, with_asked(folder, dict(content)))


def with_asked(folder: ExperimentFolder, record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with the trials as they are that were still to be asked when it was made."""
    if not pending_trials(record):
        return record
    return {**record, "configurations": [as_asked(folder, record, each) for each in record["configurations"]]}


def pending_trials(record: Mapping[str, Any]) -> list[str]:
    """Return the names of the trials that are still to be asked."""
    return [each["name"] for each in record.get("configurations", ()) if _is_pending(each)]


def _is_pending(entry: Mapping[str, Any]) -> bool:
    trial = entry.get("trial")
    return isinstance(trial, Mapping) and trial.get("is_pending") is True


def as_asked(folder: ExperimentFolder, record: Mapping[str, Any], entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the entry of a configuration as it is now: that of a trial may have been asked since."""
    if not _is_pending(entry):
        return entry
    try:
        noted = json.loads(folder.configuration(entry["name"]).trial.read_bytes())
        content = with_values(entry["content"], {**noted["values"], **noted.get("extra", {})})
        is_same = noted["number"] == entry["trial"]["number"] and content_digest(content) == noted["digest"]
        arguments = list(record.get("extra_arguments", ()))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return entry  # not asked yet
    if not is_same:
        return entry
    trial = {key: value for key, value in entry["trial"].items() if key != "is_pending"}
    trial |= {key: noted[key] for key in ("values", "extra", "asked") if key in noted}
    return {
        "name": entry["name"],
        "path": entry["path"],
        "digest": noted["digest"],
        "content": content,
        "identity": identity_of(content, arguments),
        "trial": trial,
    }


def with_earned_seeds(folder: ExperimentFolder, content: dict[str, Any]) -> dict[str, Any]:
    """Add the further seeds that trials of a search have earned since the record was written."""
    # Read each time instead of written into the record, which several jobs would then change at the same time.
    search = content.get("search")
    noted = search.get("seed_rungs") if isinstance(search, dict) else None
    if noted is None:
        return content
    try:
        rungs = SeedRungs.from_json(noted)
        # A trial that is still to be asked has no digest, and has earned nothing.
        digests = {each["name"]: each.get("digest", "") for each in content["configurations"]}
        climbed = decided_rungs(folder, rungs, digests).climbed
    except (ValueError, LookupError, TypeError):
        return content  # edited by hand
    entries = []
    for each in content["configurations"]:
        own = {"seeds": list(rungs.up_to(climbed[each["name"]]))} if each["name"] in climbed else {}
        entries.append({**{key: value for key, value in each.items() if key != "seeds"}, **own})
    return {**content, "configurations": entries}

"""The files of a search's trials: which are missing, and writing them.

A trial's configuration is the base configuration with the values of the trial: complete, so that anybody can run it by
hand, and written once. ``trial.json`` beside it also keeps the digests of what was written. They tell when a file has
to be written again: removed, damaged, edited, or made from a base configuration that has been edited since.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mle_toolbox.experiment_file.plan import Configuration, Plan
from mle_toolbox.layout import ConfigurationFolder, ExperimentFolder
from mle_toolbox.log.atomic import replace_file

__all__ = ["trials_to_ask", "write_trial"]

FORMAT = 1
# What YAML reads as text without quotes; PyYAML itself quotes yes, null and the like.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")


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
    if _is_as_noted(place, file, entry["digest"]):
        return False
    text = text_of(entry["content"], file.suffix).encode()
    trial = {name: value for name, value in entry["trial"].items() if name != "inside"}
    noted = {"format": FORMAT, **trial, "digest": entry["digest"], "file_sha256": hashlib.sha256(text).hexdigest()}
    place.path.mkdir(parents=True, exist_ok=True)
    # First the note, which keeps number and values even if the configuration is never written.
    replace_file(place.trial, lambda new: new.write_text(json.dumps(noted, indent=2, ensure_ascii=False) + "\n"))
    replace_file(file, lambda new: new.write_bytes(text))
    return True


def text_of(content: Mapping[str, Any], suffix: str) -> str:
    """Return the text of a configuration: YAML for a YAML suffix, else JSON."""
    if suffix.lower() in (".yaml", ".yml"):
        return _yaml_text(content)
    return json.dumps(content, indent=4, ensure_ascii=False) + "\n"


def _is_asked(plan: Plan, configuration: Configuration) -> bool:
    place = ExperimentFolder(plan.experiment_path).configuration(configuration.name)
    return _is_as_noted(place, place.trial_configuration(configuration.path.suffix), configuration.digest)


def _is_as_noted(place: ConfigurationFolder, file: Path, digest: str) -> bool:
    try:
        noted = json.loads(place.trial.read_bytes())
        as_noted: bool = noted["digest"] == digest
        # The bytes, because reading the content of four hundred files would take every job a second.
        return as_noted and noted["file_sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return False


def _yaml_text(content: Mapping[str, Any]) -> str:
    import yaml

    class Dumper(yaml.SafeDumper):
        """Quotes every text that another reader might take for something else."""

    def represented(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        style = None if _PLAIN.fullmatch(text) else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, represented)
    # Without aliases: equal lists would become references to one another.
    Dumper.ignore_aliases = lambda *_: True  # type: ignore[method-assign]
    options: dict[str, Any] = {"allow_unicode": True, "sort_keys": False, "width": 10_000}
    return str(yaml.dump(content, Dumper=Dumper, default_flow_style=False, **options))

"""Finds the configuration of a script that was started without one.

Only then does a script look into other files; of the yaml files only those that look like an experiment file or a
configuration, so that yaml is not imported for others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mle_toolbox.errors import ExperimentFileError, UsageError
from mle_toolbox.experiment_file.configuration_text import CONFIGURATION_SUFFIXES, is_yaml, parse_configuration
from mle_toolbox.experiment_file.json_file import content_digest
from mle_toolbox.experiment_file.source_text import text_of

__all__ = ["find_configuration"]

_LAST_RESORT = "configs/base_config"


def find_configuration(script: Path | None) -> Path:
    """Return the configuration of a run that names none.

    In this order: the first configuration of an experiment file for this script, in the current folder, the script's
    folder or the two above it; the only configuration next to the script; ``configs/base_config.json`` or ``.yaml``.
    Two files that differ in their suffix only, ``c.json`` and ``c.yaml``, are one configuration if their content is the
    same.

    Raises
    ------
    UsageError
        When none is found; lists where it was looked for and how to name one.
    """
    found = _from_experiment_file(script) if script is not None else None
    if found is not None:
        return found
    beside = _configurations(script.parent.glob("*")) if script is not None else []
    if len(beside) == 1:
        return _shown(beside[0])
    usual = [Path(f"{_LAST_RESORT}{suffix}") for suffix in CONFIGURATION_SUFFIXES]
    there = _configurations(usual)
    if len(there) > 1:
        raise UsageError(f"No configuration given, and {there[0]} and {there[1]} differ. Name one with -config.")
    # One with a mistake is read as well, so that the mistake is reported.
    for path in there or filter(Path.is_file, usual):
        return path
    raise UsageError(_nothing_found(script, beside))


def _from_experiment_file(script: Path) -> Path | None:
    for folder in _folders(script):
        for path in _experiment_files(folder):
            configuration = _first_configuration(path, script)
            if configuration is not None:
                return _shown(configuration)
    return None


def _folders(script: Path) -> list[Path]:
    near = [Path.cwd(), script.parent, *list(script.parent.parents)[:2]]
    return list(dict.fromkeys(folder.resolve() for folder in near))


def _experiment_files(folder: Path) -> Iterator[Path]:
    if (folder / "exp.yaml").is_file():
        yield folder / "exp.yaml"
        return
    candidates = [path for path in sorted(folder.glob("*.y*ml")) if path.suffix in (".yaml", ".yml")]
    # A substring is enough to tell: other yaml files in the folder may be large, and are not parsed.
    named = [path for path in candidates if path.is_file() and b"base_train_fname" in path.read_bytes()]
    if len(named) == 1:
        yield named[0]


def _first_configuration(experiment_file: Path, script: Path) -> Path | None:
    """Return the first configuration of an experiment file, or None if that is not for this script."""
    content = _read_yaml(experiment_file)
    job = _section(content, "meta_job_args")
    several = _section(content, "multi_experiment_args") or _section(content, "multi_config_args")
    base = job.get("base_train_fname")
    # Paths start beside the experiment file, or where the command is typed.
    places = (experiment_file.parent, Path.cwd())
    if not isinstance(base, str):
        return None
    start = next((each for each in places if (each / base).resolve() == script.resolve()), None)
    if start is None:
        return None
    names = several.get("config_fnames") or job.get("base_train_config")
    first = names[0] if isinstance(names, list) and names else names
    if not isinstance(first, str):
        return None
    return next((each / first for each in (start, *places) if (each / first).is_file()), start / first)


def _read_yaml(path: Path) -> Any:
    import yaml

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (yaml.YAMLError, ValueError, OSError, RecursionError):
        return None  # `mle run` reports what is wrong with it; here the file is just ignored


def _section(content: Any, name: str) -> dict[str, Any]:
    section = content.get(name) if isinstance(content, dict) else None
    return section if isinstance(section, dict) else {}


def _configurations(paths: Iterable[Path]) -> list[Path]:
    """Return the valid configurations among some files, one of those with the same stem and content."""
    found: dict[tuple[str, str], Path] = {}
    for path in sorted(paths):
        digest = _digest(path) if path.suffix.lower() in CONFIGURATION_SUFFIXES and path.is_file() else None
        if digest is not None:
            found.setdefault((path.stem, digest), path)
    return list(found.values())


def _digest(path: Path) -> str | None:
    """Return the digest of a configuration's content, or None if the file is none."""
    try:
        data = path.read_bytes()
        if is_yaml(path.name) and not (b"train_config" in data and b"log_config" in data):
            return None
        content = parse_configuration(text_of(data, str(path)), str(path)).content
    except (ExperimentFileError, OSError):
        return None
    is_configuration = isinstance(content, dict) and "train_config" in content and "log_config" in content
    return content_digest(content) if is_configuration else None


def _shown(path: Path) -> Path:
    """Return a path relative to the current folder if it is in there."""
    try:
        return path.resolve().relative_to(Path.cwd().resolve())
    except ValueError:
        return path


def _nothing_found(script: Path | None, beside: list[Path]) -> str:
    looked = []
    if script is not None:
        folders = ", ".join(str(folder) for folder in _folders(script))
        looked.append(f"an experiment file whose base_train_fname is {script.name} (in {folders})")
        count = f"there are {len(beside)}: {', '.join(path.name for path in beside)}" if beside else "there is none"
        looked.append(f"one .json or .yaml with train_config and log_config next to the script ({count})")
    looked.append(f"{_LAST_RESORT}.json or .yaml (there is none)")
    start = f"python {script.name} -config FILE.json" if script is not None else "MLExperiment('FILE.json')"
    return f"No configuration given. Looked for {'; '.join(looked)}. Name one: {start}"

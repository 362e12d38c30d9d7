"""What Snakemake itself finds wrong with a profile, found by starting one that has nothing to do."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from mle_toolbox.cluster.profile import from_folder
from mle_toolbox.errors import Problem
from mle_toolbox.experiment_file.yaml_file import Document
from mle_toolbox.installed_first import program
from mle_toolbox.surroundings import environment_for

__all__ = ["refusal"]

_REASON = re.compile(r"^(?:\S+: e|E)rror: (?:argument (?P<option>\S+): )?(?P<words>.+)$")
_SECONDS = 60.0


def refusal(file: Path, project: Path, document: Document) -> Iterator[Problem]:
    """Yield the reason for which Snakemake refuses a profile, one at most, with the line of the key where that is told.

    Parameters
    ----------
    file
        The profile.
    project
        The folder in which Snakemake is to be started.
    document
        What the profile says.
    """
    command = [*program("-m", "snakemake"), "--profile", from_folder(file, project), "--workflow-profile", "none"]
    command += ["--snakefile", os.devnull, "--list-rules"]
    try:
        done = subprocess.run(
            command,
            cwd=project,
            env=environment_for(project),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return
    found = _REASON.match((done.stderr.strip().splitlines() or [""])[-1])
    if done.returncode == 0 or found is None:
        return
    key = _key_in(found["option"] or found["words"], document)
    about = f"{key}: " if key is not None else ""
    line = document.line((key,) if key is not None else ())
    yield Problem(document.name, line, f"{about}Snakemake refuses this: {found['words'].rstrip('.')}.")


def _key_in(text: str, document: Document) -> str | None:
    """Return the key that Snakemake means; it takes the beginning of a name for the name."""
    keys = sorted((key for key in document.data if isinstance(key, str)), key=len, reverse=True)
    whole = (key for key in keys if re.search(rf"(?<![\w-]){re.escape(key)}(?![\w-])", text))
    begun = (key for key in keys if f"--{key}" in text)
    return next(whole, None) or next(begun, None)

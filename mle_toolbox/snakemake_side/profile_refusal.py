"""Snakemake's own objection to a profile, found by starting a Snakemake that has nothing to do."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from mle_toolbox.snakemake_side.assumptions import refused
from mle_toolbox.snakemake_side.profile_files import from_folder
from mle_toolbox.snakemake_side.snakemake_command import environment_for, snakemake_with_profile

__all__ = ["refusal"]

_SECONDS = 60.0


def refusal(file: Path, project: Path, keys: Iterable[str]) -> tuple[str | None, str] | None:
    """Return the key that Snakemake rejects, if it names one, and the reason; None when it accepts the profile.

    Parameters
    ----------
    file
        The profile.
    project
        The folder in which Snakemake is started.
    keys
        The keys of the profile.
    """
    # An empty Snakefile: listing its rules parses the profile and the command line, and nothing else.
    command = [*snakemake_with_profile(from_folder(file, project)), "--snakefile", os.devnull, "--list-rules"]
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
        # This check only improves the message: without it Snakemake stops at its real start.
        return None
    found = refused((done.stderr.strip().splitlines() or [""])[-1])
    if done.returncode == 0 or found is None:
        return None
    option, words = found
    return _key_in(option or words, keys), words


def _key_in(text: str, keys: Iterable[str]) -> str | None:
    """Return the key that Snakemake means."""
    # argparse reports the full name of an option, but a profile may use an abbreviation.
    longest_first = sorted(keys, key=len, reverse=True)
    whole = (key for key in longest_first if re.search(rf"(?<![\w-]){re.escape(key)}(?![\w-])", text))
    begun = (key for key in longest_first if f"--{key}" in text)
    return next(whole, None) or next(begun, None)

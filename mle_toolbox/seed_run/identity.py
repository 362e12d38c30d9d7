"""The identity of a seed run, and whether it is the one that is wanted now.

Works from the record of the run, including those of earlier versions. Knows nothing of plans or Snakemake.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mle_toolbox.experiment_file.configuration_identity import identity_of
from mle_toolbox.experiment_file.json_file import content_digest
from mle_toolbox.layout import SeedFolder
from mle_toolbox.log.run_record import RunRecord, RunStatus

__all__ = ["extra_arguments_of", "identity_of_log", "identity_of_run", "is_of", "status_as_of"]


def identity_of_run(folder: SeedFolder, record: RunRecord | None) -> str | None:
    """Return the identity of a seed run, or None if it is not known.

    Records of earlier versions lack it; then it is computed from the configuration that the run used.
    """
    if record is None or record.identity is not None:
        return record.identity if record is not None else None
    arguments = extra_arguments_of(record.command)
    try:
        content = json.loads(folder.config.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    # config.json is written just after the record, so after a kill in between it may be that of another attempt.
    known = isinstance(content, dict) and content_digest(content) == record.config_sha256
    return identity_of(content, arguments) if known and arguments is not None else None


def identity_of_log(attributes: Mapping[str, Any]) -> str | None:
    """Return the identity of a run from the attributes of its log, or None if it is not known."""
    identity, content = attributes.get("identity"), attributes.get("config")
    if isinstance(identity, str):
        return identity
    arguments = extra_arguments_of(attributes.get("command"))
    return identity_of(content, arguments) if isinstance(content, dict) and arguments is not None else None


def is_of(folder: SeedFolder, record: RunRecord | None, identity: str | None) -> bool:
    """Return whether a seed run has an identity, as far as is known."""
    # Imported runs have no identity, so they are never called outdated.
    return identity is None or identity_of_run(folder, record) in (identity, None)


def status_as_of(folder: SeedFolder, record: RunRecord | None, status: RunStatus, identity: str | None) -> RunStatus:
    """Return the status of a seed run for a caller that wants this identity.

    However it ended, a run of another identity is ``outdated``: it is not used, and will be run again. One that is
    still going stays ``running``.
    """
    ended = status in ("done", "stopped", "failed", "died")
    return "outdated" if ended and not is_of(folder, record, identity) else status


def extra_arguments_of(command: object) -> list[str] | None:
    """Return the arguments after our three, which the launcher puts first; None for a run that was started by hand."""
    if not isinstance(command, list | tuple) or "-exp_dir" not in command:
        return None
    return list(command[command.index("-exp_dir") + 2 :])

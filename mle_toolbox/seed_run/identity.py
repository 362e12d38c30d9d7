"""With which identity a seed run was made, and whether that is the one which is wanted now.

Tells it from the record of the run, also from one of an earlier version. Knows nothing of plans and of Snakemake.
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
    """Return the identity with which a seed run was made, or None when that is not known.

    Records of earlier versions do not have it; it is found again from the configuration that the run has used.
    """
    if record is None or record.identity is not None:
        return record.identity if record is not None else None
    arguments = extra_arguments_of(record.command)
    try:
        content = json.loads(folder.config.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    # The file is written a moment after the record, so it may be that of another attempt.
    known = isinstance(content, dict) and content_digest(content) == record.config_sha256
    return identity_of(content, arguments) if known and arguments is not None else None


def identity_of_log(attributes: Mapping[str, Any]) -> str | None:
    """Return the identity with which a log was made, from what is written into it; None when that is not known."""
    identity, content = attributes.get("identity"), attributes.get("config")
    if isinstance(identity, str):
        return identity
    arguments = extra_arguments_of(attributes.get("command"))
    return identity_of(content, arguments) if isinstance(content, dict) and arguments is not None else None


def is_of(folder: SeedFolder, record: RunRecord | None, identity: str | None) -> bool:
    """Tell whether a seed run was made with an identity, as far as is known: an imported run has none."""
    return identity is None or identity_of_run(folder, record) in (identity, None)


def status_as_of(folder: SeedFolder, record: RunRecord | None, status: RunStatus, identity: str | None) -> RunStatus:
    """Return how a seed run stands for whoever wants it with this identity.

    However it ended, a run of another identity is ``outdated``: it counts for nothing and is due. One that still goes
    on is ``running`` all the same.
    """
    ended = status in ("done", "stopped", "failed", "died")
    return "outdated" if ended and not is_of(folder, record, identity) else status


def extra_arguments_of(command: object) -> list[str] | None:
    """Return what stands behind the three arguments of ours, which the launcher gives first; None by hand."""
    if not isinstance(command, list | tuple) or "-exp_dir" not in command:
        return None
    return list(command[command.index("-exp_dir") + 2 :])

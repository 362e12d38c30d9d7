"""With which identity a seed run was made: from its record, also from one of an earlier version."""

from __future__ import annotations

import json

from mle_toolbox.experiment_file.identity import identity_of
from mle_toolbox.experiment_file.json_file import content_digest
from mle_toolbox.layout import SeedFolder
from mle_toolbox.log.run_record import RunRecord

__all__ = ["extra_arguments_of", "identity_of_run"]


def identity_of_run(folder: SeedFolder, record: RunRecord | None) -> str | None:
    """Return the identity with which a seed run was made, or None when that is not known.

    Records of versions before 0.2 do not have it; it is found again from the configuration that the run has used.
    """
    if record is None or record.identity is not None:
        return record.identity if record is not None else None
    arguments = extra_arguments_of(record)
    try:
        content = json.loads(folder.config.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    # The file is written a moment after the record, so it may be that of another attempt.
    known = isinstance(content, dict) and content_digest(content) == record.config_sha256
    return identity_of(content, arguments) if known and arguments is not None else None


def extra_arguments_of(record: RunRecord) -> list[str] | None:
    """Return what stands behind the three arguments of ours, which the launcher gives first; None by hand."""
    command = record.command or []
    return command[command.index("-exp_dir") + 2 :] if "-exp_dir" in command else None

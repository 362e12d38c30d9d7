"""Which runs of an answer are of older code than its newest ones.

The runs of an answer are those whose numbers appear in one table, figure or file. Compares what was recorded with each
run; does not look at the files as they are now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from mle_toolbox.log.run_record import RunRecord
from mle_toolbox.results.seed import SeedResults

__all__ = ["CodePlace", "CodeState", "code_record", "code_states", "recorded"]

# Extra field of a record made from a log's attributes: a digest of all code, without the names of the files.
_DIGEST = "code_digest"

Run = tuple[str, int]


class CodePlace(NamedTuple):
    """The project, in which files are identified by their path, and the path of the script in it."""

    project: str = ""
    script: str = "the script"


@dataclass(frozen=True)
class CodeState:
    """How the code of a configuration's runs compares with the newest code of the answer.

    Attributes
    ----------
    runs
        How many of its runs are in the answer.
    older
        The seeds of those that are of older code.
    files
        The files that differ in these runs; empty where only a digest of all code was recorded.
    known
        Whether anything was recorded.
    """

    runs: int
    older: tuple[int, ...] = ()
    files: tuple[str, ...] = ()
    known: bool = True

    @property
    def word(self) -> str | None:
        """``current``, ``older`` (all of them), ``mixed``, or None where nothing was recorded."""
        if not self.known:
            return None
        return "current" if not self.older else "older" if len(self.older) == self.runs else "mixed"


def code_states(
    records: Mapping[str, Mapping[int, RunRecord]], places: Mapping[str, CodePlace] | None = None
) -> dict[str, CodeState]:
    """Decide, for each configuration, which of its runs are of older code.

    Parameters
    ----------
    records
        The records of the runs of an answer, by configuration and seed.
    places
        Project and script of each configuration; by default all belong to one project.

    Returns
    -------
    dict
        By configuration.

    Notes
    -----
    The newest content of a file is that in the newest run that imported it. A run is of older code when one of its
    files has a different content; files that only other configurations import make no difference. A file that only one
    of two runs of a configuration imported counts as a difference in two cases: the other run imported a module of the
    same name from another place, or all runs of one stored snapshot imported it and no run of the other. A script that
    imports a module for some seeds only has not changed.
    """
    of_run = {(name, seed): record for name, runs in records.items() for seed, record in runs.items()}
    # The newest run decides, also when an edit was taken back: the run with the edit is then of older code.
    newest_first = sorted(of_run, key=lambda run: (_moment(of_run[run].start), _moment(of_run[run].end)), reverse=True)
    where = {name: (places or {}).get(name, CodePlace()) for name in records}
    files = {run: _files(record, where[run[0]].script) for run, record in of_run.items()}
    newest: dict[tuple[str, str], str] = {}
    of_name: dict[str, list[Run]] = {name: [] for name in records}
    for run in newest_first:
        of_name[run[0]].append(run)
        for file, digest in files[run].items():
            # By project: the same path in two projects is two files.
            newest.setdefault((where[run[0]].project, file), digest)
    states = {}
    for name, runs in records.items():
        own, project = of_name[name], where[name].project
        in_one = _in_one_only(own, of_run, files)
        apart = {
            run[1]: {file for file, digest in files[run].items() if newest[project, file] != digest}
            | in_one.get(run[1], set())
            for run in own
        }
        older = {seed for seed, names in apart.items() if names} | _by_digest_alone(own, of_run)
        known = any(files[run] or _DIGEST in of_run[run].extra for run in own)
        states[name] = CodeState(len(runs), tuple(sorted(older)), tuple(sorted(set().union(*apart.values()))), known)
    return states


def code_record(state: CodeState | None) -> dict[str, Any]:
    """Return it as plain data, for JSON."""
    if state is None:
        return {"code": None, "seeds_of_older_code": [], "files_that_differ": []}
    return {"code": state.word, "seeds_of_older_code": list(state.older), "files_that_differ": list(state.files)}


def recorded(run: SeedResults) -> RunRecord:
    """Return the record of a run: its ``run.json``, else what its log says, as in a merged log without folders."""
    if run.run is not None:
        return run.run
    said = {name: run.attributes.get(name) for name in ("start", "script_sha256", "snapshot")}
    code = run.attributes.get("code")
    known: dict[str, Any] = {name: value for name, value in said.items() if isinstance(value, str)}
    if isinstance(code, Mapping):
        known["code"] = {str(file): str(digest) for file, digest in code.items()}
    digest = code if isinstance(code, str) else run.attributes.get(_DIGEST)
    return RunRecord(**known, extra={_DIGEST: digest} if isinstance(digest, str) else {})


def _files(record: RunRecord, script: str) -> Mapping[str, str]:
    """Return the digest of each file; records of earlier versions know the script only."""
    if record.code or record.script_sha256 is None:
        return record.code
    return {script: record.script_sha256}


def _in_one_only(
    own: Sequence[Run], records: Mapping[Run, RunRecord], files: Mapping[Run, Mapping[str, str]]
) -> dict[int, set[str]]:
    """Return, by seed, the files that only this run or only the newest of its configuration has and that decide."""
    with_code = [run for run in own if records[run].code]
    if len({frozenset(files[run]) for run in with_code}) < 2:
        return {}
    by_store: dict[str | None, list[set[str]]] = {}
    for run in with_code:
        by_store.setdefault(records[run].snapshot, []).append(set(files[run]))
    # A file that only some runs of the same snapshot have is imported for some seeds only.
    always = {store: set.intersection(*sets) for store, sets in by_store.items()}
    ever = {store: set.union(*sets) for store, sets in by_store.items()}
    newest = with_code[0]
    there, then = files[newest], records[newest].snapshot
    found = {}
    for run in with_code[1:]:
        here, store = files[run], records[run].snapshot
        found[run[1]] = _moved(here, there) | _moved(there, here)
        if store is not None and then is not None and store != then:
            found[run[1]] |= (always[store] - ever[then]) | (always[then] - ever[store])
    return found


def _moved(one: Mapping[str, str], other: Mapping[str, str]) -> set[str]:
    """Return the files that one of two runs has where the other has a module of the same name from another place."""
    alone, instead = one.keys() - other.keys(), other.keys() - one.keys()
    return {file for file in alone if any(_module(file) == _module(o) and one[file] != other[o] for o in instead)}


def _module(file: str) -> str:
    """Return the module name of a file, as far as its path tells."""
    path = PurePosixPath(file)
    return path.parent.name if path.stem == "__init__" else path.stem


def _by_digest_alone(own: Iterable[Run], records: Mapping[Run, RunRecord]) -> set[int]:
    """Return the seeds whose digest of all code differs from the newest; by seeds of one configuration only."""
    # Configurations import different files, so a digest of all of them says nothing across configurations.
    known = [run for run in own if _DIGEST in records[run].extra]
    if not known:
        return set()
    newest = records[known[0]]
    # Runs of the same snapshot may have imported different files of it.
    elsewhere = [run for run in known if newest.snapshot is None or records[run].snapshot != newest.snapshot]
    return {run[1] for run in elsewhere if records[run].extra[_DIGEST] != newest.extra[_DIGEST]}


def _moment(text: str | None) -> float:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        # Not recorded or damaged: such a run never decides what the newest code is.
        return float("-inf")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

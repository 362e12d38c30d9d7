"""The runs, as parts of the page: state, failures, cost, every run, versions, files, and how to reproduce them."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from mle_toolbox.errors import ResultsError
from mle_toolbox.excerpts import last_lines
from mle_toolbox.experiment_file.shell_text import is_shell_script
from mle_toolbox.experiment_record import experiment_in_words, project_in
from mle_toolbox.layout import SEED_PREFIX, ExperimentFolder, SeedFolder
from mle_toolbox.render.statuses import SIGNS, legend_of
from mle_toolbox.report.facts import Cost, SeedRun, versions
from mle_toolbox.seed_ranges import seeds_in_words
from mle_toolbox.seed_run.own_code import code_digest, git_in_words
from mle_toolbox.seed_run.stored_run import StoredRun
from mle_toolbox.text import NOTHING, amount, count, duration, isolated, moment

__all__ = ["cost_lines", "failures", "files", "full_texts", "grid", "run_rows", "state", "steps", "version_lines"]

Lines = list[dict[str, str]]

_NOT_DONE = ("running", "stopped", "failed", "died", "outdated", "older code")
# The page stays small and readable when thousands of seed runs fail.
_FAILURES_IN_FULL = 20
_LAST_LINES = 15
_RUNS_IN_TABLE = 400
_LARGEST_HASHED = 1 << 28
# Packages whose name on PyPI differs from the name of the module.
_INSTALLED_AS = {
    "sklearn": "scikit-learn",
    "pytorch_lightning": "pytorch-lightning",
}


def state(runs: Sequence[SeedRun]) -> dict[str, str]:
    """Return the progress of the experiment, as a kind (good, warn, bad) and a text."""
    counts = Counter(run.status for run in runs)
    done, bad = counts["done"], counts["failed"] + counts["died"]
    text = (
        f"{done:,} of {count(len(runs), 'seed run')} done"
        if done < len(runs)
        else f"all {count(done, 'seed run')} done"
    )
    parts = [text, *(f"{counts[name]} {name}" for name in _NOT_DONE if counts[name])]
    kind = "bad" if bad else "good" if done == len(runs) and done else "warn"
    return {"kind": kind, "text": ", ".join(parts)}


def failures(runs: Sequence[SeedRun], err_file: str | None) -> tuple[list[dict[str, Any]], str]:
    """Return the runs that ended badly, the first ones in full, and a sentence on the others."""
    bad = [run for run in runs if run.ended_badly]
    shown = [_failure(run, err_file) for run in bad[:_FAILURES_IN_FULL]]
    rest = Counter(f"{isolated(run.configuration)}: {isolated(run.reason)}" for run in bad[_FAILURES_IN_FULL:])
    more = "; ".join(f"{words} ({count(number, 'seed')})" for words, number in rest.most_common(20))
    return shown, f"Also failed: {more}." if more else ""


def grid(runs: Sequence[SeedRun]) -> dict[str, Any]:
    """Return a sign for each seed run, a row for each configuration."""
    rows = []
    # Runs of one status in a row share an element, or the page of 10,000 seed runs has as many.
    for name, group in groupby(runs, key=lambda run: run.configuration):
        own = list(group)
        parts = []
        for status, same in groupby(own, key=lambda run: run.kind):
            seeds = [run.seed for run in same]
            parts.append(
                {
                    "status": status,
                    "signs": SIGNS[status].sign * len(seeds),
                    "title": f"{SIGNS[status].words}: {seeds_in_words(seeds)}",
                }
            )
        done = sum(run.status == "done" for run in own)
        rows.append({"name": name, "done": f"{done}/{len(own)}", "parts": parts})
    legend = "   ".join(f"{each.sign} {each.words}" for each in legend_of(run.kind for run in runs))
    return {"rows": rows, "legend": legend, "caption": "One sign per seed run, in the order of the seeds."}


def cost_lines(spent: Cost) -> Lines:
    """Return the cost of the runs."""
    if not spent.counted:
        return [_line("Time", "Start and end were not recorded.")]
    of_all = "" if spent.counted == spent.runs else f" ({spent.counted} of {spent.runs} runs have a start and an end)"
    given = f"duration x {count(spent.cores, 'core')} given to each run"
    lines = [
        _line("From first to last", duration(spent.wall_seconds)),
        _line("A seed run", f"{duration(spent.median_seconds)} (median), {duration(spent.longest_seconds)} (longest)"),
        _line("Core-hours", f"{amount(spent.core_hours)}: {given}{of_all}"),
    ]
    if spent.cpu_counted:
        lines.append(
            _line("Computed", f"{amount(spent.cpu_hours)} hours of processor time in {spent.cpu_counted} runs")
        )
    if spent.peak_mb is not None:
        lines.append(_line("Memory", f"{spent.peak_mb:,.0f} MB at most in one run"))
    return lines


def run_rows(runs: Sequence[SeedRun]) -> tuple[list[dict[str, Any]], str]:
    """Return a row for each run, or the reason why there are none."""
    if len(runs) > _RUNS_IN_TABLE:
        return (
            [],
            f"A table of {len(runs):,} seed runs would be too long; run.json in each seed's folder has all of it.",
        )
    return [_run_row(run) for run in runs], ""


def version_lines(runs: Sequence[SeedRun]) -> Lines:
    """Return code, machines, Python and packages with the number of runs where they differ."""
    lines = []
    for name, found in versions(runs).items():
        for version, number in found:
            remark = "" if len(found) == 1 else f"{count(number, 'run')}"
            lines.append({"name": name, "value": version, "remark": remark})
    return lines


def steps(record: Mapping[str, Any], folder: ExperimentFolder | None, runs: Sequence[SeedRun]) -> Lines:
    """Return the commands that reproduce the numbers."""
    found = versions(runs)
    lines = [*_code_step(record, runs), *_install_step(found)]
    words = experiment_in_words(record)
    if not words:
        return (
            [*lines, _step("These results were not made with an experiment file.")]
            if lines
            else [_step("How these results were made was not recorded.")]
        )
    lines.append(_step("All seed runs; finished ones are not repeated.", f"mle run {shlex.join(words)}"))
    if record.get("configurations"):
        lines.append(_step("A single seed run, in a folder of its own.", _one_run(record)))
    lines.append(_step("This report.", f"mle report {shlex.quote(_named(record))}"))
    return lines


def files(record: Mapping[str, Any], folder: ExperimentFolder | None, runs: Sequence[SeedRun]) -> Lines:
    """Return the hashes of the files that the results were made from, and of the results."""
    found: Lines = []
    if folder is not None and record.get("experiment_file"):
        path = folder.path / str(record["experiment_file"])
        found += _file(path.name, _sha256(path))
        script = folder.path / (project_in(record) or ".") / str(record.get("script", ""))
        found += _script(str(record.get("script", "script")), _sha256(script), runs)
    for each in record.get("configurations", ()):
        remark = "of its content, without comments and blanks"
        found += _file(str(each.get("path", each["name"])), str(each.get("digest", "")), remark)
    if folder is not None:
        found += _file(folder.results.name, _sha256(folder.results))
    return found


def full_texts(contents: Mapping[str, Mapping[str, Any]]) -> Lines:
    """Return every configuration as json."""
    return [
        {"name": name, "text": json.dumps(content, indent=2, ensure_ascii=False, default=str)}
        for name, content in contents.items()
    ]


def _failure(run: SeedRun, err_file: str | None) -> dict[str, Any]:
    record = run.record
    host = f"on {isolated(record.host)}" if record and record.host else ""
    attempt = f"attempt {record.attempt}" if record and record.attempt > 1 else ""
    ticks = f"after {count(run.ticks, 'tick')}" if run.ticks else "before its first tick"
    path = run.folder / err_file if run.folder is not None and err_file else None
    return {
        "configuration": run.configuration,
        "seed": run.seed,
        "reason": run.reason,
        "details": ", ".join(filter(None, [run.ending, ticks, host, attempt])),
        "file": f"{SEED_PREFIX}{run.seed}/{err_file}",
        "lines": "\n".join(last_lines(path, _LAST_LINES)) if path and path.is_file() else "",
    }


def _run_row(run: SeedRun) -> dict[str, Any]:
    return {
        "configuration": run.configuration,
        "seed": run.seed,
        "status": "done, by older code" if run.older_code else run.status,
        "kind": run.kind,
        "started": moment(run.started) if run.started else NOTHING,
        "took": duration(run.seconds) if run.seconds is not None else NOTHING,
        "ticks": f"{run.ticks:,}",
        "host": (run.record.host if run.record else None) or NOTHING,
        "attempt": run.record.attempt if run.record else NOTHING,
    }


def _code_step(record: Mapping[str, Any], runs: Sequence[SeedRun]) -> Iterator[dict[str, str]]:
    """Yield how to get the code of most seed runs: as it was stored, else from git if it was committed."""
    # Finished runs made the numbers; without any, those that failed are what there is to reproduce.
    done = [run for run in runs if run.record and run.status == "done"] or [run for run in runs if run.record]
    states = Counter(code_digest(run.record.code) for run in done if run.record)
    which = "The code of most seed runs" if len(states) > 1 else "The code"
    ours = [run for run in done if run.record and code_digest(run.record.code) == states.most_common(1)[0][0]]
    # Only commits that hold all of the code: else git_in_words adds words to the hash.
    commits = [words for run in ours if run.record and (words := git_in_words(run.record)) == run.record.git_commit]
    # Their code is the same, so the first one whose stored code is complete will do.
    for run in ours:
        stored = _stored(run)
        if stored is not None:
            same = f" It is that of the commit {commits[0]}." if commits else ""
            text = f"{which}, as it was stored, in a new folder; without data and files that git ignores.{same}"
            yield _step(text, _extraction(record, run, stored.snapshot().project))
            return
    if commits:
        yield _step(f"{which}.", f"git checkout {commits[0]}")
    elif ours and ours[0].record is not None and ours[0].record.git_commit:
        said = git_in_words(ours[0].record)
        yield _step(f"{which} was not stored and is not in git: {said}. Compare the hashes below.")


def _stored(run: SeedRun) -> StoredRun | None:
    """Return the stored run, None where its code was not stored or is damaged."""
    if run.folder is None:
        return None
    try:
        stored = StoredRun(SeedFolder(run.folder))
        stored.snapshot()
    except ResultsError:
        return None
    return stored


def _extraction(record: Mapping[str, Any], run: SeedRun, project: str) -> str:
    name = _named(record)
    seed_run = f"{'' if name == 'exp.yaml' else f'{name}:'}{run.configuration}/{run.seed}"
    place = "again" if project == "." else f"again/{project}"
    return f"mle code {shlex.quote(seed_run)} --extract again && cd {shlex.quote(place)}"


def _install_step(found: Mapping[str, list[tuple[str, int]]]) -> Iterator[dict[str, str]]:
    # seen[0]: the version of most runs; the page lists all versions elsewhere.
    packages = {name: seen[0][0] for name, seen in found.items() if name not in ("code", "machine", "Python")}
    ours = packages.pop("mle_toolbox", None)
    if not packages and ours is None:
        return
    python = found.get("Python", [("not recorded", 0)])[0][0]
    pins = " ".join(f"{_INSTALLED_AS.get(name, name)}=={version}" for name, version in packages.items())
    text = f"Python {python} with what the script had imported."
    if ours is not None:
        # mle-toolbox on PyPI is the original, another package.
        text += f" mle-toolbox {ours} itself is installed from a clone or a wheel of that version, not from PyPI."
    yield _step(text, f"python -m pip install {pins}" if pins else "")


def _one_run(record: Mapping[str, Any]) -> str:
    configuration = record["configurations"][0]
    seed = next(iter(record.get("seeds", ())), 0)
    extra = [str(each) for each in record.get("extra_arguments", ())]
    # In a folder of its own, so that trying it out does not touch the results.
    given = ["-config", str(configuration.get("path", "")), "-seed", str(seed), "-exp_dir", "by_hand", *extra]
    script = str(record.get("script", ""))
    return shlex.join(["bash" if is_shell_script(Path(script)) else "python", script, *given])


def _named(record: Mapping[str, Any]) -> str:
    """Return the experiment as commands that only read take it: the experiment file, or the results folder."""
    words = experiment_in_words(record)
    return str(record.get("experiment_dir", "")) if len(words) > 1 else "".join(words)


def _script(name: str, now: str, runs: Sequence[SeedRun]) -> Lines:
    # The script on disk may have been edited since: its hash at the start is in each run's record.
    # What a script in shell has started has a hash of its own.
    is_shell = is_shell_script(Path(name))
    digests = (
        run.record.code.get(name) or (None if is_shell else run.record.script_sha256)
        for run in runs
        if run.record is not None
    )
    used = Counter(filter(None, digests))
    if not used:
        return _file(name, now)
    lines: Lines = []
    for digest, number in used.most_common():
        remark = f"used by {count(number, 'run')}" if len(used) > 1 else ""
        # With several hashes "used by N runs" says it already.
        changed = "the file has changed since" if now and digest != now and len(used) == 1 else ""
        lines += _file(name, digest, ", ".join(filter(None, [remark, changed])))
    return lines


def _file(name: str, digest: str, remark: str = "") -> Lines:
    return [{"name": name, "digest": digest, "remark": remark}] if digest else []


def _sha256(path: Path) -> str:
    try:
        # Hashing gigabytes would delay every report.
        if path.stat().st_size > _LARGEST_HASHED:
            return ""
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _line(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


def _step(text: str, command: str = "") -> dict[str, str]:
    return {"text": text, "command": command}

"""The data of the page: what the template shows, and what its JavaScript reads."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mle_toolbox
from mle_toolbox.colours import COLOURS, COLOURS_ON_DARK
from mle_toolbox.drive.processing import ProcessingStatus, processing_statuses
from mle_toolbox.excerpts import readable
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.render.task_table import TaskTable
from mle_toolbox.report import answers, history, tables
from mle_toolbox.report.facts import SeedRun, all_runs, cost, moment_in
from mle_toolbox.report.how import how_made
from mle_toolbox.report.numbers import AT, STATISTICS, Numbers
from mle_toolbox.report.packing import Store
from mle_toolbox.report.page_curves import curve_data
from mle_toolbox.report.search_section import SearchView
from mle_toolbox.report.task_section import task_choice, task_data, task_section
from mle_toolbox.results import ExperimentResults
from mle_toolbox.results.analysis import Configurations
from mle_toolbox.results.cautions import code_cautions, length_cautions, outdated_cautions
from mle_toolbox.results.code_states import CodeState
from mle_toolbox.seed_ranges import format_seeds, seeds_in_words
from mle_toolbox.seed_run.own_code import git_in_words, not_frozen_in_words
from mle_toolbox.text import NOTHING, amount, count, duration, isolated, moment

__all__ = ["page_content", "page_data"]

_CHOSEN_AT_FIRST = 8
_ALL_SETTINGS_UP_TO = 200


def page_content(
    results: Configurations,
    numbers: Numbers,
    title: str | None = None,
    search: SearchView | None = None,
    tables_of_tasks: Mapping[str, TaskTable] | None = None,
) -> dict[str, Any]:
    """Return what the template shows; of a search ``numbers`` are those of its first trials.

    ``tables_of_tasks`` by metric, where there are several tasks.
    """
    record, folder = _source(results)
    code = results.code()
    runs = [
        replace(
            run, older_code=run.status == "done" and not run.is_of_final and run.seed in code[run.configuration].older
        )
        for run in all_runs(results, search.fresh if search is not None else None)
    ]
    # Imported experiments have no configuration files.
    contents = {name: content for name, content in results.contents.items() if content}
    if search is not None:
        contents = {name: contents[name] for name in search.shown if name in contents}
        # Of hundreds of files nobody compares hashes; what is in them is in search.csv.
        record = {**record, "configurations": []}
    failures, more_failures = history.failures(runs, record.get("job", {}).get("err_file"))
    rows, too_many = history.run_rows(runs)
    state = history.state(runs)
    differences = tables.difference_table(contents)
    has_numbers = bool(numbers.metrics)
    choice = task_choice(numbers, _CHOSEN_AT_FIRST)

    def shown(name: str) -> str:
        return isolated(numbers.shown(name))

    processing = processing_statuses(folder, record) if folder is not None else []
    return {
        "version": mle_toolbox.__version__,
        "made": moment(datetime.now(UTC)),
        "title": title or str(record.get("project_name") or results.title),
        "subtitle": _subtitle(record, folder),
        "purpose": record["purpose"] if isinstance(record.get("purpose"), str) else "",
        "state": state,
        "facts": [*_facts(runs, record), *_processing_facts(record, processing)],
        "notices": [*_notices(runs, state), *_processing_notices(processing)],
        "cautions": list(_cautions(results, code, shown)),
        "has_numbers": has_numbers,
        "waiting": any(run.status in ("waiting", "running") for run in runs),
        # Tests among the first trials of a search would be tests of what was chosen by the same numbers.
        "answers": answers.answers(numbers) if search is None else [],
        "search": search.page if search is not None else None,
        "tasks": task_section(tables_of_tasks or {}),
        "task_names": list(numbers.tasks.tasks) if numbers.tasks is not None else [],
        "first_trials": _first_trials(results, search),
        "final": tables.final_table(numbers, contents) if has_numbers else None,
        "comparisons": answers.comparison_tables(numbers) if search is None else [],
        "no_comparison": _no_comparison(search),
        "chosen": _chosen(numbers, search, choice),
        "choice": choice,
        "first_seeds": format_seeds(sorted({run.seed for run in runs})[:3]),
        "failures": failures,
        "more_failures": more_failures,
        "remarks": list(_remarks(results, numbers, runs)),
        "differences": differences,
        "no_differences": "Nothing differs between them." if contents else "Their settings were not recorded.",
        **_full(contents),
        "grid": history.grid(runs),
        "cost": history.cost_lines(cost(runs, _cores(record))),
        "runs": rows,
        "too_many_runs": too_many,
        "how": how_made(numbers, code_cautions(code, shown)),
        "steps": history.steps(record, folder, runs),
        "versions": history.version_lines(runs),
        "files": history.files(record, folder, runs),
    }


def page_data(
    results: Configurations,
    numbers: Numbers,
    page: Mapping[str, Any],
    search: SearchView | None = None,
    tables_of_tasks: Mapping[str, TaskTable] | None = None,
) -> dict[str, Any]:
    """Return the data for the JavaScript of the page."""
    code, store = results.code(), Store()
    of_runs = results.figure_cautions(over_tasks=True)
    data = {
        # For names of saved charts; a title may hold characters that a file name cannot.
        "slug": re.sub(r"[^A-Za-z0-9]+", "_", page["title"]).strip("_")[:40] or "report",
        "colours": {"light": list(COLOURS), "dark": list(COLOURS_ON_DARK)},
        "configurations": list(numbers.configurations),
        "chosen": page["chosen"],
        "metrics": [
            {"name": each.name, "label": each.label, "lower": each.lower_is_better} for each in numbers.metrics
        ],
        "times": list(numbers.times),
        "statistics": [{"key": key, "label": label} for key, label in STATISTICS.items()],
        "ats": [{"key": key, "label": label} for key, label in AT.items()],
        "curves": curve_data(results, numbers, store),
        "finals": tables.final_data(numbers, store),
        **tables.final_words(numbers),
        # Of one task alone it need not be said that tasks differ.
        "about": " ".join(of_runs),
        "aboutTasks": " ".join(each for each in results.figure_cautions() if each not in of_runs),
        "code": [{"word": code[name].word, "older": list(code[name].older)} for name in numbers.configurations],
        "comparisons": answers.comparison_data(numbers, store) if search is None else {},
        "search": search.data if search is not None else None,
        "tasks": page["choice"],
        "over": task_data(tables_of_tasks or {}, store),
    }
    return {**data, **store.content}


def _full(contents: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return all settings of every configuration; of hundreds those of the first one, from which the others differ."""
    some = len(contents) <= _ALL_SETTINGS_UP_TO
    shown = contents if some else dict(list(contents.items())[:1])
    more = "" if some else f"Those of the {len(contents) - 1:,} others are the same but for this table."
    return {"full": history.full_texts(shown), "more_full": more}


def _first_trials(results: Configurations, search: SearchView | None) -> str:
    if search is None or len(search.shown) == len(results):
        return ""
    return f"The first {len(search.shown)} of {len(results):,} trials in the order of the search."


def _no_comparison(search: SearchView | None) -> str:
    if search is None:
        return "There is nothing to compare: one configuration has results."
    return (
        "Trials of a search are not compared in pairs: the first ones were chosen by the numbers that would be tested. "
        "comparisons.csv has the comparisons with the best one, corrected for all pairs of trials."
    )


def _source(results: Configurations) -> tuple[Mapping[str, Any], ExperimentFolder | None]:
    """Return the record of the experiment and its folder; several experiments have neither."""
    if not isinstance(results, ExperimentResults):
        return {}, None
    return results.record, ExperimentFolder(results.path) if results.path.is_dir() else None


def _subtitle(record: Mapping[str, Any], folder: ExperimentFolder | None) -> str:
    parts = []
    if record.get("experiment_file"):
        parts.append(Path(str(record["experiment_file"])).name)
    if record.get("script"):
        parts.append(str(record["script"]))
    if folder is not None:
        parts.append(f"results in {record.get('experiment_dir') or folder.path.name}")
    started = moment_in(record.get("started"))
    if started is not None:
        parts.append(f"last started {moment(started)}")
    return "  ·  ".join(parts)


def _facts(runs: Sequence[SeedRun], record: Mapping[str, Any]) -> list[dict[str, str]]:
    done = sum(run.status == "done" for run in runs)
    planned = [run for run in runs if not run.is_of_final]
    seeds = sorted({run.seed for run in planned})
    of = f"{count(len({run.configuration for run in planned}), 'configuration')} x {count(len(seeds), 'seed')}"
    if fresh := len(runs) - len(planned):
        of += f", and {fresh:,} of the final"
    spent = cost(runs, _cores(record))
    facts = [
        _fact("Seed runs done", f"{done:,} / {len(runs):,}", of),
        _fact("Seeds", _short_seeds(sorted({run.seed for run in runs}))),
    ]
    if spent.counted:
        one = f"a seed run {duration(spent.median_seconds)}"
        facts.append(_fact("From first to last", duration(spent.wall_seconds), one))
        facts.append(_fact("Core-hours", amount(spent.core_hours), f"{count(spent.cores, 'core')} a seed run"))
    hosts = sorted({run.record.host for run in runs if run.record and run.record.host})
    if hosts:
        facts.append(_fact("Machine", hosts[0]) if len(hosts) == 1 else _fact("Machines", f"{len(hosts)}"))
    facts += _code_fact(runs)
    return facts


def _code_fact(runs: Sequence[SeedRun]) -> Iterator[dict[str, str]]:
    seen = {git_in_words(run.record) for run in runs if run.record and run.record.git_commit}
    if len(seen) == 1:
        commit, _, remark = seen.pop().partition(" ")
        # git_in_words returns a sentence instead of a hash where the script is in no commit.
        if not commit.isalnum() or len(commit) < 40:
            yield _fact("Code", "not in git", "the script is not in any commit")
        else:
            yield _fact("Code", commit[:10], remark or "git, nothing uncommitted")
    elif seen:
        yield _fact("Code", f"{len(seen)} states", "seed runs differ in their code")


def _processing_facts(record: Mapping[str, Any], processing: Sequence[ProcessingStatus]) -> Iterator[dict[str, str]]:
    for each in processing:
        # The report is often written by the same run, before what comes after it.
        words = "not started when this page was written" if each.status == "waiting" else each.status
        yield _fact(each.name.capitalize(), str(record[each.stage].get("script", "")), words)


def _processing_notices(processing: Sequence[ProcessingStatus]) -> Iterator[str]:
    for each in processing:
        if each.status in ("failed", "died"):
            reason = each.record.reason if each.record is not None else None
            yield f"The {each.name} {each.status}{f': {readable(reason)}' if reason else ''}."


def _notices(runs: Sequence[SeedRun], state: Mapping[str, str]) -> Iterator[str]:
    undone = [run for run in runs if run.status != "done"]
    if undone:
        going = any(run.status == "running" for run in runs)
        words = "Some runs are still going" if going else "Not all runs are done"
        yield f"{words}: {state['text']}. All numbers below are of finished seed runs."
    records = [run.record for run in runs if run.status == "done" and run.record]
    not_frozen = sorted({name for record in records for name in record.not_frozen})
    if not_frozen:
        number = sum(bool(record.not_frozen) for record in records)
        yield f"{count(number, 'seed run')} imported {isolated(not_frozen_in_words(not_frozen))}"


def _cautions(results: Configurations, code: Mapping[str, CodeState], shown: Callable[[str], str]) -> Iterator[str]:
    """Yield the cautions about the runs, which come before the numbers."""
    if results.tasks is not None and results.tasks.guessed:
        yield results.tasks.sentence
    yield from outdated_cautions(results, shown)
    yield from code_cautions(code, shown)
    yield from length_cautions(results, results.contents, shown)


def _remarks(results: Configurations, numbers: Numbers, runs: Sequence[SeedRun]) -> Iterator[str]:
    """Yield a sentence on each seed that is missing, diverged or damaged."""
    for name in numbers.configurations:
        waiting = [run.seed for run in runs if run.configuration == name and run.status == "waiting"]
        if waiting:
            yield f"{isolated(numbers.shown(name))}: {seeds_in_words(waiting)} not started."
        stopped = [run.seed for run in runs if run.configuration == name and run.status == "stopped"]
        if stopped:
            yield f"{isolated(numbers.shown(name))}: {seeds_in_words(stopped)} stopped on request before the end."
        for metric in numbers.metrics:
            sample = numbers.answer(metric).samples[name]
            seeds = zip(sample.seeds, sample.values, strict=True)
            if diverged := [seed for seed, value in seeds if not math.isfinite(value)]:
                words = f"ended with a {isolated(metric.label)} that is not finite (diverged)"
                yield f"{isolated(numbers.shown(name))}: {seeds_in_words(diverged)} {words}."
        yield from (f"{isolated(numbers.shown(name))}: {remark}" for remark in results[name].remarks)


def _chosen(numbers: Numbers, search: SearchView | None, choice: Mapping[str, Any] | None) -> list[int]:
    """Return the configurations that the curves show initially: all, or the best if there are many.

    Of several tasks those of the first one, because there is no best over unlike tasks.
    """
    everyone = list(range(len(numbers.configurations)))
    if search is not None:
        # They are in the order of the ranking.
        return everyone[:_CHOSEN_AT_FIRST]
    if choice is not None:
        return list(choice["first"][0])
    if len(everyone) <= _CHOSEN_AT_FIRST or not numbers.metrics:
        return everyone
    places = {name: index for index, name in enumerate(numbers.configurations)}
    best = [places[name] for name in numbers.answer(numbers.metrics[0]).ranking]
    rest = [index for index in everyone if index not in set(best)]
    return [*best, *rest][:_CHOSEN_AT_FIRST]


def _cores(record: Mapping[str, Any]) -> int:
    return int(record.get("job", {}).get("cores") or 1)


def _short_seeds(seeds: Sequence[int]) -> str:
    text = format_seeds(seeds).replace("-", NOTHING).replace(",", ", ")
    # Many ranges do not fit into the box; the count does.
    return text if len(text) <= 24 else f"{len(seeds)}"


def _fact(name: str, value: str, remark: str = "") -> dict[str, str]:
    return {"name": name, "value": value, "remark": remark}

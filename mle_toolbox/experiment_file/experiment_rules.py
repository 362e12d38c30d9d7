"""Rules of an experiment file that concern several keys at once.

JSON Schema could express most of them, but not report a violation in words a user understands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os.path import normpath
from typing import Any

from mle_toolbox.errors import nearest
from mle_toolbox.experiment_file.job_section import megabytes, minutes
from mle_toolbox.experiment_file.json_locate import JsonPath
from mle_toolbox.experiment_file.log_keys import is_unused
from mle_toolbox.experiment_file.reserved_names import collision_key, trouble_with_file_name
from mle_toolbox.experiment_file.schema import load_schema
from mle_toolbox.looks.look_schedule import read_schedule
from mle_toolbox.wording import expected, location

__all__ = ["SEARCH", "broken_rules"]

_Settings = Mapping[str, Mapping[str, Any]]
_Mistakes = Iterator[tuple[JsonPath, str]]

_META, _MULTI, _JOB = "meta_job_args", "multi_experiment_args", "single_job_args"
_SEARCH_ARGS = "param_search_args"
SEARCH = "hyperparameter-search"
"""The job_type of a search."""
# An environment of this name is looked for, and reported if it does not exist.
_ANY_TEXT = ("job_name", "log_file", "err_file", "env_name", "extra_cmd_line_input")


def broken_rules(data: Any, settings: _Settings) -> _Mistakes:
    """Yield path and message for every broken rule.

    Parameters
    ----------
    data
        The contents of the file.
    settings
        The sections under their primary names, with defaults, without invalid values.
    """
    if not isinstance(data, Mapping):
        return
    yield from _two_names_of_one_key(data)
    yield from _job_type_is_missing(data)
    yield from _configurations_and_job_type(data, settings)
    yield from _search_and_job_type(data, settings)
    yield from _seeds(data, settings)
    yield from _job(settings[_JOB], (_JOB,))
    for section in ("pre_processing_args", "post_processing_args"):
        yield from _processing_job(data, settings, section)


def _section(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = data.get(name)
    return section if isinstance(section, Mapping) else {}


def _multi_name(data: Mapping[str, Any]) -> str:
    return "multi_config_args" if data.get("multi_config_args") is not None and data.get(_MULTI) is None else _MULTI


def _two_names_of_one_key(data: Mapping[str, Any]) -> _Mistakes:
    pairs = (
        ((_META,), "job_type", "experiment_type"),
        ((_JOB,), "queue", "partition"),
        ((), _MULTI, "multi_config_args"),
        ((), "post_processing_args", "post_process_args"),
        (("pre_processing_args", "processing_job_args"), "queue", "partition"),
        (("post_processing_args", "processing_job_args"), "queue", "partition"),
        (("post_process_args", "process_job_args"), "queue", "partition"),
    )
    for around, first, later in pairs:
        section = data
        for name in around:
            section = _section(section, name)
        if not is_unused(section.get(first)) and not is_unused(section.get(later)):
            where = f" in {'.'.join(around)}" if around else ""
            yield (
                (*around, later),
                f"{first!r} and {later!r}{where} are two names for the same setting. Remove one of them.",
            )


def _job_type_is_missing(data: Mapping[str, Any]) -> _Mistakes:
    meta = _section(data, _META)
    known = load_schema("experiment")["properties"][_META]["properties"]
    # An unknown key that looks like job_type is reported by the schema check, with this suggestion.
    misspelt = nearest("job_type", [key for key in meta if key not in known])
    if _META in data and not misspelt and "job_type" not in meta and "experiment_type" not in meta:
        yield (
            (_META, "job_type"),
            f"{location((_META, 'job_type'))} is missing. Expected {expected(known['job_type'])}.",
        )


def _configurations_and_job_type(data: Mapping[str, Any], settings: _Settings) -> _Mistakes:
    job_type = settings[_META].get("job_type")
    if job_type is None or job_type == SEARCH:
        return
    multi = _multi_name(data)
    one, many = _section(data, _META).get("base_train_config"), _section(data, multi).get("config_fnames")
    named_one, named_many = not is_unused(one), many is not None
    if isinstance(one, list):
        here = location((_META, "base_train_config"))
        advice = f"Name one file, or use {SEARCH!r} to search from each."
        yield (_META, "base_train_config"), f"{here} is a list, and job_type {job_type!r} takes one file. {advice}"
    single = job_type.startswith("single")
    other = "multiple" if single else "single"
    other_type = f"{other}-{job_type.split('-')[1].rstrip('s')}{'s' if single else ''}"
    if single and named_many:
        here = location((multi, "config_fnames"))
        advice = f"Name the one configuration in base_train_config, or use {other_type!r}."
        yield (multi, "config_fnames"), f"{here} does not apply to job_type {job_type!r}. {advice}"
    elif single and not named_one:
        here = location((_META, "base_train_config"))
        yield (_META,), f"{here} is missing: job_type {job_type!r} runs the configuration named there."
    # The original asked for it with several configurations too.
    if not single and named_one and not _is_among(one, many):
        advice = f"Put the file into config_fnames, or use {other_type!r}."
        here = location((_META, "base_train_config"))
        yield (_META, "base_train_config"), f"{here} does not apply to job_type {job_type!r}. {advice}"
    if not single and not named_many:
        yield from _no_configurations(data, multi, job_type)


def _is_among(one: Any, many: Any) -> bool:
    names = many if isinstance(many, list) else []
    return isinstance(one, str) and normpath(one) in {normpath(each) for each in names if isinstance(each, str)}


def _search_and_job_type(data: Mapping[str, Any], settings: _Settings) -> _Mistakes:
    job_type = settings[_META].get("job_type")
    if job_type is None:
        return
    if job_type != SEARCH:
        if _SEARCH_ARGS in data:
            advice = f"Remove the section, or use {SEARCH!r}."
            yield (_SEARCH_ARGS,), f"{_SEARCH_ARGS!r} does not apply to job_type {job_type!r}. {advice}"
        return
    meta, known = _section(data, _META), load_schema("experiment")["properties"]
    if is_unused(meta.get("base_train_config")):
        unknown = [key for key in meta if key not in known[_META]["properties"]]
        if nearest("base_train_config", unknown) is None:
            here = location((_META, "base_train_config"))
            what = "a search puts the values of each trial into the configuration named there"
            yield (_META,), f"{here} is missing: {what}."
    unknown = [section for section in data if section not in known]
    if _SEARCH_ARGS not in data:
        if nearest(_SEARCH_ARGS, unknown) is None:
            yield (
                (),
                f"the section {_SEARCH_ARGS!r} is missing: it says what is searched, and how many trials there are.",
            )
        return
    multi = _multi_name(data)
    instead = {
        "config_fnames": "A search starts from base_train_config.",
        "num_seeds": "The seeds of a search are num_seeds_per_eval of param_search_args.",
        "random_seeds": "The seeds of a search are random_seeds of param_search_args.",
    }
    for key, sentence in instead.items():
        if _section(data, multi).get(key) is not None:
            yield (multi, key), f"{location((multi, key))} does not apply to job_type {job_type!r}. {sentence}"


def _no_configurations(data: Mapping[str, Any], multi: str, job_type: str) -> _Mistakes:
    runs = f"job_type {job_type!r} runs the configurations listed there"
    known = load_schema("experiment")["properties"]
    if data.get(multi) is None:
        # A misspelt section has already been reported.
        meant = {nearest(section, known) for section in data if section not in known}
        if not meant & {_MULTI, "multi_config_args"}:
            yield (), f"the section {multi!r} is missing: {runs} in config_fnames."
    elif isinstance(data[multi], Mapping):
        unknown = [key for key in data[multi] if key not in ("num_seeds", "random_seeds")]
        if nearest("config_fnames", unknown) is None:
            yield (multi,), f"{location((multi, 'config_fnames'))} is missing: {runs}."


def _seeds(data: Mapping[str, Any], settings: _Settings) -> _Mistakes:
    multi = _multi_name(data)
    number, seeds = settings[_MULTI].get("num_seeds"), settings[_MULTI].get("random_seeds")
    if isinstance(number, Mapping):
        yield from _looks(data, settings, number, (multi, "num_seeds"))
        return
    if "num_seeds" in _section(data, multi) and number is not None and seeds and len(seeds) != number:
        listed = f"random_seeds lists {len(seeds)}"
        yield (multi, "num_seeds"), f"num_seeds is {number}, but {listed}. Make them agree, or remove num_seeds."


def _looks(data: Mapping[str, Any], settings: _Settings, given: Mapping[str, Any], at: JsonPath) -> _Mistakes:
    schedule, mistakes = read_schedule(given, at)
    yield from mistakes
    seeds, files = settings[_MULTI].get("random_seeds"), _section(data, at[0]).get("config_fnames")  # type: ignore[arg-type]
    if settings[_META].get("job_type", "").startswith("single") or (isinstance(files, list) and len(files) < 2):
        yield at, "until: decided compares configurations, and there is only one. Write num_seeds: 10, or list others."
    if schedule is not None and seeds and len(seeds) != schedule.maximum:
        listed = f"random_seeds lists {len(seeds)}"
        yield (*at, "max"), f"max is {schedule.maximum}, but {listed}. Make them agree."


def _processing_job(data: Mapping[str, Any], settings: _Settings, section: str) -> _Mistakes:
    job = settings.get(section, {}).get("processing_job_args")
    if not isinstance(job, Mapping):
        return
    at = (section, "processing_job_args")
    if section == "post_processing_args" and is_unused(data.get(section)):
        at = ("post_process_args", "process_job_args")
    yield from _job(job, at)


def _job(job: Mapping[str, Any], at: JsonPath) -> _Mistakes:
    yield from _none_as_text(job, at)
    yield from _memory(job, at)
    yield from _output_files(job, at)
    if minutes(job.get("time_per_job")) == 0:
        yield (*at, "time_per_job"), f"{location((*at, 'time_per_job'))} must be at least one minute, found zero."


def _none_as_text(job: Mapping[str, Any], at: JsonPath) -> _Mistakes:
    for key, value in job.items():
        if key not in _ANY_TEXT and "None" in (value if isinstance(value, list | tuple) else (value,)):
            yield (*at, key), f"{location((*at, key))} is the text 'None'. Write null."


def _memory(job: Mapping[str, Any], at: JsonPath) -> _Mistakes:
    of_job, of_core = job.get("memory_per_job"), job.get("memory_per_cpu")
    cores = job.get("num_logical_cores")
    if of_job is None or of_core is None or cores is None:
        return
    total = (megabytes(of_core) or 0) * int(cores)
    if megabytes(of_job) != total:
        sum_of_cores = f"memory_per_cpu {of_core} makes {total} MB with num_logical_cores {cores}"
        yield (*at, "memory_per_cpu"), f"memory_per_job is {of_job}, but {sum_of_cores}. Remove one of the two."


def _output_files(job: Mapping[str, Any], at: JsonPath) -> _Mistakes:
    log, err = job.get("log_file"), job.get("err_file")
    for key, name in (("log_file", log), ("err_file", err)):
        trouble = trouble_with_file_name(name) if name is not None else None
        if trouble is not None:
            yield (*at, key), f"{location((*at, key))}: {trouble}. Choose another name."
    if log is not None and err is not None and collision_key(log) == collision_key(err):
        same = "the same file" if log == err else "the same file on file systems that ignore case"
        yield (*at, "err_file"), f"log_file {log!r} and err_file {err!r} are {same}. Give them different names."

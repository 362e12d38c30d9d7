"""Files as users of the original have written them: keys that say "not used", cluster keys in all their forms."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from mistakes import CONFIG_1, CONFIG_2

from mle_toolbox.errors import ExperimentFileError
from mle_toolbox.experiment_file.configuration_identity import identity_of
from mle_toolbox.experiment_file.json_file import read_json
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_file.planned_jobs import JobResources
from mle_toolbox.experiment_file.schema import load_schema
from mle_toolbox.layout import SeedFolder
from mle_toolbox.log.hdf5 import read_log
from mle_toolbox.log.run_record import read_run_record

UNUSED = [None, False, 0, "", [], {}]

# As the job sections of 255 public files are: each differs from its neighbour in a form, not only in a value.
JOB_SECTIONS: dict[str, dict[str, Any]] = {
    "a list of one queue": {"queue": ["fast.q"], "num_gpus": 0},
    "several queues": {"queue": ["fast.q", "slow.q"], "exclude_nodes": ["node13", "node15"]},
    "several partitions, any GPU": {
        "partition": ["part_gpu", "part_a100"],
        "num_gpus": 1,
        "gpu_type": None,
        "memory_per_cpu": 10000,
        "num_logical_cores": 4,
    },
    "a kind of GPU as text": {"partition": ["part_gpu"], "num_gpus": 1, "gpu_type": "v100s", "memory_per_cpu": 5000},
    "a kind of GPU as a list": {"partition": "part_gpu", "num_gpus": 2, "gpu_type": ["v100s", "a100"]},
    "how GPUs are called": {"queue": ["gpu.q"], "num_gpus": 1, "gpu_prefix": "cuda", "gpu_type": None},
    "no nodes left out": {"partition": ["part_cpu"], "exclude_nodes": [], "include_nodes": None},
    "memory as text": {"partition": ["part_cpu"], "memory_per_job": "40000"},
    "memory with a unit": {"memory_per_job": "4G"},
    "an environment": {"env_name": "bench", "use_conda_venv": True},
    "no environment": {"env_name": None, "use_conda_venv": False, "use_venv_venv": False},
    "no GPUs and no arguments": {"num_gpus": None, "extra_cmd_line_input": None, "modules_to_load": []},
    "launched slowly": {"time_between_launch": 0.5, "cmd_line_args": None, "use_tpus": False},
}


def write(job: dict[str, Any] | None = None, sections: dict[str, Any] | None = None, **meta: Any) -> None:
    content = yaml.safe_load(Path("exp.yaml").read_text())
    content["single_job_args"] |= job or {}
    content["meta_job_args"] |= meta
    Path("exp.yaml").write_text(yaml.safe_dump(content | (sections or {})))


def write_log(**keys: Any) -> None:
    for name in (CONFIG_1, CONFIG_2):
        content = read_json(Path(name))
        content["log_config"] |= keys
        Path(name).write_text(json.dumps(content, indent=1))


def job_of(**job: Any) -> JobResources:
    write(job)
    return load_plan("exp.yaml").job


@pytest.mark.parametrize("form", JOB_SECTIONS)
def test_job_sections_load_as_users_have_written_them(form: str, project: Path) -> None:
    write(JOB_SECTIONS[form])

    assert isinstance(load_plan("exp.yaml"), Plan)


@pytest.mark.parametrize("section", ["meta_job_args", "single_job_args"])
@pytest.mark.parametrize("value", UNUSED, ids=repr)
def test_a_refused_key_is_accepted_where_its_value_says_not_used(value: Any, section: str, project: Path) -> None:
    expected = load_plan("exp.yaml")
    refused = load_schema("experiment")["properties"][section]["x-refused"]
    content = yaml.safe_load(Path("exp.yaml").read_text())
    content[section] |= dict.fromkeys(refused, value)
    Path("exp.yaml").write_text(yaml.safe_dump(content))

    assert load_plan("exp.yaml") == expected


@pytest.mark.parametrize("value", UNUSED, ids=repr)
def test_a_refused_section_is_accepted_where_it_is_empty(value: Any, project: Path) -> None:
    expected = load_plan("exp.yaml")
    write(sections=dict.fromkeys(load_schema("experiment")["x-refused"], value))

    assert load_plan("exp.yaml") == expected


@pytest.mark.parametrize("value", UNUSED, ids=repr)
def test_unused_keys_of_log_config_change_neither_the_plan_nor_the_identity(value: Any, project: Path) -> None:
    identity = load_plan("exp.yaml").identity("ode_int_config_1")
    write_log(**dict.fromkeys(load_schema("configuration")["properties"]["log_config"]["x-refused"], value))

    assert load_plan("exp.yaml").identity("ode_int_config_1") == identity


@pytest.mark.parametrize("key", ["queue", "time_per_job", "env_name", "gpu_type", "exclude_nodes", "memory_per_cpu"])
@pytest.mark.parametrize("value", [None, "", [], False], ids=repr)
def test_an_optional_key_that_is_empty_is_left_out(key: str, value: Any, project: Path) -> None:
    without = yaml.safe_load(Path("exp.yaml").read_text())
    without["single_job_args"].pop(key, None)
    Path("exp.yaml").write_text(yaml.safe_dump(without))
    expected = load_plan("exp.yaml").job

    assert job_of(**{key: value}) == expected


def test_a_section_of_configurations_may_be_null_where_there_is_one_configuration(project: Path) -> None:
    nothing = {"multi_experiment_args": None, "multi_config_args": None}
    write(sections=nothing, job_type="single-experiment", base_train_config=CONFIG_1)

    assert load_plan("exp.yaml").seeds == (0,)

    write(job_type="multiple-experiments", base_train_config=None)
    with pytest.raises(ExperimentFileError, match="the section 'multi_experiment_args' is missing: job_type"):
        load_plan("exp.yaml")


def test_of_keys_without_effect_any_value_is_taken(project: Path) -> None:
    expected = load_plan("exp.yaml")
    write({"time_between_launch": 2.5}, report_generation=True, remote_exec_dir="somewhere/else")

    assert load_plan("exp.yaml") == expected


def test_queues_and_machines_reach_the_plan_in_their_order_and_once(project: Path) -> None:
    job = job_of(queue=["b.q", "a.q", "b.q"], exclude_nodes="node7", include_nodes=["node1", "node2"])

    assert (job.queue, job.exclude_nodes, job.include_nodes) == ("b.q,a.q", ("node7",), ("node1", "node2"))


def test_names_in_one_text_are_those_between_commas(project: Path) -> None:
    job = job_of(partition="fast, slow", exclude_nodes=["node[1,3]", "node7"])

    assert (job.queue, job.exclude_nodes) == ("fast,slow", ("node[1,3]", "node7"))


def test_gpus_reach_the_plan_by_kind_and_by_the_name_of_the_site(project: Path) -> None:
    job = job_of(num_gpus=1, gpu_type=["v100s", "a100"], gpu_prefix=["cuda"])

    assert (job.gpus, job.gpu_types, job.gpu_resource) == (1, ("v100s", "a100"), "cuda")


def test_memory_for_each_core_is_counted_for_all_cores(project: Path) -> None:
    assert job_of(num_logical_cores=4, memory_per_cpu=10000).memory_mb == 40000


@pytest.mark.parametrize(
    ("text", "megabytes"),
    [("40000", 40000), ("4G", 4096), ("500M", 500), ("1t", 1024**2), ("2048K", 2), ("4 GB", 4096)],
)
def test_memory_may_be_text(text: str, megabytes: int, project: Path) -> None:
    assert job_of(memory_per_job=text).memory_mb == megabytes


def test_memory_for_a_job_and_for_each_core_may_only_say_the_same(project: Path) -> None:
    assert job_of(num_logical_cores=4, memory_per_cpu=1000, memory_per_job="4000").memory_mb == 4000

    with pytest.raises(ExperimentFileError) as caught:
        job_of(memory_per_job=5000)
    assert str(caught.value).partition(": ")[2] == (
        "memory_per_job is 5000, but memory_per_cpu 1000 makes 4000 MB with num_logical_cores 4. Remove one of the two."
    )


def test_without_conda_the_environment_is_not_used(project: Path) -> None:
    assert job_of(env_name="bench", use_conda_venv=False).environment is None
    assert job_of(env_name="bench", use_conda_venv=True).environment == "bench"


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("experiment_dir", "$SCRATCH/out", "names the variable SCRATCH, which is not replaced in a path"),
        ("experiment_dir", "${SCRATCH}/out", "names the variable SCRATCH, which is not replaced in a path"),
        ("base_train_fname", "$HOME/train.py", "names the variable HOME, which is not replaced in a path"),
        ("base_train_fname", "ode/run_ode_int", "a .py or .sh file. Did you mean 'ode/run_ode_int.py'?"),
        ("base_train_fname", "ode/run_ode_int.py -v", "Arguments of the script belong in extra_cmd_line_input."),
    ],
)
def test_paths_that_only_a_shell_understands_are_told(key: str, value: str, sentence: str, project: Path) -> None:
    write(**{key: value})

    with pytest.raises(ExperimentFileError) as caught:
        load_plan("exp.yaml")
    assert sentence in str(caught.value)


@pytest.mark.parametrize("written", [CONFIG_1, f"./{CONFIG_1}"])
def test_a_base_configuration_among_several_configurations_is_accepted(written: str, project: Path) -> None:
    expected = load_plan("exp.yaml")
    write(base_train_config=written)

    assert load_plan("exp.yaml") == expected


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("exlcude_nodes", ["node7"], "unknown key 'exlcude_nodes' in single_job_args. Did you mean 'exclude_nodes'?"),
        ("gpu_typ", "a100", "unknown key 'gpu_typ' in single_job_args. Did you mean 'gpu_type'?"),
        ("module_to_load", "cuda", "unknown key 'module_to_load' in single_job_args. Did you mean 'modules_to_load'?"),
        ("time_betwen_launch", 1, "Did you mean 'time_between_launch'?"),
        ("exclude_nodes", ["a|b"], "entry 1 of 'exclude_nodes' in single_job_args must be the name of a machine"),
        ("exclude_nodes", [14], 'must be the name of a machine, like "node7", found 14.'),
        ("exclude_nodes", "a, b", 'must be a list of names of machines, like ["node7", "node12"], found the text'),
        ("memory_per_cpu", "lots", "'memory_per_cpu' in single_job_args must be a whole number of MB, like 4000"),
        ("queue", [7], "entry 1 of 'queue' in single_job_args must be a name, found 7. Write it in quotes: \"7\"."),
        ("use_venv_venv", True, "start mle-toolbox with the Python of that environment"),
        ("num_cpus", 4, "unknown key 'num_cpus' in single_job_args. Did you mean 'num_logical_cores'?"),
        ("walltime", "01:00:00", "unknown key 'walltime' in single_job_args. Did you mean 'time_per_job'?"),
        ("partition", ["None"], "'queue' in single_job_args is the text 'None'. Write null."),
        # Not: "Write it in quotes", where it would be as wrong.
        ("time_per_job", 60, "for twelve hours and a half, found 60."),
        ("job_name", 5, "that does not begin with a digit, as Grid Engine asks, found 5."),
        ("exclude_nodes", "a, b", 'found the text \'a, b\'. Write ["a", "b"].'),
    ],
)
def test_mistakes_in_cluster_keys_are_told_with_a_way_out(key: str, value: Any, sentence: str, project: Path) -> None:
    write({key: value})

    with pytest.raises(ExperimentFileError) as caught:
        load_plan("exp.yaml")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [0, 1, False, True], ids=repr)
def test_log_config_takes_the_keys_of_later_versions(value: Any, project: Path) -> None:
    identity = load_plan("exp.yaml").identity("ode_int_config_1")
    for name in (CONFIG_1, CONFIG_2):
        content = read_json(Path(name))
        del content["log_config"]["overwrite_experiment_dir"]
        Path(name).write_text(json.dumps(content))
    write_log(overwrite=value, verbose=value, use_tboard=value)

    assert load_plan("exp.yaml").identity("ode_int_config_1") == identity


def test_two_names_that_contradict_each_other_are_refused(project: Path) -> None:
    write_log(overwrite=0, overwrite_experiment_dir=1)

    with pytest.raises(ExperimentFileError, match="are two names for the same setting"):
        load_plan("exp.yaml")

    write_log(overwrite=True, overwrite_experiment_dir=1)
    assert load_plan("exp.yaml").configurations


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"save_top_k_ckpt": 2}, "save_top_k_ckpt needs top_k_metric_name, the metric by which"),
        ({"save_top_k_ckpt": 2, "top_k_metric_name": "metrik1"}, "is not tracked: expected one of 'metric1'. Did you"),
        ({"save_every_k_ckpt": 1, "ckpt_time_to_track": "layer"}, "expected one of 'timestamp1', 'time', "),
        ({"save_every_k_ckpt": -1}, "must be a whole number of at least 0, found -1."),
        ({"top_k_minimize_metric": "yes"}, "must be true or false, found the text 'yes'."),
    ],
    ids=str,
)
def test_mistakes_about_models_to_keep_are_told(keys: dict[str, Any], sentence: str, project: Path) -> None:
    write_log(**keys)

    with pytest.raises(ExperimentFileError) as caught:
        load_plan("exp.yaml")
    assert all(sentence in line for line in str(caught.value).splitlines())


def test_which_models_are_kept_is_no_part_of_the_identity(project: Path) -> None:
    identity = load_plan("exp.yaml").identity("ode_int_config_1")
    write_log(save_every_k_ckpt=1, ckpt_time_to_track="timestamp1", save_top_k_ckpt=2, top_k_metric_name="metric1")

    assert load_plan("exp.yaml").identity("ode_int_config_1") == identity


def test_empty_sections_may_be_null(project: Path) -> None:
    expected = load_plan("exp.yaml")
    content = read_json(Path(CONFIG_1))
    Path(CONFIG_1).write_text(json.dumps(content | {"model_config": None, "device_config": None}))

    plan = load_plan("exp.yaml")

    assert plan.identity("ode_int_config_1") == expected.identity("ode_int_config_1")


def test_clocks_of_the_log_can_be_printed_without_being_tracked(project: Path) -> None:
    write_log(time_to_print=["timestamp1", "time_elapsed", "num_updates"], what_to_print=["metric1", "time"])

    assert load_plan("exp.yaml").configurations


def test_a_value_that_says_not_used_is_no_part_of_the_identity() -> None:
    log = {"time_to_track": ["t"], "what_to_track": ["m"]}

    plain = identity_of({"train_config": {}, "log_config": log}, ())

    for value in UNUSED:
        assert identity_of({"train_config": {}, "log_config": log | {"reload": value}}, ()) == plain


GIVES_LOG = """\
from mle_toolbox import MLExperiment

mle = MLExperiment(log_config={"time_to_track": ["step"], "what_to_track": ["loss"]})
for step in range(3):
    mle.update_log({"step": step}, {"loss": mle.train_config.lrate})
"""


def without_sections(script: str, content: dict[str, Any]) -> None:
    Path("train.py").write_text(script)
    Path("base.json").write_text(json.dumps(content))
    several = {"multi_experiment_args": {"config_fnames": ["base.json"], "num_seeds": 2}}
    write(sections=several, base_train_fname="train.py")


def test_a_configuration_without_sections_is_the_train_config_of_a_script_that_gives_its_log_config(
    project: Path,
) -> None:
    without_sections(GIVES_LOG, {"lrate": 0.25, "batch": 32})

    plan = load_plan("exp.yaml")
    subprocess.run([sys.executable, "train.py", "-config", "base.json", "-exp_dir", "out"], check=True)

    run = SeedFolder(Path("out/base/seed_0"))
    assert read_log(run.log).columns["loss"].tolist() == [0.25] * 3
    record = read_run_record(run)
    assert record is not None
    assert record.identity == plan.identity("base")


def test_a_log_config_in_the_script_is_enough_beside_a_train_config(project: Path) -> None:
    without_sections(GIVES_LOG, {"train_config": {"lrate": 0.25}})

    assert load_plan("exp.yaml").configurations


@pytest.mark.parametrize(
    ("script", "content", "sentence"),
    [
        (GIVES_LOG.replace("log_config=", "device_config="), {"lrate": 0.25}, "the file has no sections. Put its keys"),
        (GIVES_LOG, {"train": {"lrate": 0.25}, "log_config": {}}, "Did you mean 'train_config'?"),
        (GIVES_LOG, {"lrate": 0.25, "log_confg": {}}, "unknown section 'log_confg'. Did you mean 'log_config'?"),
        (GIVES_LOG, {"train_confg": {"lrate": 0.25}}, "'train_config' is missing"),
    ],
)
def test_a_section_that_nobody_gives_is_missing(
    script: str, content: dict[str, Any], sentence: str, project: Path
) -> None:
    without_sections(script, content)

    with pytest.raises(ExperimentFileError, match=re.escape(sentence)):
        load_plan("exp.yaml")

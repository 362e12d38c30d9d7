"""The sections on what runs before the first seed run and after the last: what they mean, and their mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mle_toolbox.errors import ExperimentFileError
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_file.plan import Plan


def plan_with(project: Path, **sections: Any) -> Plan:
    for name in ("features.py", "figures.sh"):
        (project / name).write_text("true\n" if name.endswith(".sh") else "print()\n")
    (project / "broken.py").write_text("def f(:\n")
    content = yaml.safe_load((project / "exp.yaml").read_text())
    (project / "exp.yaml").write_text(yaml.safe_dump({**content, **sections}, sort_keys=False))
    return load_plan("exp.yaml")


def test_a_script_before_has_its_own_resources_and_the_environment_of_the_seed_runs(project: Path) -> None:
    plan = plan_with(
        project,
        single_job_args={"job_name": "ode", "env_name": "algonauts", "num_logical_cores": 2},
        pre_processing_args={
            "processing_fname": "features.py",
            "processing_job_args": {
                "num_logical_cores": 10,
                "num_gpus": 1,
                "partition": "a",
                "time_per_job": "00:00:05",
            },
            "extra_cmd_line_input": {"seed": 3, "trafo_type": "pca"},
        },
    )

    (processing,) = plan.processing
    assert processing.stage == "pre_processing"
    assert processing.script == Path("features.py")
    assert processing.arguments == ("-seed", "3", "-trafo_type", "pca")
    job = processing.job
    assert (job.name, job.environment, job.cores, job.gpus, job.queue, job.time_minutes) == (
        *("ode", "algonauts", 10, 1, "a", 5),
    )


def test_a_script_after_may_have_its_earlier_names(project: Path) -> None:
    plan = plan_with(
        project,
        post_process_args={
            "process_fname": "figures.sh",
            "process_job_args": {"num_logical_cores": 15, "env_name": "other"},
            "extra_cmd_line_input": {"in_1": 25},
        },
    )

    assert plan.post_processing is not None
    assert (plan.post_processing.job.cores, plan.post_processing.job.environment) == (15, "other")
    assert plan.post_processing.arguments == ("-in_1", "25")


@pytest.mark.parametrize("unused", [None, False, {}, ""])
def test_an_unused_section_changes_nothing(project: Path, unused: Any) -> None:
    before = load_plan("exp.yaml").to_json()

    plan = plan_with(project, pre_processing_args=unused, post_processing_args=unused, post_process_args=unused)

    assert plan.to_json() == before


MISTAKES = [
    (
        {"pre_processing_args": {"processing_fname": "featurs.py"}},
        "the script 'featurs.py' does not exist. Did you mean 'features.py'?",
    ),
    (
        {"pre_processing_args": {"processing_fname": "features.txt"}},
        "the script 'features.txt' must be a .py or .sh file.",
    ),
    ({"pre_processing_args": {"processing_fname": "broken.py"}}, "syntax error: invalid syntax."),
    (
        {"pre_processing_args": {"extra_cmd_line_input": {"a": 1}}},
        "'processing_fname' in pre_processing_args is missing. The script, a .py or .sh file.",
    ),
    (
        {"pre_processing_args": {"processing_fname": "features.py", "num_gpus": 1}},
        "unknown key 'num_gpus' in pre_processing_args. It belongs in processing_job_args.",
    ),
    (
        {"pre_processing_args": {"processing_fname": "features.py", "procesing_job_args": {}}},
        "unknown key 'procesing_job_args' in pre_processing_args. Did you mean 'processing_job_args'?",
    ),
    (
        {"pre_processing_args": {"processing_fname": "features.py", "processing_job_args": {"num_logical_core": 2}}},
        "unknown key 'num_logical_core' in pre_processing_args.processing_job_args. Did you mean 'num_logical_cores'?",
    ),
    (
        {"pre_processing_args": "features.py"},
        "'pre_processing_args' must be a section with keys, found the text 'features.py'.",
    ),
    (
        {"post_process_args": {"process_fname": "figures.sh", "process_job_args": {"time_per_job": "00:00:00"}}},
        "'time_per_job' in post_process_args.process_job_args must be at least one minute, found zero.",
    ),
    (
        {
            "post_processing_args": {"processing_fname": "figures.sh"},
            "post_process_args": {"process_fname": "figures.sh"},
        },
        "'post_processing_args' and 'post_process_args' are two names for the same setting. Remove one of them.",
    ),
    (
        {"post_procesing_args": {"processing_fname": "figures.sh"}},
        "unknown section 'post_procesing_args'. Did you mean 'post_processing_args'?",
    ),
]


@pytest.mark.parametrize(("sections", "message"), MISTAKES, ids=[message[:40] for _, message in MISTAKES])
def test_a_mistake_is_told_in_one_line(project: Path, sections: dict[str, Any], message: str) -> None:
    with pytest.raises(ExperimentFileError) as caught:
        plan_with(project, **sections)

    assert [problem.message for problem in caught.value.problems] == [message]

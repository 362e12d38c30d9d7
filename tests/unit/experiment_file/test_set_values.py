"""`mle run --set`: values of the command line, checked as if they stood in the experiment file."""

from __future__ import annotations

from pathlib import Path

import pytest

from mle_toolbox.errors import ExperimentFileError
from mle_toolbox.experiment_file.loader import Asked, load_plan
from tests.mistakes import copy_reference_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    copy_reference_project(tmp_path)
    return tmp_path


def plan_with(project: Path, **given: str):  # type: ignore[no-untyped-def]
    asked = Asked(typed_in=project, given={name.replace("__", "."): value for name, value in given.items()})
    return load_plan(project / "exp.yaml", asked=asked)


def test_a_value_stands_in_place_of_that_of_the_file_which_stays_as_it_is(project: Path) -> None:
    before = (project / "exp.yaml").read_bytes()

    plan = plan_with(project, single_job_args__num_logical_cores="3", single_job_args__time_per_job='"00:01:00"')

    assert plan.job.cores == 3
    assert plan.job.time_minutes == 60
    assert plan.to_json()["given"]["single_job_args.num_logical_cores"] == "3"
    assert plan.words[-4:-2] == ["--set", "single_job_args.num_logical_cores=3"]
    assert (project / "exp.yaml").read_bytes() == before


def test_an_argument_of_the_script_is_one_section_deeper(project: Path) -> None:
    plan = plan_with(project, single_job_args__extra_cmd_line_input__lrate="0.5")

    assert plan.extra_arguments == ("-lrate", "0.5")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (
            "single_job_args__num_logical_core",
            "4",
            "--set single_job_args.num_logical_core=4: unknown key 'num_logical_core' in single_job_args. Did you mean "
            "'num_logical_cores'?",
        ),
        ("single_job_args__num_logical_cores", "many", "--set single_job_args.num_logical_cores=many: "),
        ("single_job__num_logical_cores", "4", "--set single_job.num_logical_cores=4: unknown section 'single_job'"),
        ("meta_job_args__experiment_dir", "x", "this is an option of its own: --experiment_dir PATH."),
        ("single_job_args__job_name", "[a", "--set single_job_args.job_name=[a: "),
    ],
)
def test_a_mistake_is_reported_as_one_of_the_file_with_what_was_typed(
    project: Path, name: str, value: str, said: str
) -> None:
    with pytest.raises(ExperimentFileError) as error:
        plan_with(project, **{name: value})

    assert said in str(error.value)
    assert "\n" not in str(error.value)

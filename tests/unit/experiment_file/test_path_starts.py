"""Where the paths of an experiment file start: beside it, or where the command is typed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mle_toolbox.errors import ExperimentFileError
from mle_toolbox.experiment_file.loader import Asked, load_plan
from mle_toolbox.experiment_file.plan import Plan
from mle_toolbox.experiment_file.results_place import trouble_with_results_place
from mle_toolbox.experiment_record import write_experiment_record
from mle_toolbox.generate import link_beside, snakefile_for, write_snakefile

EXPERIMENT = """\
meta_job_args:
    project_name: "quick"
    job_type: "multiple-experiments"
    base_train_fname: "{script}"
    experiment_dir: "results/x"
multi_experiment_args:
    config_fnames: {configurations}
    num_seeds: 2
"""
MIXED = EXPERIMENT.format(script="train.py", configurations='["here.json", "there.json"]')
SCRIPT = "from mle_toolbox import MLExperiment\n\nmle = MLExperiment()\n"
CONFIGURATION = {
    "train_config": {"rate": 0.1},
    "net_config": {},
    "log_config": {"time_to_track": ["step"], "what_to_track": ["loss"]},
}


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def write_sources(folder: Path, script: str | None = "ode/train.py", *configurations: str) -> None:
    """Write a script and configurations below ``folder``."""
    if script is not None:
        write(folder / script, SCRIPT)
    for name in configurations:
        write(folder / name, json.dumps(CONFIGURATION))


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A folder with ``ode/exp.yaml``, which names ``ode/train.py`` and ``ode/a.json``; neither exists yet."""
    folder = tmp_path / "top"
    write(folder / "ode/exp.yaml", EXPERIMENT.format(script="ode/train.py", configurations='["ode/a.json"]'))
    return folder


def plan_typed(folder: Path, file: Path, **given: str) -> Plan:
    """The plan of an experiment file for a command that is typed in ``folder``."""
    return load_plan(file, asked=Asked(typed_in=folder, given=given))


def refusal(folder: Path, file: Path) -> str:
    with pytest.raises(ExperimentFileError) as error:
        plan_typed(folder, file)
    return str(error.value)


def test_paths_that_exist_only_where_the_command_is_typed_start_there(top: Path) -> None:
    write_sources(top, "ode/train.py", "ode/a.json")

    plan = plan_typed(top, top / "ode/exp.yaml")

    assert plan.project_dir == top
    assert plan.script == Path("ode/train.py")
    assert plan.configurations[0].path == Path("ode/a.json")
    assert plan.experiment_path == top / "results/x"
    assert plan.paths_elsewhere == {}


def test_paths_that_exist_only_beside_the_experiment_file_start_there(top: Path) -> None:
    write_sources(top / "ode", "ode/train.py", "ode/a.json")

    plan = plan_typed(top, top / "ode/exp.yaml")

    assert plan.project_dir == top / "ode"
    assert plan.experiment_path == top / "ode/results/x"


def test_a_plan_whose_paths_start_beside_its_file_is_recorded_as_before(top: Path) -> None:
    write_sources(top / "ode", "ode/train.py", "ode/a.json")

    record = plan_typed(top, top / "ode/exp.yaml").to_json()

    assert not {"paths_start", "paths_elsewhere", "given"} & record.keys()
    assert record == load_plan(top / "ode/exp.yaml").to_json()


def test_without_a_command_only_the_folder_of_the_file_counts(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_sources(top, "ode/train.py", "ode/a.json")
    monkeypatch.chdir(top)

    with pytest.raises(ExperimentFileError, match="does not exist"):
        load_plan(top / "ode/exp.yaml")


def append(file: Path) -> None:
    file.write_text(f"{file.read_text()}\n# edited\n")


def test_two_different_scripts_are_refused_with_both_named(top: Path) -> None:
    write_sources(top, "ode/train.py", "ode/a.json")
    write_sources(top / "ode", "ode/train.py")
    append(top / "ode/ode/train.py")

    said = refusal(top, top / "ode/exp.yaml")

    assert "the script 'ode/train.py' exists twice" in said
    assert f"{str(top / 'ode/ode/train.py')!r} (from the folder of the experiment file)" in said
    assert f"{str(top / 'ode/train.py')!r} (from the folder where the command is typed)" in said


def test_two_different_configurations_are_refused_with_both_named(top: Path) -> None:
    write_sources(top, "ode/train.py", "ode/a.json")
    write_sources(top / "ode", None, "ode/a.json")
    append(top / "ode/ode/a.json")

    said = refusal(top, top / "ode/exp.yaml")

    assert "the configuration 'ode/a.json' exists twice" in said
    assert str(top / "ode/a.json") in said
    assert str(top / "ode/ode/a.json") in said


def test_of_two_copies_those_beside_the_experiment_file_are_taken(top: Path) -> None:
    write_sources(top, "ode/train.py", "ode/a.json")
    write_sources(top / "ode", "ode/train.py", "ode/a.json")

    plan = plan_typed(top, top / "ode/exp.yaml")

    assert plan.script_path == top / "ode/ode/train.py"
    assert plan.project_dir == top / "ode"


def test_one_file_under_two_paths_is_no_contradiction(top: Path) -> None:
    write_sources(top, "ode/train.py", "ode/a.json")
    (top / "ode/ode").symlink_to(".")

    plan = plan_typed(top, top / "ode/exp.yaml")

    assert plan.project_dir == top / "ode"
    assert plan.script_path.samefile(top / "ode/train.py")


def test_a_folder_and_a_link_to_it_are_one_place(top: Path) -> None:
    write_sources(top / "ode", "ode/train.py", "ode/a.json")
    (top / "link").symlink_to("ode")

    plan = plan_typed(top / "link", top / "ode/exp.yaml")

    assert plan.starts_beside


def test_a_path_that_exists_nowhere_names_both_places_and_the_nearest_file_of_either(top: Path) -> None:
    write_sources(top, "ode/trains.py", "ode/a.json")

    said = refusal(top, top / "ode/exp.yaml").splitlines()

    assert said == [
        f"{top}/ode/exp.yaml:4: the script 'ode/train.py' does not exist: looked for it in {str(top / 'ode')!r} (the "
        f"folder of the experiment file) and {str(top)!r} (the folder where the command is typed). "
        "Did you mean 'ode/trains.py'?"
    ]


def test_typed_beside_the_file_the_message_says_where_the_command_belongs(top: Path) -> None:
    write_sources(top, "ode/train.py", "ode/a.json")

    said = refusal(top / "ode", top / "ode/exp.yaml")

    assert f"the script 'ode/train.py' does not exist in {str(top / 'ode')!r}." in said
    assert f"Its path starts in {str(top)!r}: type this there." in said


def test_each_path_starts_where_it_exists_and_the_results_follow_the_script(tmp_path: Path) -> None:
    write(tmp_path / "exps/exp.yaml", MIXED)
    write_sources(tmp_path, "train.py", "there.json")
    write_sources(tmp_path / "exps", None, "here.json")

    plan = plan_typed(tmp_path, tmp_path / "exps/exp.yaml")

    assert plan.project_dir == tmp_path
    assert [each.path for each in plan.configurations] == [Path("exps/here.json"), Path("there.json")]
    assert plan.paths_elsewhere == {"here.json": tmp_path / "exps"}
    assert plan.experiment_path == tmp_path / "results/x"


def test_a_script_with_a_full_path_leaves_the_choice_to_the_configurations(top: Path, tmp_path: Path) -> None:
    write_sources(tmp_path / "code", "train.py")
    write_sources(top, None, "ode/a.json")
    script = tmp_path / "code/train.py"
    write(top / "ode/exp.yaml", EXPERIMENT.format(script=script, configurations='["ode/a.json"]'))

    plan = plan_typed(top, top / "ode/exp.yaml")

    assert (plan.project_dir, plan.script) == (top, script)


def test_a_path_may_begin_with_dots(tmp_path: Path) -> None:
    write(tmp_path / "a/b/exp.yaml", EXPERIMENT.format(script="./code/train.py", configurations='["../c.json"]'))
    write_sources(tmp_path / "a", "code/train.py")
    write_sources(tmp_path, None, "c.json")

    plan = plan_typed(tmp_path / "a", tmp_path / "a/b/exp.yaml")

    assert plan.project_dir == tmp_path / "a"
    assert plan.configurations[0].path == Path("../c.json")


def test_a_folder_of_the_name_does_not_count_where_the_other_place_has_the_file(top: Path) -> None:
    write_sources(top, "ode/train.py", "ode/a.json")
    (top / "ode/ode/train.py").mkdir(parents=True)

    assert plan_typed(top, top / "ode/exp.yaml").project_dir == top


# -- the choice is kept -----------------------------------------------------------------------------------------


def start(plan: Plan) -> None:
    """What stays of a start: the record with the results, the Snakefile, and its link."""
    write_experiment_record(plan)
    snakefile = snakefile_for(plan)
    write_snakefile(plan, snakefile)
    link_beside(plan, snakefile)


@pytest.mark.parametrize("lost", ["nothing", "links", "results"])
@pytest.mark.parametrize("later", ["", "ode", "ode/deeper", "elsewhere"])
def test_the_same_command_typed_elsewhere_means_the_same_files(later: str, lost: str, top: Path) -> None:
    write_sources(top, "ode/train.py", "ode/a.json")
    first = plan_typed(top, top / "ode/exp.yaml")
    start(first)
    if lost == "links":
        (top / "ode/Snakefile").unlink()
    if lost == "results":
        shutil.rmtree(top / "results")
    # Now the paths exist from everywhere.
    write_sources(top / "ode", "ode/train.py", "ode/a.json")
    write_sources(top / "elsewhere", "ode/train.py", "ode/a.json")
    (top / "ode/deeper").mkdir()

    again = plan_typed(top / later, top / "ode/exp.yaml")

    assert again == first


def test_a_place_that_is_not_above_the_file_is_found_again(tmp_path: Path) -> None:
    write(tmp_path / "exps/exp.yaml", MIXED)
    write_sources(tmp_path / "work", "train.py", "there.json")
    write_sources(tmp_path / "exps", None, "here.json")
    first = plan_typed(tmp_path / "work", tmp_path / "exps/exp.yaml")
    start(first)

    assert first.project_dir == tmp_path / "work"
    for folder in (tmp_path, tmp_path / "exps", Path("/")):
        assert plan_typed(folder, tmp_path / "exps/exp.yaml") == first


def test_results_beside_the_file_keep_an_earlier_project_as_it_is(top: Path) -> None:
    write_sources(top / "ode", "ode/train.py", "ode/a.json")
    first = load_plan(top / "ode/exp.yaml")
    write_experiment_record(first)
    write_sources(top, "ode/train.py", "ode/a.json")

    assert plan_typed(top, top / "ode/exp.yaml") == first


def test_a_project_that_is_moved_as_a_whole_keeps_its_choice(top: Path, tmp_path: Path) -> None:
    write_sources(top, "ode/train.py", "ode/a.json")
    start(plan_typed(top, top / "ode/exp.yaml"))
    moved = tmp_path / "moved"
    top.rename(moved)

    plan = plan_typed(moved / "ode", moved / "ode/exp.yaml")

    assert plan.project_dir == moved
    assert plan.experiment_path == moved / "results/x"


def test_a_script_that_has_left_its_place_does_not_take_the_results_with_it(top: Path) -> None:
    write_sources(top, "ode/train.py", "ode/a.json")
    start(plan_typed(top, top / "ode/exp.yaml"))
    (top / "ode/ode").mkdir()
    (top / "ode/train.py").rename(top / "ode/ode/train.py")

    said = refusal(top / "ode", top / "ode/exp.yaml")

    assert f"the script 'ode/train.py' does not exist from {str(top)!r}" in said
    assert str(top / "ode/ode/train.py") in said
    (top / "Snakefile").unlink()
    shutil.rmtree(top / "results")
    write_sources(top / "ode", None, "ode/a.json")
    (top / "ode/a.json").unlink()
    assert plan_typed(top / "ode", top / "ode/exp.yaml").starts_beside


def test_a_new_configuration_may_start_beside_the_file(top: Path) -> None:
    write_sources(top, "ode/train.py", "ode/a.json")
    start(plan_typed(top, top / "ode/exp.yaml"))
    write(top / "ode/exp.yaml", EXPERIMENT.format(script="ode/train.py", configurations='["ode/a.json", "new.json"]'))
    write_sources(top / "ode", None, "new.json")

    plan = plan_typed(top, top / "ode/exp.yaml")

    assert [each.path for each in plan.configurations] == [Path("ode/a.json"), Path("ode/new.json")]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    script=st.sampled_from(["typed", "beside"]),
    configuration=st.sampled_from(["typed", "beside"]),
    typed=st.sampled_from(["", "work", "work/deep", "exps/sub"]),
    later=st.sampled_from(["", "work", "exps", "other/place"]),
)
def test_wherever_it_was_typed_first_every_later_place_gives_the_same_plan(
    script: str, configuration: str, typed: str, later: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    top = tmp_path_factory.mktemp("top")
    (top / later).mkdir(parents=True, exist_ok=True)
    write(top / "exps/exp.yaml", EXPERIMENT.format(script="code/train.py", configurations='["configs/a.json"]'))
    folders = {"typed": top / typed, "beside": top / "exps"}
    (top / typed).mkdir(parents=True, exist_ok=True)
    write_sources(folders[script], "code/train.py")
    write_sources(folders[configuration], None, "configs/a.json")
    first = plan_typed(top / typed, top / "exps/exp.yaml")
    start(first)

    again = plan_typed(top / later, top / "exps/exp.yaml")

    assert first.project_dir == folders[script]
    assert first.experiment_path == folders[script] / "results/x"
    assert again == first
    for plan in (first, again):
        assert (plan.project_dir / plan.configurations[0].path).samefile(folders[configuration] / "configs/a.json")


# -- values of the command line ---------------------------------------------------------------------------------


@pytest.fixture
def single(top: Path) -> Path:
    """An experiment of one configuration, whose paths start above its folder."""
    write_sources(top, "ode/train.py", "ode/a.json", "ode/b.json")
    text = EXPERIMENT.format(script="ode/train.py", configurations="[]").replace(
        "multiple-experiments", "single-experiment"
    )
    text = text.replace("    config_fnames: []\n", "").replace(
        "    experiment", '    base_train_config: "ode/a.json"\n    experiment'
    )
    write(top / "ode/exp.yaml", text)
    return top


def test_the_command_line_replaces_configuration_and_results(single: Path) -> None:
    plan = plan_typed(single, single / "ode/exp.yaml", base_train_config="ode/b.json", experiment_dir="exps/b")

    assert [each.name for each in plan.configurations] == ["b"]
    assert plan.experiment_path == single / "exps/b"
    assert plan.given == {"base_train_config": "ode/b.json", "experiment_dir": "exps/b"}
    assert plan.to_json()["given"] == plan.given
    assert snakefile_for(plan) == single / "exps/b/Snakefile"


def test_a_path_on_the_command_line_starts_where_it_is_typed(single: Path) -> None:
    write_sources(single / "ode", None, "ode/b.json")
    start(plan_typed(single, single / "ode/exp.yaml"))

    plan = plan_typed(single / "ode", single / "ode/exp.yaml", base_train_config="b.json", experiment_dir="exps/b")

    assert plan.project_dir == single
    assert plan.configurations[0].path == Path("ode/b.json")
    assert plan.experiment_path == single / "ode/exps/b"
    assert plan.given == {"base_train_config": "ode/b.json", "experiment_dir": "ode/exps/b"}


def test_a_mistake_in_a_value_of_the_command_line_is_reported_as_such(single: Path) -> None:
    with pytest.raises(ExperimentFileError) as error:
        plan_typed(single, single / "ode/exp.yaml", base_train_config="ode/c.json")

    said = str(error.value)
    assert said.startswith("--base_train_config: the configuration 'ode/c.json' does not exist: looked for it in ")
    assert "Did you mean 'ode/b.json'" in said


def test_results_of_another_experiment_file_are_named_from_where_the_results_folder_is(tmp_path: Path) -> None:
    for folder in ("ode", "experiments"):
        (tmp_path / folder).mkdir()
    (tmp_path / "ode/other.yaml").touch()
    (tmp_path / "experiments/experiment.json").write_text('{"experiment_file": "../ode/other.yaml"}')

    trouble = trouble_with_results_place(
        tmp_path / "experiments", "experiments", tmp_path / "ode/exp.yaml", [], project=tmp_path
    )

    assert trouble == "'experiments' already holds the results of 'ode/other.yaml'. Name another folder."


def test_a_link_to_a_workflow_of_the_users_own_is_not_replaced(top: Path) -> None:
    write_sources(top, "ode/train.py", "ode/a.json")
    (top / "shared.smk").write_text("rule mine:\n    shell: 'true'\n")
    (top / "ode/Snakefile").symlink_to("../shared.smk")

    start(plan_typed(top, top / "ode/exp.yaml"))

    assert (top / "ode/Snakefile").readlink() == Path("../shared.smk")
    assert (top / "ode/exp.smk").samefile(top / "Snakefile")

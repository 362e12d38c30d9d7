"""What runs again after which change, counted from Snakemake's own table of jobs."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

import mle_toolbox
from mle_toolbox.bundle import bundle_dir
from tests.workflow.conftest import SCRIPT, Project

pytestmark = pytest.mark.slow

NOTHING_TO_RUN = "Nothing to run: none of the 6 seed runs is due.\n"
FAILING = SCRIPT.replace(
    "    value = 0.0\n", "    value = 0.0\n    1 / (mle.seed not in (0, 2) or mle.config_name != 'b')\n"
)


def test_a_second_run_does_nothing(finished: Project) -> None:
    assert finished.jobs_to_run() == {}


def test_what_is_known_to_be_finished_makes_no_jobs_and_is_an_input_of_its_merge_as_soon_as_something_changes(
    finished: Project,
) -> None:
    seen = finished.mle("run", "exp.yaml")
    untouched = json.loads((finished.results / ".driver" / "untouched.json").read_text())
    finished.write_experiment(["a.json", "b.json", "c.json"], seeds=3)
    finished.write_configuration("c.json", learning_rate=0.4)
    (finished.results / "b" / "seed_1" / "log.h5").unlink()
    added = finished.mle("run", "exp.yaml")

    assert seen.returncode == 0, seen.stderr
    assert untouched == ["a", "b"]
    assert added.returncode == 0, added.stderr
    assert json.loads((finished.results / ".driver" / "untouched.json").read_text()) == ["a"]
    assert finished.jobs_of_last_run() == {"train": 4, "merge": 2, "collect": 1, "report": 1}
    assert finished.jobs_to_run() == {}, "Snakemake by hand has noted all inputs"


def test_only_the_seed_runs_that_failed_run_again(project: Project) -> None:
    (project.path / "train.py").write_text(FAILING)

    first = project.mle("run", "exp.yaml")
    (project.path / "train.py").write_text(SCRIPT)
    planned = project.jobs_to_run()
    second = project.mle("run", "exp.yaml")

    assert first.returncode == 1
    assert "b seed 0: ZeroDivisionError" in first.stderr
    assert "2 seed runs: ZeroDivisionError at train.py:" in first.stderr
    assert "b seeds 0, 2\n" in first.stderr
    assert "b seed 1" not in first.stderr
    assert "4 of 6 seed runs done, 2 failed" in first.stderr
    assert planned == {"train": 2, "merge": 1, "collect": 1, "report": 1}
    assert second.returncode == 0, second.stderr


def test_adding_seeds_runs_only_the_new_ones(finished: Project) -> None:
    finished.write_experiment(["a.json", "b.json"], seeds=5)

    assert finished.jobs_to_run() == {"train": 4, "merge": 2, "collect": 1, "report": 1}


def test_taking_seeds_away_only_merges_again(finished: Project) -> None:
    finished.write_experiment(["a.json", "b.json"], seeds=2)

    assert finished.jobs_to_run() == {"merge": 2, "collect": 1, "report": 1}


@pytest.mark.parametrize("change", ["a seed less", "a configuration less"])
def test_the_results_of_less_are_merged_again_also_without_notes_of_snakemake(finished: Project, change: str) -> None:
    names, seeds = (["a.json", "b.json"], 2) if change == "a seed less" else (["b.json"], 3)
    finished.write_experiment(names, seeds)

    outcome = finished.mle("run", "exp.yaml")
    rows = (finished.results / "results.csv").read_text().splitlines()[1:]

    assert outcome.returncode == 0, outcome.stderr
    assert "train" not in finished.jobs_of_last_run()
    assert len(rows) == len(names) * seeds


def test_editing_one_configuration_runs_only_its_seeds(finished: Project) -> None:
    finished.write_configuration("b.json", learning_rate=0.3)

    assert finished.jobs_to_run() == {"train": 3, "merge": 1, "collect": 1, "report": 1}


def test_a_seed_folder_that_was_deleted_is_made_again(finished: Project) -> None:
    shutil.rmtree(finished.results / "a" / "seed_1")

    assert finished.jobs_to_run() == {"train": 1, "merge": 1, "collect": 1, "report": 1}


def test_touching_files_runs_nothing(finished: Project) -> None:
    for name in ("exp.yaml", "a.json", "b.json", "train.py", "Snakefile"):
        os.utime(finished.path / name)

    assert finished.jobs_to_run() == {}


def test_editing_the_script_runs_nothing_and_marks_the_runs_stale(finished: Project) -> None:
    (finished.path / "train.py").write_text(SCRIPT + "# mended\n")

    assert finished.jobs_to_run() == {}
    said = finished.mle("status").stdout
    assert "6 made by older code" in said
    assert "a and b: 3 seed runs each were made before train.py changed." in said


def test_seeds_that_were_added_after_an_edit_make_the_others_runs_of_older_code(finished: Project) -> None:
    (finished.path / "train.py").write_text(SCRIPT + "# mended\n")
    finished.write_experiment(["a.json", "b.json"], seeds=4)

    outcome = finished.mle("run", "exp.yaml")
    current = finished.mle("results", "--only-current", "--format", "markdown")

    said = "a and b, each: 3 of 4 seed runs are of older code (train.py)."
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.index(said) < outcome.stdout.index("experiments: last values")
    assert said in (finished.results / "report.html").read_text()
    assert "mixed" in (finished.results / "summary.csv").read_text()
    assert current.stdout.count("1/4, 3 older code") == 2


def test_upgrading_the_package_runs_nothing(finished: Project) -> None:
    upgraded = finished.path / "upgraded"
    for folder in ("workflow", "rules", "scripts", "profiles"):
        shutil.copytree(bundle_dir() / folder, upgraded / folder)
    train = upgraded / "rules" / "train.smk"
    train.write_text(train.read_text().replace("train.py", "./train.py"))
    snakefile = finished.path / "Snakefile"
    snakefile.write_text(snakefile.read_text().replace("workflow_dir()", f"Path({str(upgraded / 'workflow')!r})"))

    assert finished.jobs_to_run() == {}


def test_a_rerun_that_fails_keeps_the_old_log_aside_and_stays_due(finished: Project) -> None:
    before = (finished.results / "b" / "seed_0" / "log.h5").read_bytes()
    (finished.path / "train.py").write_text(FAILING)
    finished.write_configuration("b.json", learning_rate=0.3)

    outcome = finished.mle("run", "exp.yaml")
    (finished.path / "train.py").write_text(SCRIPT)

    assert outcome.returncode == 1
    assert before in {path.read_bytes() for path in finished.results.glob(".earlier/*/*/seed_0/log.h5")}
    assert finished.jobs_to_run() == {"train": 2, "merge": 1, "collect": 1, "report": 1}


def test_a_finished_log_without_overwrite_is_kept_aside_by_a_run_of_another_configuration(finished: Project) -> None:
    finished.write_configuration("b.json", learning_rate=0.2, overwrite=0)
    before = finished.logs()
    finished.write_configuration("b.json", learning_rate=0.3, overwrite=0)

    outcome = finished.mle("run", "exp.yaml")
    aside = {path.read_bytes() for path in finished.results.glob(".earlier/*/*/seed_*/log.h5")}

    assert outcome.returncode == 0, outcome.stderr
    assert "b: 3 seed runs set aside" in outcome.stderr
    assert aside == {content for (name, _), content in before.items() if name == "b"}


def test_editing_back_costs_no_training(finished: Project) -> None:
    before = finished.logs()
    finished.write_configuration("b.json", learning_rate=0.3)
    finished.mle("run", "exp.yaml")
    finished.write_configuration("b.json", learning_rate=0.2)

    planned = finished.mle("run", "exp.yaml", "--dry-run")
    outcome = finished.mle("run", "exp.yaml")

    assert "Nothing to run: none of the 6 seed runs is due.\nThen the results are merged" in planned.stdout
    assert outcome.returncode == 0, outcome.stderr
    assert "b: 3 seed runs restored" in outcome.stderr
    assert finished.jobs_of_last_run() == {"merge": 1, "collect": 1, "report": 1}
    assert finished.logs() == before
    assert finished.jobs_to_run() == {}


def test_renaming_a_configuration_takes_its_results_along(finished: Project) -> None:
    before = finished.logs()
    (finished.path / "b.json").rename(finished.path / "better.json")
    finished.write_experiment(["a.json", "better.json"], seeds=3)

    outcome = finished.mle("run", "exp.yaml")
    results = mle_toolbox.load(finished.results)

    assert outcome.returncode == 0, outcome.stderr
    assert "b is now called better: 3 seed runs moved along" in outcome.stderr
    assert "train" not in finished.jobs_of_last_run()
    assert {log for (name, _), log in finished.logs().items() if name == "better"} == {
        log for (name, _), log in before.items() if name == "b"
    }
    assert not (finished.results / "b").exists()
    assert [run.configuration for run in results["better"].runs] == ["better"] * 3


def test_a_dry_run_says_what_would_happen_to_results_and_not_that_it_has_happened(finished: Project) -> None:
    (finished.path / "a.json").rename(finished.path / "base.json")
    finished.write_experiment(["base.json", "b.json"], seeds=3)
    finished.write_configuration("b.json", learning_rate=0.3)

    edited = finished.mle("run", "exp.yaml", "--dry-run")
    repeated = finished.mle("run", "exp.yaml", "--dry-run", "--rerun", "all", "--only", "b")
    status = finished.mle("status").stdout

    assert "due: 6 seed runs (3 new, 3 outdated); 3 of these have finished before and will be restored" in status
    assert "a is now called base: 3 seed runs would be moved along, not repeated." in edited.stderr
    assert "b: 3 seed runs would be set aside, and restored once the edit is undone." in edited.stderr
    assert "b: 3 seed runs would be set aside" in repeated.stderr
    assert "moved along" not in repeated.stderr
    assert (finished.results / "a").exists()
    assert not (finished.results / ".earlier").exists()


def test_nothing_is_said_of_an_edit_when_finished_runs_are_repeated_without_one(finished: Project) -> None:
    planned = finished.mle("run", "exp.yaml", "--dry-run", "--rerun", "all", "--only", "b", "--seeds", "0")
    outcome = finished.mle("run", "exp.yaml", "--rerun", "all", "--only", "b", "--seeds", "0")

    assert "b: 1 seed run would be set aside to be repeated." in planned.stderr
    assert outcome.returncode == 0, outcome.stderr
    assert "b: 1 seed run set aside to be repeated." in outcome.stderr
    assert "undo" not in planned.stderr + outcome.stderr


def test_a_change_that_changes_no_number_runs_nothing(finished: Project) -> None:
    file = finished.path / "b.json"
    content = json.loads(file.read_text())
    log = content["log_config"]
    # One upon the other: each has a status of its own to fail at, and at the end Snakemake has all of them before it.
    for change in ("printing", "order", "overwrite", "defaults"):
        if change == "printing":
            log |= {"print_every_k_updates": 2, "time_to_print": ["step"], "what_to_print": [], "model_type": "none"}
        elif change == "order":
            content = dict(reversed(content.items()))
        elif change == "overwrite":
            log["overwrite_experiment_dir"] = 0
        elif change == "defaults":
            del content["net_config"]
            log |= {"log_every_j_steps": None, "tboard_fname": None}
        file.write_text(json.dumps(content))
        assert "6 of 6 seed runs done" in finished.mle("status", "exp.yaml").stdout, change

    assert finished.jobs_to_run() == {}
    assert finished.mle("run", "exp.yaml", "--dry-run").stdout == NOTHING_TO_RUN


def test_a_stopped_edit_makes_no_row_of_two_configurations(finished: Project) -> None:
    (finished.path / "train.py").write_text(FAILING)
    finished.write_configuration("b.json", learning_rate=0.3)

    outcome = finished.mle("run", "exp.yaml")
    results = mle_toolbox.load(finished.results)

    assert "1/3, 2 failed" in outcome.stdout
    assert [run.status for run in results["b"].runs] == ["failed", "done", "failed"]
    assert results["b"].seed(1).attributes["config"]["train_config"]["learning_rate"] == 0.3


def test_an_edit_shows_in_status_before_the_next_run(finished: Project) -> None:
    finished.write_configuration("b.json", learning_rate=0.3)

    status = finished.mle("status").stdout

    assert "≠≠≠" in status
    assert "3 of 6 seed runs done, 3 outdated" in status


@pytest.mark.parametrize(
    "kind",
    [
        "without .snakemake, other times",
        *(pytest.param(kind, marks=pytest.mark.soak) for kind in ("without dot files", "times in order of names")),
    ],
)
def test_in_a_copied_project_status_and_run_agree_that_all_is_done(
    finished: Project, tmp_path: Path, kind: str
) -> None:
    hidden = shutil.ignore_patterns(".*") if kind == "without dot files" else shutil.ignore_patterns(".snakemake")
    copy = Project(Path(shutil.copytree(finished.path, tmp_path / "copy", ignore=hidden, symlinks=True)))
    if kind != "without dot files":
        files = sorted(copy.path.rglob("*"), reverse=kind == "without .snakemake, other times")
        for place, path in enumerate(files):
            os.utime(path, (1_700_000_000 + place, 1_700_000_000 + place), follow_symlinks=False)

    status = copy.mle("status", "exp.yaml").stdout
    outcome = copy.mle("run", "exp.yaml")

    assert "6 of 6 seed runs done" in status
    assert outcome.returncode == 0, outcome.stderr
    assert "train" not in copy.jobs_of_last_run()
    assert copy.logs() == finished.logs()


def test_a_snakemake_typed_by_hand_repeats_nothing_in_a_copy_and_keeps_aside_what_was_edited(
    finished: Project,
) -> None:
    before = finished.logs()
    shutil.rmtree(finished.path / ".snakemake")
    for file in finished.path.glob("*.json"):
        os.utime(file)
    copied = finished.jobs_to_run()
    finished.write_configuration("b.json", learning_rate=0.3, overwrite=0)

    edited = finished.jobs_to_run()
    outcome = finished.snakemake()
    aside = {path.read_bytes() for path in finished.results.glob(".earlier/*/*/seed_*/log.h5")}

    assert "train" not in copied
    assert edited["train"] == 3
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert aside == {log for (name, _), log in before.items() if name == "b"}
    assert finished.mle("status").stdout.count("✓") == 7  # with the legend's


def test_a_snakemake_typed_by_hand_repeats_nothing_after_it_has_run_an_edited_configuration(finished: Project) -> None:
    finished.snakemake("--forcerun", "train")
    finished.write_configuration("b.json", learning_rate=0.3)

    edited = finished.jobs_to_run()
    finished.snakemake()

    assert edited["train"] == 3
    assert finished.jobs_to_run() == {}


def test_a_moved_project_goes_on_from_where_it_was(finished: Project, tmp_path: Path) -> None:
    moved = Project(tmp_path / "elsewhere")
    finished.path.rename(moved.path)
    shutil.rmtree(moved.results / "a" / "seed_1")

    assert moved.jobs_to_run() == {"train": 1, "merge": 1, "collect": 1, "report": 1}

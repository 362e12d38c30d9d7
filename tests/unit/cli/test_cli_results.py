"""`mle results`: one table in every form, for one experiment or several."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path

import pytest

from mle_toolbox.cli import main
from mle_toolbox.errors import ResultsError
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.journal import JournalWriter
from mle_toolbox.log.run_record import RunRecord, write_run_record
from mle_toolbox.log.sealing import commit_log, prepare_log
from mle_toolbox.results import load

ODD = r"a_b 50% <b>|&\x"


def write_run(folder: ExperimentFolder, name: str, seed: int, values: list[float], status: str = "done") -> None:
    run = folder.seed_run(name, seed)
    run.path.mkdir(parents=True)
    writer = JournalWriter(run.journal, ["t"], ["loss", "accuracy"], {"configuration": name, "seed": seed})
    for tick, value in enumerate(values):
        writer.append({"t": tick}, {"loss": value, "accuracy": 1 - value}, True)
    if status == "running":
        write_run_record(run, RunRecord(configuration=name, seed=seed))
        return
    writer.close()
    prepare_log(run, {}, len(values))
    commit_log(run, RunRecord(configuration=name, seed=seed))


def write_experiment(path: Path, levels: dict[str, float], n_seeds: int = 3) -> ExperimentFolder:
    folder = ExperimentFolder(path)
    for name, level in levels.items():
        for seed in range(n_seeds):
            write_run(folder, name, seed, [1.0, level + seed / 100])
    record = {
        "configurations": [{"name": name, "content": {"train": {"level": level}}} for name, level in levels.items()],
        "seeds": list(range(n_seeds)),
    }
    folder.record.write_text(json.dumps(record))
    return folder


@pytest.fixture
def experiment(tmp_path: Path) -> ExperimentFolder:
    """Two configurations far apart, three seeds each."""
    return write_experiment(tmp_path / "experiments", {"low": 0.1, "high": 0.5})


def mle(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    capsys.readouterr()
    assert main(["results", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    capsys.readouterr()
    assert main(["results", *map(str, arguments)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_the_table_has_the_interval_the_number_of_seeds_and_how_it_was_made(
    experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    output = mle(capsys, experiment.path)

    assert "3/3 │ 0.110 ± 0.025 *" in output
    assert re.search(r"3/3 │ +0.510 ± 0.025 ", output)
    assert "level" in output
    assert (
        "last value of each run; 95 % Student t interval of the mean over seeds; lower is better (assumed)." in output
    )
    assert "accuracy: last value of each run" in output


def test_the_folder_itself_is_the_default(
    experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(experiment.path)

    assert "0.110 ± 0.025" in mle(capsys)


def test_csv_has_all_digits_and_the_keys_that_differ(
    experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = list(csv.DictReader(io.StringIO(mle(capsys, experiment.path, "--format", "csv", "--metric", "loss"))))

    assert [row["configuration"] for row in rows] == ["low", "high"]
    assert [row["train.level"] for row in rows] == ["0.1", "0.5"]
    assert float(rows[0]["value"]) == pytest.approx(0.11, abs=1e-15)
    assert [row["n"] for row in rows] == ["3", "3"]
    assert [row["best"] for row in rows] == ["True", "False"]


def test_json_is_strict_and_has_the_value_of_each_seed(
    experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(experiment, "low", 3, [float("nan")])
    experiment.record.unlink()

    content = json.loads(
        mle(capsys, experiment.path, "--format", "json", "--metric", "loss"), parse_constant=pytest.fail
    )

    assert content["summary"]["metrics"][0]["values"]["low"] == {"0": 0.1, "1": 0.11, "2": 0.1 + 2 / 100, "3": None}
    assert content["summary"]["metrics"][0]["estimates"]["low"]["diverged"] == 1


def test_latex_is_escaped_and_says_n_once_where_it_is_the_same_everywhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_experiment(tmp_path / "e", {ODD: 0.1, "other": 0.5})

    output = mle(capsys, tmp_path / "e", "--format", "latex", "--metric", "loss")

    assert (
        r"a\_b 50\% \textless{}b\textgreater{}\textbar{}\&\textbackslash{}x & 0.1 & \textbf{0.110 \(\pm\) 0.025} \\"
        in output
    )
    assert "n = 3 seeds" in output
    assert r"\toprule" in output
    assert "(n=3)" not in output


def test_markdown_is_escaped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_experiment(tmp_path / "e", {ODD: 0.1, "other": 0.5})

    output = mle(capsys, tmp_path / "e", "--format", "markdown", "--metric", "loss")

    assert r"| a\_b 50% \<b\>\|\&\\x | 0.1 | **0.110 ± 0.025** |" in output


def test_compare_names_the_better_one(experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str]) -> None:
    output = mle(capsys, experiment.path, "--compare")

    assert "comparisons with low" in output
    assert "0.400 ± 0.023" in output
    assert "all pairs of seeds differ by the same amount" in output
    assert output.index("comparisons") < output.index("low *")


def test_compare_as_csv_is_one_row_a_pair_and_metric(
    experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    output = mle(
        capsys, experiment.path, "--compare", "all", "--format", "csv", "--metric", "loss", "--metric", "accuracy"
    )

    rows = list(csv.DictReader(io.StringIO(output)))

    assert [(row["a"], row["b"], row["metric"], row["better"]) for row in rows] == [
        ("low", "high", "loss", "low"),
        ("low", "high", "accuracy", "low"),
    ]


def test_the_direction_that_is_given_decides(experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str]) -> None:
    output = mle(capsys, experiment.path, "--metric", "loss", "--higher-is-better", "--at", "best")

    assert "1.0 ± 0 *" in output or "1 ± 0 *" in output
    assert "higher is better." in output


@pytest.mark.parametrize(
    ("suffix", "start"), [(".csv", "configuration,"), (".tex", "% "), (".md", "**"), (".json", "{")]
)
def test_the_name_of_the_output_decides_its_form(
    suffix: str, start: str, experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    output = tmp_path / "tables" / f"table{suffix}"

    printed = mle(capsys, experiment.path, "--output", output)

    assert printed == ""
    assert output.read_text(encoding="utf-8").startswith(start)


def test_parquet_comes_back_as_it_was(
    experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")

    mle(capsys, experiment.path, "--output", tmp_path / "t.parquet", "--metric", "loss")

    assert pandas.read_parquet(tmp_path / "t.parquet")["configuration"].tolist() == ["low", "high"]


def test_several_experiments_are_one_table(
    experiment: ExperimentFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_experiment(tmp_path / "later", {"low": 0.2, "new": 0.3})

    output = mle(capsys, experiment.path, tmp_path / "later", "--format", "csv", "--metric", "loss")

    rows = list(csv.DictReader(io.StringIO(output)))
    assert [row["configuration"] for row in rows] == ["experiments/low", "high", "later/low", "new"]
    assert [row["experiment"] for row in rows] == ["experiments", "experiments", "later", "later"]


def test_a_metric_that_is_an_array_is_said_to_be_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = ExperimentFolder(tmp_path / "experiments").seed_run("a", 0)
    run.path.mkdir(parents=True)
    writer = JournalWriter(run.journal, ["t"], ["loss", "vec"], {"configuration": "a", "seed": 0})
    writer.append({"t": 0}, {"loss": 1.0, "vec": [1.0, 2.0, 3.0]}, True)
    writer.close()

    error = refused(capsys, tmp_path / "experiments", "--metric", "vec")
    status = main(["report", str(tmp_path / "experiments"), "--lower-is-better", "vec"])

    hint = "'vec' is an array of shape (3,) at every tick, not one number."
    assert error == f"--metric vec: the metrics are 'loss'. {hint}\n"
    assert status == 2
    assert "the metrics are 'loss'. 'vec' is an array of shape (3,)" in capsys.readouterr().err


def test_a_metric_of_one_element_is_named_with_the_remedy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = ExperimentFolder(tmp_path / "experiments").seed_run("a", 0)
    run.path.mkdir(parents=True)
    writer = JournalWriter(run.journal, ["t"], ["loss"], {"configuration": "a", "seed": 0})
    writer.append({"t": 0}, {"loss": [1.0]}, True)
    writer.close()

    error = refused(capsys, tmp_path / "experiments")

    assert (
        "'loss' is an array of shape (1,) at every tick. Where that is one number, the script logs it with .item()."
        in (error)
    )


def test_a_folder_that_is_given_twice_is_the_same_as_once(
    experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(experiment.path)

    assert mle(capsys, experiment.path, ".", "--format", "csv") == mle(capsys, experiment.path, "--format", "csv")


def test_runs_that_still_go_on_are_said_and_do_not_count(
    experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    run = experiment.seed_run("low", 3)
    run.path.mkdir()
    writer = JournalWriter(run.journal, ["t"], ["loss", "accuracy"], {"configuration": "low", "seed": 3})
    writer.append({"t": 0}, {"loss": 9.0, "accuracy": 0.0}, True)
    write_run_record(run, RunRecord(configuration="low", seed=3))
    experiment.record.unlink()

    output = mle(capsys, experiment.path, "--metric", "loss")
    counted = mle(capsys, experiment.path, "--metric", "loss", "--include-unfinished")

    writer.close()
    assert "3/4, 1 running │ 0.110 ± 0.025" in output
    assert "1 seed run is still running" in output
    assert "still running" not in counted
    assert "(n=4)" in counted


def test_mistakes_are_answered_with_the_nearest(
    experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert "Did you mean 'loss'?" in refused(capsys, experiment.path, "--metric", "los")
    assert "Did you mean 'high'?" in refused(capsys, experiment.path, "--compare", "hihg")
    assert "write it before --compare" in refused(capsys, "--compare", experiment.path, experiment.path)
    assert "must end with one of .txt, .csv" in refused(capsys, experiment.path, "--output", tmp_path / "t.xls")
    assert "Give --output FILE.parquet" in refused(capsys, experiment.path, "--format", "parquet")


@pytest.mark.slow
def test_medians_are_marked_by_a_test_of_the_means_which_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ExperimentFolder(tmp_path / "experiments")
    for seed in range(20):
        write_run(folder, "skewed", seed, [10.0 + seed / 10 if seed < 8 else 1.0 + seed / 100])
        write_run(folder, "steady", seed, [2.0 + seed / 100])

    output = mle(capsys, folder.path, "--metric", "loss", "--statistic", "median", "--compare")

    table, _, comparisons = output.partition("comparisons with steady")
    assert table.count(" *") >= 2
    assert "(paired t test of the means, p ≥ 0.05 or the better mean)" in table
    assert "a - b and a / b of the means" in comparisons


def test_a_direction_that_is_none_is_refused(experiment: ExperimentFolder) -> None:
    with pytest.raises(ResultsError, match=r"lower_is_better must be True, False or None, found {'loss': False}"):
        load(experiment.path).summary(["loss", "accuracy"], lower_is_better={"loss": False})  # type: ignore[union-attr, arg-type]


def test_equal_seeds_mark_the_best_by_its_number_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = ExperimentFolder(tmp_path / "experiments")
    for seed in range(3):
        for name, value in {"low": 1.0, "lower": 0.5, "also lower": 0.5}.items():
            write_run(folder, name, seed, [value])

    rows = csv.DictReader(io.StringIO(mle(capsys, folder.path, "--format", "csv", "--metric", "loss")))

    assert {row["configuration"]: row["best"] for row in rows} == {
        "low": "False",
        "lower": "True",
        "also lower": "True",
    }


def test_n_stands_in_a_cell_where_it_is_not_the_number_of_seeds_done(
    experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(experiment, "low", 3, [float("nan")])
    experiment.record.unlink()

    output = mle(capsys, experiment.path, "--metric", "loss")

    assert "4/4 │ 0.110 ± 0.025 (n=3, 1 diverged)" in output
    assert "3/3 │ " in output
    assert output.count("(n=") == 1


def test_a_caution_on_few_seeds_is_said_once_and_without_names(
    experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in range(3, 25):
        write_run(experiment, "low", seed, [0.1 + seed / 100])
    experiment.record.unlink()

    output = mle(capsys, experiment.path)

    assert output.count("With fewer than 25 seeds") == 1
    assert "! With fewer than 25 seeds" in output


def test_the_metrics_of_the_experiment_file_come_first_under_their_names_and_nothing_is_assumed(
    experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    record = json.loads(experiment.record.read_text())
    metrics = {"accuracy": {"better": "higher", "name": "test accuracy"}}
    experiment.record.write_text(json.dumps({**record, "metrics": metrics}))

    output = mle(capsys, experiment.path)

    head = next(line for line in output.splitlines() if "configuration" in line)
    assert "loss" not in head
    assert main(["results", str(experiment.path)]) == 0
    assert "Not shown: loss. `mle results --metric NAME` shows them." in capsys.readouterr().err
    rows = csv.DictReader(io.StringIO(mle(capsys, experiment.path, "--format", "csv")))
    assert [row["metric"] for row in rows][:2] == ["accuracy", "loss"]
    assert "test accuracy (accuracy): last value of each run" in output
    assert "higher is better." in output


def test_sort_puts_the_best_first_and_top_shows_so_many_of_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_experiment(tmp_path / "e", {"middle": 0.3, "worst": 0.5, "best": 0.1}).path

    def names(*options: object) -> list[str]:
        rows = csv.DictReader(io.StringIO(mle(capsys, folder, "--metric", "loss", "--format", "csv", *options)))
        return [row["configuration"] for row in rows]

    assert names() == ["middle", "worst", "best"]
    assert names("--sort", "loss") == ["best", "middle", "worst"]
    assert names("--sort", "loss", "--higher-is-better") == ["worst", "middle", "best"]
    assert names("--top", 2) == ["best", "middle"]
    assert names("--top", "all") == ["middle", "worst", "best"]
    assert "last values, the best 2 of 3 by loss" in mle(capsys, folder, "--top", 2)


def test_a_metric_to_sort_by_becomes_the_first_column(
    experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    head = next(line for line in mle(capsys, experiment.path, "--sort", "accuracy").splitlines() if "accuracy" in line)

    assert head.index("accuracy") < head.index("loss")
    said = refused(capsys, experiment.path, "--sort", "acuracy")
    assert said == "--sort acuracy: the metrics are 'loss' and 'accuracy'. Did you mean 'accuracy'?\n"


def write_grid(folder: Path) -> ExperimentFolder:
    """Write four configurations: two widths with two rates each."""
    written = write_experiment(folder, {"a": 0.1, "b": 0.3, "c": 0.5, "d": 0.9})
    record = json.loads(written.record.read_text())
    for entry, (width, rate) in zip(record["configurations"], [(8, 1), (8, 2), (16, 1), (16, 2)], strict=True):
        entry["content"] = {"net": {"width": width}, "train": {"rate": rate}}
    written.record.write_text(json.dumps(record))
    return written


def test_groups_are_means_of_configurations_each_of_which_counts_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_grid(tmp_path / "e").path

    content = json.loads(mle(capsys, folder, "--metric", "loss", "--group-by", "width", "--format", "json"))["groups"]
    output = mle(capsys, folder, "--metric", "loss", "--group-by", "net/width")

    assert [(group["value"], group["configurations"]) for group in content["groups"]] == [
        (8, ["a", "b"]),
        (16, ["c", "d"]),
    ]
    # Means 0.11 and 0.31, and in both a seed adds 0.01: so do the seeds' means, whose t has 2 degrees of freedom.
    estimate = content["groups"][0]["estimates"]["loss"]
    assert estimate["value"] == pytest.approx(0.21)
    assert estimate["high"] - estimate["value"] == pytest.approx(4.302653 * 0.01 / 3**0.5, rel=1e-5)
    assert "e: last value by net.width" in output
    assert "Caution" not in output
    assert "do not have the same values" not in output


def test_groups_that_differ_in_other_settings_say_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = write_grid(tmp_path / "e")
    record = json.loads(written.record.read_text())
    record["configurations"][3]["content"]["train"]["rate"] = 3
    written.record.write_text(json.dumps(record))

    output = mle(capsys, written.path, "--group-by", "width")

    assert "! The groups do not have the same values of train.rate: a difference may be due to these." in output


def test_a_group_by_that_fits_nothing_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_grid(tmp_path / "e").path

    assert "Did you mean 'width'?" in refused(capsys, folder, "--group-by", "widht")
    assert "Leave one out" in refused(capsys, folder, "--group-by", "width", "--compare")


def test_the_standard_deviation_takes_the_place_of_the_interval_and_is_said_to_be_none(
    experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = " ".join(mle(capsys, experiment.path, "--std", "--metric", "loss").split())
    rows = list(csv.DictReader(io.StringIO(mle(capsys, experiment.path, "--std", "--format", "csv"))))

    assert "0.110 ± 0.010 *" in shown
    assert "mean ± standard deviation (n - 1) over seeds, no interval" in shown
    assert "Student" not in shown
    assert "t interval" not in shown
    assert float(rows[0]["std"]) == pytest.approx(0.01)
    assert float(rows[0]["high"]) == pytest.approx(0.11 + 0.0248, abs=1e-4), "low and high stay the interval"


def test_percent_is_shown_for_the_metrics_that_are_named_and_programs_get_the_number(
    experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = mle(capsys, "--percent", "accuracy", experiment.path)
    rows = list(csv.DictReader(io.StringIO(mle(capsys, experiment.path, "--percent", "accuracy", "--format", "csv"))))

    assert "accuracy (%)" in shown
    assert "89.0 ± 2.5" in shown
    assert "0.110 ± 0.025" in shown, "the loss is as it was"
    values = [float(row["value"]) for row in rows if row["metric"] == "accuracy"]
    assert values == pytest.approx([0.89, 0.49])


def test_differences_are_in_percent_with_the_table_and_programs_get_the_number(
    experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--metric", "accuracy", "--percent", "accuracy", "--compare"]
    shown = mle(capsys, experiment.path, *words)
    [row] = csv.DictReader(io.StringIO(mle(capsys, experiment.path, *words, "--format", "csv")))

    assert "a - b (%)" in shown
    assert re.search(r"│ +\S?40\.0 ± [\d.]+ +│", shown), "0.89 - 0.49"
    assert abs(float(row["difference"])) == pytest.approx(0.4)


def test_groups_are_shown_in_percent_and_programs_get_the_number(
    experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--group-by", "level", "--percent", "accuracy"]
    shown = mle(capsys, experiment.path, *words)
    rows = list(csv.DictReader(io.StringIO(mle(capsys, experiment.path, *words, "--format", "csv"))))

    assert "┃ level ┃ configurations ┃" in shown, "as in the other tables, without its section"
    assert "accuracy (%)" in shown
    assert "89.0 ± 2.5" in shown
    assert [float(row["value"]) for row in rows if row["metric"] == "accuracy"] == pytest.approx([0.89, 0.49])


def test_how_groups_are_averaged_is_said_once_for_all_metrics(
    experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    for option, directions in (
        ("--higher-is-better", "loss and accuracy: higher is better."),
        ("--confidence=0.95", "loss: lower is better (assumed); accuracy: higher is better (assumed)."),
    ):
        shown = " ".join(mle(capsys, experiment.path, "--group-by", "level", option).split())

        assert shown.count("all weighted equally") == 1
        assert directions in shown


def test_a_group_has_no_standard_deviation_over_seeds(
    experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    error = refused(capsys, experiment.path, "--group-by", "level", "--std")

    assert "--std: a group is the mean of several configurations" in error


def test_json_has_the_standard_deviations_if_requested(
    experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.loads(mle(capsys, experiment.path, "--std", "--metric", "loss", "--format", "json"))

    [metric] = content["summary"]["metrics"]
    assert metric["std"]["low"] == pytest.approx(0.01)


def test_several_metrics_are_named_behind_one_option_and_a_folder_behind_them_is_no_metric(
    experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = mle(capsys, "--metric", "accuracy", "loss", experiment.path, "--compare", "low")
    rows = csv.DictReader(
        io.StringIO(mle(capsys, experiment.path, "--metric", "accuracy", "loss", "--compare", "low", "--format", "csv"))
    )

    assert shown.index("accuracy") < shown.index("loss")
    assert shown.count("P(a better)") >= 2, "a table of comparisons for each"
    assert all(f"comparisons with low, {metric}" in shown for metric in ("accuracy", "loss"))
    assert [row["metric"] for row in rows] == ["accuracy", "loss"]


def test_tables_have_the_names_for_display_and_commands_and_programs_the_own_ones(
    experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    record = json.loads(experiment.record.read_text())
    experiment.record.write_text(json.dumps({**record, "display_names": {"low": "Low & slow"}}))

    shown = mle(capsys, experiment.path, "--compare", "low", "--configurations", "low", "high")
    latex = mle(capsys, experiment.path, "--format", "latex")
    rows = list(csv.DictReader(io.StringIO(mle(capsys, experiment.path, "--format", "csv"))))
    by_display = mle(capsys, experiment.path, "--configurations", "Low & slow", "--format", "csv")

    assert "Low & slow" in shown
    assert not re.search(r"\blow\b", shown.replace("Low & slow", "").replace("lower", ""))
    assert r"Low \& slow" in latex
    assert {row["configuration"] for row in rows} == {"low", "high"}
    assert {row["configuration"] for row in csv.DictReader(io.StringIO(by_display))} == {"low"}


def test_a_group_whose_configurations_have_no_two_seeds_in_common_says_why_it_has_no_interval(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = write_grid(tmp_path / "e")
    for seed in (1, 2):
        shutil.rmtree(written.seed_run("b", seed).path)

    shown = " ".join(mle(capsys, written.path, "--metric", "loss", "--group-by", "width").split())

    assert "! 8: No interval: that takes two seeds that all configurations share." in shown

"""`mle results`: one table in every form, for one experiment or several."""

from __future__ import annotations

import csv
import io
import json
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

    assert "0.110 ± 0.025 (n=3) *" in output
    assert "0.510 ± 0.025 (n=3) " in output
    assert "level" in output
    assert (
        "last value of each run; 95 % Student t interval of the mean over seeds; lower is better (assumed)." in output
    )
    assert "accuracy: last value of each run" in output


def test_the_folder_itself_is_the_default(
    experiment: ExperimentFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(experiment.path)

    assert "0.110 ± 0.025 (n=3)" in mle(capsys)


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

    assert "1.0 ± 0 (n=3) *" in output or "1 ± 0 (n=3) *" in output
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

    assert error == "--metric vec: there is 'loss'. 'vec' is an array of shape (3,) at every tick, not one number.\n"
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
    assert "3/4, 1 running" in output
    assert "0.110 ± 0.025 (n=3, 1 missing)" in output
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

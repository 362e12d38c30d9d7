"""Imported logs become results like any others, and their folder is only read."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np
import pytest

from mle_toolbox.cli import main
from mle_toolbox.drive.status import read_status
from mle_toolbox.errors import ResultsError, UsageError
from mle_toolbox.importers import import_logs, write_results
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.results import ExperimentResults, load

PATTERN = "{configuration}/seed_{seed}/*.csv"
DATA = Path(__file__).parent / "data"


def write_csv(path: Path, level: float, n_ticks: int = 4) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = (f"{step},{level + step},{level if step % 2 else ''}" for step in range(n_ticks))
    path.write_text("\n".join(["step,return,eval", *rows]) + "\n")


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Two configurations with two seeds each."""
    for name, level in (("ppo", 1.0), ("sac", 2.0)):
        for seed in range(2):
            write_csv(tmp_path / "logs" / name / f"seed_{seed}" / "progress.csv", level + seed / 10)
    return tmp_path / "logs"


def test_the_path_says_configuration_and_seed(logs: Path) -> None:
    results = import_logs(logs, PATTERN)

    assert isinstance(results, ExperimentResults)
    assert results.names == ("ppo", "sac")
    assert results["sac"].seeds == (0, 1)
    np.testing.assert_array_equal(results["sac"]["return"], [[2, 3, 4, 5], [2.1, 3.1, 4.1, 5.1]])


def test_every_question_is_answered(logs: Path) -> None:
    results = import_logs(logs, PATTERN)

    assert results.summary("eval")["ppo"].estimates["eval"].value == pytest.approx(1.05)
    assert results.compare("ppo", "sac").found["ppo", "sac"].paired
    assert results.curve("eval")["ppo"].time.tolist() == [1, 3]
    assert results.to_dataframe()["return"].notna().sum() == 16


def test_other_names_in_the_pattern_are_settings_and_make_the_name(tmp_path: Path) -> None:
    for lrate in ("1e-3", "0.1"):
        for opt in ("sgd", "adam"):
            write_csv(tmp_path / f"lr_{lrate}" / opt / "0.csv", 1.0)

    results = import_logs(tmp_path, "lr_{lr}/{opt}/{seed}.csv")

    assert set(results.names) == {"lr=0.001,opt=sgd", "lr=0.001,opt=adam", "lr=0.1,opt=sgd", "lr=0.1,opt=adam"}
    assert results.differences()["lr=0.1,opt=sgd"] == {"lr": 0.1, "opt": "sgd"}


def test_runs_without_seeds_are_numbered_and_never_paired(tmp_path: Path) -> None:
    for name in ("a", "b"):
        for run in ("x9", "x10", "y"):
            write_csv(tmp_path / name / run / "log.csv", len(run))

    with pytest.warns(UserWarning, match="never compared as pairs"):
        results = import_logs(tmp_path, "{configuration}/{run}/log.csv")

    assert results["a"].seeds == (0, 1, 2)
    assert [run.path.name for run in results["a"].runs] == ["log.csv"] * 3
    assert [run.path.parent.name for run in results["a"].runs] == ["x9", "x10", "y"]
    assert not results.compare("a", "b").found["a", "b"].paired
    assert not results.compare("a", "b", paired=False).found["a", "b"].paired
    with pytest.raises(ResultsError, match="the seeds of 'a' and 'b' are not known, only numbered"):
        results.compare(paired=True, baseline="best")


def test_the_seed_may_be_a_setting_of_the_pattern(tmp_path: Path) -> None:
    for lrate in ("0.1", "0.2"):
        for number in range(2):
            write_csv(tmp_path / f"lr_{lrate}" / f"{number}.csv", 1.0)

    results = import_logs(tmp_path, "lr_{configuration}/{number}.csv", seed_key="number")

    assert {name: each.seeds for name, each in results.items()} == {"0.1": (0, 1), "0.2": (0, 1)}
    assert results.differences() == {"0.1": {}, "0.2": {}}


@pytest.mark.parametrize(
    ("pattern", "key", "words"),
    [
        ("lr_{lr}/seed_{seed}", "lr", r"--seed-key lr: the pattern marks another part as \{seed\}"),
        ("lr_{lr}/{run}", "lr", r"lr_0\.5/seed_0 has 0\.5 there, which is not a whole number"),
        ("lr_{lr}/{run}", "lrr", r"has no such setting; the settings are 'lr'\. Did you mean 'lr'\?"),
        ("{configuration}/{run}", "lr", r"--seed-key lr: lr_0\.5/seed_0 has no such setting; there are no settings\."),
    ],
)
def test_a_seed_key_that_is_none_is_refused(pattern: str, key: str, words: str, tmp_path: Path) -> None:
    write_csv(tmp_path / "lr_0.5" / "seed_0" / "log.csv", 1.0)

    with pytest.raises(UsageError, match=words):
        import_logs(tmp_path, pattern, seed_key=key)


def test_two_runs_of_the_same_seed_are_refused_by_name(tmp_path: Path) -> None:
    for number in (0, 1):
        run = tmp_path / f"v{number}"
        run.mkdir()
        (run / "x.hdf5").write_bytes((DATA / "mle_logging/conf_1/logs" / f"log_seed_{number}.hdf5").read_bytes())
    import h5py

    with h5py.File(tmp_path / "v1" / "x.hdf5", "r+") as file:
        file.move("seed_1", "seed_0")

    with pytest.raises(ResultsError, match=r"v0/x.hdf5 and v1/x.hdf5 are both seed 0 of 'conf_1'.*\{version\}"):
        import_logs(tmp_path)
    assert import_logs(tmp_path, "{version}/x.hdf5").names == ("conf_1,version=v0", "conf_1,version=v1")


def test_a_pattern_that_fits_nothing_shows_what_is_there_and_suggests_one(logs: Path) -> None:
    with pytest.raises(UsageError, match=r"none of the 4 files .* Did you mean --pattern '\{configuration\}/seed_\{se"):
        import_logs(logs, "{configuration}/s_{seed}/*.csv")
    with pytest.raises(UsageError, match=r"ppo/seed_0/progress\.csv"):
        import_logs(logs)
    with pytest.raises(UsageError, match=r"the text at \{seed\} is 'ppo'.*Write \{run\} there"):
        import_logs(logs, "{seed}/{configuration}")


def test_logs_that_do_not_fit_are_listed(logs: Path) -> None:
    for number in range(5):
        write_csv(logs / f"old_{number}.csv", 0.0)

    with pytest.warns(
        UserWarning,
        match=r"5 logs do not match the pattern and are left out: old_0.csv, old_1.csv, old_2\.csv and 2 more",
    ):
        import_logs(logs, PATTERN)


def test_several_kinds_ask_for_one(logs: Path) -> None:
    (logs / "ppo" / "seed_0" / "x.jsonl").write_text('{"step": 1, "a": 2}\n')

    with pytest.raises(UsageError, match=r"several kinds: 4 of kind csv, 1 of kind jsonl. Choose one with --kind"):
        import_logs(logs, "{configuration}/seed_{seed}")
    assert import_logs(logs, "{configuration}/seed_{seed}", "jsonl")["ppo"].metric_names == ("a",)
    with pytest.raises(UsageError, match="Did you mean 'jsonl'"):
        import_logs(logs, PATTERN, "json")


def test_a_folder_without_logs_is_said(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="there are no files"):
        import_logs(tmp_path)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ResultsError, match="no log of a known kind"):
        import_logs(tmp_path)
    with pytest.raises(ResultsError, match="there is no such folder"):
        import_logs(tmp_path / "nowhere")


def test_what_is_written_is_read_as_what_was_imported(logs: Path, tmp_path: Path) -> None:
    write_csv(logs / "ppo" / "seed_7" / "progress.csv", 9.0, n_ticks=2)
    found = import_logs(logs, PATTERN)

    results = load(write_results(found, tmp_path / "out"))

    assert isinstance(results, ExperimentResults)
    assert results.names == found.names
    assert results["ppo"].seeds == (0, 1, 7)
    assert results["ppo"].missing == results["sac"].missing == ()
    for name in found:
        for metric in ("return", "eval"):
            np.testing.assert_array_equal(results[name][metric], found[name][metric])
    assert results.summary("eval").to_dict()["metrics"] == found.summary("eval").to_dict()["metrics"]
    assert read_status(ExperimentFolder(tmp_path / "out")).counts == {"done": 5}
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"experiment.json", "results.h5", "results.csv"}


def test_a_metric_with_gaps_in_some_seeds_only_is_written_and_read(tmp_path: Path) -> None:
    write_csv(tmp_path / "logs" / "a" / "0.csv", 1.0)
    (tmp_path / "logs" / "a" / "1.csv").write_text("step,return,eval\n0,1,5\n1,2,6\n")
    found = import_logs(tmp_path / "logs", "{configuration}/{seed}.csv")

    results = load(write_results(found, tmp_path / "out"))

    assert isinstance(results, ExperimentResults)
    assert [run.attributes for run in results["a"].runs] == [run.attributes for run in found["a"].runs]
    assert results.summary("eval").to_dict()["metrics"] == found.summary("eval").to_dict()["metrics"]
    assert main(["results", str(tmp_path / "out"), "--metric", "eval", "--format", "csv"]) == 0


def test_a_run_that_did_not_end_well_stays_so(tmp_path: Path) -> None:
    for number in range(4):
        (file,) = (DATA / "wandb" / f"offline-run-{number}").iterdir()
        data = file.read_bytes()
        (tmp_path / "w").mkdir(exist_ok=True)
        (tmp_path / "w" / file.name).write_bytes(data[: len(data) // 2] if number == 0 else data)
    found = import_logs(tmp_path / "w")

    results = load(write_results(found, tmp_path / "out"))

    assert isinstance(results, ExperimentResults)
    assert sorted(status for each in results.values() for status in each.statuses) == ["done"] * 3 + ["failed"]
    assert sum(sample.missing for sample in results.samples().values()) == 1


def test_nothing_is_written_where_the_logs_lie(logs: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in [logs, *logs.rglob("*")]}

    found = import_logs(logs, PATTERN)
    write_results(found, tmp_path / "out")
    with pytest.raises(ResultsError, match="the imported folder, which is never written to"):
        write_results(found, logs / "out")

    assert {path: path.stat().st_mtime_ns for path in [logs, *logs.rglob("*")]} == before


def test_an_earlier_import_is_replaced_only_when_it_is_asked_for_and_nothing_else_ever(
    logs: Path, tmp_path: Path
) -> None:
    found = import_logs(logs, PATTERN)
    write_results(found, tmp_path / "out")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()

    with pytest.raises(ResultsError, match="Replace it with --overwrite"):
        write_results(found, tmp_path / "out")
    with pytest.raises(ResultsError, match="is not an earlier import"):
        write_results(found, tmp_path / "mine", overwrite=True)
    write_results(found, tmp_path / "out", overwrite=True)

    assert (tmp_path / "mine" / "thesis.tex").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs", "mine", "out"]


def test_names_that_no_folder_can_have_get_a_similar_one(tmp_path: Path) -> None:
    import shutil

    shutil.copytree(DATA / "mlruns", tmp_path / "mlruns")
    for number, file in enumerate(sorted((tmp_path / "mlruns").rglob("params/opt"))):
        file.write_text("../../{x}" if number % 2 else "a/b")

    found = import_logs(tmp_path / "mlruns")
    results = load(write_results(found, tmp_path / "out"))

    assert isinstance(results, ExperimentResults)
    assert all("/" not in name and "{" not in name for name in results.names)
    assert sum(len(each.runs) for each in results.values()) == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mlruns", "out"]


def test_the_command_shows_the_table_and_what_to_do_next(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    status = main(["import", "logs", "--pattern", PATTERN])

    captured = capsys.readouterr()
    assert status == 0
    assert "ppo" in captured.out
    assert "2/2" in captured.out
    assert "4 runs of 2 configurations (CSV tables) are in logs_results" in captured.err
    assert "mle results logs_results --compare" in captured.err
    assert main(["results", "logs_results", "--format", "csv"]) == 0
    assert main(["import", "logs", "--pattern", "{x"]) == 2
    assert "an unmatched brace" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder in which nobody may write, not even root")
def test_an_output_that_cannot_be_written_is_named_as_it_was_given(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["import", str(logs), "--pattern", PATTERN, "--output", "/proc/x"])

    assert status == 2
    assert capsys.readouterr().err == "/proc/x: No such file or directory.\n"


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_a_read_only_folder_can_be_imported(logs: Path, tmp_path: Path) -> None:
    for path in [*logs.rglob("*"), logs]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            write_results(import_logs(logs, PATTERN), tmp_path / "out")
    finally:
        for path in [logs, *logs.rglob("*")]:
            path.chmod(0o755)

    assert (tmp_path / "out" / "experiment.json").exists()

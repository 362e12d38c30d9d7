"""``load`` answers for whatever it is pointed at, in whatever state it is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import mle_toolbox
from mle_toolbox.errors import ResultsError
from mle_toolbox.log.netcdf import new_file
from mle_toolbox.results import ConfigurationResults, ExperimentResults, SeedResults, load

if TYPE_CHECKING:
    from conftest import Builder


def load_experiment(path: Path) -> ExperimentResults:
    results = load(path)
    assert isinstance(results, ExperimentResults)
    return results


def load_configuration(path: Path) -> ConfigurationResults:
    results = load(path)
    assert isinstance(results, ConfigurationResults)
    return results


def load_seed(path: Path) -> SeedResults:
    results = load(path)
    assert isinstance(results, SeedResults)
    return results


def assert_x(values: object, seeds: list[int], lengths: list[int]) -> None:
    """Compare with what the builder has logged."""
    expected = np.full((len(seeds), max(lengths)), np.nan)
    for row, (seed, length) in enumerate(zip(seeds, lengths, strict=True)):
        expected[row, :length] = seed + np.arange(length) / 10
    np.testing.assert_array_equal(values, expected)


def test_it_is_the_load_of_the_package() -> None:
    assert mle_toolbox.load is load


def test_a_finished_experiment_is_read_from_its_folder(experiment: Builder) -> None:
    for name in ("b", "a"):
        for seed in range(3):
            experiment.finish(name, seed, 4)
    experiment.plan(["b", "a"], 3)
    experiment.collect(["b", "a"])

    results = load_experiment(experiment.folder.path)

    assert results.names == tuple(results) == ("b", "a")
    assert len(results) == 2
    for name, configuration in results.items():
        assert configuration.name == name
        assert configuration.seeds == (0, 1, 2)
        assert configuration.statuses == ("done",) * 3
        assert configuration.missing == ()
        assert configuration.lengths.tolist() == [4, 4, 4]
        assert_x(configuration["x"], [0, 1, 2], [4, 4, 4])
        assert configuration["t"].dtype == np.int64


def test_an_experiment_half_done_shows_what_there_is(experiment: Builder) -> None:
    experiment.finish("a", 0, 5)
    experiment.start("a", 1, 3)
    experiment.fail("a", 2, 2, "ValueError: no")
    _, killed = experiment.start("a", 3, 4)
    killed.release()
    experiment.plan(["a", "later"], 6)

    results = load_experiment(experiment.folder.path)

    configuration = results["a"]
    assert configuration.seeds == (0, 1, 2, 3)
    assert configuration.statuses == ("done", "running", "failed", "died")
    assert configuration.missing == (4, 5)
    assert_x(configuration["x"], [0, 1, 2, 3], [5, 3, 2, 4])
    failed = configuration.seed(2).run
    assert failed is not None
    assert failed.reason == "ValueError: no"
    assert results["later"].seeds == ()
    assert results["later"].missing == (0, 1, 2, 3, 4, 5)


def test_reading_a_running_seed_does_not_disturb_it(experiment: Builder) -> None:
    _, writer = experiment.start("a", 0, 2)

    before = load_configuration(experiment.folder.path / "a").lengths.tolist()
    writer.append({"t": 2}, {"x": 0.2}, True)
    after = load_configuration(experiment.folder.path / "a")

    assert (before, after.lengths.tolist(), after.statuses) == ([2], [3], ("running",))


@pytest.mark.filterwarnings("ignore:.*(checksum|cannot be read|not a journal):UserWarning")
def test_one_bad_seed_never_breaks_the_others(experiment: Builder) -> None:
    for seed in range(5):
        experiment.finish("a", seed, 3)
    folder = experiment.folder.configuration("a")
    folder.seed(1).log.write_bytes(b"broken")
    folder.seed(2).run_record.write_bytes(b"{")
    folder.seed(3).log.unlink()
    folder.seed(3).journal.write_bytes(b"no journal")

    configuration = load_configuration(folder.path)

    assert configuration.seeds == (0, 1, 2, 3, 4)
    assert_x(configuration["x"][[0, 2, 4]], [0, 2, 4], [3, 3, 3])
    assert np.isnan(configuration["x"][[1, 3]]).all()
    assert configuration.lengths.tolist() == [3, 0, 3, 0, 3]
    damages = [run.damage for run in configuration.runs]
    assert damages[0] is None
    assert damages[4] is None
    assert str(folder.seed(1).log) in str(damages[1])
    assert damages[2] == f"{folder.seed(2).run_record} cannot be read."
    assert "is not a journal of mle-toolbox" in str(damages[3])
    assert len(configuration.remarks) == 3


@pytest.mark.filterwarnings("ignore:.*(checksum|cannot be read|not a journal):UserWarning")
def test_a_damaged_journal_shows_the_ticks_before_the_damage(experiment: Builder) -> None:
    run = experiment.fail("a", 0, 6)
    content = bytearray(run.journal.read_bytes())
    content[-30] ^= 1
    run.journal.write_bytes(content)

    seed = load_seed(run.path)

    assert seed.n_ticks == 4
    assert seed.damage is not None
    assert str(run.journal) in seed.damage


@pytest.mark.parametrize("what", ["folder", "log.h5", "journal.bin"])
def test_a_seed_is_read_from_its_folder_or_its_files(experiment: Builder, what: str) -> None:
    run = experiment.fail("a", 3, 4) if what == "journal.bin" else experiment.finish("a", 3, 4)

    seed = load_seed(run.path if what == "folder" else run.path / what)

    assert (seed.configuration, seed.seed, seed.n_ticks) == ("a", 3, 4)
    assert seed.status == ("failed" if what == "journal.bin" else "done")
    assert seed.time["t"].tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(seed["x"], seed.metrics["x"])
    np.testing.assert_array_equal(seed["x"], 3 + np.arange(4) / 10)


@pytest.mark.parametrize("spelling", ["text", "relative", "dots"])
def test_a_path_may_be_spelt_in_any_way(experiment: Builder, monkeypatch: pytest.MonkeyPatch, spelling: str) -> None:
    run = experiment.finish("a", 3, 4)
    shutil.rmtree(run.path / "attributes", ignore_errors=True)
    monkeypatch.chdir(run.path / "..")
    paths = {"text": str(run.path), "relative": "seed_3", "dots": os.path.join("seed_3", "..", "seed_3")}  # noqa: PTH118

    seed = load(paths[spelling])

    assert isinstance(seed, SeedResults)
    assert (seed.configuration, seed.seed) == ("a", 3)


def test_the_current_folder_is_known_by_its_real_name(experiment: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment.finish("a", 0, 4)
    monkeypatch.chdir(experiment.folder.path / "a")

    assert load_configuration(Path()).name == "a"
    assert load_configuration(Path("seed_0/..")).name == "a"


def test_files_that_were_moved_tell_their_content(experiment: Builder, tmp_path: Path) -> None:
    for seed in (0, 1):
        experiment.finish("a", seed, 3)
        experiment.finish("b c", seed, 2 + seed)
    shutil.copy(experiment.collect(["a", "b c"]), tmp_path / "moved.h5")
    shutil.copy(experiment.folder.configuration("b c").log, tmp_path / "moved_configuration.h5")
    shutil.copy(experiment.folder.seed_run("a", 1).log, tmp_path / "moved_seed.h5")
    shutil.rmtree(experiment.folder.path)

    results = load_experiment(tmp_path / "moved.h5")
    configuration = load_configuration(tmp_path / "moved_configuration.h5")
    seed = load_seed(tmp_path / "moved_seed.h5")

    assert results.names == ("a", "b c")
    assert configuration.name == "b c"
    for each in (results["b c"], configuration):
        assert_x(each["x"], [0, 1], [2, 3])
        assert each.seed(0)["t"].dtype == np.int64
    assert (seed.configuration, seed.seed, seed.status, seed.run) == ("a", 1, "done", None)


def test_merged_and_separate_logs_tell_the_same(experiment: Builder) -> None:
    for seed, n_ticks in enumerate((3, 5, 4)):
        experiment.finish("a", seed, n_ticks, hist=[1, 2], flag=True)
    separate = load_configuration(experiment.folder.path / "a")
    experiment.merge("a")

    merged = load_configuration(experiment.folder.path / "a")

    assert merged.seeds == separate.seeds
    assert merged.statuses == separate.statuses
    assert merged.metric_names == separate.metric_names == ("x", "hist", "flag")
    for name in ("t", "x", "hist", "flag"):
        np.testing.assert_array_equal(merged[name], separate[name])
        assert merged[name].dtype == separate[name].dtype
        for left, right in zip(merged.runs, separate.runs, strict=True):
            np.testing.assert_array_equal(left[name], right[name])
            assert left[name].dtype == right[name].dtype
    assert [run.attributes for run in merged.runs] == [run.attributes for run in separate.runs]
    assert [run.run for run in merged.runs] == [run.run for run in separate.runs]


def poison(path: Path) -> None:
    """Make a merged log that nobody can mistake for the truth, and that is as old as the one it replaces."""
    before = path.stat()
    with new_file(path):
        pass
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.filterwarnings("ignore:.*(checksum|cannot be read|not a journal):UserWarning")
@pytest.mark.parametrize("change", ["a seed was added", "a seed runs again", "a seed is newer", "the merge is damaged"])
def test_a_merged_log_that_is_out_of_date_is_not_believed(experiment: Builder, change: str) -> None:
    for seed in (0, 1):
        experiment.finish("a", seed, 3)
    merged = experiment.merge("a")

    lengths = [3, 3]
    if change == "a seed was added":
        experiment.finish("a", 2, 4)
        lengths = [3, 3, 4]
    elif change == "a seed runs again":
        experiment.start("a", 1, 2)
        lengths = [3, 2]
    elif change == "a seed is newer":
        log = experiment.finish("a", 1, 5).log
        os.utime(log, ns=(0, merged.stat().st_mtime_ns + 1))
        lengths = [3, 5]
    else:
        poison(merged)

    assert load_configuration(experiment.folder.path / "a").lengths.tolist() == lengths


def test_the_merged_log_alone_is_enough(experiment: Builder) -> None:
    for seed in (0, 1):
        experiment.finish("a", seed, 3)
        experiment.finish("b", seed, 3)
    experiment.collect(["a", "b"])
    for name in ("a", "b"):
        for seed in (0, 1):
            shutil.rmtree(experiment.folder.seed_run(name, seed).path)

    assert load_configuration(experiment.folder.path / "a").lengths.tolist() == [3, 3]
    assert load_experiment(experiment.folder.path).names == ("a", "b")


def test_without_a_plan_every_folder_belongs_to_the_experiment(experiment: Builder) -> None:
    experiment.finish("b", 5, 3)
    experiment.finish("a", 12, 3)
    (experiment.folder.path / "notes").mkdir()

    results = load_experiment(experiment.folder.path)

    assert results.names == ("a", "b")
    assert results["a"].seeds == (12,)
    assert results["a"].missing == ()


def test_with_a_plan_only_its_seeds_and_configurations_count(experiment: Builder) -> None:
    for seed in range(4):
        experiment.finish("a", seed, 3)
    experiment.finish("old", 0, 3)
    experiment.plan(["a"], 2)

    results = load_experiment(experiment.folder.path)

    assert results.names == ("a",)
    assert results["a"].seeds == (0, 1)
    assert load_configuration(experiment.folder.path / "a").seeds == (0, 1)
    assert load_configuration(experiment.folder.path / "old").seeds == (0,)


def test_a_failed_rerun_shows_the_newest_attempt(experiment: Builder) -> None:
    experiment.finish("a", 0, 6)
    experiment.fail("a", 0, 2)

    configuration = load_configuration(experiment.folder.path / "a")

    assert configuration.statuses == ("failed",)
    assert configuration.lengths.tolist() == [2]


def test_a_run_that_failed_before_its_first_tick_is_shown_and_missing(experiment: Builder) -> None:
    experiment.finish("a", 0, 3)
    experiment.fail("a", 1, 0)
    experiment.plan(["a"], 2)

    configuration = load_experiment(experiment.folder.path)["a"]

    assert configuration.statuses == ("done", "failed")
    assert configuration.missing == (1,)
    assert np.isnan(configuration["x"][1]).all()
    assert configuration.remarks == ()


def test_an_experiment_that_has_just_begun_is_empty(experiment: Builder) -> None:
    experiment.plan(["a"], 3)

    results = load_experiment(experiment.folder.path)

    assert results["a"].seeds == ()
    assert results["a"].missing == (0, 1, 2)
    assert results["a"].lengths.tolist() == []


def test_huge_integers_of_unequal_runs_are_padded_with_a_warning(experiment: Builder) -> None:
    experiment.finish("a", 0, 2, big=2**60 + 1)
    experiment.finish("a", 1, 1, big=2**60 + 1)

    configuration = load_configuration(experiment.folder.path / "a")

    with pytest.warns(UserWarning, match="'big' has integers beyond 2\\*\\*53 and ticks without a value"):
        padded = configuration["big"]
    assert np.isnan(padded).tolist() == [[False, False], [False, True]]
    assert configuration.seed(0)["big"].tolist() == [2**60 + 1] * 2


def test_a_misspelt_name_is_answered_with_the_nearest(experiment: Builder) -> None:
    experiment.finish("base", 0, 2, loss=1)
    results = load_experiment(experiment.folder.path)

    with pytest.raises(ResultsError, match=r"has no 'Base'. Available: 'base'. Did you mean 'base'\?"):
        results["Base"]
    with pytest.raises(KeyError, match=r"Configuration 'base' has no 'los'. .* Did you mean 'loss'\?"):
        results["base"]["los"]
    with pytest.raises(ResultsError, match=r"Seed 0 of 'base' has no 'los'. Available: 't', 'x', 'loss'"):
        results["base"].seed(0)["los"]
    with pytest.raises(ResultsError, match=r"Configuration 'base' has no 7. Available: '0'."):
        results["base"].seed(7)
    assert "base" in results
    assert "Base" not in results
    assert results.get("Base") is None


def test_a_path_that_does_not_exist_is_answered_with_the_nearest(experiment: Builder) -> None:
    with pytest.raises(ResultsError, match=r"no such file or folder. Did you mean 'experiments'\?"):
        load(experiment.folder.path.parent / "experiment")
    with pytest.raises(ResultsError, match=r"there is no such file or folder. There is no folder '.*nowhere' either"):
        load(experiment.folder.path / "nowhere" / "a")


def test_the_project_folder_is_answered_with_the_results_in_it(experiment: Builder) -> None:
    experiment.finish("a", 0, 1)

    with pytest.raises(ResultsError, match=r"this folder holds no results itself. Did you mean '.*experiments'\?"):
        load(experiment.folder.path.parent)


@pytest.mark.parametrize("given", [(3,), (None,), ([3],), ("experiments", 3)])
def test_what_is_no_path_is_said(given: tuple[Any, ...], experiment: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment.finish("a", 0, 1)
    monkeypatch.chdir(experiment.folder.path.parent)

    with pytest.raises(ResultsError, match="load takes the path of a results folder, or several of them, and got"):
        load(*given)


def test_a_folder_without_results_is_said(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="this folder is empty"):
        load(tmp_path)

    (tmp_path / "notes.txt").touch()
    with pytest.raises(ResultsError, match="this folder holds no results"):
        load(tmp_path)


def test_a_file_that_is_no_log_is_said(experiment: Builder) -> None:
    experiment.plan(["a"], 1)

    with pytest.raises(ResultsError, match=r"experiment.json is no log. Give the results folder \(experiment_dir\)"):
        load(experiment.folder.record)
    experiment.folder.results.touch()
    with pytest.raises(ResultsError, match=r"results\.h5"):
        load(experiment.folder.results)


def test_what_is_printed_says_what_there_is(experiment: Builder) -> None:
    experiment.finish("a", 0, 2, hist=[1, 2, 3])
    experiment.finish("a", 1, 2, hist=[1, 2, 3])
    experiment.fail("a", 2, 1)
    experiment.plan(["a"], 4)

    results = load_experiment(experiment.folder.path)

    assert repr(results) == (
        f"<ExperimentResults {str(experiment.folder.path)!r}: 1 configurations>\n"
        "  'a': 2 seeds done, 1 failed; nothing yet from seed 3"
    )
    assert repr(results["a"]).splitlines() == [
        "<ConfigurationResults 'a': 2 seeds done, 1 failed; nothing yet from seed 3>",
        "  time    't' (3, 2)",
        "  metric  'x' (3, 2)",
        "  metric  'hist' (3, 2, 3)",
        "  remark  'hist' was not logged by seed 2.",
    ]
    assert repr(results["a"].seed(0)).splitlines() == [
        "<SeedResults 'a', seed 0: done, 2 ticks>",
        "  time    't' (2,) int64",
        "  metric  'x' (2,) float64",
        "  metric  'hist' (2, 3) int64",
    ]
